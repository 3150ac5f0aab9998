/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "monitor-application.h"

#include <glib/gi18n.h>
#include <hb-websocket.h>

#include "monitor-window.h"

/* The address of echo-server --port=8080 */
#define DEFAULT_ADDRESS "ws://127.0.0.1:8080/"

struct _MonitorApplication
{
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (MonitorApplication, monitor_application, ADW_TYPE_APPLICATION)

typedef struct
{
  const char *action;
  const char *keys[3];
} Accelerator;

static const Accelerator accelerators[] = {
  { "app.quit", { "<Control>q" } },
  { "window.close", { "<Control>w" } },
  { "win.show-help-overlay", { "<Control>question" } },
  { "win.focus-address", { "<Control>l" } },
  { "win.focus-message", { "<Control>m" } },
  { "win.disconnect", { "<Control>d" } },
  { "win.connect", { "<Control>r", "F5" } },
  { "win.mark-ready", { "<Control>g" } },
  { "win.paused", { "<Control>p" } },
  { "win.send-many", { "<Control><Shift>Return" } },
  { "win.clear", { "<Control>k" } },
};

static void
about_cb (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  GtkApplication *self = GTK_APPLICATION (user_data);

  adw_show_about_dialog (GTK_WIDGET (gtk_application_get_active_window (self)),
                         "application-name", _("WebSocket Monitor"),
                         "application-icon", MONITOR_APPLICATION_ID,
                         "comments", _("Shows how hb-websocket keeps a connection open"),
                         "developer-name", _("The authors of hb-websocket"),
                         "license-type", GTK_LICENSE_LGPL_2_1,
                         "version", HB_VERSION_S,
                         NULL);
}

/* Closes all windows, after which the application ends. g_application_quit () would drop their
 * connections without a close frame. */
static void
quit_cb (GSimpleAction *action,
         GVariant      *parameter,
         gpointer       user_data)
{
  GtkWindow *window;

  while ((window = gtk_application_get_active_window (user_data)) != NULL)
    gtk_window_destroy (window);
}

static void
monitor_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window == NULL)
    window = GTK_WINDOW (monitor_window_new (GTK_APPLICATION (application), DEFAULT_ADDRESS));

  gtk_window_present (window);
}

static void
monitor_application_open (GApplication  *application,
                          GFile        **files,
                          int            n_files,
                          const char    *hint)
{
  int i;

  for (i = 0; i < n_files; i++)
    {
      g_autofree char *address = g_file_get_uri (files[i]);
      MonitorWindow *window = monitor_window_new (GTK_APPLICATION (application), address);

      gtk_window_present (GTK_WINDOW (window));
      gtk_widget_activate_action (GTK_WIDGET (window), "win.connect", NULL);
    }
}

static void
monitor_application_startup (GApplication *application)
{
  const GActionEntry entries[] = {
    { "about", about_cb },
    { "quit", quit_cb },
  };
  guint i;

  G_APPLICATION_CLASS (monitor_application_parent_class)->startup (application);

  g_action_map_add_action_entries (G_ACTION_MAP (application),
                                   entries, G_N_ELEMENTS (entries),
                                   application);
  for (i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application),
                                           accelerators[i].action,
                                           (const char **) accelerators[i].keys);
}

static void
monitor_application_class_init (MonitorApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->activate = monitor_application_activate;
  application_class->open = monitor_application_open;
  application_class->startup = monitor_application_startup;
}

static void
monitor_application_init (MonitorApplication *self)
{
  g_application_set_option_context_parameter_string (G_APPLICATION (self), "[URI…]");
}

MonitorApplication *
monitor_application_new (void)
{
  return g_object_new (MONITOR_TYPE_APPLICATION,
                       "application-id", MONITOR_APPLICATION_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       NULL);
}
