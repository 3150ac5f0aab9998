/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "message-view.h"

#include "message-log.h"
#include "message-row.h"
#include "monitor-application.h"

/* The maximum distance from the end, in pixels, at which the list counts as scrolled to the end */
#define END_MARGIN 4

struct _MessageView
{
  AdwBin parent_instance;

  MessageLog        *log; /* (owned) */
  GtkStack          *stack;
  GtkScrolledWindow *scroller;
  GtkListView       *list;
  GtkRevealer       *follow_revealer;
  guint              tick_id;
  gboolean           is_following;
  gboolean           is_settling; /* TRUE after messages are added, until the list is painted */

  /* The scroller's adjustment when its value last changed */
  double             value;
  double             upper;
  double             page_size;
};

G_DEFINE_FINAL_TYPE (MessageView, message_view, ADW_TYPE_BIN)

static void
set_following (MessageView *self,
               gboolean     is_following)
{
  self->is_following = is_following;
  gtk_revealer_set_reveal_child (self->follow_revealer, !is_following);
  gtk_widget_set_can_target (GTK_WIDGET (self->follow_revealer), !is_following);
}

static gboolean
is_at_end (GtkAdjustment *adjustment)
{
  return gtk_adjustment_get_value (adjustment) + gtk_adjustment_get_page_size (adjustment)
         >= gtk_adjustment_get_upper (adjustment) - END_MARGIN;
}

/* Stops following new messages when the user scrolls up. The value of the adjustment also decreases
 * when messages are removed or the layout changes. The upper bound or the page size then changes
 * too, or the view is settling, so the view continues to follow. */
static void
value_changed_cb (MessageView   *self,
                  GtkAdjustment *adjustment)
{
  double value = gtk_adjustment_get_value (adjustment);
  double upper = gtk_adjustment_get_upper (adjustment);
  double page_size = gtk_adjustment_get_page_size (adjustment);
  gboolean is_same_layout = G_APPROX_VALUE (upper, self->upper, 0.5)
                            && G_APPROX_VALUE (page_size, self->page_size, 0.5);

  if (is_at_end (adjustment))
    set_following (self, TRUE);
  else if (is_same_layout && !self->is_settling && value < self->value)
    set_following (self, FALSE);

  self->value = value;
  self->upper = upper;
  self->page_size = page_size;
}

static void
painted_cb (MessageView   *self,
            GdkFrameClock *clock)
{
  self->is_settling = FALSE;
  g_signal_handlers_disconnect_by_func (clock, painted_cb, self);
}

static void
settle (MessageView   *self,
        GdkFrameClock *clock)
{
  self->is_settling = TRUE;
  g_signal_connect_object (clock, "after-paint", G_CALLBACK (painted_cb), self, G_CONNECT_SWAPPED);
}

/* The new position of the end is known only after the messages have been laid out, so this function
 * runs in each frame until the end is reached. */
static gboolean
tick_cb (GtkWidget     *widget,
         GdkFrameClock *clock,
         gpointer       user_data)
{
  MessageView *self = MESSAGE_VIEW (widget);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  gboolean is_done = !self->is_following || is_at_end (adjustment);

  if (!is_done)
    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment));

  if (message_log_flush (self->log))
    {
      gtk_stack_set_visible_child_name (self->stack, "list");
      settle (self, clock);
      is_done = FALSE;
    }

  if (is_done)
    self->tick_id = 0;

  return is_done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
queue_tick (MessageView *self)
{
  if (self->tick_id == 0)
    self->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), tick_cb, NULL, NULL);
}

static void
follow_clicked_cb (MessageView *self)
{
  set_following (self, TRUE);
  queue_tick (self);
}

static void
message_view_dispose (GObject *object)
{
  MessageView *self = MESSAGE_VIEW (object);

  g_clear_object (&self->log);

  G_OBJECT_CLASS (message_view_parent_class)->dispose (object);
}

static void
message_view_class_init (MessageViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = message_view_dispose;

  g_type_ensure (MESSAGE_TYPE_ROW);

  gtk_widget_class_set_css_name (widget_class, "messageview");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               MONITOR_RESOURCES "/message-view.ui");
  gtk_widget_class_bind_template_child (widget_class, MessageView, stack);
  gtk_widget_class_bind_template_child (widget_class, MessageView, scroller);
  gtk_widget_class_bind_template_child (widget_class, MessageView, list);
  gtk_widget_class_bind_template_child (widget_class, MessageView, follow_revealer);
  gtk_widget_class_bind_template_callback (widget_class, follow_clicked_cb);
}

static void
message_view_init (MessageView *self)
{
  g_autoptr (GtkNoSelection) selection = NULL;
  GtkAdjustment *adjustment;

  gtk_widget_init_template (GTK_WIDGET (self));

  self->log = message_log_new ();
  selection = gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->log)));
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
  set_following (self, TRUE);
  adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  g_signal_connect_swapped (adjustment, "value-changed", G_CALLBACK (value_changed_cb), self);
  g_signal_connect_swapped (adjustment, "changed", G_CALLBACK (queue_tick), self);
}

/* Takes ownership of @message. */
void
message_view_push (MessageView    *self,
                   MonitorMessage *message)
{
  message_log_push (self->log, message);
  queue_tick (self);
}

void
message_view_clear (MessageView *self)
{
  message_log_clear (self->log);
  gtk_stack_set_visible_child_name (self->stack, "empty");
  set_following (self, TRUE);
}
