/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "message-row.h"

#include <glib/gi18n.h>

#include "monitor-application.h"

typedef struct
{
  const char *icon_name;
  const char *style_class;
  const char *label;
} Look;

struct _MessageRow
{
  GtkWidget parent_instance;

  MonitorMessage *message; /* (owned) (nullable) */
  GtkWidget      *icon;
  GtkLabel       *text;
  GtkLabel       *detail;
  GtkLabel       *time;
  const Look     *look; /* (nullable) */
};

G_DEFINE_FINAL_TYPE (MessageRow, message_row, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_MESSAGE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static const Look looks[] = {
  [MONITOR_MESSAGE_RECEIVED] = { "go-down-symbolic", "success", N_("Received") },
  [MONITOR_MESSAGE_WAITING] = { "content-loading-symbolic", "dim-label", N_("Waiting") },
  [MONITOR_MESSAGE_SENT] = { "go-up-symbolic", "accent", N_("Sent") },
  [MONITOR_MESSAGE_FAILED] = { "dialog-error-symbolic", "error", N_("Not Sent") },
};

static void
set_look (MessageRow *self,
          const Look *look)
{
  const char *style_classes[] = { look->style_class, NULL };

  /* The list reuses a row for other messages, most of which have the same look. */
  if (self->look == look)
    return;

  self->look = look;
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), look->icon_name);
  gtk_widget_set_css_classes (self->icon, style_classes);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->icon),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _(look->label),
                                  -1);
}

static void
show_status (MessageRow *self)
{
  MonitorMessageStatus status = monitor_message_get_status (self->message);
  g_autofree char *size = g_format_size (monitor_message_get_size (self->message));
  gboolean is_done = status == MONITOR_MESSAGE_RECEIVED || status == MONITOR_MESSAGE_SENT;

  set_look (self, &looks[status]);
  gtk_label_set_label (self->detail, is_done ? size : _(looks[status].label));
}

static void
set_message (MessageRow     *self,
             MonitorMessage *message)
{
  g_autofree char *time = NULL;

  if (self->message == message)
    return;

  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);

  g_set_object (&self->message, message);
  if (message == NULL)
    return;

  time = monitor_message_dup_time (message);
  g_signal_connect_swapped (message, "notify::status", G_CALLBACK (show_status), self);
  gtk_label_set_label (self->text, monitor_message_get_text (message));
  gtk_label_set_label (self->time, time);
  show_status (self);
}

static void
message_row_dispose (GObject *object)
{
  MessageRow *self = MESSAGE_ROW (object);
  GtkWidget *child;

  set_message (self, NULL);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (message_row_parent_class)->dispose (object);
}

static void
message_row_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  MessageRow *self = MESSAGE_ROW (object);

  switch (prop_id)
    {
    case PROP_MESSAGE:
      set_message (self, g_value_get_object (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
message_row_class_init (MessageRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = message_row_dispose;
  object_class->set_property = message_row_set_property;

  properties[PROP_MESSAGE] =
    g_param_spec_object ("message", NULL, NULL,
                         MONITOR_TYPE_MESSAGE,
                         G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               MONITOR_RESOURCES "/message-row.ui");
  gtk_widget_class_bind_template_child (widget_class, MessageRow, icon);
  gtk_widget_class_bind_template_child (widget_class, MessageRow, text);
  gtk_widget_class_bind_template_child (widget_class, MessageRow, detail);
  gtk_widget_class_bind_template_child (widget_class, MessageRow, time);
}

static void
message_row_init (MessageRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
