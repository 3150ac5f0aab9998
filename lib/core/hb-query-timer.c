/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-query-timer-private.h"

/* The limits of the interval, in microseconds. Within one computer a round trip takes less than
 * INTERVAL_MIN, but more frequent queries would cost more than they gain. INTERVAL_MAX limits the
 * time until an acknowledgement that comes late is noticed, for example after a loss of packets. */
#define INTERVAL_MIN 100
#define INTERVAL_MAX G_TIME_SPAN_SECOND

/* The shortest interval while no call waits for the acknowledgement, which then only updates
 * buffered-amount. A timer for each message would take longer than the message itself. */
#define INTERVAL_LATE (100 * G_TIME_SPAN_MILLISECOND)

/* @round_trip: as in HbQueryTimer */
void
hb_query_timer_init (HbQueryTimer *self,
                     guint         round_trip)
{
  *self = (HbQueryTimer) { .receipt_at = G_MININT64, .round_trip = round_trip };
}

static gint64
get_first_interval (const HbQueryTimer *self)
{
  return CLAMP ((gint64) self->round_trip, INTERVAL_MIN, INTERVAL_MAX);
}

/* Starts again with the shortest interval. Call this when messages begin to wait for an
 * acknowledgement, or when some have been acknowledged and others still wait. */
void
hb_query_timer_start (HbQueryTimer *self,
                      gint64        now)
{
  self->interval = get_first_interval (self);
  self->at = now + self->interval;
}

/* Call this after a query, to plan the next one. As long as nothing is acknowledged, each interval
 * is twice as long as the one before, up to INTERVAL_MAX. */
void
hb_query_timer_on_query (HbQueryTimer *self,
                         gint64        now)
{
  self->receipt_at = now + get_first_interval (self);
  self->interval = MIN (self->interval * 2, INTERVAL_MAX);
  self->at = now + self->interval;
}

/* Returns when to query next if no call waits for the acknowledgement. */
gint64
hb_query_timer_get_late (const HbQueryTimer *self)
{
  return MAX (self->at, self->at - self->interval + INTERVAL_LATE);
}

/* Returns whether to query now, because the peer has sent data, and probably an acknowledgement
 * with it. If so, plans the next query too. A flood of data would cause too many queries, so each
 * query must follow the previous one by a round trip at least. */
gboolean
hb_query_timer_on_receipt (HbQueryTimer *self,
                           gint64        now)
{
  if (now < self->receipt_at)
    return FALSE;

  hb_query_timer_on_query (self, now);

  return TRUE;
}
