/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-alarm-private.h"

G_BEGIN_DECLS

/* The alarms that a schedule must call, in order. Any thread may add an alarm. Only the thread of
 * the loop may remove one. */
typedef struct
{
  GMutex mutex;  /* protects the queue, and is_queued and is_woken of each alarm */
  GQueue alarms;
  int    length; /* (atomic) */
} HbAlarmQueue;

void     hb_alarm_queue_init   (HbAlarmQueue *self);
void     hb_alarm_queue_clear  (HbAlarmQueue *self);
void     hb_alarm_queue_push   (HbAlarmQueue *self,
                                HbAlarm      *alarm,
                                gboolean      is_woken);
gboolean hb_alarm_queue_remove (HbAlarmQueue *self,
                                HbAlarm      *alarm);
HbAlarm *hb_alarm_queue_peek   (HbAlarmQueue *self);

static inline int
hb_alarm_queue_get_length (HbAlarmQueue *self)
{
  return g_atomic_int_get (&self->length);
}

G_END_DECLS
