/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

/* The counts and times that a machine records */

#define assert_metric(fixture, metric, expected) \
  G_STMT_START { \
    g_autoptr (HbMetrics) metrics = hb_machine_get_metrics (&(fixture)->machine, (fixture)->now); \
    g_assert_cmpint (hb_metrics_get_##metric (metrics), ==, (expected)); \
  } G_STMT_END

static void
test_attempts (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Attempts and opened links are counted, and close () and open () do not reset "
                  "the counts");

  start (fixture);
  reconnect (fixture);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  forget (fixture);
  start_open (fixture);

  assert_metric (fixture, attempts, 3);
  assert_metric (fixture, opens, 2);
}

static void
test_received (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Received messages and their bytes are counted, except recognized replies to "
                  "pings");

  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  receive (fixture, "hello");
  receive (fixture, "");
  receive (fixture, "pong");
  forget (fixture);

  assert_metric (fixture, messages_received, 2);
  assert_metric (fixture, bytes_received, 5);
}

static void
test_sent (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("By default, a message counts as sent when the kernel has accepted all of it, "
                  "and is counted only once, even if it was in flight on two links");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "hello");
  send_text (fixture, "world!");
  drain (fixture);
  written (fixture, 1);
  reconnect (fixture);
  written (fixture, 1);
  forget (fixture);

  assert_metric (fixture, messages_sent, 2);
  assert_metric (fixture, bytes_sent, 11);
  assert_metric (fixture, messages_dropped, 0);
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Each accepted message that is never sent counts as dropped");

  fixture->machine.settings.max_buffered_amount = 10;
  fixture->machine.settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  start (fixture);
  send_text (fixture, "oldest");
  send_text (fixture, "newest");
  assert_takes_back (fixture, "newest");
  send_ticket (fixture, "mine", "send");
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "send");
  send_text (fixture, "unsent");
  close_with (fixture, 1000, NULL);
  forget (fixture);

  assert_metric (fixture, messages_dropped, 4);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A message that is not accepted does not count as dropped");

  g_assert_false (send_full (fixture, "late", HB_SEND_FLAGS_DEFAULT, NULL, NULL));
  start (fixture);
  g_assert_false (send_full (fixture, "now", HB_SEND_FLAGS_VOLATILE, NULL, NULL));

  assert_metric (fixture, messages_dropped, 0);
}

static void
test_heartbeat (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("Pings, replies and pong timeouts are counted, and the latencies are measured");

  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  advance (fixture, 15010);
  receive (fixture, "pong");
  advance (fixture, 15030);
  receive (fixture, "pong");
  advance (fixture, 15000);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  advance (fixture, 25000);
  forget (fixture);

  assert_metric (fixture, pings, 4);
  assert_metric (fixture, replies, 2);
  assert_metric (fixture, pong_timeouts, 1);
  assert_metric (fixture, latency_min, 10 * G_TIME_SPAN_MILLISECOND);
  assert_metric (fixture, latency_mean, 20 * G_TIME_SPAN_MILLISECOND);
  assert_metric (fixture, latency_max, 30 * G_TIME_SPAN_MILLISECOND);
}

static void
test_uptime (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("The uptime is the total time for which links have been open, including the "
                  "current link");

  start_open (fixture);
  advance (fixture, 3000);
  assert_metric (fixture, uptime, 3 * G_TIME_SPAN_SECOND);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 1000);
  assert_metric (fixture, uptime, 3 * G_TIME_SPAN_SECOND);
  advance (fixture, 1000);
  answer (fixture);
  advance (fixture, 4000);
  forget (fixture);
  assert_metric (fixture, uptime, 7 * G_TIME_SPAN_SECOND);
}

static void
test_downtime (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The time from a loss to the opening of the next link counts as downtime, and "
                  "is then the last downtime");

  start_open (fixture);
  g_assert_cmpint (fixture->machine.downtime, ==, 0);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 1000);
  assert_metric (fixture, downtime, 1 * G_TIME_SPAN_SECOND);
  advance (fixture, 2500);
  answer (fixture);
  advance (fixture, 1000);
  forget (fixture);
  assert_metric (fixture, downtime, 3500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (fixture->machine.downtime, ==, 3500 * G_TIME_SPAN_MILLISECOND);
}

static void
test_downtime_attempts (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("A downtime continues while attempts fail");

  start_open (fixture);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 2000);
  reconnect (fixture);
  forget (fixture);

  g_assert_cmpint (fixture->machine.downtime, ==, 4 * G_TIME_SPAN_SECOND);
}

static void
test_downtime_none (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("The time before the first link and the time between close () and open () do not "
                  "count as downtime");

  start (fixture);
  advance (fixture, 5000);
  answer (fixture);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 5000);
  start_open (fixture);

  assert_metric (fixture, downtime, 0);
  g_assert_cmpint (fixture->machine.downtime, ==, 0);
}

static void
test_downtime_closed (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A downtime counts until close () ends it, and is not the last downtime when the "
                  "next link opens");

  start_open (fixture);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 1500);
  close_with (fixture, 1000, NULL);
  advance (fixture, 5000);
  start_open (fixture);

  assert_metric (fixture, downtime, 1500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (fixture->machine.downtime, ==, 0);
}

static void
test_downtime_reopen (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("open () after close () resets the last downtime and notifies the property");

  start_open (fixture);
  reconnect (fixture);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  forget (fixture);
  g_assert_cmpint (fixture->machine.downtime, ==, 2 * G_TIME_SPAN_SECOND);
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, STARTS " notify:attempt notify:downtime");
  g_assert_cmpint (fixture->machine.downtime, ==, 0);
}

static void
test_downtime_now (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("reconnect_now () on an open link does not reset the last downtime");

  start_open (fixture);
  reconnect (fixture);
  reconnect_now (fixture);
  forget (fixture);

  g_assert_cmpint (fixture->machine.downtime, ==, 2 * G_TIME_SPAN_SECOND);
}

static void
test_downtime_reconnect_now (Fixture       *fixture,
                             gconstpointer  data)
{
  g_test_summary ("The time from reconnect_now () on an open link to the opening of the next link "
                  "counts as downtime");

  start_open (fixture);
  reconnect_now (fixture);
  advance (fixture, 700);
  answer (fixture);
  forget (fixture);

  g_assert_cmpint (fixture->machine.downtime, ==, 700 * G_TIME_SPAN_MILLISECOND);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-metrics/attempts", test_attempts);
  add_test ("/machine-metrics/received", test_received);
  add_test ("/machine-metrics/sent", test_sent);
  add_test ("/machine-metrics/dropped", test_dropped);
  add_test ("/machine-metrics/refused", test_refused);
  add_test ("/machine-metrics/heartbeat", test_heartbeat);
  add_test ("/machine-metrics/uptime", test_uptime);
  add_test ("/machine-metrics/downtime", test_downtime);
  add_test ("/machine-metrics/downtime-attempts", test_downtime_attempts);
  add_test ("/machine-metrics/downtime-none", test_downtime_none);
  add_test ("/machine-metrics/downtime-closed", test_downtime_closed);
  add_test ("/machine-metrics/downtime-reopen", test_downtime_reopen);
  add_test ("/machine-metrics/downtime-now", test_downtime_now);
  add_test ("/machine-metrics/downtime-reconnect-now", test_downtime_reconnect_now);

  return g_test_run ();
}
