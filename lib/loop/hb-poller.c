/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-poller-private.h"

/* poll(2) reports these without being asked. Both a reader and a writer must see them. */
#define ENDINGS (G_IO_HUP | G_IO_ERR | G_IO_NVAL)

void
hb_poller_init (HbPoller *self,
                GSource  *source)
{
  *self = (HbPoller) { .source = source, .turn = 1 };
  self->watches = g_ptr_array_new ();
  g_queue_init (&self->queue);
}

void
hb_poller_clear (HbPoller *self)
{
  g_assert (self->watches->len == 0);

  g_clear_pointer (&self->watches, g_ptr_array_unref);
}

static void
add_poll (HbPoller *self,
          HbWatch  *watch)
{
  g_ptr_array_add (self->watches, watch);
  watch->position = self->watches->len;
  watch->poll.revents = 0;

  if (!g_source_is_destroyed (self->source))
    g_source_add_poll (self->source, &watch->poll);
}

static void
remove_poll (HbPoller *self,
             HbWatch  *watch)
{
  guint i = watch->position - 1;

  g_ptr_array_remove_index_fast (self->watches, i);
  if (i < self->watches->len)
    ((HbWatch *) g_ptr_array_index (self->watches, i))->position = i + 1;

  watch->position = 0;
  if (!g_source_is_destroyed (self->source))
    g_source_remove_poll (self->source, &watch->poll);
}

/* Polls for the conditions that are wanted now. With none the socket must leave the poll, because
 * poll(2) would report a hang-up in every iteration. */
void
hb_poller_update (HbPoller *self,
                  HbWatch  *watch)
{
  watch->poll.events = watch->wanted;

  if (watch->wanted != 0 && watch->position == 0)
    add_poll (self, watch);
  else if (watch->wanted == 0 && watch->position > 0)
    remove_poll (self, watch);
}

/* Has the watch called, after all that are in the queue already. */
void
hb_poller_queue (HbPoller *self,
                 HbWatch  *watch)
{
  if (watch->is_queued)
    return;

  watch->is_queued = TRUE;
  g_queue_push_tail_link (&self->queue, &watch->in_queue);
}

void
hb_poller_remove (HbPoller *self,
                  HbWatch  *watch)
{
  if (watch->position > 0)
    remove_poll (self, watch);

  watch->poll.events = 0;

  if (watch->is_queued)
    g_queue_unlink (&self->queue, &watch->in_queue);

  watch->is_queued = FALSE;
}

/* Returns whether the last poll has found a socket ready, or a watch is to be called. */
gboolean
hb_poller_check (HbPoller *self)
{
  guint i;

  if (self->queue.length > 0)
    return TRUE;

  for (i = 0; i < self->watches->len; i++)
    if (((HbWatch *) g_ptr_array_index (self->watches, i))->poll.revents != 0)
      return TRUE;

  return FALSE;
}

/* Queues the watch if its socket is ready for a wanted condition. Otherwise no longer polls for
 * the condition. */
static void
take (HbPoller     *self,
      HbWatch      *watch,
      GIOCondition  found)
{
  if ((found & ENDINGS) != 0)
    found |= G_IO_IN | G_IO_OUT;

  if ((found & watch->wanted) == 0)
    {
      hb_poller_update (self, watch);
      return;
    }

  watch->ready |= found & (G_IO_IN | G_IO_OUT);
  hb_poller_queue (self, watch);
}

/* Queues the watches whose sockets the last poll has found ready. No function is called in between,
 * so what the poll has found is not stale. */
void
hb_poller_collect (HbPoller *self)
{
  guint i;

  /* Backwards, because another watch takes the place of one that leaves the list. */
  for (i = self->watches->len; i-- > 0;)
    {
      HbWatch *watch = g_ptr_array_index (self->watches, i);
      GIOCondition found = watch->poll.revents;

      watch->poll.revents = 0;
      if (found != 0)
        take (self, watch, found);
    }
}

/* Sets the mark behind all watches that are to be called now. */
void
hb_poller_set_mark (HbPoller *self)
{
  self->is_marked = TRUE;
  g_queue_push_tail_link (&self->queue, &self->mark);
}

/* Takes the first of the queue out of it.
 *
 * Returns: (nullable): NULL for the mark, and for an empty queue */
HbWatch *
hb_poller_pop (HbPoller *self)
{
  GList *link = g_queue_pop_head_link (&self->queue);
  HbWatch *watch = link != NULL ? link->data : NULL;

  if (watch != NULL)
    watch->is_queued = FALSE;
  else
    self->is_marked = FALSE;

  return watch;
}
