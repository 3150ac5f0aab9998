/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-block-reader-private.h"
#include "hb-event-private.h"
#include "hb-lane-private.h"
#include "hb-payload-private.h"

G_BEGIN_DECLS

/* The kinds of data with which the received bytes may begin */
typedef enum
{
  HB_PORTION_PARTIAL, /* More bytes are needed. */
  HB_PORTION_MESSAGE, /* a whole message */
  HB_PORTION_PONG,    /* a whole pong */
  HB_PORTION_LARGE,   /* a whole message that is larger than the caller's limit */
  HB_PORTION_SLOW,    /* libsoup must get the next bytes. */
} HbPortion;

/* Makes a message from each frame that contains a whole message, and takes each pong, if nothing is
 * wrong with the header of the frame. libsoup gets the bytes of all other frames, and also those of
 * messages while `is_heard` is TRUE, of pongs while `is_exposed` is TRUE, and of invalid messages.
 * Thus libsoup reports all errors, and handles all close frames. */
typedef struct
{
  HbLane    lane;
  HbFrame   frame;                       /* the frame that was sorted last */
  guint8    header[HB_FRAME_MAX_HEADER]; /* the header of the frame of `payload` */
  HbPayload payload;                     /* of a long message that is received in several reads */
  guint64   n_slow;                      /* how many of the next bytes libsoup gets, or ALL_SLOW */
  gsize     n_replayed;                  /* bytes of header and payload that libsoup has */
  gboolean  is_replaying;                /* libsoup gets header and payload before the block. */
  gboolean  is_heard;                    /* The application has a handler of libsoup's `message`. */
  gboolean  is_exposed;                  /* The application or libsoup may wait for pongs. */
  gboolean  is_waiting;                  /* More bytes must be read before the block is used. */
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

/* Returns whether a long message is being received, or is complete and has not been taken yet. */
static inline gboolean
hb_fast_lane_is_collecting (const HbFastLane *self)
{
  return self->payload.data != NULL && !self->is_replaying;
}

/* Returns the size of the frame that was sorted last. */
static inline guint64
hb_fast_lane_get_frame_size (const HbFastLane *self)
{
  return self->frame.header_size + self->frame.length;
}

G_END_DECLS
