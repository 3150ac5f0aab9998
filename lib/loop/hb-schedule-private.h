/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-alarm-private.h"
#include "hb-poller-private.h"

G_BEGIN_DECLS

HbSchedule *hb_schedule_acquire    (GMainContext *context);
void        hb_schedule_release    (HbSchedule   *self);
HbPoller   *hb_schedule_get_poller (HbSchedule   *self);
void        hb_schedule_add        (HbSchedule   *self,
                                    HbAlarm      *alarm);
void        hb_schedule_wake       (HbSchedule   *self,
                                    HbAlarm      *alarm);
void        hb_schedule_remove     (HbSchedule   *self,
                                    HbAlarm      *alarm);

G_END_DECLS
