/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HB_N_MASK_KEYS 256

/* Masks for the next frames. If n_left is 0, `keys` need not be initialized. */
typedef struct
{
  guint32 keys[HB_N_MASK_KEYS];
  guint   n_left;
} HbMaskKeys;

void hb_mask_keys_fill (HbMaskKeys *self);

/* Returns a mask that is not used again. */
static inline guint32
hb_mask_keys_next (HbMaskKeys *self)
{
  if (G_UNLIKELY (self->n_left == 0))
    hb_mask_keys_fill (self);

  return self->keys[--self->n_left];
}

G_END_DECLS
