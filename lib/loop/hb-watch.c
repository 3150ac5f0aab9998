/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-watch-private.h"

/* The one source that polls a socket, for as long as there is a link: to make one for each read, as
 * libsoup does, costs more than a small message. It tells others in the same turn of the loop what
 * the socket is ready for, and calls back itself where the socket takes more, or where it was asked
 * to wake. */
typedef struct
{
  GSource      source;
  GPollFD      poll;
  GIOCondition wanted;
  guint        turn;      /* of the loop, from 1, so that there is one that never was */
  gboolean     is_polled;
  gboolean     is_urgent;
} HbWatch;

/* Those that poll() tells unasked concern whoever waits. */
#define ENDINGS (G_IO_HUP | G_IO_ERR | G_IO_NVAL)

static GIOCondition
get_ready (HbWatch *self)
{
  GIOCondition ready = self->poll.revents & (G_IO_IN | G_IO_OUT);

  if ((self->poll.revents & ENDINGS) != 0)
    ready |= G_IO_IN | G_IO_OUT;

  return ready & self->wanted;
}

/* Polls for what is wanted, and not at all where nothing is: an ending would keep the loop busy. */
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

  /* What nobody wants is not to be polled for any longer, see hb_watch_want (). */
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

/* What is wanted no longer goes on being polled for until it is ready in vain, once: whoever reads
 * stops waiting for as long as that takes, and waits again. */
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

/* What the last poll has found, of what is wanted */
gboolean
hb_watch_is_ready (GSource      *source,
                   GIOCondition  condition)
{
  return (get_ready ((HbWatch *) source) & condition) != 0;
}

/* Calls back in the next turn of the loop, without a system call. To be used from the thread of the
 * loop only. */
void
hb_watch_wake (GSource *source)
{
  ((HbWatch *) source)->is_urgent = TRUE;
}

/* A number that the next turn of the loop changes */
guint
hb_watch_get_turn (GSource *source)
{
  return ((HbWatch *) source)->turn;
}
