/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The time for which a reader has kept the loop busy. In each delivery, the reader reads, and
 * handlers of the application receive messages. All times are in microseconds. */
typedef struct
{
  gint64 busy;     /* the time of the deliveries that have ended, less a part of the time between
                    * them; 0 after a pause */
  gint64 began_at; /* when the current delivery began, or G_MAXINT64 without one */
  gint64 ended_at; /* when the last delivery ended */
} HbBudget;

#define HB_BUDGET_INIT { .began_at = G_MAXINT64 }

void     hb_budget_begin    (HbBudget       *self,
                             gint64          now);
void     hb_budget_end      (HbBudget       *self,
                             gint64          now);
gboolean hb_budget_is_spent (const HbBudget *self,
                             gint64          now);
void     hb_budget_renew    (HbBudget       *self);

G_END_DECLS
