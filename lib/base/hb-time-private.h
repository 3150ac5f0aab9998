/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A time that never comes. All other times are in microseconds of the caller's clock. */
#define HB_NEVER G_MAXINT64

/* If a deadline passed longer ago than this, the process was suspended or stopped, or its main loop
 * was blocked. A reply may have arrived meanwhile, so silence is no reason to end the link. */
#define HB_LATE G_TIME_SPAN_SECOND

static inline gint64
hb_milliseconds (guint milliseconds)
{
  return (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
}

G_END_DECLS
