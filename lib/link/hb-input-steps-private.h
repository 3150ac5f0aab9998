/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-budget-private.h"
#include "hb-fast-lane-private.h"
#include "hb-input-private.h"

G_BEGIN_DECLS

/* Only hb-input.c and hb-input-source.c include this header. */
struct _HbInput
{
  GInputStream   parent_instance;

  HbBlockReader  reader;
  HbFastLane     fast_lane;
  HbHandlers    *handlers;      /* (nullable) NULL once detached, or without a fast lane */
  HbBudget       budget;
  GSource       *source;        /* (nullable) (not owned) libsoup's source: see hb-input-source.c */
  GPollableSourceFunc
                 reader_func;   /* (nullable) libsoup's callback, NULL before the first dispatch */
  gpointer       reader_data;
  HbWatch       *watch;
  GSource       *pause;         /* (nullable) the source that ends the current pause */
  HbEventFunc    func;          /* (nullable) NULL once detached */
  gpointer       user_data;
  gsize          delivered;     /* bytes in the current delivery */
  gsize          untimed;       /* bytes since the clock was read */
  gsize          given;         /* bytes in the current call to libsoup */
  gsize          max_delivery;  /* see hb_input_set_max_delivery () */
  gboolean       is_drained;    /* libsoup has read until it got no more. */
  gboolean       is_delivering;
  gboolean       is_stopped;    /* The owner has stopped reading. */
  gboolean       is_parked;     /* `source` is in a context that no loop iterates. */
  gboolean       may_fail;      /* libsoup may have a part of a frame that it will refuse. */
};

/* The clock is read again only after this number of bytes. Reading it takes time, and often fewer
 * bytes are received. */
#define CLOCK_INTERVAL 1024

/* Returns whether a read may return bytes, the end or an error now. */
static inline gboolean
hb_input_has_something (HbInput *self)
{
  return self->pause == NULL && !self->is_stopped
         && (hb_fast_lane_has_bytes (&self->fast_lane, &self->reader.block)
             || hb_block_reader_is_readable (&self->reader));
}

/* hb-input-source.c */
GSource  *hb_input_source_new   (HbInput     *self);
gboolean  hb_input_call_libsoup (HbInput     *self);

/* hb-input.c */
void      hb_input_want         (HbInput     *self);
gboolean  hb_input_may_read     (HbInput     *self);
gsize     hb_input_fill         (HbInput     *self);
void      hb_input_emit         (HbInput     *self,
                                 HbEventKind  kind);

G_END_DECLS
