/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-deque-private.h"
#include "hb-outgoing-private.h"

G_BEGIN_DECLS

/* The messages that the application has sent and the kernel does not have yet.
 *
 * A message waits in `waiting`, or in `greeting` if a handler of `open` sent it. hb_queue_take ()
 * moves it to `in_flight`, where it stays until the kernel has all of its frame. When the link is
 * lost, the messages in flight return to the front of `waiting`, in order. */
typedef struct
{
  HbDeque in_flight;
  HbDeque greeting;
  HbDeque waiting;
  guint64 buffered_amount;  /* bytes in all three */
  guint64 in_flight_amount; /* bytes in in_flight */
  guint   n_volatile;       /* in greeting and waiting */
} HbQueue;

void              hb_queue_init          (HbQueue          *self);
void              hb_queue_clear         (HbQueue          *self);
gboolean          hb_queue_is_empty      (const HbQueue    *self);
guint             hb_queue_get_n_waiting (const HbQueue    *self,
                                          gboolean          greeting);
void              hb_queue_push          (HbQueue          *self,
                                          const HbOutgoing *message,
                                          gboolean          greeting);
const HbOutgoing *hb_queue_take          (HbQueue          *self,
                                          gboolean          greeting);
void              hb_queue_set_span      (HbQueue          *self,
                                          guint64           begin,
                                          guint64           end);
void              hb_queue_take_back     (HbQueue          *self);
gboolean          hb_queue_pop_written   (HbQueue          *self,
                                          guint64           written,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_next      (HbQueue          *self,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_oldest    (HbQueue          *self,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_volatile  (HbQueue          *self,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_ticket    (HbQueue          *self,
                                          gpointer          ticket,
                                          HbOutgoing       *message);

G_END_DECLS
