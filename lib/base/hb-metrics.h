/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <glib-object.h>

#include "hb-version-macros.h"

G_BEGIN_DECLS

#define HB_TYPE_METRICS (hb_metrics_get_type ())

/**
 * HbMetrics:
 *
 * Statistics about the work of a task.
 *
 * [method@WebsocketTask.get_metrics] returns a copy, which does not change afterwards. All figures
 * are counted from the construction of the task, across reconnections and across
 * [method@WebsocketTask.close] and [method@WebsocketTask.open].
 *
 * Since: 1.0
 */
typedef struct _HbMetrics HbMetrics;

HB_AVAILABLE_IN_1_0
GType      hb_metrics_get_type              (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
HbMetrics *hb_metrics_copy                  (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
void       hb_metrics_free                  (HbMetrics       *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_messages_sent     (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_bytes_sent        (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_messages_received (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_bytes_received    (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_messages_dropped  (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_messages_expired  (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_messages_resent   (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_attempts          (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_opens             (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_pings             (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_replies           (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
guint64    hb_metrics_get_pong_timeouts     (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
gint64     hb_metrics_get_latency_min       (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
gint64     hb_metrics_get_latency_max       (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
gint64     hb_metrics_get_latency_mean      (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
gint64     hb_metrics_get_uptime            (const HbMetrics *self);
HB_AVAILABLE_IN_1_0
gint64     hb_metrics_get_downtime          (const HbMetrics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HbMetrics, hb_metrics_free)

G_END_DECLS
