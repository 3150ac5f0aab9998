/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-query-timer-private.h"

/* The limits of the interval, in microseconds. Within a single computer, a round trip usually takes
 * less than INTERVAL_MIN, but more frequent queries would cost more than they gain. INTERVAL_MAX
 * limits the time until an acknowledgement is noticed after packet loss. */
#define INTERVAL_MIN 100
#define INTERVAL_MAX G_TIME_SPAN_SECOND

/* The shortest interval, in microseconds, of hb_query_timer_get_late (). Setting a timer for each
 * message would take a considerable part of the time of a send. */
#define INTERVAL_LATE (100 * G_TIME_SPAN_MILLISECOND)

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

/* Starts again with the first interval. Call this when a call or messages begin to wait for an
 * acknowledgement, and when messages still wait after one. */
void
hb_query_timer_start (HbQueryTimer *self,
                      gint64        now)
{
  self->interval = get_first_interval (self);
  self->at = now + self->interval;
}

/* Plans the query that follows one at @now. */
void
hb_query_timer_on_query (HbQueryTimer *self,
                         gint64        now)
{
  self->receipt_at = now + get_first_interval (self);
  self->interval = MIN (self->interval * 2, INTERVAL_MAX);
  self->at = now + self->interval;
}

/* Returns when to query next if nothing depends on an early query: see
 * hb_outbox_get_query_at (). */
gint64
hb_query_timer_get_late (const HbQueryTimer *self)
{
  return MAX (self->at, self->at - self->interval + INTERVAL_LATE);
}

/* Call this when the peer has sent or received data, because an acknowledgement has then probably
 * arrived. Returns whether to query now. If so, plans the next query. Returns FALSE if the first
 * interval has not passed since the last query, because a flood of data would otherwise cause too
 * many queries. */
gboolean
hb_query_timer_on_receipt (HbQueryTimer *self,
                           gint64        now)
{
  if (now < self->receipt_at)
    return FALSE;

  hb_query_timer_on_query (self, now);

  return TRUE;
}
