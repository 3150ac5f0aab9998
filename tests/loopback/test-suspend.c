/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "suspend-fixture.h"

static void
test_clock (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 monotonic = hb_clock_now () - g_get_monotonic_time ();

  g_test_summary ("The library uses the clock that this program injects");

  g_assert_cmpint (hb_clock_now (), ==, test_clock_get_now ());
  test_clock_jump (HOUR);
  g_assert_cmpint (hb_clock_now (), ==, test_clock_get_now ());
  g_assert_cmpint (hb_clock_now () - g_get_monotonic_time () - monotonic,
                   >, (HOUR - 60000) * (gint64) 1000);
}

static void
test_idle_good (Fixture       *fixture,
                gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("After a suspend, a ping is sent at once, and a silent connection that still "
                  "works is kept");

  jump (HOUR);
  expect_ping (data, peer);
  send_life (data, peer);
  expect_life (fixture, data, peer);
  g_assert_cmpuint (count_pings (fixture), ==, 2);
}

static void
test_idle_dead (Fixture       *fixture,
                gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("If the peer vanished during a suspend, a silent connection is lost when "
                  "pong-timeout has passed after the resume");

  jump (HOUR);
  expect_ping (data, peer);
  expect_dead (fixture);
  g_assert_cmpuint (count_pings (fixture), ==, 1);
}

static void
test_asked_dead (Fixture       *fixture,
                 gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("If a ping was unanswered when a suspend began, another ping is sent on resume. "
                  "A dead connection is lost when pong-timeout has passed after that ping.");

  jump (HOUR);
  expect_ping (data, peer);
  expect_dead (fixture);
  g_assert_cmpuint (count_pings (fixture), ==, 2);
}

static void
test_asked_good (Fixture       *fixture,
                 gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("If a ping was unanswered when a suspend began, another ping is sent on resume. "
                  "The connection is kept if proof that it works arrives before pong-timeout has "
                  "passed after that ping, even if only just before.");

  jump (HOUR);
  expect_ping (data, peer);
  jump (PONG_AFTER - 1);
  send_life (data, peer);
  expect_life (fixture, data, peer);
}

static void
test_answered (Fixture       *fixture,
               gconstpointer  data)
{
  const Heartbeat *heartbeat = data;
  RawPeer *peer = open_and_ping (fixture, heartbeat);

  g_test_summary ("Data that was in the socket during a suspend is read before the reply to a ping "
                  "counts as missing");

  send_life (heartbeat, peer);
  test_clock_jump (HOUR);
  expect_life (fixture, heartbeat, peer);
  g_assert_cmpuint (count_pings (fixture), ==,
                    heartbeat->liveness == HB_LIVENESS_STEADY ? 3 : 2);
}

static void
test_short (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A suspend that is shorter than the timeouts counts as part of them, and has no "
                  "other effect");

  jump (PING_AFTER - 100);
  jump (99);
  g_assert_cmpuint (count_pings (fixture), ==, 0);
  jump (LATENESS);
  expect_ping (data, peer);
  jump (PONG_AFTER / 2);
  g_assert_cmpuint (count_pings (fixture), ==, 1);
  send_life (data, peer);
  expect_life (fixture, data, peer);
}

static void
test_often (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);
  guint i;

  g_test_summary ("After each of several suspends, one ping is sent, and the connection is kept. "
                  "Without another suspend, a dead connection is lost after one pong-timeout.");

  for (i = 1; i <= 20; i++)
    {
      jump (HOUR);
      expect_ping (data, peer);
      g_assert_cmpuint (count_pings (fixture), ==, i);
    }

  send_life (data, peer);
  expect_life (fixture, data, peer);
  expect_dead (fixture);
}

static void
test_close_frame (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("A close frame that arrived during a suspend ends the connection");

  raw_peer_send_close (peer, 1001, "restart");
  raw_peer_wait_delivered (peer);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:waiting close:1001:restart reconnect:1:20");
  raw_peer_forget (peer);
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("If the peer closed the socket during a suspend, no other ping is sent");

  raw_peer_drop (peer);
  test_clock_jump (HOUR);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  g_assert_cmpuint (count_pings (fixture), ==, 1);
}

static void
test_check (Fixture       *fixture,
            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("A call to check () on resume causes no second ping");

  test_clock_jump (HOUR);
  hb_websocket_task_check (fixture->task);
  expect_ping (data, peer);
  wait_idle ();
  g_assert_cmpuint (count_pings (fixture), ==, 1);
  expect_dead (fixture);
}

static void
test_network (Fixture       *fixture,
              gconstpointer  data)
{
  RawPeer *peer = open_and_ping (fixture, data);

  g_test_summary ("Network changes on resume cause no second ping, and do not delay the "
                  "loss of a dead connection");

  test_clock_jump (HOUR);
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
  wait_idle ();
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
  wait_idle ();
  expect_ping (data, peer);
  expect_dead (fixture);
  g_assert_cmpuint (count_pings (fixture), ==, 2);
}

static const SuspendCase cases[] = {
  { "idle-good", test_idle_good },
  { "idle-dead", test_idle_dead },
  { "asked-dead", test_asked_dead },
  { "asked-good", test_asked_good },
  { "answered", test_answered },
  { "short", test_short },
  { "often", test_often },
  { "close-frame", test_close_frame },
  { "dropped", test_dropped },
  { "check", test_check },
  { "network", test_network },
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("An open connection during a suspend, with a clock that jumps.");

  add_raw_test ("/loopback/suspend/clock", test_clock);
  suspend_add_tests ("suspend", cases, G_N_ELEMENTS (cases));

  return g_test_run ();
}
