/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-fast-lane-private.h"
#include "hb-utf8-private.h"

#define ALL_SLOW G_MAXUINT64

/* A frame of more than this number of bytes is read into the memory of its message, unless it is
 * completely in the block. For a shorter frame, another read takes more time than a copy. */
#define MAX_IN_BLOCK (HB_BLOCK_SIZE / 2)

/* A new fast lane is closed. */
void
hb_fast_lane_init (HbFastLane *self)
{
  *self = (HbFastLane) { .n_slow = ALL_SLOW };
}

void
hb_fast_lane_clear (HbFastLane *self)
{
  hb_payload_clear (&self->payload);
}

/* Must be called before the first byte is received. */
void
hb_fast_lane_open (HbFastLane *self)
{
  self->n_slow = 0;
}

gboolean
hb_fast_lane_is_open (HbFastLane *self)
{
  return self->n_slow != ALL_SLOW;
}

/* Returns whether a message or pong might be taken, or bytes might be given to libsoup, without
 * another read. */
gboolean
hb_fast_lane_has_bytes (HbFastLane    *self,
                        const HbBlock *block)
{
  if (hb_fast_lane_is_collecting (self))
    return hb_payload_is_complete (&self->payload);

  return self->is_replaying || (!self->is_waiting && hb_block_get_length (block) > 0);
}

/* Makes hb_fast_lane_give () give libsoup the header and the received bytes of `payload` first. */
static void
replay (HbFastLane *self)
{
  self->is_replaying = TRUE;
  self->n_replayed = 0;
}

/* libsoup gets all bytes from now on, beginning with the received bytes of a long message that has
 * not been taken. */
void
hb_fast_lane_close (HbFastLane *self)
{
  self->n_slow = ALL_SLOW;
  self->is_waiting = FALSE;
  if (self->payload.data != NULL)
    replay (self);
}

static gboolean
is_close (HbFastLane *self)
{
  return (self->frame.first & HB_FRAME_OPCODE) == HB_FRAME_CLOSE
         && !self->frame.is_masked && self->frame.length <= HB_FRAME_MAX_CONTROL;
}

/* Makes libsoup get a frame, of which @n_bytes are in the block or have not been received yet. If
 * it is a close frame, or if libsoup refuses its header, libsoup also gets all bytes that follow
 * it. An unmasked close frame of valid size is first given without the bytes that follow it: see
 * hb_fast_lane_give (). */
static HbPortion
begin_slow (HbFastLane *self,
            guint64     n_bytes)
{
  hb_lane_on_slow (&self->lane, &self->frame);
  self->n_slow = self->lane.is_over && !is_close (self) ? ALL_SLOW : n_bytes;

  return HB_PORTION_SLOW;
}

static HbPortion
refuse (HbFastLane *self)
{
  hb_fast_lane_close (self);

  return HB_PORTION_SLOW;
}

static gboolean
is_text (HbFastLane *self)
{
  return (self->frame.first & HB_FRAME_OPCODE) == HB_OPCODE_TEXT;
}

static HbPortion
make_message (HbFastLane *self,
              HbEvent    *event,
              GBytes     *bytes)
{
  self->expects_long = self->frame.length > MAX_IN_BLOCK;
  event->kind = HB_EVENT_MESSAGE;
  event->message.opcode = (HbOpcode) (self->frame.first & HB_FRAME_OPCODE);
  event->message.bytes = bytes;
  event->message.reply = HB_REPLY_UNJUDGED;

  return HB_PORTION_MESSAGE;
}

G_STATIC_ASSERT (HB_BLOCK_SIZE <= HB_PAYLOAD_MIN_CAPACITY);

/* In the block, no other byte follows the payload. */
static void
begin_payload (HbFastLane *self,
               HbBlock    *block)
{
  const guint8 *bytes = hb_block_get_bytes (block);
  gsize length = hb_block_get_length (block) - self->frame.header_size;
  gsize room;

  memcpy (self->header, bytes, self->frame.header_size);
  hb_payload_begin (&self->payload, self->frame.length);

  if (length > 0)
    {
      memcpy (hb_payload_reserve (&self->payload, &room), bytes + self->frame.header_size, length);
      hb_payload_append (&self->payload, length);
    }

  hb_block_clear (block);
}

static HbPortion
take_from_block (HbFastLane *self,
                 HbBlock    *block,
                 gsize       max_size,
                 HbEvent    *event)
{
  const guint8 *payload = hb_block_get_bytes (block) + self->frame.header_size;
  gsize size = self->frame.header_size + self->frame.length;
  GBytes *bytes;

  if (size > max_size)
    return HB_PORTION_LARGE;

  if (is_text (self) && !hb_utf8_is_valid (payload, self->frame.length))
    return refuse (self);

  bytes = hb_payload_copy (payload, self->frame.length);
  hb_block_consume (block, size);

  return make_message (self, event, bytes);
}

/* The payload of a pong is not used. */
static HbPortion
take_pong (HbFastLane *self,
           HbBlock    *block,
           HbEvent    *event)
{
  hb_block_consume (block, hb_fast_lane_get_frame_size (self));
  event->kind = HB_EVENT_PONG;

  return HB_PORTION_PONG;
}

static HbPortion
take_payload (HbFastLane *self,
              gsize       max_size,
              HbEvent    *event)
{
  /* Since the header was received, max-message-size may have changed, or the application may have
   * connected a handler to libsoup's `message`. */
  if (self->is_heard || self->payload.size > self->lane.max_length)
    {
      replay (self);
      return begin_slow (self, self->payload.size - self->payload.received);
    }

  if (!hb_payload_is_complete (&self->payload))
    return HB_PORTION_PARTIAL;

  if (self->payload.size > max_size)
    return HB_PORTION_LARGE;

  if (is_text (self) && !hb_utf8_is_valid (self->payload.data, self->payload.size))
    return refuse (self);

  return make_message (self, event, hb_payload_finish (&self->payload));
}

/* Returns HB_LANE_UNKNOWN if more bytes of the header, or of a message or pong, are needed. If that
 * message is long, moves its bytes out of the block. */
static HbLaneKind
sort (HbFastLane *self,
      HbBlock    *block)
{
  HbLaneKind kind = HB_LANE_UNKNOWN;
  gsize length = hb_block_get_length (block);

  if (length > 0)
    kind = hb_lane_sort (&self->lane, &self->frame, hb_block_get_bytes (block), length);

  if ((kind == HB_LANE_FAST && self->is_heard) || (kind == HB_LANE_PONG && self->is_exposed))
    kind = HB_LANE_SLOW;

  if ((kind == HB_LANE_FAST || kind == HB_LANE_PONG)
      && hb_fast_lane_get_frame_size (self) > length)
    {
      if (hb_fast_lane_get_frame_size (self) > MAX_IN_BLOCK)
        begin_payload (self, block);

      kind = HB_LANE_UNKNOWN;
    }

  self->is_waiting = kind == HB_LANE_UNKNOWN && !hb_fast_lane_is_collecting (self);

  return kind;
}

/* Takes the next message or pong, unless libsoup must get the next bytes.
 *
 * @max_size: in bytes; for a larger message, returns HB_PORTION_LARGE, and does not take it
 * @event: (out): a message, whose bytes the caller must release, or a pong */
HbPortion
hb_fast_lane_take (HbFastLane *self,
                   HbBlock    *block,
                   gsize       max_size,
                   HbEvent    *event)
{
  if (self->is_replaying)
    return HB_PORTION_SLOW;

  if (self->n_slow > 0)
    return hb_block_get_length (block) > 0 ? HB_PORTION_SLOW : HB_PORTION_PARTIAL;

  if (self->payload.data != NULL)
    return take_payload (self, max_size, event);

  switch (sort (self, block))
    {
    case HB_LANE_FAST:
      return take_from_block (self, block, max_size, event);
    case HB_LANE_PONG:
      return take_pong (self, block, event);
    case HB_LANE_SLOW:
      return begin_slow (self, hb_fast_lane_get_frame_size (self));
    case HB_LANE_UNKNOWN:
      return HB_PORTION_PARTIAL;
    default:
      g_assert_not_reached ();
    }
}

static gsize
give_replayed (HbFastLane *self,
               guint8     *buffer,
               gsize       size)
{
  gsize header_size = self->frame.header_size;
  gsize end = header_size + self->payload.received;
  const guint8 *bytes = self->payload.data + self->n_replayed - header_size;
  gsize n = end - self->n_replayed;

  if (self->n_replayed < header_size)
    {
      bytes = self->header + self->n_replayed;
      n = header_size - self->n_replayed;
    }

  n = MIN (n, size);
  memcpy (buffer, bytes, n);
  self->n_replayed += n;

  if (self->n_replayed == end)
    {
      self->is_replaying = FALSE;
      hb_payload_clear (&self->payload);
    }

  return n;
}

static gsize
give_from_block (HbFastLane *self,
                 HbBlock    *block,
                 guint8     *buffer,
                 gsize       size)
{
  gsize n = MIN (size, hb_block_get_length (block));

  n = MIN (n, self->n_slow);
  memcpy (buffer, hb_block_get_bytes (block), n);
  hb_block_consume (block, n);
  if (self->n_slow != ALL_SLOW)
    self->n_slow -= n;

  return n;
}

/* Gives libsoup at most @size of the next bytes, up to the next message or pong that can be taken,
 * or up to the end of a close frame. If libsoup got invalid bytes together with a close frame,
 * libsoup might close the stream before its own close frame was written. */
gsize
hb_fast_lane_give (HbFastLane *self,
                   HbBlock    *block,
                   guint8     *buffer,
                   gsize       size)
{
  gsize n_given = 0;

  while (n_given < size)
    if (self->is_replaying)
      n_given += give_replayed (self, buffer + n_given, size - n_given);
    else if (self->n_slow > 0 && hb_block_get_length (block) > 0)
      n_given += give_from_block (self, block, buffer + n_given, size - n_given);
    else if (self->lane.is_over && n_given > 0)
      break;
    else if (self->n_slow > 0 || self->payload.data != NULL || sort (self, block) != HB_LANE_SLOW)
      break;
    else
      begin_slow (self, hb_fast_lane_get_frame_size (self));

  return n_given;
}

/* Reads into the block, or into the memory of a long message. Returns how many bytes were read. */
gsize
hb_fast_lane_fill (HbFastLane    *self,
                   HbBlockReader *reader)
{
  gsize n_read;
  gsize n_behind;
  gsize room;
  guint8 *memory;

  if (!hb_fast_lane_is_collecting (self))
    {
      /* If another long message is likely, reads only a header, so that the payload is then read
       * into the memory of the message. If the block already has enough bytes for any header, they
       * belong to a short frame, whose rest is read at once. */
      gboolean is_header = self->expects_long && self->n_slow == 0 && !self->is_heard
                           && hb_block_get_length (&reader->block) < HB_FRAME_MAX_HEADER;

      n_read = hb_block_reader_fill (reader, is_header ? HB_FRAME_MAX_HEADER : HB_BLOCK_SIZE);
      self->is_waiting = self->is_waiting && n_read == 0;
      return n_read;
    }

  memory = hb_payload_reserve (&self->payload, &room);

  /* While the kernel copies, packets from the peer have to wait, so one large read would stop the
   * peer. */
  n_read = hb_block_reader_read (reader, memory, MIN (room, HB_BLOCK_SIZE));
  n_behind = hb_payload_append (&self->payload, n_read);

  if (n_behind > 0)
    {
      memcpy (hb_block_reserve (&reader->block), self->payload.data + self->payload.size, n_behind);
      hb_block_append (&reader->block, n_behind);
    }

  return n_read;
}
