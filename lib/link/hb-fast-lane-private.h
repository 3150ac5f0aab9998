/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-reader-private.h"
#include "hb-event-private.h"
#include "hb-lane-private.h"
#include "hb-payload-private.h"

G_BEGIN_DECLS

/* The part of a message that the received bytes contain */
typedef enum
{
  HB_PORTION_PARTIAL, /* More bytes are needed. */
  HB_PORTION_MESSAGE, /* A whole message */
  HB_PORTION_PONG,    /* A whole pong */
  HB_PORTION_LARGE,   /* A whole message that is larger than the caller's limit */
  HB_PORTION_SLOW,    /* The next bytes are libsoup's. */
} HbPortion;

/* Makes messages of plain, whole data frames, takes pongs, and gives libsoup the bytes of all other
 * frames. It never refuses a frame: if a message turns out to be wrong, libsoup gets its bytes too,
 * so errors and close frames are always those of libsoup. */
typedef struct
{
  HbLane    lane;
  HbFrame   frame;                       /* of the payload */
  guint8    header[HB_FRAME_MAX_HEADER]; /* the bytes of this frame's header */
  HbPayload payload;                     /* of a message that was not received in one piece */
  guint64   n_slow;                      /* bytes in the block that libsoup gets, or ALL_SLOW */
  gsize     n_replayed;                  /* bytes of header and payload that libsoup has */
  gboolean  is_replaying;                /* libsoup gets header and payload before the block. */
  gboolean  is_heard;                    /* Another handler of `message` gets every message. */
  gboolean  is_exposed;                  /* Others may wait for pongs, so libsoup gets them. */
  gboolean  is_waiting;                  /* The bytes in the block are of no use without more. */
  gboolean  expects_long;                /* The last message was long. */
} HbFastLane;

void      hb_fast_lane_init      (HbFastLane    *self);
void      hb_fast_lane_clear     (HbFastLane    *self);
void      hb_fast_lane_open      (HbFastLane    *self);
void      hb_fast_lane_close     (HbFastLane    *self);
gboolean  hb_fast_lane_is_open   (HbFastLane    *self);
gboolean  hb_fast_lane_has_bytes (HbFastLane    *self,
                                  const HbBlock *block);
HbPortion hb_fast_lane_take      (HbFastLane    *self,
                                  HbBlock       *block,
                                  gsize          max_size,
                                  HbEvent       *event);
gsize     hb_fast_lane_give      (HbFastLane    *self,
                                  HbBlock       *block,
                                  guint8        *buffer,
                                  gsize          size);
gsize     hb_fast_lane_fill      (HbFastLane    *self,
                                  HbBlockReader *reader);

/* Returns whether a message has come in part. */
static inline gboolean
hb_fast_lane_is_collecting (const HbFastLane *self)
{
  return self->payload.data != NULL && !self->is_replaying;
}

/* Returns the size of the last frame that was taken. */
static inline guint64
hb_fast_lane_get_frame_size (const HbFastLane *self)
{
  return self->frame.header_size + self->frame.length;
}

G_END_DECLS
