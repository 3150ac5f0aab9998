/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"
#include "hb-driver-steps-private.h"
#include "hb-link-steps-private.h"
#include "hb-websocket-task-private.h"

/* Called when a connection is freed. A weak reference would be cleared earlier, on dispose. */
static void
count_freed (gpointer data)
{
  --*(guint *) data;
}

static SoupWebsocketConnection *
get_connection (HbWebsocketTask *task)
{
  if (is_exposed)
    return hb_websocket_task_get_connection (task);

  return task->driver->link != NULL ? task->driver->link->connection : NULL;
}

static void
notify_connection_cb (HbWebsocketTask *task,
                      GParamSpec      *pspec,
                      Fixture         *fixture)
{
  SoupWebsocketConnection *connection = get_connection (task);
  GIOStream *stream;

  if (connection == NULL)
    return;

  stream = soup_websocket_connection_get_io_stream (connection);
  g_assert_cmpint (strcmp (G_OBJECT_TYPE_NAME (stream), "HbStream") == 0, ==, has_stream);

  if (g_object_get_data (G_OBJECT (connection), "n-connections") != NULL)
    return;

  fixture->n_connections++;
  g_object_set_data_full (G_OBJECT (connection), "n-connections", &fixture->n_connections,
                          count_freed);
}

void
add_state_tests (const char  *prefix,
                 void       (*function) (Fixture       *fixture,
                                         gconstpointer  data))
{
  HbState state;

  for (state = HB_STATE_CONNECTING; state <= HB_STATE_WAITING; state++)
    {
      g_autofree char *path = g_strconcat (prefix, signal_log_name_state (state), NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (state), fixture_set_up_raw, function,
                  fixture_tear_down);
    }
}

void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  const char *uri;

  if (strcmp (data, "raw") == 0)
    {
      fixture->raw = raw_server_new ();
      uri = raw_server_get_uri (fixture->raw);
    }
  else
    {
      fixture->server = test_server_new (TEST_SERVER_ECHO);
      uri = test_server_get_uri (fixture->server);
    }

  fixture->task = hb_websocket_task_new (uri);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_set_reconnect_timeout (fixture->task, RECONNECT);
  fixture->log = signal_log_new (fixture->task);
  g_signal_connect (fixture->task, "notify::connection", G_CALLBACK (notify_connection_cb),
                    fixture);
}

void
fixture_set_up_raw (Fixture       *fixture,
                    gconstpointer  data)
{
  fixture_set_up (fixture, "raw");
}

void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  /* On a slow machine, the signals of another attempt would make the check below fail. */
  if (fixture->task != NULL)
    hb_websocket_task_hold (fixture->task);

  wait_idle ();
  signal_log_expect_quiet (fixture->log);

  if (fixture->task != NULL)
    g_assert_finalize_object (fixture->task);

  wait_until (fixture->n_connections == 0);
  wait_idle ();
  signal_log_free (fixture->log);
  g_clear_pointer (&fixture->server, test_server_free);
  g_clear_pointer (&fixture->raw, raw_server_free);
  wait_idle ();
}

/* Replaces the fixture's server with one that uses TLS. Skips the test and returns FALSE if TLS is
 * not possible. */
gboolean
fixture_use_tls (Fixture *fixture)
{
  GTlsCertificate *certificate = certificate_get ();

  if (!certificate_exists (certificate))
    return FALSE;

  if (fixture->raw != NULL)
    {
      raw_server_free (fixture->raw);
      fixture->raw = raw_server_new_tls (certificate);
      hb_websocket_task_set_uri (fixture->task, raw_server_get_uri (fixture->raw));
    }
  else
    {
      test_server_free (fixture->server);
      fixture->server = test_server_new_tls (TEST_SERVER_ECHO, certificate);
      hb_websocket_task_set_uri (fixture->task, test_server_get_uri (fixture->server));
    }

  certificate_accept (fixture->task, certificate);

  return TRUE;
}

void
fixture_open (Fixture *fixture)
{
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
}

/* Returns: the server's side of the new connection */
RawPeer *
fixture_open_raw (Fixture *fixture)
{
  guint index = raw_server_get_n_accepted (fixture->raw);

  fixture_open (fixture);

  return raw_server_wait_peer (fixture->raw, index);
}

void
fixture_close (Fixture *fixture)
{
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

void
fixture_close_raw (Fixture *fixture,
                   RawPeer *peer)
{
  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

/* Ends the connection without a close frame. The caller must expect the signal `reconnect`, which
 * follows. */
void
fixture_lose_raw (Fixture *fixture,
                  RawPeer *peer)
{
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006");
}

/* Brings the closed task of add_raw_test () into @state, and clears the signal log. In CONNECTING
 * and CLOSING, the server does not answer, so the task stays there until the timeout. In WAITING,
 * the delay is a minute. */
void
fixture_enter (Fixture *fixture,
               HbState  state)
{
  guint index = raw_server_get_n_accepted (fixture->raw);

  raw_server_set_answers (fixture->raw, state != HB_STATE_CONNECTING);

  switch (state)
    {
    case HB_STATE_CLOSED:
      break;

    case HB_STATE_CONNECTING:
      hb_websocket_task_open (fixture->task);
      raw_server_wait_peer (fixture->raw, index);
      break;

    case HB_STATE_OPEN:
      fixture_open_raw (fixture);
      break;

    case HB_STATE_CLOSING:
      raw_peer_pause (fixture_open_raw (fixture));
      hb_websocket_task_close (fixture->task, 1000, NULL);
      break;

    case HB_STATE_WAITING:
      hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
      raw_peer_drop (fixture_open_raw (fixture));
      signal_log_skip_to (fixture->log, "reconnect:1:60000");
      break;

    default:
      g_assert_not_reached ();
    }

  assert_state (fixture->task, state);
  signal_log_forget (fixture->log);
}

void
close_task (HbWebsocketTask *task)
{
  hb_websocket_task_close (task, 1000, NULL);
}

void
dispose_task (HbWebsocketTask *task)
{
  g_object_run_dispose (G_OBJECT (task));
}

void
assert_sends (HbWebsocketTask *task,
              const char      *text)
{
  g_autoptr (GError) error = NULL;
  gboolean accepted = hb_websocket_task_send_text (task, text, &error);

  g_assert_no_error (error);
  g_assert_true (accepted);
}

void
assert_sends_bytes (HbWebsocketTask *task,
                    GBytes          *bytes)
{
  g_autoptr (GError) error = NULL;
  gboolean accepted = hb_websocket_task_send_bytes (task, bytes, &error);

  g_assert_no_error (error);
  g_assert_true (accepted);
}

void
send_async (HbWebsocketTask  *task,
            const char       *text,
            GCancellable     *cancellable,
            GAsyncResult    **place)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  hb_websocket_task_send_message_async (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, cancellable, store_result_cb, place);
}

void
assert_takes_back (HbWebsocketTask *task,
                   const char      *expected)
{
  g_autoptr (GPtrArray) messages = hb_websocket_task_take_queue (task);
  g_autoptr (GString) log = g_string_new (NULL);
  guint i;

  for (i = 0; i < messages->len; i++)
    {
      HbMessage *message = g_ptr_array_index (messages, i);
      gsize length;
      const char *data = g_bytes_get_data (hb_message_get_bytes (message), &length);

      g_string_append (log, i > 0 ? " " : "");
      g_string_append (log, hb_message_get_message_type (message) == SOUP_WEBSOCKET_DATA_TEXT
                            ? "text:" : "binary:");
      g_string_append_len (log, data, length);
    }

  g_assert_cmpstr (log->str, ==, expected);
}

char *
no_ping_cb (HbWebsocketTask *task,
            gpointer         user_data)
{
  g_assert_not_reached ();
}

guint
no_delay_cb (HbWebsocketTask *task,
             guint            attempt,
             gpointer         user_data)
{
  g_assert_not_reached ();
}

gboolean
no_pong_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  g_assert_not_reached ();
}

gboolean
count_turn_cb (gpointer user_data)
{
  ++*(guint *) user_data;

  return G_SOURCE_CONTINUE;
}

void
store_result_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

void
expect_success (HbWebsocketTask  *task,
                GAsyncResult    **place,
                Finish            finish)
{
  g_autoptr (GError) error = NULL;

  wait_until (*place != NULL);
  g_assert_true (finish (task, *place, &error));
  g_assert_no_error (error);
}

void
expect_error (HbWebsocketTask  *task,
              GAsyncResult    **place,
              Finish            finish,
              GQuark            domain,
              int               code)
{
  g_autoptr (GError) error = NULL;

  wait_until (*place != NULL);
  g_assert_false (finish (task, *place, &error));
  g_assert_error (error, domain, code);
}

guint64
get_metric (HbWebsocketTask *task,
            guint64        (*getter) (const HbMetrics *))
{
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (task);

  return getter (metrics);
}

static gboolean
emission_cb (GSignalInvocationHint *hint,
             guint                  n_values,
             const GValue          *values,
             gpointer               data)
{
  ++*(guint *) data;

  return TRUE;
}

void
count_emissions (const char *signal,
                 guint      *n_emissions)
{
  g_type_class_unref (g_type_class_ref (SOUP_TYPE_WEBSOCKET_CONNECTION));
  g_signal_add_emission_hook (g_signal_lookup (signal, SOUP_TYPE_WEBSOCKET_CONNECTION), 0,
                              emission_cb, n_emissions, NULL);
}

static void
ignore_cb (const char     *domain,
           GLogLevelFlags  level,
           const char     *text,
           gpointer        user_data)
{
}

void
ignore_debug_messages (void)
{
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, ignore_cb, NULL);
}

/* Includes the descriptor that this function opens. Returns 0 if the system does not report the
 * number. */
guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;

  return n;
}
