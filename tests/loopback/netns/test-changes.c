/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "outage.h"

/* The effects of a network change on a task with network-aware set to TRUE. test-lost-link.c
 * explains the requirements, and how to run the test. */

/* A timeout or delay in milliseconds that is too long to expire in a test */
#define VERY_LONG 120000

/* The minimum interval in milliseconds between two changes that a task acts on */
#define CHECK_INTERVAL 5000

/* The time until the monitor is idle, in milliseconds. Between 0.75 and 1.75 s after each change,
 * GLib before 2.90 reads all routes from the kernel again, and reports this as another change. */
#define MONITOR_RESTS 2000

typedef struct
{
  const char *name;
  const char *command; /* removes what network_restore () restores */
} Removal;

static const Removal returns[] = {
  { "address", "ip address del 192.0.2.1/24 dev near" },
  { "route", "ip route del default" },
  { "interface", "ip link set near down" },
};

static void
network_changed_cb (GNetworkMonitor *monitor,
                    gboolean         available,
                    gpointer         user_data)
{
  gint64 *changed_at = user_data;

  *changed_at = g_get_monotonic_time ();
}

/* Waits until earlier changes no longer have any effect. */
static void
wait_for_rest (void)
{
  GNetworkMonitor *monitor = g_network_monitor_get_default ();
  gint64 changed_at = g_get_monotonic_time ();
  gulong handler;

  g_assert_cmpstr (G_OBJECT_TYPE_NAME (monitor), ==, "GNetworkMonitorNetlink");
  handler = g_signal_connect (monitor, "network-changed", G_CALLBACK (network_changed_cb),
                              &changed_at);

  while (g_get_monotonic_time () < changed_at + MONITOR_RESTS * 1000)
    wait_pass (100);

  g_signal_handler_disconnect (monitor, handler);
}

/* Returns: the milliseconds from @time to the last expected signal */
static double
get_delay (Outage *self,
           gint64  time)
{
  return (signal_log_get_time (self->log) - time) / 1000.0;
}

static void
test_ping (Outage        *self,
           gconstpointer  data)
{
  gint64 changed_at;
  double delay;

  wait_for_rest ();
  hb_websocket_task_set_network_aware (self->task, TRUE);
  hb_websocket_task_set_ping_timeout (self->task, VERY_LONG);
  outage_open (self);
  outage_converse (self);
  network_run (NETWORK_NEAR, "ip route add 203.0.113.0/24 via 192.0.2.2");
  changed_at = g_get_monotonic_time ();

  wait_until (get_metric (self->task, hb_metrics_get_pings) > 0);
  delay = (g_get_monotonic_time () - changed_at) / 1000.0;
  g_test_message ("pinged %.1f ms after the change", delay);
  g_assert_cmpfloat (delay, <, LATEST);
  wait_until (get_metric (self->task, hb_metrics_get_replies) == 1);
  network_run (NETWORK_NEAR, "ip route del 203.0.113.0/24 via 192.0.2.2");
  assert_state (self->task, HB_STATE_OPEN);
}

/* A machine that has moved to another network receives no packets for its old address. The task
 * detects the loss when pong-timeout has passed since the change, however long ping-timeout is. */
static void
test_move (Outage        *self,
           gconstpointer  data)
{
  gint64 changed_at;

  wait_for_rest ();
  hb_websocket_task_set_network_aware (self->task, TRUE);
  hb_websocket_task_set_ping_timeout (self->task, VERY_LONG);
  outage_open (self);
  outage_converse (self);
  network_run (NETWORK_NEAR, "ip address del 192.0.2.1/24 dev near");
  network_run (NETWORK_NEAR, "ip address add 192.0.2.3/24 dev near");
  network_run (NETWORK_NEAR, "ip route replace default via 192.0.2.2");
  changed_at = g_get_monotonic_time ();

  signal_log_expect (self->log, "state:waiting error:pong-timeout close:1006 reconnect:1:100");
  g_test_message ("detected %.1f ms after the change (pong-timeout = %u ms)",
                  get_delay (self, changed_at), PONG_AFTER);
  g_assert_cmpfloat (get_delay (self, changed_at), >=, PONG_AFTER);
  g_assert_cmpfloat (get_delay (self, changed_at), <, PONG_AFTER + LATEST);
  outage_expect_return (self);
  network_run (NETWORK_NEAR, "ip address del 192.0.2.3/24 dev near");
}

static void
test_return (Outage        *self,
             gconstpointer  data)
{
  const Removal *removal = data;
  gint64 changed_at;

  hb_websocket_task_set_reconnect_timeout (self->task, VERY_LONG);
  outage_open (self);
  outage_converse (self);
  network_run (NETWORK_NEAR, removal->command);
  signal_log_expect (self->log, "state:waiting error:pong-timeout close:1006");
  signal_log_expect (self->log, "reconnect:1:" G_STRINGIFY (VERY_LONG));
  wait_for_rest ();
  hb_websocket_task_set_network_aware (self->task, TRUE);
  network_restore ();
  changed_at = g_get_monotonic_time ();

  signal_log_expect (self->log, WORDS_OPEN);
  g_test_message ("open %.1f ms after the change (reconnect-timeout = %u ms)",
                  get_delay (self, changed_at), VERY_LONG);
  g_assert_cmpfloat (get_delay (self, changed_at), <, LATEST);
}

/* The network returns within CHECK_INTERVAL, so the task acts on its return only when that interval
 * has passed since the address was removed. */
static void
test_interruption (Outage        *self,
                   gconstpointer  data)
{
  gint64 changed_at;

  wait_for_rest ();
  hb_websocket_task_set_network_aware (self->task, TRUE);
  hb_websocket_task_set_ping_timeout (self->task, VERY_LONG);
  hb_websocket_task_set_reconnect_timeout (self->task, VERY_LONG);
  outage_open (self);
  outage_converse (self);
  network_run (NETWORK_NEAR, "ip address del 192.0.2.1/24 dev near");
  changed_at = g_get_monotonic_time ();
  signal_log_expect (self->log, "state:waiting error:pong-timeout close:1006");
  g_assert_cmpfloat (get_delay (self, changed_at), <, PONG_AFTER + LATEST);
  signal_log_expect (self->log, "reconnect:1:" G_STRINGIFY (VERY_LONG));
  network_restore ();

  signal_log_expect (self->log, WORDS_OPEN);
  g_test_message ("open %.1f ms after the first change (reconnect-timeout = %u ms)",
                  get_delay (self, changed_at), VERY_LONG);
  g_assert_cmpfloat (get_delay (self, changed_at), >=, CHECK_INTERVAL);
  g_assert_cmpfloat (get_delay (self, changed_at), <, CHECK_INTERVAL + LATEST);
}

int
main (int   argc,
      char *argv[])
{
  network_init ();
  g_setenv ("GIO_USE_NETWORK_MONITOR", "netlink", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A network change causes a ping, or another attempt, at once, or as soon "
                  "as the minimum interval since the previous change has passed");

  add_outage ("/netns/changes/ping", test_ping);
  add_outage ("/netns/changes/move", test_move);
  add_outage ("/netns/changes/interruption", test_interruption);
  add_outage_rows ("/netns/changes/return/", returns, test_return);

  return g_test_run ();
}
