/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "walk.h"

/* Whatever is done to a machine, in whatever order, from within its handlers and their main loops
 * too, it does as a model of it says.
 *
 * What fails prints the seed of its round. HB_WALK_SEED=that takes this round alone; --seed, with
 * what GTest has printed on top, takes them all again. HB_WALK_STEPS is how many steps there are
 * altogether. */

#define N_STEPS         4000000
#define STEPS_PER_ROUND 1000

/* Where a walk is, for the one who has to find it again */
static volatile guint32 current_seed;
static volatile guint current_step;

/* In a handler of a signal only write(2) is sure to work. */
static void
write_number (guint number)
{
  char digits[10];
  guint n = sizeof digits;

  do
    digits[--n] = '0' + number % 10;
  while ((number /= 10) > 0);

  if (write (STDERR_FILENO, digits + n, sizeof digits - n) < 0)
    return;
}

/* SA_RESETHAND: the signal comes again, and ends the process then. */
static void
tell_position_cb (int number)
{
  if (write (STDERR_FILENO, "# HB_WALK_SEED=", 15) > 0)
    write_number (current_seed);
  if (write (STDERR_FILENO, " failed in step ", 16) > 0)
    write_number (current_step);
  if (write (STDERR_FILENO, "\n", 1) > 0)
    raise (number);
}

static void
tell_position_at_failure (void)
{
  static const int numbers[] = { SIGABRT, SIGTRAP, SIGSEGV };
  struct sigaction action = { .sa_handler = tell_position_cb, .sa_flags = SA_RESETHAND };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], &action, NULL);
}

static void
take_round (guint32 seed)
{
  Dice dice;
  Walk *walk;
  guint i;

  current_seed = seed;
  current_step = 0;
  dice_init_from_seed (&dice, seed);
  walk = walk_new (&dice);

  for (i = 0; i < STEPS_PER_ROUND; i++)
    {
      current_step++;
      walk_step (walk);
    }

  walk_free (walk);
}

static void
test_random (void)
{
  const char *seed = g_getenv ("HB_WALK_SEED");
  const char *steps = g_getenv ("HB_WALK_STEPS");
  guint n_rounds = (steps != NULL ? atoi (steps) : N_STEPS) / STEPS_PER_ROUND;
  guint i;

  g_test_summary ("Links, signals, calls and messages keep their promises, whatever happens");

  tell_position_at_failure ();

  if (seed != NULL)
    {
      take_round (strtoul (seed, NULL, 10));
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
