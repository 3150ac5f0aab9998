/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-poller-private.h"
#include "hb-schedule-private.h"
#include "hb-watch-private.h"

/* The turn of a watch that belongs to no context */
static const guint no_turn = 0;

/* Returns: (transfer full) */
HbWatch *
hb_watch_new (int          fd,
              HbWatchFunc  func,
              gpointer     user_data)
{
  HbWatch *self = g_rc_box_new0 (HbWatch);

  self->func = func;
  self->user_data = user_data;
  self->turn = &no_turn;
  self->poll.fd = fd;
  self->in_queue.data = self;

  return self;
}

HbWatch *
hb_watch_ref (HbWatch *self)
{
  return g_rc_box_acquire (self);
}

static void
free_watch (gpointer data)
{
  g_assert (((HbWatch *) data)->schedule == NULL);
}

void
hb_watch_unref (HbWatch *self)
{
  g_rc_box_release_full (self, free_watch);
}

/* @context must exist until hb_watch_leave (). */
void
hb_watch_enter (HbWatch      *self,
                GMainContext *context)
{
  HbPoller *poller;

  g_assert (self->schedule == NULL);

  self->schedule = hb_schedule_acquire (context);
  poller = hb_schedule_get_poller (self->schedule);
  self->turn = &poller->turn;
  if (self->wanted != 0)
    hb_poller_update (poller, self);
}

/* Afterwards the function of the watch is not called again, and the socket may be closed. The
 * function may itself call hb_watch_leave (). */
void
hb_watch_leave (HbWatch *self)
{
  HbSchedule *schedule = g_steal_pointer (&self->schedule);

  if (schedule == NULL)
    return;

  hb_poller_remove (hb_schedule_get_poller (schedule), self);
  self->turn = &no_turn;
  hb_schedule_release (schedule);
}

/* Sets whether the watch waits for @condition. A condition that is no longer wanted causes no new
 * call, but may still be polled for, because a reader that stops waiting usually waits again
 * soon. */
void
hb_watch_want (HbWatch      *self,
               GIOCondition  condition,
               gboolean      wanted)
{
  if (!wanted)
    {
      self->wanted &= ~condition;
      return;
    }

  self->wanted |= condition;
  if (self->schedule != NULL && (self->poll.events & condition) != condition)
    hb_poller_update (hb_schedule_get_poller (self->schedule), self);
}

/* Does the work of hb_watch_wake () for a watch that is not queued yet. */
void
hb_watch_queue (HbWatch *self)
{
  if (self->schedule != NULL)
    hb_poller_queue (hb_schedule_get_poller (self->schedule), self);
}

/* Returns a context that is never iterated, for sources that must not be dispatched. In the context
 * of the watch, they would slow down each iteration, which examines even a destroyed source that is
 * still referenced.
 *
 * Returns: (transfer none) (nullable): NULL if the poller has no epoll set (the sources of a few
 *   sockets take little time), if the watch belongs to no context, or if no other context could be
 *   created */
GMainContext *
hb_watch_get_parking (HbWatch *self)
{
  HbPoller *poller;

  if (self->schedule == NULL)
    return NULL;

  poller = hb_schedule_get_poller (self->schedule);

  return poller->set.fd >= 0 ? poller->parking : NULL;
}
