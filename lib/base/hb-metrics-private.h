/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-metrics.h"

G_BEGIN_DECLS

/* Times are in microseconds. In the machine, uptime and downtime exclude the current period, which
 * hb_machine_get_metrics () adds. */
struct _HbMetrics
{
  guint64 messages_sent;
  guint64 bytes_sent;
  guint64 messages_received;
  guint64 bytes_received;
  guint64 messages_dropped;
  guint64 messages_expired;
  guint64 messages_resent;
  guint64 attempts;
  guint64 opens;
  guint64 pings;
  guint64 replies;
  guint64 pong_timeouts;
  guint64 n_latencies; /* replies whose latency is known */
  gint64  latency_min;
  gint64  latency_max;
  gint64  latency_sum;
  gint64  uptime;
  gint64  downtime;
};

void hb_metrics_add_latency (HbMetrics *self,
                             gint64     latency);

G_END_DECLS
