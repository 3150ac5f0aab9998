/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-watch-private.h"

G_BEGIN_DECLS

/* The watches of one HbSchedule: those whose sockets are polled, and those that must be called */
typedef struct
{
  GSource   *source;    /* (not owned) polls the descriptors, and owns the poller */
  GPtrArray *watches;   /* (element-type HbWatch) (not owned) the polled ones */
  GPollFD    set;       /* the epoll descriptor, -1 while the source polls the sockets directly */
  gboolean   has_no_set; /* The kernel has refused an epoll set, or a watch in it. */
  GMainContext *parking; /* (nullable) see hb_watch_get_parking () */
  GQueue     queue;     /* the watches to call, in order, and the mark */
  GList      mark;      /* The watches in front of it were queued before it was set. */
  gboolean   is_marked;
  guint      turn;      /* counts the iterations of the loop from 1, because 0 means no context */
} HbPoller;

void     hb_poller_init     (HbPoller *self,
                             GSource  *source);
void     hb_poller_clear    (HbPoller *self);
void     hb_poller_update   (HbPoller *self,
                             HbWatch  *watch);
void     hb_poller_queue    (HbPoller *self,
                             HbWatch  *watch);
void     hb_poller_remove   (HbPoller *self,
                             HbWatch  *watch);
gboolean hb_poller_check    (HbPoller *self);
void     hb_poller_collect  (HbPoller *self,
                             gboolean  is_complete);
void     hb_poller_set_mark (HbPoller *self);
HbWatch *hb_poller_pop      (HbPoller *self);

/* Must be called by the prepare () of the source. Returns whether the source must be dispatched
 * because the queue has entries. */
static inline gboolean
hb_poller_prepare (HbPoller *self)
{
  self->turn++;

  return self->queue.length > 0;
}

G_END_DECLS
