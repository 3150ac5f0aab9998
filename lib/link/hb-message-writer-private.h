/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-writer-private.h"
#include "hb-deque-private.h"
#include "hb-outgoing-private.h"

G_BEGIN_DECLS

/* Makes frames from messages, and gathers the frames in a block. A message that does not fit into
 * the block is masked piece by piece, whenever the block has room. */
typedef struct
{
  HbBlockWriter *block_writer;  /* (not owned) */
  HbDeque        messages;      /* not completely gathered; a part of the first may be gathered */
  gsize          fragment_size; /* the maximum payload, in bytes, of a frame of later messages */
} HbMessageWriter;

void     hb_message_writer_init                (HbMessageWriter       *self,
                                                HbBlockWriter         *block_writer);
void     hb_message_writer_clear               (HbMessageWriter       *self);
gsize    hb_message_writer_gather_whole        (HbMessageWriter       *self,
                                                HbOpcode               opcode,
                                                GBytes                *payload);
guint64  hb_message_writer_add                 (HbMessageWriter       *self,
                                                HbOpcode               opcode,
                                                GBytes                *payload);
gboolean hb_message_writer_is_between_messages (const HbMessageWriter *self);
gboolean hb_message_writer_is_between_frames   (const HbMessageWriter *self);
void     hb_message_writer_gather              (HbMessageWriter       *self);

static inline gboolean
hb_message_writer_is_empty (const HbMessageWriter *self)
{
  return self->messages.length == 0;
}

G_END_DECLS
