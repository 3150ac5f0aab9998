/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GSource *hb_alarm_new          (void);
void     hb_alarm_set_deadline (GSource  *source,
                                gint64    deadline);
void     hb_alarm_set_urgent   (GSource  *source,
                                gboolean  urgent);
gboolean hb_alarm_is_due       (GSource  *source);

G_END_DECLS
