/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <time.h>

#include "hb-clock-private.h"

/* Returns the time in microseconds. CLOCK_BOOTTIME also counts the time during which the system is
 * suspended. HbTimer must use the same clock. */
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

/* Converts a time of this clock to one of g_get_monotonic_time (), which does not count suspended
 * time. */
gint64
hb_clock_to_monotonic (gint64 time)
{
  return time - hb_clock_now () + g_get_monotonic_time ();
}
