/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A point in time that never comes. Every other is in microseconds of the caller's clock. */
#define HB_NEVER G_MAXINT64

/* A tick that is later than this by no fault of the peer: the process was suspended or stopped, or
 * its main loop was blocked. Such a tick must not condemn the peer. */
#define HB_LATE G_TIME_SPAN_SECOND

static inline gint64
hb_milliseconds (guint milliseconds)
{
  return (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
}

G_END_DECLS
