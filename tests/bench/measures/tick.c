/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure-link.h"

/* Measures the longest gap between two ticks, which are dispatches of a source with idle priority,
 * while a server floods the client. The first and the last message count as ticks here, so if the
 * source is not dispatched between them, the gap is as long as the flood.
 *
 * measure-tick task|libsoup URI MESSAGES */

#define TICK_INTERVAL 16 /* milliseconds */
#define HANDLER_TAKES 50 /* microseconds that the handler takes for each message */

static guint64 n_wanted;
static guint64 next;        /* the number of the next message */
static guint64 n_astray;    /* received messages whose number was not the next one */
static guint64 n_ticks;
static gint64 started_at;
static gint64 ticked_at;
static gint64 longest;

static gboolean
tick_cb (gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();

  /* The flood has not begun yet. */
  if (started_at == 0)
    return G_SOURCE_CONTINUE;

  n_ticks++;
  longest = MAX (longest, now - ticked_at);
  ticked_at = now;

  return G_SOURCE_CONTINUE;
}

static void
finish (void)
{
  gint64 now = g_get_monotonic_time ();

  longest = MAX (longest, now - ticked_at);
  printf ("{\"longest_gap_ms\": %.2f, \"ticks\": %" G_GUINT64_FORMAT ", "
          "\"flood_ms\": %.1f, \"astray\": %" G_GUINT64_FORMAT "}\n",
          longest / 1000.0, n_ticks, (now - started_at) / 1000.0, n_astray);
  fflush (stdout);
  _Exit (0);
}

static void
opened (MeasureLink *link)
{
}

static void
message (MeasureLink *link,
         GBytes      *bytes)
{
  gint64 now = g_get_monotonic_time ();
  guint64 number;

  if (started_at == 0)
    ticked_at = started_at = now;

  memcpy (&number, g_bytes_get_data (bytes, NULL), sizeof number);
  number = GUINT64_FROM_LE (number);
  n_astray += number != next;
  next = number + 1;

  while (g_get_monotonic_time () < now + HANDLER_TAKES)
    continue;

  /* If a message were lost, a count of the received messages would never reach n_wanted, so the
   * number of the message is compared. */
  if (next == n_wanted)
    finish ();
}

static const MeasureFuncs funcs = { .opened = opened, .message = message };

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSource) tick = g_timeout_source_new (TICK_INTERVAL);

  if (argc < 4)
    g_error ("Usage: %s task|libsoup URI MESSAGES", argv[0]);

  n_wanted = g_ascii_strtoull (argv[3], NULL, 10);
  g_source_set_priority (tick, G_PRIORITY_DEFAULT_IDLE);
  g_source_set_callback (tick, tick_cb, NULL, NULL);
  g_source_attach (tick, NULL);
  measure_link_new (argv[1], argv[2], NULL, &funcs, NULL);
  g_main_loop_run (loop);

  return 0;
}
