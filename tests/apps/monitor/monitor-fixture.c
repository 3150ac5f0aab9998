/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "monitor-fixture.h"

#include <string.h>

/* Long enough for a slow machine */
#define WAIT_TIMEOUT (30 * G_TIME_SPAN_SECOND)

gint64
monitor_fixture_get_deadline (void)
{
  return g_get_monotonic_time () + WAIT_TIMEOUT;
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Runs one iteration of the main loop, which waits for at most a second. @deadline is on the clock
 * of g_get_monotonic_time (). */
void
monitor_fixture_iterate (gint64      deadline,
                         const char *condition,
                         const char *location)
{
  GSource *wake = g_timeout_source_new (1000);

  g_source_set_callback (wake, wake_cb, NULL, NULL);
  g_source_attach (wake, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_destroy (wake);
  g_source_unref (wake);

  if (g_get_monotonic_time () > deadline)
    g_error ("%s: timed out while waiting for: %s", location, condition);
}

static char *
read_address (GSubprocess *server)
{
  g_autoptr (GDataInputStream) output =
    g_data_input_stream_new (g_subprocess_get_stdout_pipe (server));
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (output, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_assert_true (g_str_has_prefix (line, "Listening on "));

  return g_strdup (line + strlen ("Listening on "));
}

/* Starts the server on any free port, and later on the same port again. Returns when the server
 * listens. */
void
monitor_fixture_start_server (MonitorFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUri) uri = NULL;
  g_autofree char *port = NULL;

  if (self->server_address != NULL)
    uri = g_uri_parse (self->server_address, G_URI_FLAGS_NONE, NULL);
  port = g_strdup_printf ("--port=%d", uri != NULL ? g_uri_get_port (uri) : 0);

  self->server = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                   ECHO_SERVER, port, NULL);
  g_assert_no_error (error);

  g_clear_pointer (&self->server_address, g_free);
  self->server_address = read_address (self->server);
}

/* Kills the server, so the connections end without a close frame. */
void
monitor_fixture_stop_server (MonitorFixture *self)
{
  g_subprocess_force_exit (self->server);
  g_subprocess_wait (self->server, NULL, NULL);
  g_clear_object (&self->server);
}

static GtkWidget *
find_child (GtkWidget  *widget,
            const char *name)
{
  GtkWidget *found = NULL;
  GtkWidget *child;

  if (g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), name) == 0)
    return widget;

  for (child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_child (child, name);

  return found;
}

/* Returns the widget whose id in the UI files of the window is @name. */
GtkWidget *
monitor_fixture_get_child (MonitorFixture *self,
                           const char     *name)
{
  GtkWidget *child = find_child (GTK_WIDGET (self->window), name);

  g_assert_nonnull (child);

  return child;
}

/* Returns the first button in @widget, or NULL. Buttons of libadwaita itself have no public ids. */
static GtkWidget *
find_button (GtkWidget *widget)
{
  GtkWidget *found = GTK_IS_BUTTON (widget) ? widget : NULL;
  GtkWidget *child;

  for (child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_button (child);

  return found;
}

static void
find_children (MonitorFixture *self)
{
  self->address = monitor_fixture_get_child (self, "address");
  self->connect = monitor_fixture_get_child (self, "connect");
  self->message = monitor_fixture_get_child (self, "message");
  self->send = monitor_fixture_get_child (self, "send");
  self->banner = monitor_fixture_get_child (self, "bar");
  self->button = find_button (self->banner);
  self->state = monitor_fixture_get_child (self, "state");
  self->detail = monitor_fixture_get_child (self, "detail");
  self->pause = monitor_fixture_get_child (self, "pause");
  self->latency = monitor_fixture_get_child (self, "latency");
  self->queued = monitor_fixture_get_child (self, "queued");
  self->sent = monitor_fixture_get_child (self, "sent");
  self->received = monitor_fixture_get_child (self, "received");
  self->plot = monitor_fixture_get_child (self, "plot");
  self->stack = monitor_fixture_get_child (self, "stack");
  self->list = monitor_fixture_get_child (self, "list");
  self->scroller = monitor_fixture_get_child (self, "scroller");
  self->follow = monitor_fixture_get_child (self, "follow_revealer");
}

/* Gives the window the same size, and its pictures the same pixels, on all machines with this
 * font. */
static void
set_settings (void)
{
  g_object_set (gtk_settings_get_default (),
                "gtk-font-name", "Cantarell 11",
                "gtk-xft-hinting", 0,
                "gtk-decoration-layout", ":close",
                "gtk-enable-animations", FALSE,
                "gtk-cursor-blink", FALSE,
                NULL);
}

static void
set_up (MonitorFixture *self,
        gconstpointer   data)
{
  g_autoptr (GError) error = NULL;

  set_settings ();

  monitor_fixture_start_server (self);

  self->application = monitor_application_new ();
  g_application_register (G_APPLICATION (self->application), NULL, &error);
  g_assert_no_error (error);
  g_application_activate (G_APPLICATION (self->application));

  self->window = MONITOR_WINDOW (gtk_application_get_active_window (
                                   GTK_APPLICATION (self->application)));
  self->task = g_object_ref (monitor_window_get_task (self->window));
  find_children (self);
  gtk_editable_set_text (GTK_EDITABLE (self->address), self->server_address);
  wait_until (gtk_window_is_active (GTK_WINDOW (self->window)));
}

static void
tear_down (MonitorFixture *self,
           gconstpointer   data)
{
  gpointer task = self->task;

  if (gtk_application_get_active_window (GTK_APPLICATION (self->application)) != NULL)
    gtk_window_destroy (GTK_WINDOW (self->window));

  /* After the window has been destroyed, none of its parts may keep a reference to the task. */
  g_object_add_weak_pointer (G_OBJECT (task), &task);
  g_object_unref (self->task);
  wait_until (task == NULL);
  g_clear_object (&self->application);

  if (self->server != NULL)
    monitor_fixture_stop_server (self);

  g_clear_pointer (&self->server_address, g_free);
}

/* In GTK 4.24 and later, gtk_test_init () sets the locale en_US.UTF-8, and would fail on machines
 * without this locale, so this function does not call it. */
void
monitor_fixture_init (int    *argc,
                      char ***argv)
{
  g_test_init (argc, argv, NULL);
  gtk_init ();
}

void
monitor_fixture_add (const char  *path,
                     void       (*test) (MonitorFixture *self,
                                         gconstpointer   data))
{
  g_test_add (path, MonitorFixture, NULL, set_up, test, tear_down);
}
