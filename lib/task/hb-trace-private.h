/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-machine-private.h"

G_BEGIN_DECLS

/* The earlier values with which the trace compares the current ones */
typedef struct
{
  HbMetrics metrics;       /* at the last comparison */
  guint64   pong_timeouts; /* this and the next two: before the current tick */
  HbState   state;
  guint     serial;
} HbTraceMarks;

/* The debug lines of a task. A line contains no payload, no close reason, no header, and nothing of
 * a URI except its scheme, host and port, because the rest may contain a token. */
typedef struct
{
  guint         number;    /* distinguishes the lines of this task from those of others */
  int           is_wanted; /* (atomic) Other threads only read it. */
  HbTraceMarks *marks;     /* (nullable) NULL until lines are wanted */
} HbTrace;

/* Evaluates the other arguments only if lines are wanted. */
#define hb_trace(self, ...) \
  G_STMT_START { \
    if (G_UNLIKELY ((self)->is_wanted)) \
      hb_trace_print ((self), __VA_ARGS__); \
  } G_STMT_END

void hb_trace_init         (HbTrace         *self);
void hb_trace_clear        (HbTrace         *self);
void hb_trace_refresh      (HbTrace         *self,
                            const HbMachine *machine);
void hb_trace_print        (const HbTrace   *self,
                            const char      *format,
                            ...) G_GNUC_PRINTF (2, 3);

/* Call the next five functions only if lines are wanted. */
void hb_trace_request      (const HbTrace   *self,
                            SoupMessage     *request,
                            guint            attempt);
void hb_trace_loss         (const HbTrace   *self,
                            const HbMachine *machine,
                            const HbEvent   *event);
void hb_trace_begin_tick   (HbTrace         *self,
                            HbMachine       *machine,
                            gint64           now);
void hb_trace_end_tick     (const HbTrace   *self,
                            const HbMachine *machine);
void hb_trace_effect       (HbTrace         *self,
                            const HbMachine *machine,
                            const HbEffect  *effect);

/* May be called in any thread, and while no lines are wanted. */
void hb_trace_refusal      (const HbTrace   *self,
                            const GError    *error);

G_END_DECLS
