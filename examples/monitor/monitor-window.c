/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "monitor-window.h"

#include <glib/gi18n.h>
#include <string.h>

#include "link-banner.h"
#include "link-card.h"
#include "message-view.h"
#include "monitor-application.h"

/* Times in milliseconds. Those of the pings are short, so that the window soon shows a latency or a
 * dead connection. Most applications would use longer times. */
#define PING_AFTER        1000
#define PONG_WITHIN       3000
#define RECONNECT_AFTER   2000
#define RECONNECT_AT_MOST 30000

/* The timeouts of an attempt without and with a login, in milliseconds. A user takes longer to log
 * in than a program. */
#define CONNECT_WITHIN    10000
#define LOG_IN_WITHIN     60000

#define N_MANY            1000

struct _MonitorWindow
{
  AdwApplicationWindow parent_instance;

  HbWebsocketTask *task; /* (owned) */
  LinkBanner      *banner;
  LinkCard        *card;
  MessageView     *messages;
  GtkEditable     *address;
  GtkEditable     *message;
  GtkButton       *connect;
  GtkWidget       *send;
};

G_DEFINE_FINAL_TYPE (MonitorWindow, monitor_window, ADW_TYPE_APPLICATION_WINDOW)

static gboolean
takes_messages (HbState state)
{
  return state != HB_STATE_CLOSED && state != HB_STATE_CLOSING;
}

static gboolean
is_unready (MonitorWindow *self)
{
  return hb_websocket_task_get_state (self->task) == HB_STATE_OPEN
         && !hb_websocket_task_get_ready (self->task);
}

static void
set_suggested (GtkWidget *button,
               gboolean   is_suggested)
{
  if (is_suggested)
    gtk_widget_add_css_class (button, "suggested-action");
  else
    gtk_widget_remove_css_class (button, "suggested-action");
}

static void
update_actions (MonitorWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  HbState state = hb_websocket_task_get_state (self->task);
  gboolean has_address = *gtk_editable_get_text (self->address) != '\0';
  gboolean has_message = *gtk_editable_get_text (self->message) != '\0';

  gtk_widget_action_set_enabled (widget, "win.connect", has_address);
  gtk_widget_action_set_enabled (widget, "win.disconnect", state != HB_STATE_CLOSED);
  gtk_widget_action_set_enabled (widget, "win.mark-ready", is_unready (self));
  gtk_widget_action_set_enabled (widget, "win.send", has_message && takes_messages (state));
  gtk_widget_action_set_enabled (widget, "win.send-many", takes_messages (state));
}

static void
state_cb (MonitorWindow *self)
{
  gboolean is_closed = hb_websocket_task_get_state (self->task) == HB_STATE_CLOSED;

  gtk_button_set_label (self->connect, is_closed ? _("_Connect") : _("_Disconnect"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->connect),
                                  is_closed ? "win.connect" : "win.disconnect");
  set_suggested (GTK_WIDGET (self->connect), is_closed);
  set_suggested (self->send, !is_closed);
  update_actions (self);
}

static void
manual_ready_cb (MonitorWindow *self)
{
  gboolean has_login = hb_websocket_task_get_manual_ready (self->task);

  hb_websocket_task_set_connect_timeout (self->task, has_login ? LOG_IN_WITHIN : CONNECT_WITHIN);
}

static void
address_changed_cb (MonitorWindow *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self->address), "error");
  gtk_accessible_reset_state (GTK_ACCESSIBLE (self->address), GTK_ACCESSIBLE_STATE_INVALID);
  update_actions (self);
}

static void
error_cb (MonitorWindow *self,
          GError        *error)
{
  if (!g_error_matches (error, HB_ERROR, HB_ERROR_INVALID_URI))
    return;

  gtk_widget_add_css_class (GTK_WIDGET (self->address), "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->address),
                               GTK_ACCESSIBLE_STATE_INVALID, GTK_ACCESSIBLE_INVALID_TRUE,
                               -1);
}

static void
show_message (MonitorWindow  *self,
              MonitorMessage *message)
{
  message_view_push (self->messages, message);
  link_card_queue_update (self->card);
}

static void
message_cb (MonitorWindow         *self,
            SoupWebsocketDataType  type,
            GBytes                *bytes)
{
  show_message (self, monitor_message_new (type, bytes, MONITOR_MESSAGE_RECEIVED));
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  HbWebsocketTask *task = HB_WEBSOCKET_TASK (source);
  g_autoptr (MonitorMessage) message = user_data;
  gboolean is_sent = hb_websocket_task_send_message_finish (task, result, NULL);

  monitor_message_set_status (message, is_sent ? MONITOR_MESSAGE_SENT : MONITOR_MESSAGE_FAILED);
}

static void
send_text (MonitorWindow *self,
           const char    *text,
           HbSendFlags    flags)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  MonitorMessage *message = monitor_message_new (SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                 MONITOR_MESSAGE_WAITING);

  show_message (self, g_object_ref (message));
  hb_websocket_task_send_message_async (self->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        flags, NULL, sent_cb, message);
}

/* Sets the address before a retry too, because the user may have corrected it. */
static void
connect_link (GtkWidget  *widget,
              const char *action_name,
              GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);

  hb_websocket_task_set_uri (self->task, gtk_editable_get_text (self->address));
  hb_websocket_task_reconnect_now (self->task);
}

static void
disconnect_link (GtkWidget  *widget,
                 const char *action_name,
                 GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);

  hb_websocket_task_close (self->task, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

static void
mark_ready (GtkWidget  *widget,
            const char *action_name,
            GVariant   *parameter)
{
  hb_websocket_task_mark_ready (MONITOR_WINDOW (widget)->task);
}

/* While an open connection is not ready, the message is a login. In the queue, it would wait until
 * the connection is ready, so it is sent with THIS_LINK. */
static void
send (GtkWidget  *widget,
      const char *action_name,
      GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);

  send_text (self, gtk_editable_get_text (self->message),
             is_unready (self) ? HB_SEND_FLAGS_THIS_LINK : HB_SEND_FLAGS_DEFAULT);
  gtk_editable_set_text (self->message, "");
  gtk_widget_grab_focus (GTK_WIDGET (self->message));
}

static void
send_many (GtkWidget  *widget,
           const char *action_name,
           GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);
  guint i;

  for (i = 1; i <= N_MANY; i++)
    {
      g_autofree char *text = g_strdup_printf (_("Message %u of %u"), i, N_MANY);

      send_text (self, text, HB_SEND_FLAGS_DEFAULT);
    }
}

static void
clear (GtkWidget  *widget,
       const char *action_name,
       GVariant   *parameter)
{
  message_view_clear (MONITOR_WINDOW (widget)->messages);
}

static void
focus_address (GtkWidget  *widget,
               const char *action_name,
               GVariant   *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (MONITOR_WINDOW (widget)->address));
}

static void
focus_message (GtkWidget  *widget,
               const char *action_name,
               GVariant   *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (MONITOR_WINDOW (widget)->message));
}

/* If the address is not valid, the task is closed, and the focus stays where the user can correct
 * the address. */
static void
address_activate_cb (MonitorWindow *self)
{
  if (gtk_widget_activate_action (GTK_WIDGET (self), "win.connect", NULL)
      && takes_messages (hb_websocket_task_get_state (self->task)))
    gtk_widget_grab_focus (GTK_WIDGET (self->message));
}

static void
message_activate_cb (MonitorWindow *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.send", NULL);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GApplication) application = user_data;

  hb_websocket_task_close_finish (HB_WEBSOCKET_TASK (source), result, NULL);
  g_application_release (application);
}

/* The application would end with its last window, so it is held until the connection is closed. */
static void
close_task (HbWebsocketTask *task)
{
  GApplication *application = g_application_get_default ();

  g_application_hold (application);
  hb_websocket_task_close_async (task, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL, NULL, closed_cb,
                                 g_object_ref (application));
}

static void
monitor_window_dispose (GObject *object)
{
  MonitorWindow *self = MONITOR_WINDOW (object);

  /* Each pending send call holds a reference to the task, so a task that is not closed would
   * reconnect even without a window. */
  if (self->task != NULL)
    close_task (self->task);

  /* The actions hold references to the task too. */
  g_action_map_remove_action (G_ACTION_MAP (self), "manual-ready");
  g_action_map_remove_action (G_ACTION_MAP (self), "paused");
  g_clear_object (&self->task);

  G_OBJECT_CLASS (monitor_window_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *klass)
{
  gtk_widget_class_install_action (klass, "win.clear", NULL, clear);
  gtk_widget_class_install_action (klass, "win.connect", NULL, connect_link);
  gtk_widget_class_install_action (klass, "win.disconnect", NULL, disconnect_link);
  gtk_widget_class_install_action (klass, "win.focus-address", NULL, focus_address);
  gtk_widget_class_install_action (klass, "win.focus-message", NULL, focus_message);
  gtk_widget_class_install_action (klass, "win.mark-ready", NULL, mark_ready);
  gtk_widget_class_install_action (klass, "win.send", NULL, send);
  gtk_widget_class_install_action (klass, "win.send-many", NULL, send_many);
}

static void
monitor_window_class_init (MonitorWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = monitor_window_dispose;

  g_type_ensure (LINK_TYPE_BANNER);
  g_type_ensure (LINK_TYPE_CARD);
  g_type_ensure (MESSAGE_TYPE_VIEW);

  install_actions (widget_class);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               MONITOR_RESOURCES "/monitor-window.ui");
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, card);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, messages);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, address);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, message);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, connect);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, send);
  gtk_widget_class_bind_template_callback (widget_class, address_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, address_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, message_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, update_actions);
}

static void
add_property_action (MonitorWindow *self,
                     const char    *property)
{
  g_autoptr (GPropertyAction) action = g_property_action_new (property, self->task, property);

  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
}

static void
monitor_window_init (MonitorWindow *self)
{
  self->task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                             "heartbeat-mode", HB_HEARTBEAT_MODE_PING,
                             "ping-timeout", PING_AFTER,
                             "pong-timeout", PONG_WITHIN,
                             "connect-timeout", CONNECT_WITHIN,
                             "reconnect-timeout", RECONNECT_AFTER,
                             "reconnect-timeout-max", RECONNECT_AT_MOST,
                             NULL);

  add_property_action (self, "manual-ready");
  add_property_action (self, "paused");
  gtk_widget_init_template (GTK_WIDGET (self));

  link_banner_set_task (self->banner, self->task);
  link_card_set_task (self->card, self->task);
  g_signal_connect_object (self->task, "message", G_CALLBACK (message_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->task, "error", G_CALLBACK (error_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->task, "notify::state", G_CALLBACK (state_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->task, "notify::ready", G_CALLBACK (update_actions), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->task, "notify::manual-ready", G_CALLBACK (manual_ready_cb), self,
                           G_CONNECT_SWAPPED);
  state_cb (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->address));
}

MonitorWindow *
monitor_window_new (GtkApplication *application,
                    const char     *address)
{
  MonitorWindow *self = g_object_new (MONITOR_TYPE_WINDOW, "application", application, NULL);

  gtk_editable_set_text (self->address, address);

  return self;
}

HbWebsocketTask *
monitor_window_get_task (MonitorWindow *self)
{
  return self->task;
}
