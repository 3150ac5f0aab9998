/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-outbox-private.h"

/* Written messages that wait for the peer's acknowledgement, because `delivery` was ACKNOWLEDGED
 * when they, or messages before them, were accepted */

/* Returns whether a call or the signal `drain` waits for the peer's acknowledgement. */
static gboolean
is_awaited (const HbOutbox *self)
{
  return self->awaited > self->acknowledged || self->backlogged
         || hb_tickets_get_length (&self->flushes) > 0;
}

/* Returns whether the queue may soon be full, so that the link must be queried more often. The
 * task's thread queries the link before it refuses a message, but messages of other threads would
 * be refused until the next query. */
static gboolean
is_half_full (HbOutbox         *self,
              const HbSettings *settings)
{
  return settings->max_buffered_amount != 0
         && hb_outbox_get_buffered (self) >= settings->max_buffered_amount / 2;
}

/* Returns when to call hb_outbox_tick (), or HB_NEVER if no message waits for an
 * acknowledgement. */
gint64
hb_outbox_get_query_at (HbOutbox         *self,
                        const HbSettings *settings)
{
  if (!hb_outbox_is_unacknowledged (self))
    return HB_NEVER;

  if (is_awaited (self) || is_half_full (self, settings))
    return self->queries.at;

  return hb_query_timer_get_late (&self->queries);
}

/* Call this after a query of the link. Plans the next query, if this one was due. */
void
hb_outbox_tick (HbOutbox         *self,
                const HbSettings *settings,
                gint64            now)
{
  if (now >= hb_outbox_get_query_at (self, settings))
    hb_query_timer_on_query (&self->queries, now);
}

/* Returns whether to query the link now. If so, plans the next query. */
gboolean
hb_outbox_on_receipt (HbOutbox *self,
                      gint64    now)
{
  return hb_outbox_is_unacknowledged (self) && hb_query_timer_on_receipt (&self->queries, now);
}

void
hb_outbox_follow_written (HbOutbox *self,
                          gint64    now)
{
  gboolean was_unacknowledged = hb_outbox_is_unacknowledged (self);

  hb_queue_on_written (&self->queue, self->written);

  if (!was_unacknowledged && hb_outbox_is_unacknowledged (self))
    hb_query_timer_start (&self->queries, now);
}

/* If nothing was awaited before, the interval between queries may have grown, so the queries start
 * again with the first interval. */
void
hb_outbox_await (HbOutbox *self,
                 gint64    now,
                 guint64   position)
{
  gboolean was_awaited = is_awaited (self);

  self->awaited = position;

  if (!was_awaited && hb_outbox_is_unacknowledged (self))
    hb_query_timer_start (&self->queries, now);
}

/* An acknowledgement also proves that the bytes were written, even if no event has reported that
 * yet. */
void
hb_outbox_on_acknowledged (HbOutbox *self,
                           gint64    now,
                           guint64   position,
                           guint     round_trip)
{
  if (!self->is_open || position <= self->acknowledged)
    return;

  self->acknowledged = position;
  self->queries.round_trip = round_trip;
  hb_outbox_on_progress (self, now, MAX (self->written, position));

  if (hb_outbox_is_unacknowledged (self))
    hb_query_timer_start (&self->queries, now);
}
