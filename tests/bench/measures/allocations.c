/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "measure-counters.h"
#include "measure-link.h"

/* Counts the allocations of memory and the armings of a timer for each message of a flood. Set
 * G_SLICE=always-malloc, because the slices of GLib before 2.76 are not counted.
 *
 * measure-allocations task|libsoup URI MESSAGES */

/* The number of messages after which every buffer and queue has its final size */
#define WARM_UP 1000

static guint64 n_received;
static guint64 n_wanted;
static guint64 n_allocations;
static guint64 n_armings;

static void
opened (MeasureLink *link)
{
}

static void
message (MeasureLink *link,
         GBytes      *bytes)
{
  n_received++;

  if (n_received == WARM_UP)
    {
      n_allocations = measure_n_allocations;
      n_armings = measure_n_armings;
    }

  if (n_received < WARM_UP + n_wanted)
    return;

  printf ("{\"allocations_per_message\": %.4f, \"armings_per_message\": %.6f}\n",
          (double) (measure_n_allocations - n_allocations) / n_wanted,
          (double) (measure_n_armings - n_armings) / n_wanted);
  fflush (stdout);
  _Exit (0);
}

static const MeasureFuncs funcs = { .opened = opened, .message = message };

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  if (argc < 4)
    g_error ("Usage: %s task|libsoup URI MESSAGES", argv[0]);

  n_wanted = g_ascii_strtoull (argv[3], NULL, 10);
  measure_link_new (argv[1], argv[2], NULL, &funcs, NULL);
  g_main_loop_run (loop);

  return 0;
}
