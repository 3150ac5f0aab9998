/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-frame-private.h"

G_BEGIN_DECLS

/* Which reader a received frame is for */
typedef enum
{
  HB_LANE_UNKNOWN, /* More bytes of the header are needed. */
  HB_LANE_FAST,    /* The frame is a whole message, and nothing is wrong with its header. */
  HB_LANE_PONG,    /* The frame is a pong, and nothing is wrong with its header. */
  HB_LANE_SLOW,    /* all other frames */
} HbLaneKind;

/* Sorts received frames into whole messages, pongs, and the frames that libsoup has to handle:
 * fragments, other control frames, pongs that are too long, frames whose header libsoup refuses,
 * and all frames after a refused one or a close frame. */
typedef struct
{
  guint64  max_length;    /* of a payload, in bytes */
  gboolean is_fragmented; /* The last frame of a message in several frames has not arrived yet. */
  gboolean is_over;       /* All following frames are for libsoup. */
} HbLane;

HbLaneKind hb_lane_sort    (const HbLane  *self,
                            HbFrame       *frame,
                            const guint8  *data,
                            gsize          length);
void       hb_lane_on_slow (HbLane        *self,
                            const HbFrame *frame);

G_END_DECLS
