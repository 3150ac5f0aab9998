/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "eye.h"
#include "hand.h"
#include "latency-plot.h"

static void
test_start (MonitorFixture *self,
            gconstpointer   data)
{
  eye_await_frame (self);
  g_assert_cmpstr (eye_get_text (self->state), ==, "Disconnected");
  g_assert_cmpstr (eye_get_text (self->latency), ==, "–");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), ==, "empty");
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (self->connect)), ==, "_Connect");
  g_assert_false (eye_has_banner (self));
  g_assert_true (gtk_widget_is_sensitive (self->connect));
  g_assert_false (gtk_widget_is_sensitive (self->send));
  eye_take_picture (self, GTK_WIDGET (self->window), "empty");

  gtk_editable_set_text (GTK_EDITABLE (self->address), "");
  g_assert_false (gtk_widget_is_sensitive (self->connect));
}

static void
test_conversation (MonitorFixture *self,
                   gconstpointer   data)
{
  hand_open (self);
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (self->connect)), ==, "_Disconnect");
  g_assert_false (eye_has_banner (self));
  g_assert_false (gtk_widget_is_sensitive (self->send));

  hand_write (self, "hello");
  wait_until (eye_shows (self->received, "1"));
  wait_until (eye_get_n_rows (self) == 2);
  g_assert_cmpstr (eye_get_text (self->sent), ==, "1");
  g_assert_cmpstr (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), ==, "list");
  g_assert_cmpint (eye_get_status (self, 0), ==, MONITOR_MESSAGE_SENT);
  g_assert_cmpint (eye_get_status (self, 1), ==, MONITOR_MESSAGE_RECEIVED);
  wait_until (eye_lists (self, "hello"));

  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Disconnected"));
  g_assert_false (eye_has_banner (self));
  g_assert_false (gtk_widget_is_sensitive (self->send));

  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.clear", NULL);
  g_assert_cmpuint (eye_get_n_rows (self), ==, 0);
  g_assert_cmpstr (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), ==, "empty");
}

static void
test_latency (MonitorFixture *self,
              gconstpointer   data)
{
  LatencyPlot *plot = LATENCY_PLOT (self->plot);
  guint n_samples;

  hb_websocket_task_set_ping_timeout (self->task, 10);
  hand_open (self);
  wait_until (latency_plot_get_n_samples (plot) > 2);
  g_assert_cmpint (latency_plot_get_scale (plot), >=, hb_websocket_task_get_latency (self->task));
  g_assert_true (g_str_has_suffix (eye_get_text (self->latency), " ms"));

  g_assert_cmpuint (latency_plot_get_n_gaps (plot), ==, 0);

  monitor_fixture_stop_server (self);
  wait_until (eye_has_banner (self));
  g_assert_cmpstr (eye_get_text (self->latency), ==, "–");
  n_samples = latency_plot_get_n_samples (plot);
  monitor_fixture_start_server (self);
  wait_until (latency_plot_get_n_samples (plot) > n_samples + 2);
  g_assert_cmpuint (latency_plot_get_n_gaps (plot), ==, 1);

  /* Two losses without a reply between them add one gap, not two. */
  g_object_set (plot, "latency", (gint64) -1, NULL);
  g_object_set (plot, "latency", (gint64) -1, NULL);
  g_assert_cmpuint (latency_plot_get_n_gaps (plot), ==, 2);

  wait_until (latency_plot_get_n_samples (plot) == LATENCY_PLOT_N_SAMPLES);
}

/* Returns the seconds in a label such as “Attempt 1 in 2 s”, or 0 if the label has another form. */
static guint
get_countdown (MonitorFixture *self)
{
  guint attempt = 0;
  guint seconds = 0;

  if (sscanf (eye_get_text (self->detail), "Attempt %u in %u s", &attempt, &seconds) != 2)
    return 0;

  return seconds;
}

static void
test_loss (MonitorFixture *self,
           gconstpointer   data)
{
  guint seconds;

  /* The delay is longer than the test, so the task reconnects only after a click on a button. */
  hb_websocket_task_set_reconnect_timeout (self->task, 600 * 1000);
  hb_websocket_task_set_reconnect_timeout_max (self->task, 0);
  hand_open (self);
  hand_write (self, "before");
  wait_until (eye_lists (self, "before"));

  monitor_fixture_stop_server (self);
  wait_until (eye_has_banner (self));
  wait_until (eye_shows (self->state, "Connection Lost"));
  g_assert_cmpstr (adw_banner_get_title (ADW_BANNER (self->banner)), !=, "");
  seconds = get_countdown (self);
  g_assert_cmpuint (seconds, >, 500);
  wait_until (get_countdown (self) <= seconds - 2);

  hand_write (self, "meanwhile");
  wait_until (eye_lists (self, "Waiting"));
  g_assert_cmpstr (eye_get_text (self->queued), ==, "9 bytes");
  g_assert_cmpint (eye_get_status (self, 2), ==, MONITOR_MESSAGE_WAITING);

  hand_click (self->button);
  g_assert_cmpstr (eye_get_text (self->state), ==, "Connecting…");
  wait_until (eye_shows (self->state, "Connection Lost"));
  g_assert_true (eye_has_banner (self));

  monitor_fixture_start_server (self);
  hand_click (self->button);
  wait_until (eye_shows (self->state, "Connected"));
  g_assert_false (eye_has_banner (self));
  g_assert_true (g_str_has_prefix (eye_get_text (self->detail), "Back after "));
  wait_until (eye_get_n_rows (self) == 4);
  g_assert_cmpint (eye_get_status (self, 2), ==, MONITOR_MESSAGE_SENT);
  g_assert_cmpstr (eye_get_text (self->queued), ==, "0 bytes");

  /* If the user retries although the connection is open, the banner does not report a loss. */
  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.connect", NULL);
  g_assert_cmpstr (eye_get_text (self->state), ==, "Connecting…");
  g_assert_false (eye_has_banner (self));
}

/* The banner does not report the unsent message, because its button would connect again. */
static void
test_unsent (MonitorFixture *self,
             gconstpointer   data)
{
  hand_write_in_vain (self);

  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Disconnected"));
  wait_until (eye_lists (self, "Not Sent"));
  g_assert_cmpint (eye_get_status (self, 0), ==, MONITOR_MESSAGE_FAILED);
  g_assert_false (eye_has_banner (self));
}

/* A message that the user types before the connection is ready is sent as a login. The messages of
 * the action “send-many” wait until the connection is ready. */
static void
test_ready (MonitorFixture *self,
            gconstpointer   data)
{
  hand_open_unready (self);
  g_assert_true (eye_has_banner (self));
  g_assert_cmpstr (adw_banner_get_title (ADW_BANNER (self->banner)), ==,
                   "Waiting for the server’s greeting");

  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.send-many", NULL);
  hand_write (self, "login");
  wait_until (eye_shows (self->received, "1"));
  g_assert_cmpstr (eye_get_text (self->sent), ==, "1");
  g_assert_cmpint (eye_get_status (self, 0), ==, MONITOR_MESSAGE_WAITING);
  g_assert_cmpstr (eye_get_text (self->queued), !=, "0 bytes");

  hand_click (self->button);
  wait_until (eye_shows (self->state, "Connected"));
  g_assert_false (eye_has_banner (self));
  wait_until (eye_shows (self->received, "1001"));
  g_assert_cmpint (eye_get_status (self, 0), ==, MONITOR_MESSAGE_SENT);
  wait_until (eye_shows (self->queued, "0 bytes"));

  /* While the menu item “Log In First” is on, each new connection waits until the user marks it as
   * ready or turns the item off. */
  monitor_fixture_stop_server (self);
  wait_until (eye_shows (self->state, "Connection Lost"));
  wait_until (eye_has_banner (self));
  monitor_fixture_start_server (self);
  hand_click (self->button);
  wait_until (eye_shows (self->state, "Not Ready Yet"));
  monitor_fixture_stop_server (self);
  wait_until (eye_shows (self->state, "Connection Lost"));
  wait_until (eye_has_banner (self));
  g_assert_cmpstr (adw_banner_get_title (ADW_BANNER (self->banner)), ==,
                   "The server dropped the connection");
  monitor_fixture_start_server (self);
  hand_click (self->button);
  wait_until (eye_shows (self->state, "Not Ready Yet"));
  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.manual-ready", NULL);
  wait_until (eye_shows (self->state, "Connected"));
}

static guint64
get_n_received (MonitorFixture *self)
{
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (self->task);

  return hb_metrics_get_messages_received (metrics);
}

static void
test_pause (MonitorFixture *self,
            gconstpointer   data)
{
  hand_open (self);
  hand_click (self->pause);
  g_assert_cmpstr (eye_get_text (self->detail), ==, "Receiving is paused");
  g_assert_true (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->pause)));

  hand_write (self, "hello");
  wait_until (get_n_received (self) == 1);
  wait_until (eye_get_n_rows (self) == 1);
  g_assert_cmpint (eye_get_status (self, 0), ==, MONITOR_MESSAGE_SENT);

  hand_click (self->pause);
  wait_until (eye_get_n_rows (self) == 2);
  g_assert_cmpstr (eye_get_text (self->detail), ==, "");
  g_assert_cmpint (eye_get_status (self, 1), ==, MONITOR_MESSAGE_RECEIVED);
}

static void
test_wrong_address (MonitorFixture *self,
                    gconstpointer   data)
{
  gtk_editable_set_text (GTK_EDITABLE (self->address), "http://127.0.0.1/");
  hand_click (self->connect);
  wait_until (eye_has_banner (self));
  g_assert_true (gtk_widget_has_css_class (self->address, "error"));
  g_assert_cmpstr (eye_get_text (self->state), ==, "Disconnected");

  gtk_editable_set_text (GTK_EDITABLE (self->address), self->server_address);
  g_assert_false (gtk_widget_has_css_class (self->address, "error"));

  /* The button “Retry Now” uses the corrected address. */
  hand_click (self->button);
  wait_until (eye_shows (self->state, "Connected"));
  g_assert_false (eye_has_banner (self));
  g_assert_false (gtk_widget_has_css_class (self->address, "error"));
}

int
main (int   argc,
      char *argv[])
{
  monitor_fixture_init (&argc, &argv);
  g_test_summary ("The window shows each change of the connection");

  monitor_fixture_add ("/monitor/link/start", test_start);
  monitor_fixture_add ("/monitor/link/conversation", test_conversation);
  monitor_fixture_add ("/monitor/link/latency", test_latency);
  monitor_fixture_add ("/monitor/link/loss", test_loss);
  monitor_fixture_add ("/monitor/link/unsent", test_unsent);
  monitor_fixture_add ("/monitor/link/ready", test_ready);
  monitor_fixture_add ("/monitor/link/pause", test_pause);
  monitor_fixture_add ("/monitor/link/wrong-address", test_wrong_address);

  return g_test_run ();
}
