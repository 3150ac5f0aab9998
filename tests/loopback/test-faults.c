/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* The faults of the JavaScript helpers from which this task descends, each as a test that fails
 * where it is. */

/* `close ()` during the wait still opened a socket. */
static void
test_close_during_the_wait (Fixture       *fixture,
                            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
  wait_pass (3 * RECONNECT);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 1);
  assert_state (fixture->task, HB_STATE_CLOSED);
}

static void
close_at_close_cb (HbWebsocketTask *task,
                   guint            code,
                   const char      *reason,
                   gpointer         user_data)
{
  hb_websocket_task_close (task, 1000, NULL);
}

/* The same from the handler that is told of the loss */
static void
test_close_at_close (Fixture       *fixture,
                     gconstpointer  data)
{
  RawPeer *peer;

  g_signal_connect (fixture->task, "close", G_CALLBACK (close_at_close_cb), NULL);
  peer = fixture_open_raw (fixture);
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006 state:closed");
  wait_pass (3 * RECONNECT);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 1);
}

/* The ping timer survived a close, and fired into the next socket. */
static void
test_no_old_ping (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer;
  gint64 opened;

  hb_websocket_task_set_ping_timeout (fixture->task, 100);
  peer = fixture_open_raw (fixture);
  wait_pass (60);
  fixture_close_raw (fixture, peer);
  peer = fixture_open_raw (fixture);
  opened = signal_log_get_time (fixture->log);

  /* The old timer would have fired 40 ms after this. */
  raw_peer_expect (peer, "text:heartbeat");
  g_assert_cmpint (g_get_monotonic_time () - opened, >=, 99000);
}

/* A stale pong timer closed the new socket. */
static void
test_no_old_pong (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  hb_websocket_task_set_pong_timeout (fixture->task, 60);
  peer = fixture_open_raw (fixture);
  raw_peer_expect (peer, "text:heartbeat");
  hb_websocket_task_set_ping_timeout (fixture->task, 60000);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  wait_pass (120);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_expect_quiet (fixture->log);
}

/* One attempt that threw locked reconnecting for ever. */
static void
test_no_lock (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *good = g_strdup (raw_server_get_uri (fixture->raw));
  RawPeer *peer = fixture_open_raw (fixture);

  /* What a constructor of a socket would throw at */
  hb_websocket_task_set_uri (fixture->task, "no uri");
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20 "
                     "state:closed error:invalid-uri");
  hb_websocket_task_set_uri (fixture->task, good);
  fixture_open (fixture);

  /* What fails on its way */
  raw_server_stop (fixture->raw);
  raw_peer_drop (raw_server_wait_peer (fixture->raw, 1));
  signal_log_skip_to (fixture->log, "reconnect:3:20");
  raw_server_start (fixture->raw);
  signal_log_skip_to (fixture->log, "open");
}

static void
drop_cb (RawPeer  *peer,
         gpointer  user_data)
{
  raw_peer_drop (peer);
}

/* A server that accepts and drops at once made the limit endless. */
static void
test_limit_is_a_limit (Fixture       *fixture,
                       gconstpointer  data)
{
  raw_server_set_opened (fixture->raw, drop_cb, NULL);
  hb_websocket_task_set_repeat_limit (fixture->task, 3);
  hb_websocket_task_set_reconnect_timeout (fixture->task, 1);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:repeat-limit");
  wait_idle ();
  assert_state (fixture->task, HB_STATE_CLOSED);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 4);
  g_assert_cmpuint (signal_log_count (fixture->log, "reconnect:"), ==, 3);
  g_assert_cmpuint (signal_log_count (fixture->log, "open"), ==, 4);
  g_assert_cmpuint (signal_log_count (fixture->log, "close:1006"), ==, 4);
  signal_log_forget (fixture->log);
}

/* No reopening after `close ()` */
static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  fixture_close_raw (fixture, fixture_open_raw (fixture));
  fixture_close_raw (fixture, fixture_open_raw (fixture));
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

/* From the handler that is told of the end, too */
static void
open_at_close_cb (HbWebsocketTask *task,
                  guint            code,
                  const char      *reason,
                  gpointer         user_data)
{
  g_signal_handlers_disconnect_by_func (task, G_CALLBACK (open_at_close_cb), user_data);
  hb_websocket_task_open (task);
}

static void
test_reopen_at_close (Fixture       *fixture,
                      gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_signal_connect (fixture->task, "close", G_CALLBACK (open_at_close_cb), NULL);
  fixture_close_raw (fixture, peer);
  signal_log_expect (fixture->log, WORDS_OPEN);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

/* A late close of an old socket started a second connection. */
static void
test_old_link_is_mute (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *old = fixture_open_raw (fixture);
  RawPeer *peer;

  /* It is on its way when the new link is begun. */
  raw_peer_send_text (old, "late");
  raw_peer_send_close (old, 4000, "late");
  hb_websocket_task_reconnect_now (fixture->task);
  raw_peer_drop (old);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  wait_pass (2 * RECONNECT);
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
  peer = raw_server_wait_peer (fixture->raw, 1);
  raw_peer_send_text (peer, "here");
  signal_log_expect (fixture->log, "message:text:here");
}

/* Two losses at once, or two calls, made two connections: the helpers had a lock against that. */
static void
test_one_connection (Fixture       *fixture,
                     gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_send_nonsense (peer);
  raw_peer_reset (peer);
  signal_log_skip_to (fixture->log, "reconnect:1:20");
  hb_websocket_task_open (fixture->task);
  hb_websocket_task_check (fixture->task);
  hb_websocket_task_check (fixture->task);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  hb_websocket_task_open (fixture->task);
  wait_pass (2 * RECONNECT);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

/* No close reason */
static void
test_close_reason (Fixture       *fixture,
                   gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_send_close (peer, 4000, "kicked");
  signal_log_expect (fixture->log, "state:waiting close:4000:kicked reconnect:1:20");
  raw_peer_expect (peer, "close:4000:kicked");
  signal_log_expect (fixture->log, WORDS_OPEN);
  peer = raw_server_wait_peer (fixture->raw, 1);
  hb_websocket_task_close (fixture->task, 4001, "leaving");
  raw_peer_expect (peer, "close:4001:leaving");
  raw_peer_send_close (peer, 4001, "leaving");
  signal_log_expect (fixture->log, "state:closing state:closed close:4001:leaving");
}

/* Handlers on the native object were lost at a reconnect; `connection` tells of each new one. */
static void
test_handlers_stay (Fixture       *fixture,
                    gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  guint i;

  for (i = 1; i <= 3; i++)
    {
      raw_peer_send_text (peer, "hello");
      signal_log_expect (fixture->log, "message:text:hello");
      raw_peer_drop (peer);
      signal_log_skip_to (fixture->log, "state:waiting");
      g_assert_null (hb_websocket_task_get_connection (fixture->task));
      signal_log_skip_to (fixture->log, "open");
      peer = raw_server_wait_peer (fixture->raw, i);
      g_assert_nonnull (hb_websocket_task_get_connection (fixture->task));
      g_assert_cmpuint (fixture->connections->len, ==, i + 1);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The known faults of the helpers from which this task descends.");

  add_raw_test ("/loopback/faults/close-during-the-wait", test_close_during_the_wait);
  add_raw_test ("/loopback/faults/close-at-close", test_close_at_close);
  add_raw_test ("/loopback/faults/no-old-ping", test_no_old_ping);
  add_raw_test ("/loopback/faults/no-old-pong", test_no_old_pong);
  add_raw_test ("/loopback/faults/no-lock", test_no_lock);
  add_raw_test ("/loopback/faults/limit-is-a-limit", test_limit_is_a_limit);
  add_raw_test ("/loopback/faults/reopen", test_reopen);
  add_raw_test ("/loopback/faults/reopen-at-close", test_reopen_at_close);
  add_raw_test ("/loopback/faults/old-link-is-mute", test_old_link_is_mute);
  add_raw_test ("/loopback/faults/one-connection", test_one_connection);
  add_raw_test ("/loopback/faults/close-reason", test_close_reason);
  add_raw_test ("/loopback/faults/handlers-stay", test_handlers_stay);

  return g_test_run ();
}
