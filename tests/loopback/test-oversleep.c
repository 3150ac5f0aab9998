/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "suspend-fixture.h"

/* The main loop runs late, without a suspend. In these tests, a reply is the data of send_life ().
 * With liveness ANY or STEADY, this is an ordinary message. */

/* The number of messages whose handlers together take tens of milliseconds */
#define MANY 300

static void
test_answered_a_little_late (Fixture       *fixture,
                             gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("A reply in the socket is read before it counts as missing, even if the loop is "
                  "only a little late");

  send_life (data, peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  expect_life (fixture, data, peer);
  g_assert_cmpuint (count_pings (fixture), ==, 2);
}

static void
work_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         gpointer               user_data)
{
  g_usleep (100);
}

static void
test_answered_behind (Fixture       *fixture,
                      gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);
  guint i;

  g_test_summary ("A reply behind many messages in the socket is read before it counts as missing, "
                  "even if one iteration is too short to read them all");

  g_signal_connect (fixture->task, "message", G_CALLBACK (work_cb), NULL);
  for (i = 0; i < MANY; i++)
    raw_peer_send_text (peer, "many");
  send_life (data, peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  for (i = 0; i < MANY; i++)
    signal_log_expect (fixture->log, "message:text:many");

  /* Another ping was sent if other sources ran before all data was read. */
  if (count_pings (fixture) == 2)
    expect_ping (data, peer);

  expect_life (fixture, data, peer);
}

static void
test_a_little_late (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A dead connection is dropped at once if the loop is at most a second late");

  open_and_ping (fixture, data);
  test_clock_jump (PONG_AFTER + LATE);
  signal_log_expect (fixture->log, WORDS_DEAD);
}

static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("If the loop is more than a second late, another ping is sent before a dead "
                  "connection is dropped");

  jump (PONG_AFTER + LATE + 1);
  expect_ping (data, peer);
  expect_dead (fixture);
}

static void
test_close_a_little_late (Fixture       *fixture,
                          gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("A close frame in the socket ends the connection, even if the loop is only a "
                  "little late");

  raw_peer_send_close (peer, 1001, "restart");
  raw_peer_wait_delivered (peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  signal_log_expect (fixture->log, "state:waiting close:1001:restart reconnect:1:20");
  raw_peer_forget (peer);
}

static void
sleep_in_handler_cb (HbWebsocketTask *task,
                     GParamSpec      *pspec,
                     Fixture         *fixture)
{
  g_signal_handlers_disconnect_by_func (task, sleep_in_handler_cb, fixture);
  jump (PONG_AFTER + LATE / 2);
}

/* Requests a ping, to which the peer replies. The reply is unread when the next signal is
 * emitted. */
static void
ask_in_handler_cb (HbWebsocketTask *task,
                   Fixture         *fixture)
{
  const Heartbeat *heartbeat = g_object_get_data (G_OBJECT (task), "heartbeat");
  RawPeer *peer = raw_server_get_peer (fixture->raw, 0);

  hb_websocket_task_check (task);
  expect_ping (heartbeat, peer);
  send_life (heartbeat, peer);
  g_signal_connect (task, "notify::buffered-amount", G_CALLBACK (sleep_in_handler_cb), fixture);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A main loop in a handler also reads a reply before the reply counts as missing, "
                  "even while the task has more signals to emit");

  g_object_set_data (G_OBJECT (fixture->task), "heartbeat", (gpointer) data);
  g_signal_connect (fixture->task, "open", G_CALLBACK (ask_in_handler_cb), fixture);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, WORDS_OPEN " drain");
  raw_peer_expect (raw_server_get_peer (fixture->raw, 0), "text:hello");
  expect_life (fixture, data, raw_server_get_peer (fixture->raw, 0));
}

static gboolean
run_loop_cb (gpointer user_data)
{
  wait_idle ();

  return G_SOURCE_REMOVE;
}

static void
test_nested_elsewhere (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GSource) source = g_timeout_source_new (G_MAXINT);
  RawPeer *peer;

  g_test_summary ("A reply is read before it counts as missing, even if another source runs a "
                  "main loop before the socket's source is dispatched");

  g_source_set_callback (source, run_loop_cb, NULL, NULL);
  hb_websocket_task_open (fixture->task);
  g_source_attach (source, NULL);
  signal_log_expect (fixture->log, WORDS_OPEN);
  peer = raw_server_wait_peer (fixture->raw, 0);
  jump (PING_AFTER + LATENESS);
  expect_ping (data, peer);
  send_life (data, peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  g_source_set_ready_time (source, 0);
  expect_life (fixture, data, peer);
}

static char *
sleep_cb (HbWebsocketTask *task,
          gpointer         user_data)
{
  guint *n_calls = user_data;

  if (++*n_calls == 1)
    test_clock_jump (PONG_AFTER + LATE / 2);

  return NULL;
}

static void
check_ping_func (Fixture       *fixture,
                 gconstpointer  data,
                 HbPingFunc     func)
{
  guint n_calls = 0;
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_set_ping_func (fixture->task, func, &n_calls, NULL);
  jump (PING_AFTER + LATENESS);
  expect_ping (data, peer);
  g_assert_cmpuint (n_calls, ==, 1);
  expect_dead (fixture);

  /* With STEADY, another ping has been sent. */
  raw_peer_forget (peer);
}

static void
test_ping_func (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The time that the ping function takes does not count as time in which the peer "
                  "could reply");

  check_ping_func (fixture, data, sleep_cb);
}

static char *
run_loop_in_ping_cb (HbWebsocketTask *task,
                     gpointer         user_data)
{
  sleep_cb (task, user_data);
  wait_idle ();

  return NULL;
}

static void
test_ping_func_loop (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The time that the ping function takes does not count as time in which the peer "
                  "could reply, even if the function runs a main loop");

  check_ping_func (fixture, data, run_loop_in_ping_cb);
}

static void
sleep_after_check_cb (HbWebsocketTask *task,
                      gpointer         user_data)
{
  hb_websocket_task_check (task);
  test_clock_jump (PONG_AFTER + LATE / 2);
}

static void
test_check_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("The reply to a ping that waits for the end of a handler does not count as "
                  "missing before the ping is sent");

  g_signal_connect (fixture->task, "open", G_CALLBACK (sleep_after_check_cb), NULL);
  peer = fixture_open_raw (fixture);
  wait_idle ();
  expect_ping (data, peer);
  expect_dead (fixture);

  /* With STEADY, another ping has been sent. */
  raw_peer_forget (peer);
}

static void
silence_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  hb_websocket_task_set_ping_timeout (task, 0);
}

static void
test_alarm_again (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("A reply is read before it counts as missing, even after the heartbeat has been "
                  "turned off and on again");

  g_signal_connect (fixture->task, "message", G_CALLBACK (silence_cb), NULL);
  raw_peer_send_text (peer, "news");
  send_life (data, peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  signal_log_expect (fixture->log, "message:text:news");
  wait_until (count_signs (fixture) == 2);
  signal_log_forget (fixture->log);
  g_signal_handlers_disconnect_by_func (fixture->task, silence_cb, NULL);
  hb_websocket_task_check (fixture->task);
  expect_ping (data, peer);
  hb_websocket_task_set_ping_timeout (fixture->task, PING_AFTER);
  send_life (data, peer);
  test_clock_jump (PONG_AFTER + LATE / 2);
  wait_until (count_signs (fixture) == 3);
  wait_idle ();
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_forget (fixture->log);
}

/* The milliseconds that the other task's ping function takes. The wait for the reply to the first
 * task's ping ends during that time. */
#define BUSY 400

typedef struct
{
  const Heartbeat *heartbeat;
  RawPeer         *peer;
  gboolean         has_worked;
} Busy;

static char *
work_in_ping_cb (HbWebsocketTask *task,
                 gpointer         user_data)
{
  Busy *self = user_data;

  if (!self->has_worked)
    {
      self->has_worked = TRUE;
      send_life (self->heartbeat, self->peer);
      test_clock_jump (BUSY);
    }

  return NULL;
}

static void
test_other_task_busy (Fixture       *fixture,
                      gconstpointer  data)
{
  HbWebsocketTask *other = hb_websocket_task_new (raw_server_get_uri (fixture->raw));
  Busy busy = { data, NULL, FALSE };

  g_test_summary ("A reply that arrived while another task in the same context was busy is read "
                  "before it counts as missing");

  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_STEADY);
  hb_websocket_task_set_pong_timeout (fixture->task, PING_AFTER - 500);
  busy.peer = open_and_ping (fixture, data);
  hb_websocket_task_set_ping_timeout (other, PING_AFTER - 900);
  hb_websocket_task_set_ping_func (other, work_in_ping_cb, &busy, NULL);
  hb_websocket_task_open (other);
  raw_server_wait_peer (fixture->raw, 1);
  wait_until (hb_websocket_task_get_state (other) == HB_STATE_OPEN);

  jump (PING_AFTER - 900 + LATENESS);
  g_assert_true (busy.has_worked);
  wait_until (count_signs (fixture) == 1);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_forget (fixture->log);
  g_assert_finalize_object (other);
  wait_idle ();
  raw_peer_forget (busy.peer);
  raw_peer_forget (raw_server_get_peer (fixture->raw, 1));
}

static const SuspendCase cases[] = {
  { "answered-a-little-late", test_answered_a_little_late },
  { "answered-behind", test_answered_behind },
  { "a-little-late", test_a_little_late },
  { "late", test_late },
  { "close-a-little-late", test_close_a_little_late },
  { "nested", test_nested },
  { "nested-elsewhere", test_nested_elsewhere },
  { "ping-func", test_ping_func },
  { "ping-func-loop", test_ping_func_loop },
  { "check-in-handler", test_check_in_handler },
  { "alarm-again", test_alarm_again },
  { "other-task-busy", test_other_task_busy },
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("An open connection in a loop that runs late, with a clock that jumps.");

  suspend_add_tests ("oversleep", cases, G_N_ELEMENTS (cases));

  return g_test_run ();
}
