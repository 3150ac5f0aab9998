/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The source of the choices in a walk, a test with random steps. The choices result from a seed, or
 * from the bytes of a fuzzer. After the last byte, each choice is 0. When a fuzzer's walk chooses
 * its next action, 0 must mean that nothing happens. */
typedef struct
{
  const guint8 *bytes;  /* (nullable) (not owned) */
  gsize         length; /* bytes that are left */
  guint64       state;  /* of the generator; 0 if the choices result from bytes */
} Dice;

void     dice_init_from_seed  (Dice         *self,
                               guint32       seed);
void     dice_init_from_bytes (Dice         *self,
                               const guint8 *bytes,
                               gsize         length);
gboolean dice_are_used_up     (const Dice   *self);
guint    dice_roll            (Dice         *self,
                               guint         n_sides);
gboolean dice_one_in          (Dice         *self,
                               guint         n);

G_END_DECLS
