/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "hb-websocket.h"
#include "raw-server.h"
#include "test-wait.h"

/* A server sends all bytes of the input except the first: after the handshake if the first byte is
 * even, and in place of the response to the handshake if it is odd. Then the server drops the
 * connection. The task must become CLOSED. After `open`, the task must emit `close` once. */

/* A server keeps the data of each connection, so one server for all inputs would take more and more
 * memory. */
#define LINKS_PER_SERVER 256

typedef struct
{
  const guint8 *data;
  gsize         length;
  guint         n_opens;
  guint         n_closes;
} Input;

static RawServer *server;
static SoupSession *session;
static guint n_links;

/* The first byte of the input also sets the size of the pieces. */
static void
opened_cb (RawPeer  *peer,
           gpointer  user_data)
{
  Input *input = user_data;
  gsize piece = 1 + (input->data[0] >> 1);

  while (input->length > 1)
    {
      gsize n = MIN (piece, input->length - 1);

      raw_peer_write (peer, input->data + 1, n);
      input->data += n;
      input->length -= n;
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
requested_cb (RawPeer  *peer,
              gpointer  user_data)
{
  const Input *input = user_data;

  raw_peer_write (peer, input->data + 1, input->length - 1);
}

static void
ignore_cb (RawPeer  *peer,
           gpointer  user_data)
{
  raw_peer_forget (peer);
}

static void
start_server (void)
{
  g_clear_pointer (&server, raw_server_free);
  server = raw_server_new ();
  n_links = 0;
  raw_server_set_received (server, ignore_cb, NULL);
}

static void
open_cb (HbWebsocketTask *task,
         Input           *input)
{
  g_assert_cmpuint (input->n_opens++, ==, 0);
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          Input           *input)
{
  g_assert_cmpuint (input->n_opens, ==, 1);
  g_assert_cmpuint (input->n_closes++, ==, 0);
  g_assert_true (reason == NULL || g_utf8_validate (reason, -1, NULL));
}

/* GLib rejects NULs, which are valid in a message, so each part between NULs is checked. */
static gboolean
is_utf8 (GBytes *message)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  const char *end;

  while (length > 0 && !g_utf8_validate_len (text, length, &end))
    {
      if (*end != '\0')
        return FALSE;

      length -= end + 1 - text;
      text = end + 1;
    }

  return TRUE;
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Input                 *input)
{
  g_assert_cmpuint (input->n_opens, ==, 1);
  g_assert_cmpuint (input->n_closes, ==, 0);
  g_assert_cmpuint (g_bytes_get_size (message), <=, 1000);
  g_assert_true (type != SOUP_WEBSOCKET_DATA_TEXT || is_utf8 (message));
}

static HbWebsocketTask *
make_task (Input *input)
{
  HbWebsocketTask *task;

  if (session == NULL)
    session = soup_session_new ();

  task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                       "uri", raw_server_get_uri (server),
                       "session", session,
                       "repeat-limit", 0,
                       "ping-timeout", 0,
                       "max-message-size", (guint64) 1000,
                       "network-aware", FALSE,
                       NULL);
  g_signal_connect (task, "open", G_CALLBACK (open_cb), input);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), input);
  g_signal_connect (task, "message", G_CALLBACK (message_cb), input);

  return task;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         length)
{
  Input input = { .data = data, .length = length };
  g_autoptr (HbWebsocketTask) task = NULL;
  RawPeer *peer;

  if (length < 2)
    return 0;

  if (server == NULL || n_links == LINKS_PER_SERVER)
    start_server ();

  raw_server_set_requested (server, (data[0] & 1) != 0 ? requested_cb : NULL, &input);
  raw_server_set_opened (server, opened_cb, &input);
  task = make_task (&input);

  hb_websocket_task_open (task);
  peer = raw_server_wait_peer (server, n_links++);
  raw_peer_drop (peer);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_CLOSED);
  wait_idle ();
  g_assert_cmpuint (input.n_closes, ==, input.n_opens);

  return 0;
}
