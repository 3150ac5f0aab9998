/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-frame-private.h"

G_BEGIN_DECLS

/* The kinds of received frames */
typedef enum
{
  HB_LANE_UNKNOWN, /* More bytes of the header are needed. */
  HB_LANE_FAST,    /* a whole message with a valid header */
  HB_LANE_PONG,    /* a pong with a valid header */
  HB_LANE_SLOW,    /* all other frames */
} HbLaneKind;

/* Sorts received frames into whole messages, pongs, and the frames that libsoup has to handle. */
typedef struct
{
  guint64  max_length;    /* of a payload, in bytes */
  gboolean is_fragmented; /* The last fragment of a message has not arrived yet. */
  gboolean is_over;       /* All following frames are for libsoup. */
} HbLane;

HbLaneKind hb_lane_sort    (const HbLane  *self,
                            HbFrame       *frame,
                            const guint8  *data,
                            gsize          length);
void       hb_lane_on_slow (HbLane        *self,
                            const HbFrame *frame);

G_END_DECLS
