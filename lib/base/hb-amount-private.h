/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A number of bytes that several threads change. The check of the limit and the addition are one
 * atomic step, so threads that specify the same limit never exceed it together. */
typedef struct
{
  gsize n_bytes; /* (atomic) */
} HbAmount;

static inline gsize
hb_amount_get (HbAmount *self)
{
  return g_atomic_pointer_get (&self->n_bytes);
}

/* Adds @size. Returns FALSE, and adds nothing, if the amount would exceed @limit.
 *
 * @limit: 0 for no limit */
static inline gboolean
hb_amount_reserve (HbAmount *self,
                   gsize     size,
                   guint64   limit)
{
  gsize most = limit == 0 || limit > G_MAXSIZE ? G_MAXSIZE : limit;
  gsize old;

  do
    {
      old = hb_amount_get (self);
      if (old > most || size > most - old)
        return FALSE;
    }
  while (!g_atomic_pointer_compare_and_exchange (&self->n_bytes, old, old + size));

  return TRUE;
}

static inline void
hb_amount_release (HbAmount *self,
                   gsize     size)
{
  g_atomic_pointer_add (&self->n_bytes, - (gssize) size);
}

G_END_DECLS
