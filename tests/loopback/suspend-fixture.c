/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "suspend-fixture.h"

static gint64 pinged_at; /* the time of the last ping that a test has expected */

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture_set_up (fixture, "raw");
  heartbeat_apply (data, fixture->task);
  hb_websocket_task_set_ping_timeout (fixture->task, PING_AFTER);
  hb_websocket_task_set_pong_timeout (fixture->task, PONG_AFTER);
}

/* Advances the clock, and dispatches every source that is then due. */
void
jump (gint64 milliseconds)
{
  test_clock_jump (milliseconds);
  wait_idle ();
}

guint64
count_pings (Fixture *fixture)
{
  return get_metric (fixture->task, hb_metrics_get_pings);
}

guint64
count_signs (Fixture *fixture)
{
  return get_metric (fixture->task, hb_metrics_get_replies)
         + get_metric (fixture->task, hb_metrics_get_messages_received);
}

/* The clock does not advance, so only a ping that is sent at once ends the wait. */
void
expect_ping (const Heartbeat *heartbeat,
             RawPeer         *peer)
{
  raw_peer_expect (peer, heartbeat_get_ping_word (heartbeat));
  pinged_at = test_clock_get_now ();
}

/* Calls heartbeat_send_life (), and waits until the data is in the client's socket. The task has
 * not read the data yet. */
void
send_life (const Heartbeat *heartbeat,
           RawPeer         *peer)
{
  heartbeat_send_life (heartbeat, peer);
  raw_peer_wait_delivered (peer);
}

/* Waits until the task has read the data of send_life (). Then ping-timeout counts from this time,
 * and the next ping must be sent at most LATENESS after ping-timeout has expired. With STEADY,
 * ping-timeout counts from the last ping instead. If it has expired, a ping must be sent at once,
 * and ping-timeout counts from this ping. */
void
expect_life (Fixture         *fixture,
             const Heartbeat *heartbeat,
             RawPeer         *peer)
{
  gint64 passed = 0; /* of ping-timeout, in milliseconds */
  guint64 n_pings;

  if (heartbeat->liveness == HB_LIVENESS_REPLY)
    wait_until (get_metric (fixture->task, hb_metrics_get_replies) == 1);
  else
    signal_log_expect (fixture->log, "message:text:news");

  if (heartbeat->liveness == HB_LIVENESS_STEADY)
    passed = (test_clock_get_now () - pinged_at) / G_TIME_SPAN_MILLISECOND;
  if (passed >= PING_AFTER)
    {
      expect_ping (heartbeat, peer);
      send_life (heartbeat, peer);
      signal_log_expect (fixture->log, "message:text:news");
      passed = 0;
    }

  n_pings = count_pings (fixture);
  jump (PING_AFTER - passed - 1);
  g_assert_cmpuint (count_pings (fixture), ==, n_pings);
  jump (LATENESS);
  expect_ping (heartbeat, peer);
  g_assert_cmpuint (count_pings (fixture), ==, n_pings + 1);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_expect_quiet (fixture->log);
}

/* The connection must be lost after another pong-timeout, at most LATENESS late. */
void
expect_dead (Fixture *fixture)
{
  jump (PONG_AFTER - 1);
  signal_log_expect_quiet (fixture->log);
  assert_state (fixture->task, HB_STATE_OPEN);
  test_clock_jump (LATENESS);
  signal_log_expect (fixture->log, WORDS_DEAD);
}

RawPeer *
open_and_ping (Fixture         *fixture,
               const Heartbeat *heartbeat)
{
  RawPeer *peer = fixture_open_raw (fixture);

  jump (PING_AFTER + LATENESS);
  expect_ping (heartbeat, peer);

  return peer;
}

void
suspend_add_tests (const char        *name,
                   const SuspendCase *cases,
                   guint              n_cases)
{
  guint i;
  guint j;

  for (i = 0; i < N_HEARTBEATS; i++)
    for (j = 0; j < n_cases; j++)
      {
        g_autofree char *path = g_strdup_printf ("/loopback/%s/%s/%s", name, heartbeats[i].name,
                                                 cases[j].name);

        g_test_add (path, Fixture, &heartbeats[i], set_up, cases[j].function, fixture_tear_down);
      }
}
