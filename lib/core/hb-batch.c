/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-batch-private.h"

void
hb_batch_init (HbBatch *self)
{
  *self = (HbBatch) { 0 };
  hb_deque_init (&self->messages, sizeof (HbOutgoing));
}

/* Frees the containers and the error, but neither the bytes of the messages nor the tickets in the
 * containers. */
void
hb_batch_clear (HbBatch *self)
{
  hb_deque_clear (&self->messages);
  hb_tickets_clear (&self->cancelled);
  hb_tickets_clear (&self->overflowed);
  g_clear_error (&self->overflow);
}
