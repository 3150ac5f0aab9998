/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "footing.h"
#include "raw-frame.h"

typedef struct
{
  const Footing *footing;
  FootingFunc    func;
} Case;

const Footing footing_raw = { "plain", "raw", FALSE, FALSE };
const Footing footing_raw_tls = { "tls", "raw", TRUE, FALSE };
const Footing footing_soup = { "plain", "soup", FALSE, FALSE };
const Footing footing_tls = { "tls", "soup", TRUE, FALSE };
const Footing footing_deflate = { "deflate", "soup", FALSE, TRUE };
const Footing footing_both = { "tls-deflate", "soup", TRUE, TRUE };

static void
run_case (gconstpointer data)
{
  const Case *self = data;
  Fixture fixture = { 0 };

  fixture_set_up (&fixture, self->footing->server);
  if (!self->footing->is_tls || fixture_use_tls (&fixture))
    {
      if (fixture.server != NULL)
        test_server_set_mode (fixture.server, TEST_SERVER_QUIET);

      hb_websocket_task_set_compression (fixture.task, self->footing->is_deflated);
      system_calls_watch (hb_websocket_task_get_uri (fixture.task));
      self->func (&fixture, self->footing);
    }

  fixture_tear_down (&fixture, NULL);
}

void
footing_add (const char    *path,
             const Footing *footing,
             FootingFunc    func)
{
  g_autofree char *full_path = g_strconcat (path, "/", footing->name, NULL);
  Case *self = g_new (Case, 1);

  self->footing = footing;
  self->func = func;
  g_test_add_data_func_full (full_path, self, run_case, g_free);
}

void
footing_add_raw (const char  *path,
                 FootingFunc  func)
{
  footing_add (path, &footing_raw, func);
  footing_add (path, &footing_raw_tls, func);
}

void
footing_add_deflated (const char  *path,
                      FootingFunc  func)
{
  footing_add (path, &footing_deflate, func);
  footing_add (path, &footing_both, func);
}

void
footing_add_all (const char  *path,
                 FootingFunc  func)
{
  footing_add_raw (path, func);
  footing_add_deflated (path, func);
}

/* Returns: (nullable): the server's side, or NULL if the server is not a RawServer */
RawPeer *
footing_open (Fixture *fixture)
{
  RawPeer *peer = NULL;

  if (fixture->raw != NULL)
    peer = fixture_open_raw (fixture);
  else
    fixture_open (fixture);

  wait_idle ();
  system_calls_reset ();

  return peer;
}

/* Each message begins with its number, which shows whether a message is lost or out of order. */
static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            FootingListener       *listener)
{
  guint number = listener->n_messages++;
  g_autofree char *answer = g_strdup_printf ("m%u", number);

  g_assert_cmpuint (strtoul (g_bytes_get_data (message, NULL), NULL, 10), ==, number);

  if (listener->answers)
    assert_sends (task, answer);
  if (listener->usleep > 0)
    g_usleep (listener->usleep);
  if (listener->act != NULL && number == listener->act_at)
    listener->act (listener->fixture);
}

/* Connects @listener to `message` in place of the signal log, which would slow down the test with a
 * word for each message. */
void
footing_listen (Fixture         *fixture,
                FootingListener *listener)
{
  signal_log_expect_quiet (fixture->log);
  g_signal_handlers_disconnect_matched (fixture->task, G_SIGNAL_MATCH_DATA | G_SIGNAL_MATCH_ID,
                                        g_signal_lookup ("message", HB_TYPE_WEBSOCKET_TASK), 0,
                                        NULL, NULL, fixture->log);
  listener->fixture = fixture;
  g_signal_connect (fixture->task, "message", G_CALLBACK (message_cb), listener);
}

/* Makes the task send m0, m1 and so on. */
void
footing_send (Fixture *fixture,
              guint    n_messages)
{
  guint i;

  for (i = 0; i < n_messages; i++)
    {
      g_autofree char *text = g_strdup_printf ("m%u", i);

      assert_sends (fixture->task, text);
    }
}

static void
expect_raw (Fixture *fixture,
            guint    n_messages)
{
  RawPeer *peer = raw_server_get_peer (fixture->raw, raw_server_get_n_accepted (fixture->raw) - 1);
  guint i;

  for (i = 0; i < n_messages; i++)
    {
      g_autofree char *word = g_strdup_printf ("text:m%u", i);

      raw_peer_expect (peer, word);
    }
}

/* Waits until the server has received exactly m0, m1 and so on, in order. */
void
footing_expect (Fixture *fixture,
                guint    n_messages)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  guint i;

  if (fixture->raw != NULL)
    {
      expect_raw (fixture, n_messages);
      return;
    }

  for (i = 0; i < n_messages; i++)
    g_string_append_printf (expected, "%sm%u", i > 0 ? " " : "", i);

  wait_until (strlen (test_server_get_received (fixture->server)) >= expected->len);
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, expected->str);
  test_server_clear_received (fixture->server);
}

/* Makes the server send messages of @length bytes, each of which begins with its number. */
void
footing_say (Fixture *fixture,
             guint    n_messages,
             gsize    length)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *text = g_strnfill (length, ' ');
  guint i;

  for (i = 0; i < n_messages; i++)
    {
      g_assert_cmpint (g_snprintf (text, length + 1, "%-*u", (int) length, i), ==, length);

      if (fixture->raw != NULL)
        raw_frame_append (bytes, RAW_FIN | RAW_TEXT, text, length);
      else
        soup_websocket_connection_send_text (test_server_get_connection (fixture->server), text);
    }

  if (fixture->raw != NULL)
    raw_peer_write (raw_server_get_peer (fixture->raw,
                                         raw_server_get_n_accepted (fixture->raw) - 1),
                    bytes->data, bytes->len);
}

/* Returns: (transfer full): bytes that cannot be compressed, the same on every call */
GBytes *
footing_make_dice (gsize length)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 *bytes = g_malloc (length);
  gsize i;

  for (i = 0; i < length; i++)
    bytes[i] = g_rand_int (random) >> 24;

  return g_bytes_new_take (bytes, length);
}
