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
  HB_LINE_THIS_LINK, /* messages for this link only, accepted before it was ready */
  HB_LINE_GREETING,  /* other messages from `open` handlers */
  HB_LINE_WAITING,   /* all others */
  HB_N_LINES,
} HbLine;

/* The messages that the task has accepted and that do not count as sent yet.
 *
 * hb_queue_take () moves a message from its line to `in_flight`, where it stays until it counts as
 * sent, an overflow drops it, or the link is lost. The written messages come first in `in_flight`.
 * Each of them waits for the peer's acknowledgement, or behind a message that does. When the link
 * is lost, all messages return to HB_LINE_WAITING, in the order in which they were to be sent.
 *
 * Each line is in the order in which its messages were accepted, except that messages that have
 * returned may stand before older ones. */
typedef struct
{
  HbDeque  in_flight;
  HbDeque  lines[HB_N_LINES];
  HbAmount buffered;         /* bytes of all messages, and those that other threads have reserved */
  gsize    n_unreleased;     /* bytes of removed messages that `buffered` still counts */
  guint64  in_flight_amount; /* bytes in in_flight, except those of written messages */
  guint    n_unacknowledged; /* how many messages in in_flight are written */
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
void              hb_queue_push_sent     (HbQueue          *self,
                                          const HbOutgoing *message,
                                          guint64           begin,
                                          guint64           end);
const HbOutgoing *hb_queue_take          (HbQueue          *self,
                                          HbLine            last);
gboolean          hb_queue_set_span      (HbQueue          *self,
                                          guint64           begin,
                                          guint64           end);
void              hb_queue_take_back     (HbQueue          *self);
void              hb_queue_on_written    (HbQueue          *self,
                                          guint64           written);
void              hb_queue_pop_passed    (HbQueue          *self,
                                          HbDeque          *popped);
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
gboolean          hb_queue_pop_refused   (HbQueue          *self,
                                          HbOutgoing       *message);
void              hb_queue_withdraw      (HbQueue          *self,
                                          gpointer          ticket);
void              hb_queue_start_ages    (HbQueue          *self,
                                          gint64            now);

/* @last: the last line from which messages may be taken */
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

static inline gboolean
hb_queue_is_written (const HbQueue *self)
{
  return self->in_flight.length == self->n_unacknowledged
         && hb_queue_get_n_waiting (self, HB_LINE_WAITING) == 0;
}

/* Returns: (nullable): the first message in flight that is not completely written */
static inline HbOutgoing *
hb_queue_peek_unwritten (const HbQueue *self)
{
  return hb_deque_peek (&self->in_flight, self->n_unacknowledged);
}

/* Returns: (nullable): the first message that is written but does not count as sent */
static inline HbOutgoing *
hb_queue_peek_unacknowledged (const HbQueue *self)
{
  return self->n_unacknowledged > 0 ? hb_deque_peek (&self->in_flight, 0) : NULL;
}

/* Returns: (nullable): the first message in flight, if all of it precedes the position that applies
 *   to its `delivery`: @written or @acknowledged */
static inline HbOutgoing *
hb_queue_peek_sent (const HbQueue *self,
                    guint64        written,
                    guint64        acknowledged)
{
  HbOutgoing *first = hb_deque_peek (&self->in_flight, 0);
  gboolean is_sent = first != NULL && first->end <= (first->delivery == HB_DELIVERY_WRITTEN
                                                     ? written : acknowledged);

  return is_sent ? first : NULL;
}

/* Removes the message that hb_queue_peek_sent () has returned. The caller owns its bytes. Call
 * hb_queue_release_gone () after the last removal. */
static inline void
hb_queue_pop_sent (HbQueue *self,
                   gsize    size)
{
  if (self->n_unacknowledged > 0)
    self->n_unacknowledged--;
  else
    self->in_flight_amount -= size;

  self->n_unreleased += size;
  hb_deque_pop_head (&self->in_flight);
}

G_END_DECLS
