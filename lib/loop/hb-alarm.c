/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-schedule-private.h"

/* @func: called only in the thread of the loop, until hb_alarm_leave () has returned */
void
hb_alarm_init (HbAlarm         *self,
               HbAlarmFunc      func,
               HbAlarmCallback  callback,
               gpointer         user_data)
{
  *self = (HbAlarm) {
    .func = func,
    .callback = callback,
    .user_data = user_data,
    .latest.data = self,
    .earliest.data = self,
    .is_touched = TRUE,
    .in_queue.data = self,
  };
}

/* @context: must exist until hb_alarm_leave () */
void
hb_alarm_enter (HbAlarm      *self,
                GMainContext *context)
{
  g_assert (self->schedule == NULL);

  self->schedule = hb_schedule_acquire (context);
  hb_schedule_add (self->schedule, self);
}

/* Afterwards the callback is not called again. The callback may itself call this function. */
void
hb_alarm_leave (HbAlarm *self)
{
  HbSchedule *schedule = g_steal_pointer (&self->schedule);

  if (schedule == NULL)
    return;

  hb_schedule_remove (schedule, self);
  hb_schedule_release (schedule);
}

/* Makes the loop run the callback as soon as possible. Any thread may call this between
 * hb_alarm_enter () and hb_alarm_leave (). */
void
hb_alarm_wake (HbAlarm *self)
{
  hb_schedule_wake (self->schedule, self);
}
