/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-lane-private.h"
#include "hb-outgoing-private.h"

/* Returns whether libsoup refuses a frame with this header. Control frames may be longer than
 * `max_length`. Their own limit of 125 bytes is not checked, because libsoup before 3.8 accepts a
 * longer close frame or pong. */
static gboolean
is_wrong (const HbLane  *self,
          const HbFrame *frame)
{
  gboolean is_final = (frame->first & HB_FRAME_FIN) != 0;
  gboolean is_control = (frame->first & HB_FRAME_CONTROL) != 0;

  if (frame->is_masked || !frame->is_minimal || (frame->first & HB_FRAME_RESERVED) != 0
      || frame->length > (is_control ? MAX (self->max_length, HB_FRAME_MAX_CONTROL)
                                     : self->max_length))
    return TRUE;

  switch (frame->first & HB_FRAME_OPCODE)
    {
    case HB_FRAME_CONTINUATION:
      return !self->is_fragmented;
    case HB_OPCODE_TEXT:
    case HB_OPCODE_BINARY:
      return self->is_fragmented;
    case HB_FRAME_CLOSE:
    case HB_OPCODE_PING:
    case HB_FRAME_PONG:
      return !is_final;
    default:
      return TRUE;
    }
}

static gboolean
is_message (const HbLane  *self,
            const HbFrame *frame)
{
  return (frame->first == (HB_FRAME_FIN | HB_OPCODE_TEXT)
          || frame->first == (HB_FRAME_FIN | HB_OPCODE_BINARY))
         && !self->is_fragmented && !self->is_over
         && !frame->is_masked && frame->is_minimal && frame->length <= self->max_length;
}

/* A pong may come between the fragments of a message, so `is_fragmented` is not checked. */
static gboolean
is_pong (const HbLane  *self,
         const HbFrame *frame)
{
  return frame->first == (HB_FRAME_FIN | HB_FRAME_PONG) && !self->is_over && !frame->is_masked
         && frame->is_minimal && frame->length <= HB_FRAME_MAX_CONTROL;
}

/* Parses the header into @frame, as hb_frame_parse () does. */
HbLaneKind
hb_lane_sort (const HbLane *self,
              HbFrame      *frame,
              const guint8 *data,
              gsize         length)
{
  if (hb_frame_parse (frame, data, length) == 0)
    {
      /* Two bytes are enough to refuse a masked frame, so libsoup gets the frame without delay. */
      if (length < 2 || !frame->is_masked)
        return HB_LANE_UNKNOWN;

      return HB_LANE_SLOW;
    }

  if (is_message (self, frame))
    return HB_LANE_FAST;

  return is_pong (self, frame) ? HB_LANE_PONG : HB_LANE_SLOW;
}

/* Call this for each frame that libsoup handles. After a close frame, and after a frame whose
 * header libsoup refuses, libsoup has to receive every byte. */
void
hb_lane_on_slow (HbLane        *self,
                 const HbFrame *frame)
{
  guint opcode = frame->first & HB_FRAME_OPCODE;

  if (is_wrong (self, frame) || opcode == HB_FRAME_CLOSE)
    self->is_over = TRUE;
  else if ((opcode & HB_FRAME_CONTROL) == 0)
    self->is_fragmented = (frame->first & HB_FRAME_FIN) == 0;
}
