/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-batch-private.h"

void
hb_batch_init (HbBatch *self)
{
  *self = (HbBatch) { 0 };
  hb_deque_init (&self->messages, sizeof (HbOutgoing));
  self->cancelled = g_ptr_array_new ();
  self->overflowed = g_ptr_array_new ();
}

/* Frees what holds the contents. The messages and the tickets in it are the caller's. */
void
hb_batch_clear (HbBatch *self)
{
  hb_deque_clear (&self->messages);
  g_clear_pointer (&self->cancelled, g_ptr_array_unref);
  g_clear_pointer (&self->overflowed, g_ptr_array_unref);
  g_clear_error (&self->overflow);
}
