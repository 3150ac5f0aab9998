/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-budget-private.h"

/* A reader that has kept the loop busy for longer than this time, in microseconds, pauses. The time
 * is about half of that between two redraws at 120 Hz. */
#define MAX_BUSY 4000

/* The time between two deliveries, divided by this number, is subtracted from the busy time, so
 * that short deliveries cause no pause if each takes less than an eighth of the time since the
 * previous one. */
#define INTERVAL_DIVISOR 8

void
hb_budget_begin (HbBudget *self,
                 gint64    now)
{
  self->began_at = now;
  self->busy = MAX (self->busy - (self->began_at - self->ended_at) / INTERVAL_DIVISOR, 0);
}

void
hb_budget_end (HbBudget *self,
               gint64    now)
{
  self->ended_at = now;
  self->busy += self->ended_at - self->began_at;
  self->began_at = G_MAXINT64;
}

gboolean
hb_budget_is_spent (const HbBudget *self,
                    gint64          now)
{
  return self->busy + (now - self->began_at) > MAX_BUSY;
}

void
hb_budget_renew (HbBudget *self)
{
  self->busy = 0;
}
