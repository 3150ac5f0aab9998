/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-queue-private.h"

void
hb_alarm_queue_init (HbAlarmQueue *self)
{
  *self = (HbAlarmQueue) { .length = 0 };
  g_mutex_init (&self->mutex);
  g_queue_init (&self->alarms);
}

/* All alarms must have been removed from the queue. */
void
hb_alarm_queue_clear (HbAlarmQueue *self)
{
  g_mutex_clear (&self->mutex);
}

/* @is_woken: whether hb_alarm_wake () is the reason */
void
hb_alarm_queue_push (HbAlarmQueue *self,
                     HbAlarm      *alarm,
                     gboolean      is_woken)
{
  g_mutex_lock (&self->mutex);
  alarm->is_woken = alarm->is_woken || is_woken;

  if (!alarm->is_queued)
    {
      alarm->is_queued = TRUE;
      g_queue_push_tail_link (&self->alarms, &alarm->in_queue);
      g_atomic_int_inc (&self->length);
    }

  g_mutex_unlock (&self->mutex);
}

/* Returns whether the alarm has been woken since it was last removed. */
gboolean
hb_alarm_queue_remove (HbAlarmQueue *self,
                       HbAlarm      *alarm)
{
  gboolean was_woken;

  g_mutex_lock (&self->mutex);
  was_woken = alarm->is_woken;
  alarm->is_woken = FALSE;

  if (alarm->is_queued)
    {
      alarm->is_queued = FALSE;
      g_queue_unlink (&self->alarms, &alarm->in_queue);
      g_atomic_int_add (&self->length, -1);
    }

  g_mutex_unlock (&self->mutex);

  return was_woken;
}

/* Returns: (nullable): the alarm that has waited longest, which stays in the queue */
HbAlarm *
hb_alarm_queue_peek (HbAlarmQueue *self)
{
  HbAlarm *alarm;

  g_mutex_lock (&self->mutex);
  alarm = g_queue_peek_head (&self->alarms);
  g_mutex_unlock (&self->mutex);

  return alarm;
}
