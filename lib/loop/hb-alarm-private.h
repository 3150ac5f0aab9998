/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-heap-private.h"

G_BEGIN_DECLS

/* The deadline of an alarm whose callback must run in the next iteration of the loop */
#define HB_AT_ONCE G_MININT64

/* Returns the time, on the clock of hb_clock_now (), at which the callback must run, or HB_AT_ONCE,
 * or HB_NEVER. The function must not call any function of HbAlarm.
 *
 * @earliest: (out) (optional): the time from which the callback may run if another deadline has
 *   woken the loop; the returned time if the function does not set it */
typedef gint64 (*HbAlarmFunc) (gpointer  user_data,
                               gint64   *earliest);

typedef void (*HbAlarmCallback) (gpointer user_data);

typedef struct _HbAlarm HbAlarm;
typedef struct _HbSchedule HbSchedule;

/* Calls a function in a main context, at a given time or at once. Most alarms of a context share
 * one GSource: see hb_schedule_acquire (). */
struct _HbAlarm
{
  HbAlarmFunc      func;
  HbAlarmCallback  callback;
  gpointer         user_data;
  HbSchedule      *schedule;    /* (nullable) NULL while the alarm belongs to no context */
  gint64           deadline;    /* as of the last time when the heaps sorted the alarm */
  HbHeapNode       latest;
  HbHeapNode       earliest;
  HbAlarm        **touched;     /* (nullable) the head of the schedule's list of touched alarms */
  HbAlarm         *next;        /* (nullable) the next touched alarm */
  GList            in_queue;
  gboolean         is_touched;  /* The deadline must be queried, or the alarm has no context. */
  gboolean         is_queued;
  gboolean         is_woken;    /* woken since the alarm last left the queue */
  gboolean         has_come;    /* The alarm is queued because its earliest time has passed. */

  /* The reasons for the current call to the callback. A time counts as passed only when each socket
   * that was readable at that time has been read. `may_act` and `is_due` are FALSE if the deadline
   * is HB_AT_ONCE. */
  gboolean         was_woken;   /* hb_alarm_wake () was called. */
  gboolean         may_act;     /* The earliest time has passed. */
  gboolean         is_due;      /* The deadline has passed too. */
};

void hb_alarm_init  (HbAlarm         *self,
                     HbAlarmFunc      func,
                     HbAlarmCallback  callback,
                     gpointer         user_data);
void hb_alarm_enter (HbAlarm         *self,
                     GMainContext    *context);
void hb_alarm_leave (HbAlarm         *self);
void hb_alarm_wake  (HbAlarm         *self);

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
