/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-watch-private.h"

/* The only source that polls a connection's socket. It exists as long as the connection, because a
 * new source for each read, as in libsoup, costs more than a small message. Other sources query in
 * the same iteration of the loop what the socket is ready for. The callback runs when the socket is
 * writable and after hb_watch_wake (). */
typedef struct
{
  GSource      source;
  GPollFD      poll;
  GIOCondition wanted;
  guint        turn;      /* counts the iterations of the loop, from 1, as 0 stands for none */
  gboolean     is_polled;
  gboolean     is_urgent;
} HbWatch;

/* poll(2) reports these without being asked. Both a reader and a writer must see them. */
#define ENDINGS (G_IO_HUP | G_IO_ERR | G_IO_NVAL)

static GIOCondition
get_ready (HbWatch *self)
{
  GIOCondition ready = self->poll.revents & (G_IO_IN | G_IO_OUT);

  if ((self->poll.revents & ENDINGS) != 0)
    ready |= G_IO_IN | G_IO_OUT;

  return ready & self->wanted;
}

/* Polls for the wanted conditions. With none the socket must leave the poll, because poll(2) would
 * report a hang-up in every iteration. */
static void
update_poll (HbWatch *self)
{
  gboolean is_polled = self->wanted != 0;

  if (g_source_is_destroyed (&self->source))
    return;

  self->poll.events = self->wanted;
  self->poll.revents &= self->wanted | ENDINGS;

  if (self->is_polled == is_polled)
    return;

  self->is_polled = is_polled;
  self->poll.revents = 0;

  if (is_polled)
    g_source_add_poll (&self->source, &self->poll);
  else
    g_source_remove_poll (&self->source, &self->poll);
}

static gboolean
hb_watch_prepare (GSource *source,
                  int     *timeout)
{
  HbWatch *self = (HbWatch *) source;

  self->turn++;
  *timeout = -1;

  return self->is_urgent;
}

static gboolean
hb_watch_check (GSource *source)
{
  HbWatch *self = (HbWatch *) source;
  GIOCondition ready = get_ready (self);

  /* The socket is ready for an unwanted condition: the dispatch stops polling for it. */
  return self->is_urgent || (ready & G_IO_OUT) != 0 || (ready == 0 && self->poll.revents != 0);
}

static gboolean
hb_watch_dispatch (GSource     *source,
                   GSourceFunc  callback,
                   gpointer     user_data)
{
  HbWatch *self = (HbWatch *) source;

  self->is_urgent = FALSE;
  update_poll (self);

  return callback (user_data);
}

static GSourceFuncs hb_watch_funcs = {
  .prepare = hb_watch_prepare,
  .check = hb_watch_check,
  .dispatch = hb_watch_dispatch,
};

/* Returns: (transfer full) */
GSource *
hb_watch_new (int fd)
{
  GSource *source = g_source_new (&hb_watch_funcs, sizeof (HbWatch));
  HbWatch *self = (HbWatch *) source;

  self->poll.fd = fd;
  self->turn = 1;
  g_source_set_static_name (source, "[hb] socket");
  g_source_set_can_recurse (source, TRUE);

  return source;
}

/* An unwanted condition stays in the poll until the socket is ready for it once. A reader stops
 * waiting while it reads and waits again soon, so to change the poll each time would be waste. */
void
hb_watch_want (GSource      *source,
               GIOCondition  condition,
               gboolean      wanted)
{
  HbWatch *self = (HbWatch *) source;

  if (!wanted)
    {
      self->wanted &= ~condition;
      return;
    }

  self->wanted |= condition;
  if (!self->is_polled || (self->poll.events & condition) != condition)
    update_poll (self);
}

/* Returns whether the last poll found the socket ready for @condition, if that is wanted. */
gboolean
hb_watch_is_ready (GSource      *source,
                   GIOCondition  condition)
{
  return (get_ready ((HbWatch *) source) & condition) != 0;
}

/* Runs the callback in the next iteration of the loop, without a system call. Only the thread of
 * the loop may call this. */
void
hb_watch_wake (GSource *source)
{
  ((HbWatch *) source)->is_urgent = TRUE;
}

/* Returns a number that changes with each iteration of the loop. */
guint
hb_watch_get_turn (GSource *source)
{
  return ((HbWatch *) source)->turn;
}
