/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-heap-private.h"

G_BEGIN_DECLS

/* A deadline in the next iteration of the loop, in place of a time of hb_clock_now () */
#define HB_AT_ONCE G_MININT64

/* Returns the time at which the callback must run, HB_AT_ONCE or HB_NEVER. Must not call a function
 * of an alarm.
 *
 * @earliest: (out) (optional): the time from which on the callback may run if the loop is awake
 *   for another deadline; the returned time if this is not set */
typedef gint64 (*HbAlarmFunc) (gpointer  user_data,
                               gint64   *earliest);

typedef void (*HbAlarmCallback) (gpointer user_data);

typedef struct _HbAlarm HbAlarm;
typedef struct _HbSchedule HbSchedule;

/* Calls a function in a main context at a time, or at once. All alarms of a context share one
 * GSource, see HbSchedule. */
struct _HbAlarm
{
  HbAlarmFunc      func;
  HbAlarmCallback  callback;
  gpointer         user_data;
  HbSchedule      *schedule;    /* (nullable) NULL while the alarm belongs to no context */
  gint64           deadline;    /* for which the alarm is in the heaps; it may be later by now */
  HbHeapNode       latest;
  HbHeapNode       earliest;
  HbAlarm        **touched;     /* the first of the touched alarms of the schedule */
  HbAlarm         *next;        /* (nullable) of the touched alarms */
  GList            in_queue;
  gboolean         is_touched;  /* waits for a query, or belongs to no context */
  gboolean         is_queued;
  gboolean         is_woken;    /* hb_alarm_wake () was called */
  gboolean         has_come;    /* the alarm is queued because of its deadline */

  gboolean         may_act;     /* these three are for the callback */
  gboolean         is_due;
  gboolean         was_woken;
};

void     hb_alarm_init      (HbAlarm         *self,
                             HbAlarmFunc      func,
                             HbAlarmCallback  callback,
                             gpointer         user_data);
void     hb_alarm_enter     (HbAlarm         *self,
                             GMainContext    *context);
void     hb_alarm_leave     (HbAlarm         *self);
void     hb_alarm_wake      (HbAlarm         *self);
gboolean hb_alarm_was_woken (const HbAlarm   *self);
gboolean hb_alarm_may_act   (const HbAlarm   *self);
gboolean hb_alarm_is_due    (const HbAlarm   *self);

/* Marks the deadline dirty; it is queried again before the next poll. Only the thread of the loop
 * may call this. */
static inline void
hb_alarm_touch (HbAlarm *self)
{
  if (self->is_touched)
    return;

  self->is_touched = TRUE;
  self->next = *self->touched;
  *self->touched = self;
}

G_END_DECLS
