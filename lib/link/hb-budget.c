/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-budget-private.h"

/* After this time every other source gets its turn. Half of the time remains for them if frames are
 * drawn at 120 Hz. */
#define MAX_BUSY 4000

/* This part of the time between deliveries is subtracted from the busy time. So single messages at
 * intervals never cause a pause, and the poll between two messages of a flood does not prevent
 * one. */
#define FORGIVENESS 8

/* A delivery begins: handlers get messages until it ends. */
void
hb_budget_begin (HbBudget *self,
                 gint64    now)
{
  self->began_at = now;
  self->busy = MAX (self->busy - (self->began_at - self->ended_at) / FORGIVENESS, 0);
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

/* Other sources have had their turn. */
void
hb_budget_renew (HbBudget *self)
{
  self->busy = 0;
}
