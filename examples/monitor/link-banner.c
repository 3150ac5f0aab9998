/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "link-banner.h"

#include <glib/gi18n.h>

#include "monitor-application.h"

struct _LinkBanner
{
  AdwBin parent_instance;

  HbWebsocketTask *task; /* (owned) */
  AdwBanner       *bar;
  gboolean         is_unready; /* The bar offers to mark the connection as ready. */
};

G_DEFINE_FINAL_TYPE (LinkBanner, link_banner, ADW_TYPE_BIN)

static void
set_reason (LinkBanner *self,
            const char *reason)
{
  self->is_unready = FALSE;

  if (reason != NULL)
    {
      adw_banner_set_title (self->bar, reason);
      adw_banner_set_button_label (self->bar, _("_Retry Now"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->bar), "win.connect");
    }
  adw_banner_set_revealed (self->bar, reason != NULL);
}

static void
show_unready (LinkBanner *self)
{
  self->is_unready = TRUE;
  adw_banner_set_title (self->bar, _("Waiting for the server’s greeting"));
  adw_banner_set_button_label (self->bar, _("Mark as _Ready"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->bar), "win.mark-ready");
  adw_banner_set_revealed (self->bar, TRUE);
}

static void
open_cb (LinkBanner *self)
{
  if (hb_websocket_task_get_ready (self->task))
    set_reason (self, NULL);
  else
    show_unready (self);
}

static void
ready_cb (LinkBanner *self)
{
  if (self->is_unready)
    set_reason (self, NULL);
}

/* The error CLOSED could replace the reason why the task closed. CLOSED says only that messages
 * were not sent, which the list of messages shows anyway. */
static void
error_cb (LinkBanner *self,
          GError     *error)
{
  if (!g_error_matches (error, HB_ERROR, HB_ERROR_CLOSED))
    set_reason (self, error->message);
}

/* Shows how the server ended the connection, unless the banner already shows an error, which
 * explains more. If the user has ended the connection, the task is not WAITING. */
static void
close_cb (LinkBanner *self,
          guint       code,
          const char *reason)
{
  HbState state = hb_websocket_task_get_state (self->task);
  g_autofree char *text = NULL;

  if (adw_banner_get_revealed (self->bar) || state != HB_STATE_WAITING)
    return;

  if (code == SOUP_WEBSOCKET_CLOSE_ABNORMAL)
    text = g_strdup (_("The server dropped the connection"));
  else if (code == SOUP_WEBSOCKET_CLOSE_NO_STATUS)
    text = g_strdup (_("The server closed the connection"));
  else if (reason == NULL || *reason == '\0')
    text = g_strdup_printf (_("The server closed the connection with code %u"), code);
  else
    text = g_strdup_printf (_("The server closed the connection with code %u: %s"), code, reason);

  set_reason (self, text);
}

/* If an error closes the task, “error” is emitted after this callback, and error_cb () shows the
 * banner again. */
static void
state_cb (LinkBanner *self)
{
  HbState state = hb_websocket_task_get_state (self->task);

  if (state == HB_STATE_CLOSED || (self->is_unready && state != HB_STATE_OPEN))
    set_reason (self, NULL);
}

static void
link_banner_dispose (GObject *object)
{
  LinkBanner *self = LINK_BANNER (object);

  g_clear_object (&self->task);

  G_OBJECT_CLASS (link_banner_parent_class)->dispose (object);
}

static void
link_banner_class_init (LinkBannerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = link_banner_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               MONITOR_RESOURCES "/link-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, LinkBanner, bar);
}

static void
link_banner_init (LinkBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
link_banner_set_task (LinkBanner      *self,
                      HbWebsocketTask *task)
{
  g_return_if_fail (self->task == NULL);

  self->task = g_object_ref (task);
  g_signal_connect_object (task, "open", G_CALLBACK (open_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "error", G_CALLBACK (error_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "close", G_CALLBACK (close_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::ready", G_CALLBACK (ready_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::state", G_CALLBACK (state_cb), self, G_CONNECT_SWAPPED);
}
