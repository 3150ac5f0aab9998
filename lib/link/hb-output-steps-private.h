/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-writer-private.h"
#include "hb-message-writer-private.h"
#include "hb-output-private.h"

G_BEGIN_DECLS

/* Only hb-output.c and hb-output-pollable.c include this header. */
struct _HbOutput
{
  GOutputStream    parent_instance;

  HbBlockWriter    block_writer;
  HbMessageWriter  messages;    /* those that are not completely gathered */
  GSource         *writer;      /* (nullable) (not owned) the source that libsoup waits for */
  HbEventFunc      func;        /* (nullable) NULL once detached */
  gpointer         user_data;
  guint64          emitted;     /* the position in the last HB_EVENT_PROGRESS */
  guint64          frame_end;   /* the position after the last frame that has one */
  guint64          n_inserted;  /* written bytes of libsoup's frames that have no position */
  guint64          acknowledged; /* the last result of hb_output_get_acknowledged () */
  guint            corks;
  guint            turn;        /* the last iteration of the loop in which a frame was written at
                                 * once */
  guint            is_begun : 1;    /* libsoup must repeat the refused rest of its frame. */
  guint            is_control : 1;  /* libsoup's last frame is a control frame. */
  guint            is_inserted : 1; /* libsoup's last frame has no position. */
  guint            is_closed : 1;   /* libsoup has begun a close frame. */
};

/* Returns the position after the last byte that was written or gathered. */
static inline guint64
hb_output_get_end (HbOutput *self)
{
  return hb_block_writer_get_end (&self->block_writer) - self->n_inserted;
}

static inline gboolean
hb_output_is_gathering (HbOutput *self)
{
  return self->corks > 0 || self->turn == hb_watch_get_turn (self->block_writer.watch);
}

/* Returns whether our messages allow libsoup's frame to be written now. */
static inline gboolean
hb_output_may_interpose (HbOutput *self)
{
  return hb_message_writer_is_between_messages (&self->messages)
         || (self->is_control && hb_message_writer_is_between_frames (&self->messages));
}

/* hb-output-pollable.c */
void hb_output_pollable_init  (GPollableOutputStreamInterface *iface);

/* hb-output.c */
void hb_output_write_messages (HbOutput                       *self);
void hb_output_emit_activity  (HbOutput                       *self);
void hb_output_emit_progress  (HbOutput                       *self);
void hb_output_emit_writable  (HbOutput                       *self);

G_END_DECLS
