/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A time that never comes. Other times are in microseconds of the caller's clock. */
#define HB_NEVER G_MAXINT64

/* If a deadline passed longer ago than this, the main loop did not run, for example during a
 * suspend. A reply may have arrived in that time, so silence is no reason to end the link. */
#define HB_LATE G_TIME_SPAN_SECOND

static inline gint64
hb_milliseconds (guint milliseconds)
{
  return (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
}

/* Call this after the length of a timeout has been set. If the change alone has moved the end into
 * the past, the timeout has to end now. If its end were left in the past, the timeout would seem to
 * be handled late, as after a suspend, and would start again.
 *
 * @before: the previous length in milliseconds, 0 for no limit
 * @after: the new length, which may be the same
 *
 * Returns: the time at which the timeout now counts as having begun */
static inline gint64
hb_time_change_timeout (gint64 since,
                        guint  before,
                        guint  after,
                        gint64 now)
{
  gboolean was_late = before != 0 && now - (since + hb_milliseconds (before)) > HB_LATE;
  gboolean is_over = after != 0 && now >= since + hb_milliseconds (after);

  return before != after && is_over && !was_late ? now - hb_milliseconds (after) : since;
}

G_END_DECLS
