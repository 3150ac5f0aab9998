/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-framer-private.h"
#include "hb-mask-private.h"
#include "hb-message-writer-private.h"

typedef struct
{
  GBytes   *payload; /* (owned) */
  HbFramer  framer;
} Message;

static Message *
peek (const HbMessageWriter *self)
{
  return hb_deque_peek ((HbDeque *) &self->messages, 0);
}

static void
pop (HbMessageWriter *self)
{
  g_bytes_unref (peek (self)->payload);
  hb_deque_pop_head (&self->messages);
}

void
hb_message_writer_init (HbMessageWriter *self,
                        HbBlockWriter   *block_writer)
{
  *self = (HbMessageWriter) { .block_writer = block_writer, .fragment_size = G_MAXSIZE };
  hb_deque_init (&self->messages, sizeof (Message));
}

void
hb_message_writer_clear (HbMessageWriter *self)
{
  while (!hb_message_writer_is_empty (self))
    pop (self);

  hb_deque_clear (&self->messages);
}

/* Gathers a message as one frame. Must not be called while messages are waiting. Returns the size
 * of the frame, or 0 if the message needs several frames or does not fit into the block. */
gsize
hb_message_writer_gather_whole (HbMessageWriter *self,
                                HbOpcode         opcode,
                                GBytes          *payload)
{
  HbBlock *block = &self->block_writer->block;
  gsize length;
  const guint8 *data = g_bytes_get_data (payload, &length);
  gsize room = hb_block_get_room (block);
  guint8 *buffer;
  guint32 mask;
  guint size;

  if (length > self->fragment_size
      || room < HB_FRAME_MAX_HEADER || length > room - HB_FRAME_MAX_HEADER)
    return 0;

  buffer = hb_block_reserve (block);
  mask = hb_mask_keys_next (hb_block_get_mask_keys (block));
  size = hb_frame_write_header (buffer, HB_FRAME_FIN | opcode, length, mask);
  hb_mask_copy (buffer + size, data, length, mask, 0);
  hb_block_append (block, size + length);

  return size + length;
}

/* Returns the total size of the message's frames. */
guint64
hb_message_writer_add (HbMessageWriter *self,
                       HbOpcode         opcode,
                       GBytes          *payload)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (payload, &length);
  Message *message = hb_deque_push_tail (&self->messages);

  message->payload = g_bytes_ref (payload);
  hb_framer_init (&message->framer, opcode, data, length, self->fragment_size);

  return hb_framer_get_size (length, self->fragment_size);
}

/* Returns TRUE unless a message has been gathered only in part. */
gboolean
hb_message_writer_is_between_messages (const HbMessageWriter *self)
{
  return hb_message_writer_is_empty (self) || !peek (self)->framer.is_begun;
}

gboolean
hb_message_writer_is_between_frames (const HbMessageWriter *self)
{
  return hb_message_writer_is_empty (self)
         || hb_framer_is_between_frames (&peek (self)->framer);
}

/* Gathers the next frame or the rest of the current one, as far as the block has room. Unless this
 * call has completed a frame, the block must be written before the next call. Must not be called if
 * no message is waiting. */
void
hb_message_writer_gather (HbMessageWriter *self)
{
  HbBlock *block = &self->block_writer->block;
  HbFramer *framer = &peek (self)->framer;

  if (hb_framer_is_between_frames (framer))
    {
      guint8 *buffer;
      guint32 mask;

      if (hb_block_get_room (block) < HB_FRAME_MAX_HEADER)
        return;

      buffer = hb_block_reserve (block);
      mask = hb_mask_keys_next (hb_block_get_mask_keys (block));
      hb_block_append (block, hb_framer_write_header (framer, buffer, mask));
    }

  hb_block_append (block, hb_framer_write_payload (framer, hb_block_reserve (block),
                                                   hb_block_get_room (block)));

  if (hb_framer_is_done (framer))
    pop (self);
}
