/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-time-private.h"

G_BEGIN_DECLS

/* When to ask the link how much the peer has acknowledged. Nothing reports an acknowledgement, so
 * the link is asked again and again while messages wait for one: first after a round trip, then
 * less and less often until some are acknowledged. */
typedef struct
{
  gint64 at;         /* when to ask next, if messages wait */
  gint64 receipt_at; /* A receipt does not lead to a question before. */
  gint64 interval;   /* until `at` */
  guint  round_trip; /* in microseconds, 0 if it is not known */
} HbAsking;

void     hb_asking_init       (HbAsking       *self,
                               guint           round_trip);
void     hb_asking_start      (HbAsking       *self,
                               gint64          now);
gint64   hb_asking_get_late   (const HbAsking *self);
void     hb_asking_on_asked   (HbAsking       *self,
                               gint64          now);
gboolean hb_asking_on_receipt (HbAsking       *self,
                               gint64          now);

G_END_DECLS
