/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-deque-private.h"
#include "hb-outgoing-private.h"
#include "hb-tickets-private.h"

G_BEGIN_DECLS

/* The calls that other threads have made since the task's thread last took a batch */
typedef struct
{
  HbDeque    messages;   /* of HbOutgoing, in order */
  HbTickets  cancelled;  /* (owned) of calls to cancel */
  HbTickets  overflowed; /* of messages that an overflow has dropped */
  guint64    unreserved; /* bytes of the messages whose size is not reserved */
  guint      n_dropped;  /* how many messages an overflow has dropped */
  GError    *overflow;   /* (owned) (nullable) why the first of these was dropped */
} HbBatch;

void hb_batch_init  (HbBatch *self);
void hb_batch_clear (HbBatch *self);

G_END_DECLS
