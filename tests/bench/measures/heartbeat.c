/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-machine-private.h"
#include "measure-counters.h"
#include "machine-events.h"

/* Measures the time that the heartbeat takes for a message that arrives alone, in nanoseconds: the
 * clock is read, the time is stored, and the alarm queries the next deadline. Also measures all the
 * work of the core for such a message, and counts the heartbeat's allocations of memory and armings
 * of a timer.
 *
 * measure-heartbeat [MESSAGES] */

static HbMachine machine;
static HbAlarm alarm_;
static GSource *source; /* the source of all alarms of the context */
static GBytes *message;

static void
carry_out (void)
{
  HbEffect effect;

  while (hb_machine_pop_effect (&machine, &effect))
    {
      if (effect.kind == HB_EFFECT_OPEN)
        hb_machine_on_greeted (&machine, effect.serial);
      else if (effect.kind == HB_EFFECT_MESSAGE)
        hb_inbox_end_giving (&machine.inbox);
      hb_effect_clear (&effect);
    }
}

static gint64
get_deadline (gpointer  user_data,
              gint64   *earliest)
{
  if (earliest != NULL)
    *earliest = hb_machine_get_early_ping_at (&machine);

  return hb_machine_get_deadline (&machine);
}

static void
ring (gpointer user_data)
{
}

/* Makes the alarm query the next deadline, as the main loop does before it waits. */
static void
prepare_alarm (void)
{
  int timeout;

  hb_alarm_touch (&alarm_);
  source->source_funcs->prepare (source, &timeout);
}

static void
read_clock (void)
{
  hb_clock_now ();
}

static void
note_life (void)
{
  gint64 latency;

  hb_heartbeat_on_message (&machine.heartbeat, &machine.settings, machine.since,
                           HB_OPCODE_BINARY, message, HB_REPLY_UNJUDGED, &latency);
}

static void
do_heartbeat (void)
{
  gint64 latency;

  hb_heartbeat_on_message (&machine.heartbeat, &machine.settings, hb_clock_now (),
                           HB_OPCODE_BINARY, message, HB_REPLY_UNJUDGED, &latency);
  prepare_alarm ();
}

static void
do_all (void)
{
  handle_message (&machine, hb_clock_now (), HB_OPCODE_BINARY, message);
  carry_out ();
  prepare_alarm ();
}

/* Returns the average duration of a call, in nanoseconds. */
static double
measure (void    (*function) (void),
         guint64   n)
{
  gint64 started_at;
  guint64 i;

  for (i = 0; i < n / 10; i++)
    function ();

  started_at = g_get_monotonic_time ();
  for (i = 0; i < n; i++)
    function ();

  return (g_get_monotonic_time () - started_at) * 1000.0 / n;
}

int
main (int    argc,
      char **argv)
{
  guint64 n = argc > 1 ? g_ascii_strtoull (argv[1], NULL, 10) : 1000000;
  guint64 n_allocations;
  guint64 n_armings;
  double heartbeat;

  hb_machine_init (&machine, 1);
  machine.settings.uri = g_strdup ("ws://127.0.0.1/");
  message = g_bytes_new_static ("message", 7);
  hb_alarm_init (&alarm_, get_deadline, ring, NULL);
  hb_alarm_enter (&alarm_, g_main_context_default ());
  source = (GSource *) alarm_.schedule;

  hb_machine_open (&machine, hb_clock_now (), NULL);
  carry_out ();
  handle_event (&machine, hb_clock_now (), HB_EVENT_OPENED);
  carry_out ();
  do_all ();

  n_allocations = measure_n_allocations;
  n_armings = measure_n_armings;
  heartbeat = measure (do_heartbeat, n);
  n_allocations = measure_n_allocations - n_allocations;
  n_armings = measure_n_armings - n_armings;

  printf ("{\"heartbeat_ns\": %.2f, \"of_which_clock_ns\": %.2f, \"of_which_note_ns\": %.2f, "
          "\"core_ns\": %.2f, "
          "\"allocations\": %" G_GUINT64_FORMAT ", \"armings\": %" G_GUINT64_FORMAT "}\n",
          heartbeat, measure (read_clock, n), measure (note_life, n), measure (do_all, n),
          n_allocations, n_armings);

  return 0;
}
