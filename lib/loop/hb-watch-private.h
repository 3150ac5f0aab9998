/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Called in the context of the watch, which is thread-default then.
 *
 * @ready: the wanted conditions that polls have found since the last call. Errors and hang-ups
 *   count as G_IO_IN and G_IO_OUT. May be 0, for example after hb_watch_wake (). */
typedef void (*HbWatchFunc) (GIOCondition ready,
                             gpointer     user_data);

typedef struct _HbSchedule HbSchedule;
typedef struct _HbWatch HbWatch;

/* Calls a function when the socket of a connection is ready, or after hb_watch_wake (). Most
 * watches of a context share one GSource: see HbSchedule. */
struct _HbWatch
{
  HbWatchFunc  func;
  gpointer     user_data;
  HbSchedule  *schedule;     /* (nullable) NULL while the watch belongs to no context */
  const guint *turn;         /* see hb_watch_get_turn () */
  GPollFD      poll;         /* `events` are the polled conditions. */
  guint        position;     /* in the poller's list, from 1; 0 if the socket is not polled */
  GList        in_queue;
  gushort      wanted;
  gushort      ready;        /* the conditions that polls have found since the last call */
  gboolean     is_queued;
};

HbWatch *hb_watch_new       (int            fd,
                             HbWatchFunc    func,
                             gpointer       user_data);
HbWatch *hb_watch_ref       (HbWatch       *self);
void     hb_watch_unref     (HbWatch       *self);
void     hb_watch_enter     (HbWatch       *self,
                             GMainContext  *context);
void     hb_watch_leave     (HbWatch       *self);
void     hb_watch_want      (HbWatch       *self,
                             GIOCondition   condition,
                             gboolean       wanted);
void     hb_watch_queue     (HbWatch       *self);

GMainContext *
         hb_watch_get_parking (HbWatch     *self);

/* Makes the loop call the function of the watch in its next iteration, without a system call. Does
 * nothing if the watch belongs to no context. Only the thread of the loop may call this. */
static inline void
hb_watch_wake (HbWatch *self)
{
  if (!self->is_queued)
    hb_watch_queue (self);
}

/* Returns a number that changes with each iteration of the loop, or 0 if the watch belongs to no
 * context. */
static inline guint
hb_watch_get_turn (const HbWatch *self)
{
  return *self->turn;
}

G_END_DECLS
