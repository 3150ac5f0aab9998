/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In place of a time of hb_clock_now (): in the next turn of the loop */
#define HB_AT_ONCE G_MININT64

/* Returns when the source is to be ready, or HB_AT_ONCE, or HB_NEVER. */
typedef gint64 (*HbAlarmFunc) (gpointer user_data);

GSource *hb_alarm_new    (HbAlarmFunc  func,
                          gpointer     user_data);
void     hb_alarm_touch  (GSource     *source);
gboolean hb_alarm_is_due (GSource     *source);

G_END_DECLS
