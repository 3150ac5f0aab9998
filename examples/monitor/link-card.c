/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "link-card.h"

#include <glib/gi18n.h>

#include "latency-plot.h"
#include "monitor-application.h"

struct _LinkCard
{
  AdwBin parent_instance;

  HbWebsocketTask *task; /* (owned) */
  GtkWidget       *icon;
  GtkLabel        *state;
  GtkLabel        *detail;
  LatencyPlot     *plot;
  GtkLabel        *latency;
  GtkLabel        *queued;
  GtkLabel        *sent;
  GtkLabel        *received;
  GSource         *countdown; /* (owned) (nullable) */
  guint            update_id;
};

G_DEFINE_FINAL_TYPE (LinkCard, link_card, ADW_TYPE_BIN)

typedef struct
{
  const char *icon_name;
  const char *style_class;
  const char *label;
} Look;

static const Look looks[] = {
  [HB_STATE_CONNECTING] = { "network-wired-acquiring-symbolic", "accent", N_("Connecting…") },
  [HB_STATE_OPEN] = { "network-transmit-receive-symbolic", "success", N_("Connected") },
  [HB_STATE_CLOSING] = { "network-wired-acquiring-symbolic", "dim-label", N_("Closing…") },
  [HB_STATE_CLOSED] = { "network-offline-symbolic", "dim-label", N_("Disconnected") },
  [HB_STATE_WAITING] = { "network-error-symbolic", "warning", N_("Connection Lost") },
};

static const Look unready_look = { "network-wired-acquiring-symbolic", "accent",
                                   N_("Not Ready Yet") };

static gboolean
is_unready (LinkCard *self)
{
  return hb_websocket_task_get_state (self->task) == HB_STATE_OPEN
         && !hb_websocket_task_get_ready (self->task);
}

/* Returns the seconds until the next attempt, rounded up. */
static guint
get_countdown (LinkCard *self)
{
  gint64 rest = hb_websocket_task_get_reconnect_at (self->task) - g_get_monotonic_time ();

  return rest <= 0 ? 0 : (rest + G_TIME_SPAN_SECOND - 1) / G_TIME_SPAN_SECOND;
}

static char *
get_detail (LinkCard *self)
{
  HbState state = hb_websocket_task_get_state (self->task);
  guint attempt = hb_websocket_task_get_attempt (self->task);
  gint64 downtime = hb_websocket_task_get_downtime (self->task);

  if (state == HB_STATE_OPEN && hb_websocket_task_get_paused (self->task))
    return g_strdup (_("Receiving is paused"));

  if (state == HB_STATE_OPEN && downtime > 0)
    return g_strdup_printf (_("Back after %.1f s"), downtime / (double) G_TIME_SPAN_SECOND);

  if (state == HB_STATE_CONNECTING && attempt > 0)
    return g_strdup_printf (_("Attempt %u"), attempt);

  if (state != HB_STATE_WAITING || hb_websocket_task_get_reconnect_at (self->task) < 0)
    return g_strdup ("");

  /* Translators: The first number is that of the attempt, and the second is a time in seconds. */
  return g_strdup_printf (_("Attempt %u in %u s"), attempt, get_countdown (self));
}

static void
show_detail (LinkCard *self)
{
  g_autofree char *detail = get_detail (self);

  gtk_label_set_label (self->detail, detail);
}

static void
stop_countdown (LinkCard *self)
{
  if (self->countdown == NULL)
    return;

  g_source_destroy (self->countdown);
  g_clear_pointer (&self->countdown, g_source_unref);
}

static gboolean countdown_cb (gpointer user_data);

/* Sets the timer for the time at which the next number of seconds must be shown. */
static void
start_countdown (LinkCard *self)
{
  gint64 rest = hb_websocket_task_get_reconnect_at (self->task) - g_get_monotonic_time ();
  gint64 part = rest % G_TIME_SPAN_SECOND;

  stop_countdown (self);
  if (rest <= 0)
    return;

  if (part == 0)
    part = G_TIME_SPAN_SECOND;

  /* If the timer ended too early, the same number would be shown again, so the duration is rounded
   * up. */
  self->countdown = g_timeout_source_new (part / G_TIME_SPAN_MILLISECOND + 1);
  g_source_set_static_name (self->countdown, "countdown");
  g_source_set_callback (self->countdown, countdown_cb, self, NULL);
  g_source_attach (self->countdown, NULL);
}

static gboolean
countdown_cb (gpointer user_data)
{
  LinkCard *self = LINK_CARD (user_data);

  show_detail (self);
  start_countdown (self);

  return G_SOURCE_REMOVE;
}

static void
reconnect_at_cb (LinkCard *self)
{
  show_detail (self);
  start_countdown (self);
}

/* The task keeps the latency of a lost connection until the next one is open, but the label shows
 * none in between. */
static void
show_latency (LinkCard *self)
{
  gboolean is_open = hb_websocket_task_get_state (self->task) == HB_STATE_OPEN;
  g_autofree char *latency =
    latency_plot_format (is_open ? hb_websocket_task_get_latency (self->task) : -1);

  gtk_label_set_label (self->latency, latency);
}

static void
state_cb (LinkCard *self)
{
  const Look *look = is_unready (self)
                     ? &unready_look
                     : &looks[hb_websocket_task_get_state (self->task)];
  const char *style_classes[] = { look->style_class, NULL };

  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), look->icon_name);
  gtk_widget_set_css_classes (self->icon, style_classes);
  gtk_label_set_label (self->state, _(look->label));
  show_detail (self);
  show_latency (self);
}

static gboolean
format_size (GBinding     *binding,
             const GValue *from,
             GValue       *to,
             gpointer      user_data)
{
  g_value_take_string (to, g_format_size (g_value_get_uint64 (from)));

  return TRUE;
}

static void
show_count (GtkLabel *label,
            guint64   count)
{
  g_autofree char *text = g_strdup_printf ("%'" G_GUINT64_FORMAT, count);

  gtk_label_set_label (label, text);
}

static void
show_counts (LinkCard *self)
{
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (self->task);

  show_count (self->sent, hb_metrics_get_messages_sent (metrics));
  show_count (self->received, hb_metrics_get_messages_received (metrics));
}

static gboolean
update_cb (GtkWidget     *widget,
           GdkFrameClock *clock,
           gpointer       user_data)
{
  LinkCard *self = LINK_CARD (widget);

  self->update_id = 0;
  show_counts (self);

  return G_SOURCE_REMOVE;
}

static void
link_card_dispose (GObject *object)
{
  LinkCard *self = LINK_CARD (object);

  stop_countdown (self);
  g_clear_object (&self->task);

  G_OBJECT_CLASS (link_card_parent_class)->dispose (object);
}

static void
link_card_class_init (LinkCardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = link_card_dispose;

  g_type_ensure (LATENCY_TYPE_PLOT);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               MONITOR_RESOURCES "/link-card.ui");
  gtk_widget_class_bind_template_child (widget_class, LinkCard, icon);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, state);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, detail);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, plot);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, latency);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, queued);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, sent);
  gtk_widget_class_bind_template_child (widget_class, LinkCard, received);
}

static void
link_card_init (LinkCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
link_card_set_task (LinkCard        *self,
                    HbWebsocketTask *task)
{
  g_return_if_fail (self->task == NULL);

  self->task = g_object_ref (task);
  g_signal_connect_object (task, "notify::state", G_CALLBACK (state_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::ready", G_CALLBACK (state_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::paused", G_CALLBACK (show_detail), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::latency", G_CALLBACK (show_latency), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::attempt", G_CALLBACK (show_detail), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::downtime", G_CALLBACK (show_detail), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::reconnect-at", G_CALLBACK (reconnect_at_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (task, "notify::buffered-amount", G_CALLBACK (link_card_queue_update),
                           self, G_CONNECT_SWAPPED);

  g_object_bind_property (task, "latency", self->plot, "latency", G_BINDING_DEFAULT);
  g_object_bind_property_full (task, "buffered-amount", self->queued, "label",
                               G_BINDING_SYNC_CREATE, format_size, NULL, NULL, NULL);

  state_cb (self);
  show_counts (self);
}

/* Updates the numbers of sent and received messages in the next frame. The task emits no signal
 * when these numbers change, so call this function for each message. */
void
link_card_queue_update (LinkCard *self)
{
  if (self->update_id == 0)
    self->update_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), update_cb, NULL, NULL);
}
