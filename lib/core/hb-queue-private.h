/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-amount-private.h"
#include "hb-deque-private.h"
#include "hb-outgoing-private.h"
#include "hb-time-private.h"

G_BEGIN_DECLS

/* The lines in which messages wait. A message is sent only when all lines before its own are
 * empty. */
typedef enum {
  HB_LINE_THIS_LINK, /* messages for this link only, sent before it was ready */
  HB_LINE_GREETING,  /* messages of `open` handlers */
  HB_LINE_WAITING,   /* all others */
  HB_N_LINES,
} HbLine;

/* The messages that the application has sent and the kernel does not have yet.
 *
 * A message waits in one of the lines. hb_queue_take () moves it to `in_flight`, where it stays
 * until the kernel has all of its frame. When the link is lost, all messages return to
 * HB_LINE_WAITING, in the order in which they were to be sent.
 *
 * Each line is in the order in which its messages were accepted, except that messages which have
 * returned may stand before older ones. */
typedef struct
{
  HbDeque  in_flight;
  HbDeque  lines[HB_N_LINES];
  HbAmount buffered;         /* bytes in all of them, and those that other threads have reserved */
  gsize    n_unreleased;     /* bytes in `buffered` of written messages that are gone */
  guint64  in_flight_amount; /* bytes in in_flight */
  gint64   oldest;           /* No message in the lines was accepted earlier. */
  guint    n_volatile;       /* in the lines */
  guint    n_this_link;      /* in the lines */
} HbQueue;

void              hb_queue_init          (HbQueue          *self);
void              hb_queue_clear         (HbQueue          *self);
gboolean          hb_queue_reserve       (HbQueue          *self,
                                          HbOutgoing       *message,
                                          guint64           limit);
void              hb_queue_release       (HbQueue          *self,
                                          const HbOutgoing *message);
void              hb_queue_release_gone  (HbQueue          *self);
gsize             hb_queue_get_buffered  (HbQueue          *self);
void              hb_queue_push          (HbQueue          *self,
                                          const HbOutgoing *message,
                                          HbLine            line);
const HbOutgoing *hb_queue_push_taken    (HbQueue          *self,
                                          const HbOutgoing *message);
const HbOutgoing *hb_queue_take          (HbQueue          *self,
                                          HbLine            last);
void              hb_queue_set_span      (HbQueue          *self,
                                          guint64           begin,
                                          guint64           end);
void              hb_queue_take_back     (HbQueue          *self);
gboolean          hb_queue_pop_written   (HbQueue          *self,
                                          guint64           written,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_next      (HbQueue          *self,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_unready   (HbQueue          *self,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_oldest    (HbQueue          *self,
                                          HbOutgoing       *message);
void              hb_queue_pop_volatile  (HbQueue          *self,
                                          gboolean          and_this_link,
                                          HbDeque          *popped);
gboolean          hb_queue_pop_expired   (HbQueue          *self,
                                          gint64            limit,
                                          HbOutgoing       *message);
gboolean          hb_queue_pop_ticket    (HbQueue          *self,
                                          gpointer          ticket,
                                          HbOutgoing       *message);
void              hb_queue_start_ages    (HbQueue          *self,
                                          gint64            now);

/* Returns how many messages could be taken now.
 *
 * @last: the last line from which messages may be taken */
static inline guint
hb_queue_get_n_waiting (const HbQueue *self,
                        HbLine         last)
{
  guint n = self->lines[HB_LINE_THIS_LINK].length;

  if (last >= HB_LINE_GREETING)
    n += self->lines[HB_LINE_GREETING].length;

  if (last >= HB_LINE_WAITING)
    n += self->lines[HB_LINE_WAITING].length;

  return n;
}

static inline gboolean
hb_queue_is_empty (const HbQueue *self)
{
  return self->in_flight.length + hb_queue_get_n_waiting (self, HB_LINE_WAITING) == 0;
}

/* Returns whether hb_queue_pop_written () would remove a message. */
static inline gboolean
hb_queue_has_written (const HbQueue *self,
                      guint64        written)
{
  const HbOutgoing *first = hb_deque_peek (&self->in_flight, 0);

  return first != NULL && first->end <= written;
}

G_END_DECLS
