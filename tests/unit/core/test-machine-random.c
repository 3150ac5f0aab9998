/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "position.h"
#include "walk.h"

/* Walks of random calls and events, some of which come while a handler runs, or in a main loop that
 * it runs
 *
 * A walk that fails prints its seed, and HB_WALK_SEED=SEED in the environment repeats this walk
 * alone. To repeat all walks, use --seed with the seed that GTest prints at the start.
 * HB_WALK_STEPS sets the number of steps of all walks together. */

#define N_STEPS         4000000
#define STEPS_PER_ROUND 1000

static void
take_round (guint32 seed)
{
  Dice dice;
  Walk *walk;
  guint i;

  position_start_round (seed);
  dice_init_from_seed (&dice, seed);
  walk = walk_new (&dice);

  for (i = 0; i < STEPS_PER_ROUND; i++)
    {
      position_next_step ();
      walk_step (walk);
    }

  walk_free (walk);
}

static void
test_random (void)
{
  const char *steps = g_getenv ("HB_WALK_STEPS");
  guint n_rounds = (steps != NULL ? atoi (steps) : N_STEPS) / STEPS_PER_ROUND;
  guint32 seed;
  guint i;

  g_test_summary ("The promises about links, signals, calls and messages hold in random orders of "
                  "events");

  position_print_at_failure ();

  if (position_get_seed (&seed))
    {
      take_round (seed);
      return;
    }

  for (i = 0; i < MAX (n_rounds, 1); i++)
    take_round (g_test_rand_int ());
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/machine-random", test_random);

  return g_test_run ();
}
