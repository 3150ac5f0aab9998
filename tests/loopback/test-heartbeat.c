/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* The tests of the core prove that the documented times are kept. */

/* Timeouts, in milliseconds */
#define PING_AFTER 100
#define PONG_AFTER 100
#define LONG_AFTER 1000

/* The maximum lateness of the detection of a dead peer, and of the next attempt */
#define TOLERANCE (100 * G_TIME_SPAN_MILLISECOND)

/* The tolerance for the time between an event and its entry in the log */
#define SLACK (20 * G_TIME_SPAN_MILLISECOND)

/* The interval of a timer that detects a busy machine. Its delays are added to TOLERANCE. */
#define TICK (10 * G_TIME_SPAN_MILLISECOND)

static gint64 ticked_at;
static gint64 missed;
static guint tick;

static gboolean
tick_cb (gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();

  missed += MAX (now - ticked_at - TICK, 0);
  ticked_at = now;

  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  missed = 0;
  ticked_at = g_get_monotonic_time ();
  tick = g_timeout_add (TICK / G_TIME_SPAN_MILLISECOND, tick_cb, NULL);
  fixture_set_up (fixture, data);
  hb_websocket_task_set_ping_timeout (fixture->task, PING_AFTER);
  hb_websocket_task_set_pong_timeout (fixture->task, PONG_AFTER);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_source_remove (tick);
  fixture_tear_down (fixture, data);
}

#define add_soup(path, function) \
  g_test_add (path, Fixture, "soup", set_up, function, tear_down)
#define add_raw(path, function) \
  g_test_add (path, Fixture, "raw", set_up, function, tear_down)

static void
assert_within (gint64 time,
               gint64 expected)
{
  g_assert_cmpint (time, >=, expected - SLACK);
  g_assert_cmpint (time, <=, expected + TOLERANCE + missed);
}

/* The peer accepts the connection, but then sends nothing. The connection is dropped without a
 * closing handshake, because the peer would not answer a close frame. */
static void
expect_dead_peer (Fixture *fixture)
{
  gint64 last_life;
  gint64 lost;

  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:open");
  last_life = signal_log_get_time (fixture->log);
  signal_log_expect (fixture->log, "open state:waiting");
  lost = signal_log_get_time (fixture->log);
  assert_within (lost - last_life, (PING_AFTER + PONG_AFTER) * 1000);
  signal_log_expect (fixture->log, "error:pong-timeout close:1006 reconnect:1:20 state:connecting");
  assert_within (signal_log_get_time (fixture->log) - lost, RECONNECT * 1000);
  signal_log_expect (fixture->log, "connecting state:open open");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_pong_timeouts), ==, 1);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_pings), ==, 1);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_replies), ==, 0);
}

static void
test_dead_peer (Fixture       *fixture,
                gconstpointer  data)
{
  expect_dead_peer (fixture);
  raw_peer_expect (raw_server_get_peer (fixture->raw, 0), "text:heartbeat");
  raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));
}

/* libsoup would answer the ping, but the server does not read. */
static void
test_dead_peer_ping (Fixture       *fixture,
                     gconstpointer  data)
{
  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  test_server_set_mode (fixture->server, TEST_SERVER_MUTE);
  expect_dead_peer (fixture);
}

/* Any message postpones the next ping. After a ping, any message or pong proves that the peer is
 * alive. ping-timeout is at first so long that a busy machine does not look like a silent peer. */
static void
test_any_message_is_life (Fixture       *fixture,
                          gconstpointer  data)
{
  RawPeer *peer;
  guint i;

  hb_websocket_task_set_ping_timeout (fixture->task, LONG_AFTER);
  peer = fixture_open_raw (fixture);
  for (i = 0; i < 8; i++)
    {
      wait_pass (LONG_AFTER / 7);
      raw_peer_send_text (peer, "life");
      signal_log_expect (fixture->log, "message:text:life");
    }

  raw_peer_expect_quiet (peer);
  hb_websocket_task_set_ping_timeout (fixture->task, PING_AFTER);
  raw_peer_expect (peer, "text:heartbeat");
  raw_peer_send_text (peer, "any");
  signal_log_expect (fixture->log, "message:text:any");
  raw_peer_expect (peer, "text:heartbeat");
  raw_peer_send (peer, 0xa, "pong", 4);
  raw_peer_expect (peer, "text:heartbeat");
}

static void
test_live_server (Fixture       *fixture,
                  gconstpointer  data)
{
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  signal_log_watch (fixture->log, "latency");
  fixture_open (fixture);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), ==, -1);
  wait_until (signal_log_count (fixture->log, "message:text:heartbeat") == 3);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), >=, 0);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), <, PONG_AFTER * 1000);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_forget (fixture->log);
}

/* libsoup has no public function that sends a ping. Without its own stream, the library passes the
 * opcode where libsoup expects a message type. In the suite `fallback`, this test fails with a
 * libsoup that refuses the opcode. */
static void
test_ping_frame (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (HbMetrics) metrics = NULL;
  g_autoptr (HbMetrics) copy = NULL;

  test_server_set_mode (fixture->server, TEST_SERVER_QUIET);
  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  fixture_open (fixture);
  wait_until (get_metric (fixture->task, hb_metrics_get_replies) >= 3);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), >=, 0);
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "");

  metrics = hb_websocket_task_get_metrics (fixture->task);
  copy = hb_metrics_copy (metrics);
  g_assert_cmpuint (hb_metrics_get_pings (copy), >=, 3);
  g_assert_cmpint (hb_metrics_get_latency_min (copy), >=, 0);
  g_assert_cmpint (hb_metrics_get_latency_mean (copy), >=, hb_metrics_get_latency_min (copy));
  g_assert_cmpint (hb_metrics_get_latency_max (copy), >=, hb_metrics_get_latency_mean (copy));
  g_assert_cmpint (hb_metrics_get_uptime (copy), >=, 60000);
  g_assert_cmpint (hb_metrics_get_downtime (copy), ==, 0);
  fixture_close (fixture);
}

static void
test_ping_frame_on_the_wire (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autofree char *text = g_strnfill (200, 'p');
  RawPeer *peer;

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:heartbeat");
  raw_peer_send (peer, 0xa, "heartbeat", 9);
  wait_until (hb_websocket_task_get_latency (fixture->task) >= 0);

  /* The payload of a ping frame has at most 125 bytes, so the text is cut. */
  hb_websocket_task_set_ping_message (fixture->task, text);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:125");
}

/* libsoup answers pings from the server. */
static void
test_ping_of_the_server (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_send (peer, 0x9, "there?", 6);
  raw_peer_expect (peer, "pong:there?");
}

static void
test_pong_message_is_swallowed (Fixture       *fixture,
                                gconstpointer  data)
{
  test_server_set_mode (fixture->server, TEST_SERVER_PONG);
  hb_websocket_task_set_pong_message (fixture->task, "pong");
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  fixture_open (fixture);
  wait_until (get_metric (fixture->task, hb_metrics_get_replies) >= 2);
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_received), ==, 0);

  /* A message that only begins like a reply is not a reply. */
  assert_sends (fixture->task, "pong2");
  signal_log_expect (fixture->log, "message:text:pong2");
  fixture_close (fixture);
}

static void
test_reply_alone_is_life (Fixture       *fixture,
                          gconstpointer  data)
{
  gint64 opened;
  RawPeer *peer;

  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_REPLY);
  hb_websocket_task_set_pong_message (fixture->task, "pong");
  peer = fixture_open_raw (fixture);
  opened = signal_log_get_time (fixture->log);

  while (hb_websocket_task_get_state (fixture->task) == HB_STATE_OPEN)
    {
      raw_peer_send_text (peer, "chatter");
      wait_pass (10);
    }

  signal_log_skip_to (fixture->log, "state:waiting");
  assert_within (signal_log_get_time (fixture->log) - opened, (PING_AFTER + PONG_AFTER) * 1000);
  signal_log_expect (fixture->log, "error:pong-timeout close:1006 reconnect:1:20");
  raw_peer_expect (peer, "text:heartbeat");
}

static void
dawdle_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           guint                 *n_messages)
{
  g_usleep (200);
  (*n_messages)++;
}

#define N_MESSAGES 5000

static void
test_reply_alone_is_life_in_a_flood (Fixture       *fixture,
                                     gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  g_autofree char *text = g_strnfill (125, 'x');
  guint n_messages = 0;
  guint i;

  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_REPLY);
  hb_websocket_task_set_pong_message (fixture->task, "pong");
  g_signal_connect (fixture->task, "message", G_CALLBACK (dawdle_cb), &n_messages);

  for (i = 0; i < N_MESSAGES; i++)
    raw_peer_send_text (peer, text);

  signal_log_skip_to (fixture->log, "error:pong-timeout");

  /* Without the library's stream, libsoup delivers all messages before any other source runs. */
  if (has_stream)
    g_assert_cmpuint (n_messages, <, N_MESSAGES);

  signal_log_forget (fixture->log);
  wait_until (raw_peer_has_ended (peer));
  raw_peer_forget (peer);
}

static void
test_reply_keeps_alive (Fixture       *fixture,
                        gconstpointer  data)
{
  test_server_set_mode (fixture->server, TEST_SERVER_PONG);
  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_REPLY);
  hb_websocket_task_set_pong_message (fixture->task, "pong");
  hb_websocket_task_set_ping_timeout (fixture->task, 10);
  fixture_open (fixture);
  wait_until (get_metric (fixture->task, hb_metrics_get_replies) >= 5);
  assert_state (fixture->task, HB_STATE_OPEN);
}

static char *
count_cb (HbWebsocketTask *task,
          gpointer         user_data)
{
  guint *n = user_data;

  *n += 1;

  return *n == 3 ? NULL : g_strdup_printf ("ping-%u", *n);
}

static void
clear_cb (gpointer data)
{
  *(guint *) data = 0;
}

static void
test_ping_func (Fixture       *fixture,
                gconstpointer  data)
{
  guint n = 0;
  RawPeer *peer;
  guint i;

  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_set_ping_func (fixture->task, count_cb, &n, clear_cb);
  peer = fixture_open_raw (fixture);

  for (i = 0; i < 3; i++)
    {
      hb_websocket_task_check (fixture->task);
      raw_peer_expect (peer, i == 0 ? "text:ping-1" : i == 1 ? "text:ping-2" : "text:heartbeat");
      raw_peer_send_text (peer, "ok");
      signal_log_expect (fixture->log, "message:text:ok");
    }

  hb_websocket_task_set_ping_func (fixture->task, NULL, NULL, NULL);
  g_assert_cmpuint (n, ==, 0);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:heartbeat");
}

static void
check_and_reconnect_cb (HbWebsocketTask *task)
{
  hb_websocket_task_check (task);
  hb_websocket_task_reconnect_now (task);
}

/* If the connection is dropped before a ping is made, the ping function is not called. */
static void
test_ping_func_dropped (Fixture       *fixture,
                        gconstpointer  data)
{
  guint n = 0;
  RawPeer *peer;

  hb_websocket_task_set_ping_func (fixture->task, count_cb, &n, NULL);
  peer = fixture_open_raw (fixture);
  g_signal_connect (fixture->task, "message", G_CALLBACK (check_and_reconnect_cb), NULL);
  raw_peer_send_text (peer, "go");
  signal_log_skip_to (fixture->log, "state:connecting");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_forget (fixture->log);
  g_assert_cmpuint (n, ==, 0);
  raw_peer_forget (peer);
}

/* ping-bytes replaces ping-message. If the ping function returns a text, that text replaces
 * both. */
static void
test_ping_bytes (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *text = g_strnfill (200, 'p');
  g_autoptr (GBytes) bytes = g_bytes_new ("\xc0\0", 2);
  g_autoptr (GBytes) payload = g_bytes_new (text, 200);
  guint n = 0;
  RawPeer *peer;

  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_set_pong_timeout (fixture->task, 0);
  hb_websocket_task_set_ping_bytes (fixture->task, bytes);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "binary:2");

  hb_websocket_task_set_ping_func (fixture->task, count_cb, &n, NULL);
  hb_websocket_task_check (fixture->task);
  hb_websocket_task_check (fixture->task);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:ping-1 text:ping-2 binary:2");
  hb_websocket_task_set_ping_func (fixture->task, NULL, NULL, NULL);

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_bytes (fixture->task, payload);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:125");

  hb_websocket_task_set_ping_bytes (fixture->task, NULL);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:heartbeat");
}

/* Without a pong-timeout, the task still sends pings, so that no router drops the idle
 * connection. */
static void
test_no_pong_timeout (Fixture       *fixture,
                      gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_ping_timeout (fixture->task, 10);
  hb_websocket_task_set_pong_timeout (fixture->task, 0);
  peer = fixture_open_raw (fixture);
  raw_peer_expect (peer, "text:heartbeat text:heartbeat text:heartbeat text:heartbeat");
  assert_state (fixture->task, HB_STATE_OPEN);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  wait_idle ();
  while (raw_peer_get_n_frames (peer) > 0)
    raw_peer_expect (peer, "text:heartbeat");
}

static void
test_change_while_open (Fixture       *fixture,
                        gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_ping_timeout (fixture->task, 60000);
  hb_websocket_task_set_pong_timeout (fixture->task, 60000);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_set_ping_timeout (fixture->task, 10);
  raw_peer_expect (peer, "text:heartbeat");
  hb_websocket_task_set_pong_timeout (fixture->task, 10);
  signal_log_expect (fixture->log, "state:waiting error:pong-timeout close:1006 reconnect:1:20");
}

/* While the main loop is blocked, no reply can be read. If the task notices the end of pong-timeout
 * more than a second late, it sends another ping. */
static void
test_late_tick_does_not_condemn (Fixture       *fixture,
                                 gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_expect (peer, "text:heartbeat");
  raw_peer_pause (peer);
  g_usleep (PONG_AFTER * 1000 + G_TIME_SPAN_SECOND + 50000);
  raw_peer_resume (peer);
  raw_peer_expect (peer, "text:heartbeat");
  assert_state (fixture->task, HB_STATE_OPEN);
  raw_peer_send_text (peer, "here");
  signal_log_expect (fixture->log, "message:text:here");
}

static gboolean
refuse_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           gpointer               user_data)
{
  return FALSE;
}

static void
change_mode (HbWebsocketTask *task)
{
  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
}

static void
change_mode_first (HbWebsocketTask *task)
{
  hb_websocket_task_set_liveness (task, HB_LIVENESS_ANY);
  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_liveness (task, HB_LIVENESS_REPLY);
}

static void
change_text (HbWebsocketTask *task)
{
  hb_websocket_task_set_pong_message (task, "other-pong");
  hb_websocket_task_set_ping_message (task, "other-ping");
}

static void
change_func (HbWebsocketTask *task)
{
  hb_websocket_task_set_pong_func (task, refuse_cb, NULL, NULL);
}

static void
unset_func (HbWebsocketTask *task)
{
  hb_websocket_task_set_pong_func (task, NULL, NULL, NULL);
}

/* A change while a ping waits for its reply */
typedef struct
{
  void      (*change) (HbWebsocketTask *task);
  const char *expected; /* the ping that is sent because of the change, "" for none */
} NewReply;

static const NewReply new_replies[] = {
  { change_mode, "ping:heartbeat" },
  { change_mode_first, "ping:heartbeat" },
  { change_text, "text:other-ping" },
  { change_func, "text:heartbeat" },
  { unset_func, "" },
};

static void
test_new_reply (Fixture       *fixture,
                gconstpointer  data)
{
  RawPeer *peer;
  guint i;

  g_test_summary ("If only the reply counts, and the way to recognize a reply changes while a ping "
                  "waits, another ping is sent");

  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_REPLY);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);

  for (i = 0; i < G_N_ELEMENTS (new_replies); i++)
    {
      hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_MESSAGE);
      hb_websocket_task_set_ping_message (fixture->task, "heartbeat");
      hb_websocket_task_set_pong_message (fixture->task, NULL);
      hb_websocket_task_set_pong_func (fixture->task, NULL, NULL, NULL);
      peer = fixture_open_raw (fixture);
      hb_websocket_task_check (fixture->task);
      raw_peer_expect (peer, "text:heartbeat");
      new_replies[i].change (fixture->task);
      wait_idle ();
      raw_peer_expect (peer, new_replies[i].expected);
      fixture_close_raw (fixture, peer);
    }
}

static void
test_end_has_begun (Fixture       *fixture,
                    gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("Once the end of a connection has begun, no ping is sent or counted");

  g_signal_connect_swapped (hb_websocket_task_get_connection (fixture->task), "closing",
                            G_CALLBACK (hb_websocket_task_check), fixture->task);
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_skip_to (fixture->log, "close:1000");
  signal_log_forget (fixture->log);
  raw_peer_expect (peer, "close:1000");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_pings), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The heartbeat on a real connection.");

  add_raw ("/loopback/heartbeat/dead-peer", test_dead_peer);
  add_soup ("/loopback/heartbeat/dead-peer-ping", test_dead_peer_ping);
  add_raw ("/loopback/heartbeat/any-message-is-life", test_any_message_is_life);
  add_soup ("/loopback/heartbeat/live-server", test_live_server);
  add_soup ("/loopback/heartbeat/ping-frame", test_ping_frame);
  add_raw ("/loopback/heartbeat/ping-frame-on-the-wire", test_ping_frame_on_the_wire);
  add_raw ("/loopback/heartbeat/ping-of-the-server", test_ping_of_the_server);
  add_soup ("/loopback/heartbeat/pong-message-is-swallowed", test_pong_message_is_swallowed);
  add_raw ("/loopback/heartbeat/reply-alone-is-life", test_reply_alone_is_life);
  add_raw ("/loopback/heartbeat/reply-alone-is-life-in-a-flood",
           test_reply_alone_is_life_in_a_flood);
  add_soup ("/loopback/heartbeat/reply-keeps-alive", test_reply_keeps_alive);
  add_raw ("/loopback/heartbeat/ping-func", test_ping_func);
  add_raw ("/loopback/heartbeat/ping-func-dropped", test_ping_func_dropped);
  add_raw ("/loopback/heartbeat/ping-bytes", test_ping_bytes);
  add_raw ("/loopback/heartbeat/no-pong-timeout", test_no_pong_timeout);
  add_raw ("/loopback/heartbeat/new-reply", test_new_reply);
  add_raw ("/loopback/heartbeat/end-has-begun", test_end_has_begun);
  add_raw ("/loopback/heartbeat/change-while-open", test_change_while_open);
  add_raw ("/loopback/heartbeat/late-tick-does-not-condemn", test_late_tick_does_not_condemn);

  return g_test_run ();
}
