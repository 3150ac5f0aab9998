/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "suspend-fixture.h"

#define WAIT          60000
#define CONNECT_AFTER 10000
#define CLOSE_AFTER   2000

/* The time that may pass between two readings of GLib's clock, in microseconds */
#define SLACK (10 * G_TIME_SPAN_SECOND)

#define WORDS_TIMED_OUT "state:waiting error:connect-timeout reconnect:1:20"

/* `reconnect-at` is a time on GLib's clock, which does not jump, and which advances during the
 * test. */
static void
assert_waits (Fixture *fixture,
              gint64   milliseconds)
{
  gint64 left = hb_websocket_task_get_reconnect_at (fixture->task);

  /* If the clock were read first, the result could exceed the delay by some microseconds. */
  left -= g_get_monotonic_time ();
  g_assert_cmpint (left, <=, milliseconds * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (left, >, milliseconds * G_TIME_SPAN_MILLISECOND - SLACK);
}

/* Jumps to shortly before a deadline, and checks that no signal is emitted. Then jumps past the
 * deadline, and waits for the signals @words. */
static void
expect_at_deadline (Fixture    *fixture,
                    gint64      milliseconds,
                    const char *words)
{
  jump (milliseconds);
  signal_log_expect_quiet (fixture->log);
  test_clock_jump (LATENESS);
  signal_log_expect (fixture->log, words);
}

static void
enter_waiting (Fixture *fixture)
{
  hb_websocket_task_set_reconnect_timeout (fixture->task, WAIT);
  raw_peer_drop (fixture_open_raw (fixture));
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:60000");
}

static void
test_waiting (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("An attempt that became due during a suspend starts at once");

  enter_waiting (fixture);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, WORDS_OPEN);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  g_assert_cmpint (hb_websocket_task_get_downtime (fixture->task),
                   ==, HOUR * G_TIME_SPAN_MILLISECOND);
}

static void
test_waiting_short (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A suspend that is shorter than the delay counts as part of the delay");

  enter_waiting (fixture);
  assert_waits (fixture, WAIT);
  jump (WAIT / 2);
  assert_waits (fixture, WAIT / 2);
  jump (WAIT / 2 - 1);
  assert_waits (fixture, 1);
  assert_state (fixture->task, HB_STATE_WAITING);
  signal_log_expect_quiet (fixture->log);
  test_clock_jump (LATENESS);
  signal_log_expect (fixture->log, WORDS_OPEN);
}

static void
test_waiting_twice (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Two suspends without an iteration between them cause one attempt");

  enter_waiting (fixture);
  test_clock_jump (WAIT);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, WORDS_OPEN);
  wait_idle ();
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

static void
test_waiting_retry_after (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("A suspend counts as part of a delay that the server has requested");

  raw_server_set_answer (fixture->raw, "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\n"
                                       "Content-Length: 0\r\n\r\n");
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:waiting error:handshake "
                                   "reconnect:1:3600000");
  raw_server_set_answer (fixture->raw, NULL);
  expect_at_deadline (fixture, HOUR - 1, WORDS_OPEN);
}

static void
test_held (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("An attempt stays held during a suspend, and is due on release");

  enter_waiting (fixture);
  hb_websocket_task_hold (fixture->task);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  jump (HOUR);
  assert_state (fixture->task, HB_STATE_WAITING);
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task), ==, -1);
  hb_websocket_task_release (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
}

static void
test_held_short (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("If the delay of a held attempt did not end during a suspend, the rest of the "
                  "delay follows the release");

  enter_waiting (fixture);
  hb_websocket_task_hold (fixture->task);
  jump (WAIT - 1000);
  hb_websocket_task_release (fixture->task);
  assert_waits (fixture, 1000);
  expect_at_deadline (fixture, 999, WORDS_OPEN);
}

static void
test_check (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A call to check () on resume causes no second attempt");

  enter_waiting (fixture);
  test_clock_jump (HOUR);
  hb_websocket_task_check (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  wait_idle ();
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

/* Returns a peer that has not answered the request yet. */
static RawPeer *
enter_connecting (Fixture *fixture)
{
  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_set_connect_timeout (fixture->task, CONNECT_AFTER);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting");

  return raw_server_wait_peer (fixture->raw, 0);
}

/* @data: the milliseconds by which the clock jumps */
static void
test_connecting_answered (Fixture       *fixture,
                          gconstpointer  data)
{
  RawPeer *peer = enter_connecting (fixture);

  g_test_summary ("An attempt whose answer is in the socket succeeds after a suspend, and if the "
                  "loop is only a little late");

  raw_peer_accept (peer);
  raw_peer_wait_delivered (peer);
  test_clock_jump (GPOINTER_TO_INT (data));
  signal_log_expect (fixture->log, "state:open open");
}

static void
test_connecting_late_answer (Fixture       *fixture,
                             gconstpointer  data)
{
  RawPeer *peer = enter_connecting (fixture);

  g_test_summary ("If connect-timeout ended during a suspend, the attempt gets the full timeout "
                  "again");

  jump (HOUR);
  jump (CONNECT_AFTER - 1);
  signal_log_expect_quiet (fixture->log);
  raw_peer_accept (peer);
  raw_peer_wait_delivered (peer);
  signal_log_expect (fixture->log, "state:open open");
}

static void
test_connecting_dead (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If connect-timeout ended during a suspend, and no answer follows, the attempt "
                  "fails when the full timeout has passed after the resume");

  enter_connecting (fixture);
  jump (HOUR);
  expect_at_deadline (fixture, CONNECT_AFTER - 1, WORDS_TIMED_OUT);
}

static void
test_connecting_short (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A suspend that is shorter than connect-timeout counts as part of it");

  enter_connecting (fixture);
  jump (CONNECT_AFTER - 100);
  expect_at_deadline (fixture, 99, WORDS_TIMED_OUT);
}

static void
test_connecting_often (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = enter_connecting (fixture);
  guint i;

  g_test_summary ("After each of several suspends that outlast connect-timeout, an attempt gets "
                  "the full timeout again");

  for (i = 0; i < 20; i++)
    jump (HOUR);

  raw_peer_accept (peer);
  signal_log_expect (fixture->log, "state:open open");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_attempts), ==, 1);
}

static void
sleep_cb (HbWebsocketTask *task,
          SoupMessage     *message,
          gpointer         user_data)
{
  test_clock_jump (CONNECT_AFTER + LATE / 2);
}

static void
test_connecting_handler (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("The time that a handler for `connecting` takes does not count as part of "
                  "connect-timeout");

  g_signal_connect (fixture->task, "connecting", G_CALLBACK (sleep_cb), NULL);
  enter_connecting (fixture);
  expect_at_deadline (fixture, CONNECT_AFTER - 1, WORDS_TIMED_OUT);
}

/* Returns a peer that has received the task's close frame. */
static RawPeer *
enter_closing (Fixture *fixture)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_set_close_timeout (fixture->task, CLOSE_AFTER);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing");
  raw_peer_expect (peer, "close:1000");

  return peer;
}

static void
test_closing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If close-timeout ended during a suspend, and the peer did not answer the "
                  "close frame, the task becomes CLOSED at once");

  enter_closing (fixture);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:closed close:1006");
}

static void
test_closing_answered (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer = enter_closing (fixture);

  g_test_summary ("A close frame that arrived during a suspend is read before close-timeout acts");

  raw_peer_send_close (peer, 1000, NULL);
  raw_peer_wait_delivered (peer);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:closed close:1000");
}

static void
work_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         gpointer               user_data)
{
  g_usleep (5000);
}

static void
test_closing_answered_busy (Fixture       *fixture,
                            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A close frame is read before close-timeout acts, even if other sources run "
                  "first because the message handler was slow");

  g_signal_connect (fixture->task, "message", G_CALLBACK (work_cb), NULL);
  raw_peer_send_text (peer, "work");
  signal_log_expect (fixture->log, "message:text:work");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  raw_peer_wait_delivered (peer);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:closing state:closed close:1000");
}

/* A length of more than 1 KiB, because the task reads the clock after each KiB. If an earlier
 * handler was slow, other sources run before the task delivers a message of this length. */
#define LONG 1500

static void
test_closing_answered_in_a_pause (Fixture       *fixture,
                                  gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  g_autofree char *text = g_strnfill (LONG, 'x');

  g_test_summary ("A close frame is read before close-timeout acts, even if other sources run "
                  "between two messages that have arrived together");

  g_signal_connect (fixture->task, "message", G_CALLBACK (work_cb), NULL);
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, "work");
  raw_peer_send_text (peer, text);
  raw_peer_send_close (peer, 1000, NULL);
  raw_peer_gather (peer, FALSE);
  raw_peer_wait_delivered (peer);
  signal_log_expect (fixture->log, "message:text:work");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:closing state:closed close:1000");
  raw_peer_expect (peer, "close:1000");
}

static void
test_closing_short (Fixture       *fixture,
                    gconstpointer  data)
{
  RawPeer *peer = enter_closing (fixture);

  g_test_summary ("A suspend that is shorter than close-timeout does not end the connection");

  jump (CLOSE_AFTER - 1);
  signal_log_expect_quiet (fixture->log);
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed close:1000");
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A CLOSED task does nothing after a suspend");

  fixture_close_raw (fixture, fixture_open_raw (fixture));
  jump (HOUR);
  assert_state (fixture->task, HB_STATE_CLOSED);
  signal_log_expect_quiet (fixture->log);
}

static gpointer
send_in_thread (gpointer task)
{
  g_assert_true (hb_websocket_task_send_text (task, "one", NULL));

  return NULL;
}

static void
test_message_of_thread (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("If another thread sent a message while queue-timeout was 0, the timeout of the "
                  "message starts when the property is set, even if the task has not taken the "
                  "message in before");

  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:waiting");
  g_thread_join (g_thread_new ("sender", send_in_thread, fixture->task));
  hb_websocket_task_set_queue_timeout (fixture->task, HOUR);
  jump (HOUR);
  signal_log_expect (fixture->log, "error:expired drain");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A suspend in every state except OPEN, with a clock that jumps.");

  add_raw_test ("/loopback/resume/waiting", test_waiting);
  add_raw_test ("/loopback/resume/waiting-short", test_waiting_short);
  add_raw_test ("/loopback/resume/waiting-twice", test_waiting_twice);
  add_raw_test ("/loopback/resume/waiting-retry-after", test_waiting_retry_after);
  add_raw_test ("/loopback/resume/held", test_held);
  add_raw_test ("/loopback/resume/held-short", test_held_short);
  add_raw_test ("/loopback/resume/check", test_check);
  g_test_add ("/loopback/resume/connecting-answered", Fixture, GINT_TO_POINTER (HOUR),
              fixture_set_up_raw, test_connecting_answered, fixture_tear_down);
  g_test_add ("/loopback/resume/connecting-answered-a-little-late", Fixture,
              GINT_TO_POINTER (CONNECT_AFTER + LATE / 2), fixture_set_up_raw,
              test_connecting_answered, fixture_tear_down);
  add_raw_test ("/loopback/resume/connecting-late-answer", test_connecting_late_answer);
  add_raw_test ("/loopback/resume/connecting-dead", test_connecting_dead);
  add_raw_test ("/loopback/resume/connecting-short", test_connecting_short);
  add_raw_test ("/loopback/resume/connecting-often", test_connecting_often);
  add_raw_test ("/loopback/resume/connecting-handler", test_connecting_handler);
  add_raw_test ("/loopback/resume/closing", test_closing);
  add_raw_test ("/loopback/resume/closing-answered", test_closing_answered);
  add_raw_test ("/loopback/resume/closing-answered-busy", test_closing_answered_busy);
  add_raw_test ("/loopback/resume/closing-answered-in-a-pause",
                test_closing_answered_in_a_pause);
  add_raw_test ("/loopback/resume/closing-short", test_closing_short);
  add_raw_test ("/loopback/resume/closed", test_closed);
  add_raw_test ("/loopback/resume/message-of-thread", test_message_of_thread);

  return g_test_run ();
}
