/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A point in time that does not come. Every other is in microseconds of whatever clock the caller
 * uses. */
#define HB_NEVER G_MAXINT64

/* From how much too late a tick says more about this process than about its peer: it was suspended,
 * stopped, or its main loop blocked. */
#define HB_LATE G_TIME_SPAN_SECOND

static inline gint64
hb_milliseconds (guint milliseconds)
{
  return (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
}

G_END_DECLS
