/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "position.h"

static volatile guint32 current_seed;
static int current_step; /* (atomic) */

/* A signal handler may call write(2), but not printf(3). */
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

/* SA_RESETHAND has restored the default action, so the signal from raise () ends the process. */
static void
print_cb (int number)
{
  if (write (STDERR_FILENO, "# HB_WALK_SEED=", 15) > 0)
    write_number (current_seed);
  if (write (STDERR_FILENO, " failed in step ", 16) > 0)
    write_number (g_atomic_int_get (&current_step));
  if (write (STDERR_FILENO, "\n", 1) > 0)
    raise (number);
}

void
position_print_at_failure (void)
{
  /* The signals of an assertion, a critical message, a crash, and the timeout of a test */
  static const int numbers[] = { SIGABRT, SIGTRAP, SIGSEGV, SIGTERM };
  struct sigaction action = { .sa_handler = print_cb, .sa_flags = SA_RESETHAND };
  struct sigaction before;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      /* A sanitizer's handler prints more details, so it is not replaced. */
      if (sigaction (numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction (numbers[i], &action, NULL);
    }
}

void
position_start_round (guint32 seed)
{
  current_seed = seed;
  g_atomic_int_set (&current_step, 0);
}

void
position_next_step (void)
{
  g_atomic_int_inc (&current_step);
}

gboolean
position_get_seed (guint32 *seed)
{
  const char *text = g_getenv ("HB_WALK_SEED");

  if (text == NULL)
    return FALSE;

  *seed = strtoul (text, NULL, 10);
  return TRUE;
}
