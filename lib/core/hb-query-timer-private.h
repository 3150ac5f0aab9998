/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-time-private.h"

G_BEGIN_DECLS

/* The times, in microseconds, at which to query how much the peer has acknowledged. The kernel does
 * not report an acknowledgement by itself, so the link is queried repeatedly while messages wait
 * for one: first after about one round trip, or later if nothing depends on an early query, then at
 * intervals that grow up to a limit. */
typedef struct
{
  gint64 at;         /* when to query next, unless hb_query_timer_get_late () applies */
  gint64 receipt_at; /* Data that is received before this time causes no query. */
  gint64 interval;   /* the length of the interval that ends at `at` */
  guint  round_trip; /* the round-trip time, 0 if it is not known */
} HbQueryTimer;

void     hb_query_timer_init       (HbQueryTimer       *self,
                                    guint               round_trip);
void     hb_query_timer_start      (HbQueryTimer       *self,
                                    gint64              now);
gint64   hb_query_timer_get_late   (const HbQueryTimer *self);
void     hb_query_timer_on_query   (HbQueryTimer       *self,
                                    gint64              now);
gboolean hb_query_timer_on_receipt (HbQueryTimer       *self,
                                    gint64              now);

G_END_DECLS
