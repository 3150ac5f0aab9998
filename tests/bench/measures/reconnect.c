/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "measure-link.h"

/* Measures the time from a message that makes the server reset the connection until the next
 * connection is open.
 *
 * measure-reconnect task|libsoup URI TIMES */

static GArray *times; /* (element-type gint64) microseconds */
static guint n_wanted;
static gint64 asked_at; /* when the last message was sent, 0 before the first */

static int
compare (gconstpointer a,
         gconstpointer b)
{
  gint64 first = *(const gint64 *) a;
  gint64 second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

static void
finish (void)
{
  g_array_sort (times, compare);
  printf ("{\"median_us\": %" G_GINT64_FORMAT ", \"p95_us\": %" G_GINT64_FORMAT ", "
          "\"max_us\": %" G_GINT64_FORMAT "}\n",
          g_array_index (times, gint64, times->len / 2),
          g_array_index (times, gint64, times->len * 95 / 100),
          g_array_index (times, gint64, times->len - 1));
  fflush (stdout);
  _Exit (0);
}

static void
opened (MeasureLink *link)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("", 0);
  gint64 now = g_get_monotonic_time ();

  if (asked_at != 0)
    {
      gint64 time = now - asked_at;

      g_array_append_val (times, time);
    }

  if (times->len == n_wanted)
    finish ();

  asked_at = g_get_monotonic_time ();
  measure_link_send (link, bytes);
}

static const MeasureFuncs funcs = { .opened = opened };

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  if (argc < 4)
    g_error ("Usage: %s task|libsoup URI TIMES", argv[0]);

  n_wanted = MAX (1, g_ascii_strtoull (argv[3], NULL, 10));
  times = g_array_new (FALSE, FALSE, sizeof (gint64));
  measure_link_new (argv[1], argv[2], NULL, &funcs, NULL);
  g_main_loop_run (loop);

  return 0;
}
