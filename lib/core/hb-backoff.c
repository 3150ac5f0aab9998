/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-backoff-private.h"

/* @attempt: how many consecutive attempts to reconnect have failed */
gboolean
hb_backoff_is_exhausted (const HbSettings *settings,
                         guint             attempt)
{
  return settings->repeat_limit >= 0 && attempt >= (guint) settings->repeat_limit;
}

/* Returns the delay in milliseconds.
 *
 * @attempt: 1 for the first attempt to reconnect
 * @random: from 0 to 1, the part of reconnect-jitter by which to shorten the delay */
guint
hb_backoff_get_delay (const HbSettings *settings,
                      guint             attempt,
                      double            random)
{
  guint64 delay = settings->reconnect_timeout;

  /* Doubling 0 gives 0, so a first delay of 0 grows as if it were 1 ms. */
  if (settings->reconnect_timeout_max > delay && attempt > 1)
    delay = MIN (MAX (delay, 1) << MIN (attempt - 1, 31), settings->reconnect_timeout_max);

  return delay * (1 - settings->reconnect_jitter * random);
}
