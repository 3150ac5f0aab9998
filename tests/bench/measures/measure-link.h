/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct _MeasureLink MeasureLink;

typedef struct
{
  void (*opened)  (MeasureLink *link);
  void (*message) (MeasureLink *link,
                   GBytes      *bytes); /* `message` may be NULL */
} MeasureFuncs;

/* A MeasureLink keeps a connection open, with a task or with libsoup alone, and replaces a lost
 * connection at once. */
MeasureLink *measure_link_new            (const char         *library,
                                          const char         *uri,
                                          SoupSession        *session,
                                          const MeasureFuncs *funcs,
                                          gpointer            data);
gpointer     measure_link_get_data       (MeasureLink        *self);
void         measure_link_send           (MeasureLink        *self,
                                          GBytes             *bytes);
void         measure_link_stop_heartbeat (MeasureLink        *self);

SoupSession *measure_session_new         (void);

/* Returns the CPU time of the process, in microseconds. */
gint64       measure_get_cpu_time        (void);

G_END_DECLS
