/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "outage.h"

/* The effects of a change of the network with network-aware, and with GIO's monitor that receives
 * routes from the kernel. test-lost-link.c says what it needs, and how to run it. */

/* Milliseconds: what a test that waits for the network, and not for this, never waits for */
#define VERY_LONG 120000

/* Milliseconds between two changes that a task acts on */
#define CHECK_INTERVAL 5000

/* GIO asks the kernel for all routes a second after each change, and reports that too. */
#define MONITOR_RESTS 1300

typedef struct
{
  const char *path;
  const char *command; /* that takes away what network_restore () gives back */
} Removal;

static const Removal returns[] = {
  { "/netns/changes/return/address", "ip address del 192.0.2.1/24 dev near" },
  { "/netns/changes/return/route", "ip route del default" },
  { "/netns/changes/return/interface", "ip link set near down" },
};

static void
network_changed_cb (GNetworkMonitor *monitor,
                    gboolean         available,
                    gpointer         user_data)
{
  gint64 *changed_at = user_data;

  *changed_at = g_get_monotonic_time ();
}

/* Waits until the changes of the test before have no effect any more. */
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

/* Returns: the milliseconds from @time to the last word that was expected */
static double
get_delay (Outage *self,
           gint64  time)
{
  return (signal_log_get_time (self->log) - time) / 1000.0;
}

/* Checks an open link at once after a change of the network. */
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

/* A machine that has moved to another network has another address, and no packet for the old one
 * ever arrives: noticed pong-timeout after the change, however long ping-timeout is. */
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

/* A wait ends when the network is back. */
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

/* The network goes and comes back within the time in which a second change has no effect. The
 * change acts later. */
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
  guint i;

  network_init ();
  g_setenv ("GIO_USE_NETWORK_MONITOR", "netlink", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A change of the network causes a ping, or another attempt, at once");

  add_outage ("/netns/changes/ping", NULL, test_ping);
  add_outage ("/netns/changes/move", NULL, test_move);
  add_outage ("/netns/changes/interruption", NULL, test_interruption);
  for (i = 0; i < G_N_ELEMENTS (returns); i++)
    add_outage (returns[i].path, &returns[i], test_return);

  return g_test_run ();
}
