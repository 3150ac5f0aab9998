/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "message-log.h"

/* A list model of the last messages. Adds new messages in batches. At thousands of messages a
 * second, a view that handled each of them individually would have no time for anything else. */
struct _MessageLog
{
  GObject parent_instance;

  GQueue           pending; /* (owned) (element-type MonitorMessage) */
  MonitorMessage **ring;    /* (owned); each slot in use owns its message */
  guint            start;
  guint            length;
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MessageLog, message_log, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static MonitorMessage **
get_slot (MessageLog *self,
          guint       position)
{
  return &self->ring[(self->start + position) % MESSAGE_LOG_CAPACITY];
}

static void
drop_first (MessageLog *self,
            guint       n_messages)
{
  guint i;

  for (i = 0; i < n_messages; i++)
    g_clear_object (get_slot (self, i));

  self->start = (self->start + n_messages) % MESSAGE_LOG_CAPACITY;
  self->length -= n_messages;
}

static GType
message_log_get_item_type (GListModel *model)
{
  return MONITOR_TYPE_MESSAGE;
}

static guint
message_log_get_n_items (GListModel *model)
{
  return MESSAGE_LOG (model)->length;
}

static gpointer
message_log_get_item (GListModel *model,
                      guint       position)
{
  MessageLog *self = MESSAGE_LOG (model);

  return position < self->length ? g_object_ref (*get_slot (self, position)) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = message_log_get_item_type;
  iface->get_n_items = message_log_get_n_items;
  iface->get_item = message_log_get_item;
}

static void
message_log_finalize (GObject *object)
{
  MessageLog *self = MESSAGE_LOG (object);

  g_queue_clear_full (&self->pending, g_object_unref);
  drop_first (self, self->length);
  g_clear_pointer (&self->ring, g_free);

  G_OBJECT_CLASS (message_log_parent_class)->finalize (object);
}

static void
message_log_class_init (MessageLogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = message_log_finalize;
}

static void
message_log_init (MessageLog *self)
{
  self->ring = g_new0 (MonitorMessage *, MESSAGE_LOG_CAPACITY);
}

MessageLog *
message_log_new (void)
{
  return g_object_new (MESSAGE_TYPE_LOG, NULL);
}

/* Takes ownership of @message. */
void
message_log_push (MessageLog     *self,
                  MonitorMessage *message)
{
  if (self->pending.length == MESSAGE_LOG_CAPACITY)
    g_object_unref (g_queue_pop_head (&self->pending));

  g_queue_push_tail (&self->pending, message);
}

/* Reports removed and added messages separately, so that a view knows which messages stay, and
 * keeps its position.
 *
 * Returns: whether messages were added */
gboolean
message_log_flush (MessageLog *self)
{
  guint n_added = self->pending.length;
  guint n_dropped = MAX (self->length + n_added, MESSAGE_LOG_CAPACITY) - MESSAGE_LOG_CAPACITY;
  guint position;

  if (n_added == 0)
    return FALSE;

  if (n_dropped > 0)
    {
      drop_first (self, n_dropped);
      g_list_model_items_changed (G_LIST_MODEL (self), 0, n_dropped, 0);
    }

  position = self->length;
  for (self->length += n_added; n_added > 0; n_added--)
    *get_slot (self, self->length - n_added) = g_queue_pop_head (&self->pending);

  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, self->length - position);

  return TRUE;
}

void
message_log_clear (MessageLog *self)
{
  guint n_dropped = self->length;

  g_queue_clear_full (&self->pending, g_object_unref);
  drop_first (self, n_dropped);

  if (n_dropped > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n_dropped, 0);
}
