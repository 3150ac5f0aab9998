/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-metrics-private.h"

static void
test_no_latency (void)
{
  HbMetrics metrics = { 0 };

  g_test_summary ("Without a reply, the latencies are unknown");

  g_assert_cmpint (hb_metrics_get_latency_min (&metrics), ==, -1);
  g_assert_cmpint (hb_metrics_get_latency_max (&metrics), ==, -1);
  g_assert_cmpint (hb_metrics_get_latency_mean (&metrics), ==, -1);
  g_assert_cmpuint (hb_metrics_get_replies (&metrics), ==, 0);
}

static void
test_latency (void)
{
  HbMetrics metrics = { 0 };

  g_test_summary ("The shortest, the longest and the mean latency are calculated from all known "
                  "latencies");

  hb_metrics_add_latency (&metrics, 3000);
  hb_metrics_add_latency (&metrics, 1000);
  hb_metrics_add_latency (&metrics, 8000);

  g_assert_cmpint (hb_metrics_get_latency_min (&metrics), ==, 1000);
  g_assert_cmpint (hb_metrics_get_latency_max (&metrics), ==, 8000);
  g_assert_cmpint (hb_metrics_get_latency_mean (&metrics), ==, 4000);
}

static void
test_zero_latency (void)
{
  HbMetrics metrics = { 0 };

  g_test_summary ("A reply within the same microsecond as its ping has a latency of 0, which is a "
                  "valid value");

  hb_metrics_add_latency (&metrics, 0);

  g_assert_cmpint (hb_metrics_get_latency_min (&metrics), ==, 0);
  g_assert_cmpint (hb_metrics_get_latency_max (&metrics), ==, 0);
  g_assert_cmpint (hb_metrics_get_latency_mean (&metrics), ==, 0);
}

static void
test_copy (void)
{
  HbMetrics metrics = {
    .messages_sent = 1,
    .bytes_sent = 2,
    .messages_received = 3,
    .bytes_received = 4,
    .messages_dropped = 5,
    .messages_expired = 17,
    .messages_resent = 18,
    .attempts = 6,
    .opens = 7,
    .pings = 8,
    .replies = 9,
    .pong_timeouts = 10,
    .n_latencies = 2,
    .latency_min = 11,
    .latency_max = 15,
    .latency_sum = 26,
    .uptime = 16,
    .downtime = 19,
  };
  g_autoptr (HbMetrics) copy = hb_metrics_copy (&metrics);

  g_test_summary ("A copy contains all numbers, and each getter returns the right one");

  metrics = (HbMetrics) { 0 };

  g_assert_cmpuint (hb_metrics_get_messages_sent (copy), ==, 1);
  g_assert_cmpuint (hb_metrics_get_bytes_sent (copy), ==, 2);
  g_assert_cmpuint (hb_metrics_get_messages_received (copy), ==, 3);
  g_assert_cmpuint (hb_metrics_get_bytes_received (copy), ==, 4);
  g_assert_cmpuint (hb_metrics_get_messages_dropped (copy), ==, 5);
  g_assert_cmpuint (hb_metrics_get_messages_expired (copy), ==, 17);
  g_assert_cmpuint (hb_metrics_get_messages_resent (copy), ==, 18);
  g_assert_cmpuint (hb_metrics_get_attempts (copy), ==, 6);
  g_assert_cmpuint (hb_metrics_get_opens (copy), ==, 7);
  g_assert_cmpuint (hb_metrics_get_pings (copy), ==, 8);
  g_assert_cmpuint (hb_metrics_get_replies (copy), ==, 9);
  g_assert_cmpuint (hb_metrics_get_pong_timeouts (copy), ==, 10);
  g_assert_cmpint (hb_metrics_get_latency_min (copy), ==, 11);
  g_assert_cmpint (hb_metrics_get_latency_max (copy), ==, 15);
  g_assert_cmpint (hb_metrics_get_latency_mean (copy), ==, 13);
  g_assert_cmpint (hb_metrics_get_uptime (copy), ==, 16);
  g_assert_cmpint (hb_metrics_get_downtime (copy), ==, 19);
}

static void
test_boxed (void)
{
  HbMetrics metrics = { .opens = 7 };
  g_auto (GValue) value = G_VALUE_INIT;
  HbMetrics *boxed;

  g_test_summary ("The boxed type, which language bindings use, copies and frees metrics");

  g_value_init (&value, HB_TYPE_METRICS);
  g_value_set_boxed (&value, &metrics);
  boxed = g_value_get_boxed (&value);

  g_assert_true (boxed != &metrics);
  g_assert_cmpuint (hb_metrics_get_opens (boxed), ==, 7);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/metrics/no-latency", test_no_latency);
  g_test_add_func ("/metrics/latency", test_latency);
  g_test_add_func ("/metrics/zero-latency", test_zero_latency);
  g_test_add_func ("/metrics/copy", test_copy);
  g_test_add_func ("/metrics/boxed", test_boxed);

  return g_test_run ();
}
