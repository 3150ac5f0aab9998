/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-deque-private.h"
#include "hb-outgoing-private.h"

G_BEGIN_DECLS

/* The messages that the application has sent and the kernel has not taken, in three queues.
 *
 * A message goes from the queue (or, sent while the application is being told that the link is
 * open, from the greeting) to the link, and is written when the kernel has all of its frame. When
 * the link is lost, what was not written goes back to the front of the queue, in order. */
typedef struct
{
  HbDeque handed;
  HbDeque greeting;
  HbDeque queue;
  guint64 buffered_amount; /* bytes in all three */
  guint64 handed_amount;   /* bytes in handed */
  guint   n_volatile;      /* in greeting and queue */
} HbLanes;

void              hb_lanes_init         (HbLanes          *self);
void              hb_lanes_clear        (HbLanes          *self);
gboolean          hb_lanes_is_empty     (const HbLanes    *self);
guint             hb_lanes_get_waiting  (const HbLanes    *self,
                                         gboolean          greeting);
void              hb_lanes_push         (HbLanes          *self,
                                         const HbOutgoing *message,
                                         gboolean          greeting);
const HbOutgoing *hb_lanes_take         (HbLanes          *self,
                                         gboolean          greeting);
void              hb_lanes_take_back    (HbLanes          *self);
gboolean          hb_lanes_pop_written  (HbLanes          *self,
                                         HbOutgoing       *message);
gboolean          hb_lanes_pop_next     (HbLanes          *self,
                                         HbOutgoing       *message);
gboolean          hb_lanes_pop_oldest   (HbLanes          *self,
                                         HbOutgoing       *message);
gboolean          hb_lanes_pop_volatile (HbLanes          *self,
                                         HbOutgoing       *message);
gboolean          hb_lanes_pop_ticket   (HbLanes          *self,
                                         gpointer          ticket,
                                         HbOutgoing       *message);

G_END_DECLS
