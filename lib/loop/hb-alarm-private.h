/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A deadline in the next iteration of the loop, in place of a time of hb_clock_now () */
#define HB_AT_ONCE G_MININT64

/* Returns the time at which the source becomes ready, HB_AT_ONCE or HB_NEVER. */
typedef gint64 (*HbAlarmFunc) (gpointer user_data);

GSource *hb_alarm_new       (HbAlarmFunc  func,
                             gpointer     user_data);
void     hb_alarm_touch     (GSource     *source);
void     hb_alarm_wake      (GSource     *source);
gboolean hb_alarm_was_woken (GSource     *source);
gboolean hb_alarm_is_due    (GSource     *source);

G_END_DECLS
