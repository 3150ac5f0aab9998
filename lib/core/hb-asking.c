/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-asking-private.h"

/* The limits of the interval. Within one machine a round trip takes less than the first, and to ask
 * more often would cost more than it gains. The second limits the delay of an acknowledgement that
 * comes late, for example after a loss of packets. */
#define INTERVAL_MIN 100
#define INTERVAL_MAX G_TIME_SPAN_SECOND

/* The shortest interval while no caller waits for the answer, which then only updates
 * buffered-amount. A timer for each message would take longer than the message itself. */
#define INTERVAL_LATE (100 * G_TIME_SPAN_MILLISECOND)

/* @round_trip: as in HbAsking */
void
hb_asking_init (HbAsking *self,
                guint     round_trip)
{
  *self = (HbAsking) { .receipt_at = G_MININT64, .round_trip = round_trip };
}

static gint64
get_first_interval (const HbAsking *self)
{
  return CLAMP ((gint64) self->round_trip, INTERVAL_MIN, INTERVAL_MAX);
}

/* Starts again with the shortest interval, because messages have begun to wait, or because others
 * have been acknowledged. */
void
hb_asking_start (HbAsking *self,
                 gint64    now)
{
  self->interval = get_first_interval (self);
  self->at = now + self->interval;
}

/* Plans the next query. As long as nothing is acknowledged, each interval is longer than the one
 * before. */
void
hb_asking_on_asked (HbAsking *self,
                    gint64    now)
{
  self->receipt_at = now + get_first_interval (self);
  self->interval = MIN (self->interval * 2, INTERVAL_MAX);
  self->at = now + self->interval;
}

/* Returns when to ask next if no caller waits for the answer. */
gint64
hb_asking_get_late (const HbAsking *self)
{
  return MAX (self->at, self->at - self->interval + INTERVAL_LATE);
}

/* Returns whether to ask now, because the peer has sent something, and an acknowledgement with it.
 * Under a flood that would be asked too often. */
gboolean
hb_asking_on_receipt (HbAsking *self,
                      gint64    now)
{
  if (now < self->receipt_at)
    return FALSE;

  hb_asking_on_asked (self, now);

  return TRUE;
}
