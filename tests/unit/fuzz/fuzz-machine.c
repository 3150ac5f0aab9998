/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fuzz.h"
#include "walk.h"

/* The input chooses the events, calls and times of a walk. */

/* A long walk would take the time of many short ones. */
#define MAX_STEPS 500

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         length)
{
  Dice dice;
  Walk *walk;
  guint n;

  dice_init_from_bytes (&dice, data, length);
  walk = walk_new (&dice);

  for (n = 0; n < MAX_STEPS && !dice_are_used_up (&dice); n++)
    walk_step (walk);

  walk_free (walk);

  return 0;
}
