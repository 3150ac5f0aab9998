/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <time.h>

#include "hb-clock-private.h"

/* The time in microseconds, a suspend included where the system can tell: see CLOCK_BOOTTIME in
 * clock_gettime(2). It has to be the clock of the alarm's timer. */
gint64
hb_clock_now (void)
{
#ifdef HAVE_TIMERFD
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);

  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
#else
  return g_get_monotonic_time ();
#endif
}

/* A time of this clock as one of g_get_monotonic_time (), which does not count a suspend. */
gint64
hb_clock_to_monotonic (gint64 time)
{
  return time - hb_clock_now () + g_get_monotonic_time ();
}
