/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "eye.h"
#include "hand.h"
#include "latency-plot.h"

static void
show_conversation (MonitorFixture *self)
{
  const char *const texts[] = {
    "hello", "{\"type\": \"subscribe\", \"channel\": \"news\"}", "How are you?", "Grüße aus Köln",
  };
  const guint8 binary[] = { 0x00, 0x01, 0xfe, 0xff, 0x48, 0x62 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (binary, sizeof binary);
  guint ping_timeout = hb_websocket_task_get_ping_timeout (self->task);
  guint i;

  /* Many pings fill the plot. */
  hb_websocket_task_set_ping_timeout (self->task, 10);
  hand_open (self);
  wait_until (latency_plot_get_n_samples (LATENCY_PLOT (self->plot)) == LATENCY_PLOT_N_SAMPLES);
  hb_websocket_task_set_ping_timeout (self->task, ping_timeout);

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      hand_write (self, texts[i]);
      wait_until (eye_get_n_rows (self) == 2 * (i + 1));
    }
  g_assert_true (hb_websocket_task_send_bytes (self->task, bytes, NULL));
  wait_until (eye_get_n_rows (self) == 2 * G_N_ELEMENTS (texts) + 1);
  wait_until (!eye_shows (self->latency, "–"));
}

static void
test_pictures (MonitorFixture *self,
               gconstpointer   data)
{
  AdwStyleManager *style = adw_style_manager_get_default ();

  show_conversation (self);
  gtk_editable_set_text (GTK_EDITABLE (self->message), "One more");
  gtk_editable_set_position (GTK_EDITABLE (self->message), -1);
  g_assert_cmpfloat (eye_take_picture (self, GTK_WIDGET (self->window), "up"), >, 0.5);

  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_FORCE_DARK);
  g_assert_cmpfloat (eye_take_picture (self, GTK_WIDGET (self->window), "dark"), <, 0.5);
  hand_click (self->pause);
  eye_take_picture (self, GTK_WIDGET (self->window), "paused");
  hand_click (self->pause);

  hb_websocket_task_set_reconnect_timeout (self->task, 8000);
  monitor_fixture_stop_server (self);
  wait_until (eye_has_banner (self));
  hand_write (self, "This waits for the connection");
  wait_until (eye_lists (self, "Waiting"));
  eye_take_picture (self, GTK_WIDGET (self->window), "down-dark");

  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
  eye_take_picture (self, GTK_WIDGET (self->window), "down");
  monitor_fixture_start_server (self);
  g_subprocess_send_signal (self->server, SIGSTOP);
  hb_websocket_task_check (self->task);
  wait_until (eye_shows (self->state, "Connecting…"));
  g_assert_true (eye_has_banner (self));
  g_assert_cmpstr (eye_get_text (self->detail), ==, "Attempt 1");
  eye_take_picture (self, GTK_WIDGET (self->window), "reconnecting");

  g_subprocess_send_signal (self->server, SIGCONT);
  wait_until (eye_shows (self->state, "Connected"));
  g_assert_false (eye_has_banner (self));
}

static void
test_narrow (MonitorFixture *self,
             gconstpointer   data)
{
  GtkWidget *window = GTK_WIDGET (self->window);
  int minimum;

  show_conversation (self);
  hand_make_narrow (self);
  eye_take_picture (self, GTK_WIDGET (self->window), "narrow");
  gtk_widget_measure (window, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, HAND_NARROW);

  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Disconnected"));
  hand_open_unready (self);
  eye_take_picture (self, GTK_WIDGET (self->window), "narrow-unready");
  gtk_widget_measure (window, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, HAND_NARROW);

  monitor_fixture_stop_server (self);
  wait_until (eye_has_banner (self));
  eye_take_picture (self, GTK_WIDGET (self->window), "narrow-down");
  gtk_widget_measure (window, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, HAND_NARROW);
  g_assert_cmpint (gtk_widget_get_width (window), <=, HAND_NARROW);
}

static gboolean
is_cut (GtkWidget *label)
{
  return pango_layout_is_ellipsized (gtk_label_get_layout (GTK_LABEL (label)));
}

static gboolean
has_font (MonitorFixture *self,
          const char     *name)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self->window));
  g_autofree PangoFontFamily **families = NULL;
  int n_families;
  int i;

  pango_context_list_families (context, &families, &n_families);
  for (i = 0; i < n_families; i++)
    if (g_strcmp0 (pango_font_family_get_name (families[i]), name) == 0)
      return TRUE;

  return FALSE;
}

/* A label that is longer in another language does not make the window wider, and does not cut off
 * other labels. */
static void
test_long_words (MonitorFixture *self,
                 gconstpointer   data)
{
  if (!has_font (self, "Cantarell"))
    {
      g_test_skip ("needs the font Cantarell, because the widths of words depend on the font");
      return;
    }

  eye_await_frame (self);
  hand_make_narrow (self);
  hb_websocket_task_set_reconnect_timeout (self->task, 60 * 1000);
  monitor_fixture_stop_server (self);
  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Connection Lost"));

  gtk_label_set_label (GTK_LABEL (self->state), "Verbindung unterbrochen");
  eye_await_frame (self);
  g_assert_true (g_str_has_prefix (eye_get_text (self->detail), "Attempt 1 in "));
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (self->window)), <=, HAND_NARROW);
  g_assert_false (is_cut (self->detail));
}

static gboolean
has_focus (GtkWidget *widget)
{
  return gtk_widget_get_state_flags (widget) & GTK_STATE_FLAG_FOCUS_WITHIN;
}

static gboolean
has_overlay (MonitorFixture *self)
{
  return gtk_widget_get_mapped (GTK_WIDGET (gtk_application_window_get_help_overlay (
                                              GTK_APPLICATION_WINDOW (self->window))));
}

/* The menu item “Log In First” has no shortcut, so the test activates its action. */
static void
test_keyboard (MonitorFixture *self,
               gconstpointer   data)
{
  GtkApplication *application = GTK_APPLICATION (self->application);

  wait_until (has_focus (self->address));
  gtk_editable_set_text (GTK_EDITABLE (self->address), "127.0.0.1");
  hand_type (self, "Return");
  wait_until (eye_has_banner (self));
  g_assert_true (has_focus (self->address));
  gtk_test_accessible_assert_state (self->address, GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_TRUE);
  gtk_editable_set_text (GTK_EDITABLE (self->address), self->server_address);
  gtk_test_accessible_assert_state (self->address, GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_FALSE);
  hand_type (self, "Return");
  wait_until (eye_shows (self->state, "Connected"));
  wait_until (has_focus (self->message));
  hand_type (self, "h e y Return");
  wait_until (eye_lists (self, "hey"));
  wait_until (eye_shows (self->received, "1"));

  hand_type (self, "Tab");
  hand_type (self, "<Control>l");
  wait_until (has_focus (self->address));
  hand_type (self, "Tab");
  wait_until (has_focus (self->connect));
  hand_type (self, "<Alt>d");
  wait_until (eye_shows (self->state, "Disconnected"));
  hand_type (self, "<Alt>c");
  wait_until (eye_shows (self->state, "Connected"));
  hand_type (self, "<Control>d");
  wait_until (eye_shows (self->state, "Disconnected"));
  hand_type (self, "<Control>r");
  wait_until (eye_shows (self->state, "Connected"));

  hand_type (self, "<Control>p");
  wait_until (eye_shows (self->detail, "Receiving is paused"));
  hand_type (self, "<Control>p");
  wait_until (!eye_shows (self->detail, "Receiving is paused"));
  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.manual-ready", NULL);
  hand_type (self, "<Control>r");
  wait_until (eye_shows (self->state, "Not Ready Yet"));
  hand_type (self, "<Control>g");
  wait_until (eye_shows (self->state, "Connected"));

  hand_type (self, "<Control>m");
  wait_until (has_focus (self->message));
  hand_type (self, "h o <Alt>s");
  wait_until (eye_lists (self, "ho"));
  hand_type (self, "<Control>k");
  wait_until (eye_get_n_rows (self) == 0);
  hand_type (self, "<Control><Shift>Return");
  wait_until (eye_shows (self->received, "1002"));
  wait_until (eye_lists (self, "Message 1000 of 1000"));

  hand_type (self, "<Control><Shift>slash");
  wait_until (has_overlay (self));
  eye_take_picture (self,
                    GTK_WIDGET (gtk_application_window_get_help_overlay (
                                  GTK_APPLICATION_WINDOW (self->window))),
                    "shortcuts");
  hand_type (self, "Escape");
  wait_until (!has_overlay (self));

  /* The test runs without a window manager, which would give the focus back to the window. */
  gtk_window_present (GTK_WINDOW (self->window));
  wait_until (gtk_window_is_active (GTK_WINDOW (self->window)));

  hand_type (self, "<Control>w");
  wait_until (gtk_application_get_active_window (application) == NULL);
}

static void
test_about (MonitorFixture *self,
            gconstpointer   data)
{
  AdwApplicationWindow *window = ADW_APPLICATION_WINDOW (self->window);
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gdk_display_get_default ());
  AdwDialog *about;
  const char *icon_name;

  g_action_group_activate_action (G_ACTION_GROUP (self->application), "about", NULL);
  wait_until ((about = adw_application_window_get_visible_dialog (window)) != NULL);
  icon_name = adw_about_dialog_get_application_icon (ADW_ABOUT_DIALOG (about));
  g_assert_true (gtk_icon_theme_has_icon (theme, icon_name));
  eye_take_picture (self, GTK_WIDGET (self->window), "about");

  hand_type (self, "Escape");
  wait_until (adw_application_window_get_visible_dialog (window) == NULL);
}

static void
test_accessible (MonitorFixture *self,
                 gconstpointer   data)
{
  gtk_test_accessible_assert_property (self->address, GTK_ACCESSIBLE_PROPERTY_LABEL, "Address");
  gtk_test_accessible_assert_property (self->message, GTK_ACCESSIBLE_PROPERTY_LABEL, "Message");
  gtk_test_accessible_assert_property (self->list, GTK_ACCESSIBLE_PROPERTY_LABEL, "Messages");
  gtk_test_accessible_assert_property (self->plot, GTK_ACCESSIBLE_PROPERTY_LABEL, "Latency Plot");
  gtk_test_accessible_assert_property (self->pause, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Pause Receiving");
  gtk_test_accessible_assert_role (self->plot, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_test_accessible_assert_relation (self->queued, GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                       monitor_fixture_get_child (self, "queued_title"),
                                       NULL);

  g_object_set (self->plot, "latency", (gint64) 2500, NULL);
  g_object_set (self->plot, "latency", (gint64) 500, NULL);
  gtk_test_accessible_assert_property (self->plot, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "Now 0.5 ms, at most 2.5 ms");
}

int
main (int   argc,
      char *argv[])
{
  monitor_fixture_init (&argc, &argv);
  g_test_summary ("The window can be used with a keyboard, on a narrow screen, in dark colours or "
                  "with a screen reader");

  monitor_fixture_add ("/monitor/window/pictures", test_pictures);
  monitor_fixture_add ("/monitor/window/narrow", test_narrow);
  monitor_fixture_add ("/monitor/window/long-words", test_long_words);
  monitor_fixture_add ("/monitor/window/keyboard", test_keyboard);
  monitor_fixture_add ("/monitor/window/about", test_about);
  monitor_fixture_add ("/monitor/window/accessible", test_accessible);

  return g_test_run ();
}
