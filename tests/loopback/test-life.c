/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
test_open_and_close (Fixture       *fixture,
                     gconstpointer  data)
{
  assert_state (fixture->task, HB_STATE_CLOSED);
  g_assert_null (hb_websocket_task_get_connection (fixture->task));

  hb_websocket_task_open (fixture->task);
  assert_state (fixture->task, HB_STATE_CONNECTING);
  signal_log_expect_now (fixture->log, "state:connecting connecting");
  signal_log_expect (fixture->log, "state:open open");
  g_assert_true (SOUP_IS_WEBSOCKET_CONNECTION (hb_websocket_task_get_connection (fixture->task)));
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, 101);

  /* A second call to open () has no effect. */
  hb_websocket_task_open (fixture->task);
  signal_log_expect_quiet (fixture->log);

  hb_websocket_task_close (fixture->task, 1000, "bye");
  assert_state (fixture->task, HB_STATE_CLOSING);
  signal_log_expect_now (fixture->log, "state:closing");
  signal_log_expect (fixture->log, "state:closed close:1000:bye");
  g_assert_null (hb_websocket_task_get_connection (fixture->task));
  wait_until (test_server_get_close_code (fixture->server) == 1000);
  g_assert_cmpstr (test_server_get_close_data (fixture->server), ==, "bye");
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 1);
}

static void
test_reconnect (Fixture       *fixture,
                gconstpointer  data)
{
  fixture_open (fixture);
  g_assert_cmpint (hb_websocket_task_get_downtime (fixture->task), ==, 0);
  soup_websocket_connection_close (test_server_get_connection (fixture->server), 1001, "restart");
  signal_log_expect (fixture->log, "state:waiting close:1001:restart reconnect:1:20");
  g_assert_cmpuint (hb_websocket_task_get_attempt (fixture->task), ==, 1);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), >, 0);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), <=,
                   g_get_monotonic_time () + RECONNECT * 1000);

  signal_log_expect (fixture->log, WORDS_OPEN);
  g_assert_cmpint (hb_websocket_task_get_downtime (fixture->task), >=, RECONNECT * 1000);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, "message:text:hello");
  fixture_close (fixture);
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 2);
}

static void
test_server_restart (Fixture       *fixture,
                     gconstpointer  data)
{
  fixture_open (fixture);
  test_server_stop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:waiting error:g-io-error-quark:39 reconnect:2:20");
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:waiting error:g-io-error-quark:39 reconnect:3:20");
  test_server_start (fixture->server);
  signal_log_skip_to (fixture->log, "open");
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, "message:text:hello");
  fixture_close (fixture);
}

static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  guint i;

  for (i = 0; i < 3; i++)
    {
      fixture_open (fixture);
      g_assert_cmpuint (hb_websocket_task_get_attempt (fixture->task), ==, 0);
      g_assert_cmpint (hb_websocket_task_get_downtime (fixture->task), ==, 0);
      fixture_close (fixture);
    }

  g_assert_cmpuint (test_server_get_n_opened (fixture->server), ==, 3);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_opens), ==, 3);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_attempts), ==, 3);
}

static void
test_attempts_count_afresh_after_min_uptime (Fixture       *fixture,
                                             gconstpointer  data)
{
  signal_log_watch (fixture->log, "attempt");
  hb_websocket_task_set_min_uptime (fixture->task, 50);

  fixture_open (fixture);
  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 attempt:1 reconnect:1:20");
  signal_log_expect (fixture->log, WORDS_OPEN);
  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 attempt:2 reconnect:2:20");
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "attempt:0");
  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 attempt:1 reconnect:1:20");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
}

static void
test_waits_grow (Fixture       *fixture,
                 gconstpointer  data)
{
  hb_websocket_task_set_reconnect_timeout (fixture->task, 2);
  hb_websocket_task_set_reconnect_timeout_max (fixture->task, 7);
  raw_server_stop (fixture->raw);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:2");
  signal_log_skip_to (fixture->log, "reconnect:2:4");
  signal_log_skip_to (fixture->log, "reconnect:3:7");
  signal_log_skip_to (fixture->log, "reconnect:4:7");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
}

static guint
thrice_cb (HbWebsocketTask *task,
           guint            attempt,
           gpointer         user_data)
{
  guint *n_calls = user_data;

  *n_calls += 1;

  return attempt * 3;
}

static void
add_hundred_cb (gpointer data)
{
  *(guint *) data += 100;
}

static guint
run_loop_in_delay_cb (HbWebsocketTask *task,
                      guint            attempt,
                      gpointer         user_data)
{
  wait_pass (30);

  return 60000;
}

static void
test_reconnect_func_loop (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("While the function for the delay runs a main loop, no attempt is made");

  hb_websocket_task_set_reconnect_timeout (fixture->task, 1);
  hb_websocket_task_set_reconnect_func (fixture->task, run_loop_in_delay_cb, NULL, NULL);
  raw_server_stop (fixture->raw);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
}

static void
test_reconnect_func (Fixture       *fixture,
                     gconstpointer  data)
{
  guint n_calls = 0;

  hb_websocket_task_set_reconnect_func (fixture->task, thrice_cb, &n_calls, add_hundred_cb);
  raw_server_stop (fixture->raw);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:3");
  signal_log_skip_to (fixture->log, "reconnect:2:6");
  g_assert_cmpuint (n_calls, ==, 2);
  hb_websocket_task_set_reconnect_func (fixture->task, NULL, NULL, NULL);
  g_assert_cmpuint (n_calls, ==, 102);
  signal_log_skip_to (fixture->log, "reconnect:3:20");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
}

static void
test_reconnect_now (Fixture       *fixture,
                    gconstpointer  data)
{
  guint state;

  for (state = HB_STATE_CONNECTING; state <= HB_STATE_WAITING; state++)
    {
      gboolean was_open = state == HB_STATE_OPEN || state == HB_STATE_CLOSING;
      RawPeer *peer;
      guint n_accepted;

      fixture_enter (fixture, state);
      raw_server_set_answers (fixture->raw, TRUE);
      n_accepted = raw_server_get_n_accepted (fixture->raw);
      hb_websocket_task_reconnect_now (fixture->task);
      assert_state (fixture->task, HB_STATE_CONNECTING);
      g_assert_cmpuint (hb_websocket_task_get_attempt (fixture->task), ==, 0);

      if (state != HB_STATE_CONNECTING)
        signal_log_expect_now (fixture->log, was_open ? "state:connecting close:1006 connecting"
                                                      : "state:connecting connecting");
      else
        signal_log_expect_now (fixture->log, "connecting");

      signal_log_expect (fixture->log, "state:open open");
      peer = raw_server_wait_peer (fixture->raw, n_accepted);
      g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, n_accepted + 1);

      /* In the round for CLOSING, the previous peer is paused and does not read the close frame
       * that the task has sent, so the test need not expect this frame. */
      fixture_close_raw (fixture, peer);
    }
}

static void
test_check (Fixture       *fixture,
            gconstpointer  data)
{
  guint state;

  for (state = HB_STATE_CONNECTING; state <= HB_STATE_WAITING; state++)
    {
      fixture_enter (fixture, state);
      hb_websocket_task_check (fixture->task);

      switch (state)
        {
        case HB_STATE_OPEN:
          raw_peer_expect (raw_server_wait_peer (fixture->raw, 1), "text:heartbeat");
          break;
        case HB_STATE_WAITING:
          signal_log_expect (fixture->log, WORDS_OPEN);
          break;
        default:
          assert_state (fixture->task, state);
          signal_log_expect_quiet (fixture->log);
        }

      hb_websocket_task_set_close_timeout (fixture->task, 0);
      hb_websocket_task_close (fixture->task, 1000, NULL);
      wait_until (hb_websocket_task_get_state (fixture->task) == HB_STATE_CLOSED);
      signal_log_forget (fixture->log);
      wait_idle ();
      hb_websocket_task_set_close_timeout (fixture->task, 2000);
    }

  raw_peer_expect (raw_server_get_peer (fixture->raw, 1), "close:1000");
  raw_peer_expect (raw_server_get_peer (fixture->raw, 4), "close:1000");
}

static void
test_hold (Fixture       *fixture,
           gconstpointer  data)
{
  signal_log_watch (fixture->log, "reconnect-at");

  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  signal_log_expect_now (fixture->log, "state:waiting");
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  hb_websocket_task_check (fixture->task);
  hb_websocket_task_release (fixture->task);
  wait_idle ();
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 0);

  hb_websocket_task_release (fixture->task);
  signal_log_skip_to (fixture->log, "open");

  /* A hold does not end an open connection, but delays the next attempt. */
  hb_websocket_task_hold (fixture->task);
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, "message:text:hello");
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "reconnect:1:20");
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  wait_pass (2 * RECONNECT);
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
  wait_idle ();
  signal_log_expect_quiet (fixture->log);
  hb_websocket_task_release (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  fixture_close (fixture);
}

static void
test_release_before_time (Fixture       *fixture,
                          gconstpointer  data)
{
  fixture_enter (fixture, HB_STATE_WAITING);
  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_release (fixture->task);
  wait_idle ();
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), >, 0);
}

static void
see_state_cb (HbWebsocketTask *task,
              GString         *seen)
{
  g_string_append_printf (seen, "%s ", signal_log_name_state (hb_websocket_task_get_state (task)));
}

static void
see_state_at_close_cb (HbWebsocketTask *task,
                       guint            code,
                       const char      *reason,
                       GString         *seen)
{
  see_state_cb (task, seen);
}

static void
see_state_at_error_cb (HbWebsocketTask *task,
                       GError          *error,
                       GString         *seen)
{
  see_state_cb (task, seen);
}

/* When a signal is emitted, the state has already changed. */
static void
test_states_in_handlers (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GString) at_open = g_string_new (NULL);
  g_autoptr (GString) at_close = g_string_new (NULL);
  g_autoptr (GString) at_error = g_string_new (NULL);
  g_autoptr (GString) at_reconnect = g_string_new (NULL);
  RawPeer *peer;

  g_signal_connect (fixture->task, "open", G_CALLBACK (see_state_cb), at_open);
  g_signal_connect (fixture->task, "close", G_CALLBACK (see_state_at_close_cb), at_close);
  g_signal_connect (fixture->task, "error", G_CALLBACK (see_state_at_error_cb), at_error);
  g_signal_connect (fixture->task, "reconnect", G_CALLBACK (see_state_at_close_cb), at_reconnect);

  peer = fixture_open_raw (fixture);
  raw_peer_send_nonsense (peer);
  signal_log_expect (fixture->log, "state:waiting error:soup-websocket-error-quark:1002 close:1006 "
                     "reconnect:1:20");
  signal_log_expect (fixture->log, WORDS_OPEN);
  peer = raw_server_wait_peer (fixture->raw, 1);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  raw_peer_send_nonsense (peer);
  signal_log_expect (fixture->log, "state:closed error:soup-websocket-error-quark:1002 "
                     "error:repeat-limit close:1006");

  g_assert_cmpstr (at_open->str, ==, "open open ");
  g_assert_cmpstr (at_close->str, ==, "waiting closed ");
  g_assert_cmpstr (at_error->str, ==, "waiting closed closed ");
  g_assert_cmpstr (at_reconnect->str, ==, "waiting ");
  raw_peer_expect (raw_server_get_peer (fixture->raw, 0), "close:1002");
  raw_peer_expect (peer, "close:1002");
}

/* Unread data of an old connection is not delivered once the next attempt has begun. */
static void
test_old_link_is_mute (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *old = fixture_open_raw (fixture);
  RawPeer *peer;

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

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The order of a task's signals, and the state of the task at each signal.");

  add_test ("/loopback/life/open-and-close", test_open_and_close);
  add_test ("/loopback/life/reconnect", test_reconnect);
  add_test ("/loopback/life/server-restart", test_server_restart);
  add_test ("/loopback/life/reopen", test_reopen);
  add_test ("/loopback/life/min-uptime", test_attempts_count_afresh_after_min_uptime);
  add_raw_test ("/loopback/life/waits-grow", test_waits_grow);
  add_raw_test ("/loopback/life/reconnect-func", test_reconnect_func);
  add_raw_test ("/loopback/life/reconnect-func-loop", test_reconnect_func_loop);
  add_raw_test ("/loopback/life/reconnect-now", test_reconnect_now);
  add_raw_test ("/loopback/life/check", test_check);
  add_test ("/loopback/life/hold", test_hold);
  add_raw_test ("/loopback/life/release-before-time", test_release_before_time);
  add_raw_test ("/loopback/life/old-link-is-mute", test_old_link_is_mute);
  add_raw_test ("/loopback/life/states-in-handlers", test_states_in_handlers);

  return g_test_run ();
}
