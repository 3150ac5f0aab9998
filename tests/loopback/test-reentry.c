/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Functions and handlers of the application that make calls, run a main loop, drop the task, or
 * remove themselves. test-handlers.c combines each signal with each action of a handler. */

static void
add_token_late_cb (HbWebsocketTask *task,
                   SoupMessage     *request,
                   gpointer         user_data)
{
  wait_pass (50);
  soup_message_headers_append (soup_message_get_request_headers (request), "X-Token", "late");
}

static void
test_slow_connecting (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A request is sent after the handlers for `connecting`, even if they run a main "
                  "loop");

  g_signal_connect (fixture->task, "connecting", G_CALLBACK (add_token_late_cb), NULL);
  fixture_open (fixture);

  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "late");
  fixture_close (fixture);
}

static void
test_busy_loop (Fixture       *fixture,
                gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  guint n_turns = 0;
  guint busy;

  g_test_summary ("An attempt that is due is made, even if another source is always ready");

  busy = g_idle_add_full (G_PRIORITY_DEFAULT, count_turn_cb, &n_turns, NULL);
  fixture_lose_raw (fixture, peer);
  signal_log_expect (fixture->log, "reconnect:1:20 " WORDS_OPEN);
  g_assert_cmpuint (n_turns, >, 0);

  g_source_remove (busy);
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 1));
}

static void
let_go_cb (SoupWebsocketConnection *connection,
           GError                  *error,
           gpointer                 user_data)
{
  Fixture *fixture = user_data;

  g_clear_object (&fixture->task);
}

static void
test_let_go_in_send (Fixture       *fixture,
                     gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  SoupWebsocketConnection *connection = hb_websocket_task_get_connection (fixture->task);
  g_autofree char *text = g_strnfill (100000, 'x');
  guint i;

  g_test_summary ("A handler of libsoup's `error` may drop the task, even if libsoup emits the "
                  "signal while the task sends");

  g_signal_connect (connection, "error", G_CALLBACK (let_go_cb), fixture);
  raw_peer_reset (peer);

  /* No iteration runs between the calls, and each message is too long to wait for the next
   * iteration. So the calls write, and a write fails because of the reset. Without the library's
   * own stream, libsoup emits the error during that write. The library's own stream reports the
   * reset later, while the test waits. */
  for (i = 0; fixture->task != NULL && i < 1000; i++)
    {
      HbWebsocketTask *task = fixture->task;

      hb_websocket_task_send_text (task, text, NULL);
      g_thread_yield ();
    }

  wait_until (fixture->task == NULL);
  signal_log_forget (fixture->log);
}

static void
test_let_go_in_refusal (Fixture       *fixture,
                        gconstpointer  data)
{
  HbWebsocketTask *task = fixture->task;
  g_autoptr (GBytes) bytes = g_bytes_new ("new", 3);
  g_autoptr (GError) error = NULL;

  g_test_summary ("If a queued message has expired, the next call that sends emits `error`. A "
                  "handler for `error` may drop the task, even if that call refuses its own "
                  "message.");

  hb_websocket_task_set_queue_timeout (task, 1);
  hb_websocket_task_hold (task);
  hb_websocket_task_open (task);
  g_assert_true (hb_websocket_task_send_text (task, "old", NULL));
  g_signal_connect (task, "error", G_CALLBACK (let_go_cb), fixture);

  /* The main loop does not run, so the next call drops the expired message. */
  g_usleep (2000);
  g_assert_false (hb_websocket_task_send_message (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                  HB_SEND_FLAGS_VOLATILE, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_NOT_OPEN);
  g_assert_null (fixture->task);
  signal_log_forget (fixture->log);
}

static char *
replace_ping_cb (HbWebsocketTask *task,
                 gpointer         user_data)
{
  char *text = user_data;

  hb_websocket_task_set_ping_func (task, NULL, NULL, NULL);

  return g_strdup (text);
}

static void
test_ping_func_replaces_itself (Fixture       *fixture,
                                gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("A ping function may remove itself. Its data is freed after it has returned.");

  hb_websocket_task_set_ping_func (fixture->task, replace_ping_cb, g_strdup ("own"), g_free);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:own");
  raw_peer_send_text (peer, "answer");
  signal_log_expect (fixture->log, "message:text:answer");

  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:heartbeat");
  fixture_close_raw (fixture, peer);
}

static guint
replace_delay_cb (HbWebsocketTask *task,
                  guint            attempt,
                  gpointer         user_data)
{
  guint *delay = user_data;

  hb_websocket_task_set_reconnect_func (task, NULL, NULL, NULL);

  return *delay;
}

static void
test_reconnect_func_replaces_itself (Fixture       *fixture,
                                     gconstpointer  data)
{
  guint *delay = g_new (guint, 1);
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A function that returns the reconnect delay may remove itself. Its data is "
                  "freed after it has returned.");

  *delay = 7;
  hb_websocket_task_set_reconnect_func (fixture->task, replace_delay_cb, delay, g_free);
  fixture_lose_raw (fixture, peer);
  signal_log_expect (fixture->log, "reconnect:1:7 " WORDS_OPEN);
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 1));
}

static char *
wait_in_ping_cb (HbWebsocketTask *task,
                 gpointer         user_data)
{
  RawServer *server = user_data;

  if (raw_server_get_n_accepted (server) == 1)
    {
      raw_server_wait_peer (server, 1);
      wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
    }

  return g_strdup ("stale");
}

static char *
reconnect_in_ping_cb (HbWebsocketTask *task,
                      gpointer         user_data)
{
  if (raw_server_get_n_accepted (user_data) == 1)
    hb_websocket_task_reconnect_now (task);

  return wait_in_ping_cb (task, user_data);
}

static void
test_stale_ping (Fixture       *fixture,
                 gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("If the ping function reconnects the task, its ping is not sent on the new "
                  "connection");

  fixture_open_raw (fixture);
  hb_websocket_task_set_ping_func (fixture->task, reconnect_in_ping_cb, fixture->raw, NULL);
  hb_websocket_task_check (fixture->task);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");

  peer = raw_server_wait_peer (fixture->raw, 1);
  wait_pass (40);
  raw_peer_expect_quiet (peer);
  fixture_close_raw (fixture, peer);
}

static void
check_and_reconnect_cb (HbWebsocketTask       *task,
                        SoupWebsocketDataType  type,
                        GBytes                *message,
                        gpointer               user_data)
{
  hb_websocket_task_check (task);
  hb_websocket_task_reconnect_now (task);
}

static void
test_stale_ping_after_reconnect (Fixture       *fixture,
                                 gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A ping for a connection that reconnect_now () has dropped is not sent, even if "
                  "the ping function returns after the next connection has opened");

  hb_websocket_task_set_ping_func (fixture->task, wait_in_ping_cb, fixture->raw, NULL);
  g_signal_connect (fixture->task, "message", G_CALLBACK (check_and_reconnect_cb), NULL);
  raw_peer_send_text (peer, "hi");
  signal_log_expect (fixture->log, "message:text:hi state:connecting close:1006 connecting "
                                   "state:open open");

  assert_sends (fixture->task, "first");
  raw_peer_expect (raw_server_wait_peer (fixture->raw, 1), "text:first");
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 1));
}

static void
limited_cb (SoupWebsocketConnection *connection,
            GParamSpec              *pspec,
            HbWebsocketTask         *task)
{
  hb_websocket_task_reconnect_now (task);
}

static void
test_reconnect_in_limit (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("A handler that libsoup calls because max-message-size has changed may reconnect "
                  "the task");

  fixture_open_raw (fixture);
  g_signal_connect (hb_websocket_task_get_connection (fixture->task),
                    "notify::max-incoming-payload-size", G_CALLBACK (limited_cb), fixture->task);
  hb_websocket_task_set_max_message_size (fixture->task, 1000);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 1));
}

typedef struct
{
  HbWebsocketTask *task;
  GAsyncResult    *opened;
} Reopening;

static void
reopen_cb (gpointer user_data)
{
  Reopening *self = user_data;

  hb_websocket_task_open_async (self->task, NULL, store_result_cb, &self->opened);
}

static void
test_reopen_in_free (Fixture       *fixture,
                     gconstpointer  data)
{
  Reopening reopening = { fixture->task, NULL };
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func ("x", 1, reopen_cb, &reopening);

  g_test_summary ("The function that frees the bytes of a dropped message may open the task again");

  fixture_enter (fixture, HB_STATE_WAITING);
  g_assert_true (hb_websocket_task_send_bytes (fixture->task, bytes, NULL));
  g_clear_pointer (&bytes, g_bytes_unref);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed error:closed " WORDS_OPEN);
  expect_success (fixture->task, &reopening.opened, hb_websocket_task_open_finish);
  g_object_unref (reopening.opened);
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 1));
}

typedef struct
{
  HbWebsocketTask *task;
  guint            n_freed;
  guint            depth;
  guint            max_depth;
} Freeing;

static void
send_in_free_cb (gpointer user_data)
{
  Freeing *self = user_data;

  self->n_freed++;
  self->depth++;
  self->max_depth = MAX (self->max_depth, self->depth);
  hb_websocket_task_send_text (self->task, "x", NULL);
  self->depth--;
}

static void
test_send_in_free (Fixture       *fixture,
                   gconstpointer  data)
{
  Freeing freeing = { .task = fixture->task };
  guint i;

  g_test_summary ("Functions that free bytes and send messages do not nest without a limit");

  fixture_enter (fixture, HB_STATE_WAITING);
  for (i = 0; i < 10; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_with_free_func ("x", 1, send_in_free_cb, &freeing);

      g_assert_true (hb_websocket_task_send_bytes (fixture->task, bytes, NULL));
    }

  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed error:closed");
  g_assert_cmpuint (freeing.n_freed, ==, 10);
  g_assert_cmpuint (freeing.max_depth, <=, 2);
}

static void
test_slow_upload (Fixture       *fixture,
                  gconstpointer  data)
{
  gsize size = 7 * 1024 * 1024;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);
  RawPeer *peer = fixture_open_raw (fixture);
  gint64 end;

  g_test_summary ("A peer that reads one long message slowly does not count as dead");

  raw_peer_pause (peer);
  g_assert_true (hb_websocket_task_send_bytes (fixture->task, bytes, NULL));
  hb_websocket_task_set_ping_timeout (fixture->task, 100);
  hb_websocket_task_set_pong_timeout (fixture->task, 250);

  for (end = g_get_monotonic_time () + 800 * 1000; g_get_monotonic_time () < end; wait_pass (10))
    {
      raw_peer_resume (peer);
      g_main_context_iteration (NULL, FALSE);
      raw_peer_pause (peer);
    }

  signal_log_expect_quiet (fixture->log);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  peer = raw_server_wait_peer (fixture->raw, 1);

  /* Without the library's stream, the message counts as written once it is in libsoup's own
   * queue. */
  if (has_stream)
    {
      raw_peer_expect (peer, "binary:7340032");
      signal_log_expect (fixture->log, "drain");
    }

  fixture_close_raw (fixture, peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/reentry/slow-connecting", test_slow_connecting);
  add_raw_test ("/reentry/busy-loop", test_busy_loop);
  add_raw_test ("/reentry/let-go-in-send", test_let_go_in_send);
  add_test ("/reentry/let-go-in-refusal", test_let_go_in_refusal);
  add_raw_test ("/reentry/ping-func-replaces-itself", test_ping_func_replaces_itself);
  add_raw_test ("/reentry/reconnect-func-replaces-itself", test_reconnect_func_replaces_itself);
  add_raw_test ("/reentry/stale-ping", test_stale_ping);
  add_raw_test ("/reentry/stale-ping-after-reconnect", test_stale_ping_after_reconnect);
  add_raw_test ("/reentry/reconnect-in-limit", test_reconnect_in_limit);
  add_raw_test ("/reentry/reopen-in-free", test_reopen_in_free);
  add_raw_test ("/reentry/send-in-free", test_send_in_free);
  add_raw_test ("/reentry/slow-upload", test_slow_upload);

  return g_test_run ();
}
