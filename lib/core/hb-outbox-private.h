/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-effect-private.h"
#include "hb-lanes-private.h"
#include "hb-metrics-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

/* Decides what becomes of each message on its way out: whether it is accepted, when it may be
 * handed over, who is told of its end. */
typedef struct
{
  HbLanes    lanes;
  HbEffects *effects;         /* (not owned) */
  HbMetrics *metrics;         /* (not owned) */
  GPtrArray *flushes;         /* tickets that wait for the buffer to be empty */
  guint      n_accepted;      /* the number of the next message */
  guint      refused;         /* the number of the message at which the peer last ended a link */
  guint      n_refusals;      /* how many times in a row */
  guint      is_open : 1;     /* there is a link to hand messages to */
  guint      greeting : 1;    /* the application is being told so, and the queue is held back */
  guint      blocked : 1;     /* the link takes no more for now */
  guint      backlogged : 1;  /* a message has had to wait since the buffer was last empty */
  guint      shown : 1;       /* the application has read of messages when it was last notified */
  guint      overflowed : 1;  /* one has been dropped since then */
  guint      is_closing : 1;  /* the task is CLOSED, and hb_outbox_close () has not been called */
} HbOutbox;

void              hb_outbox_init         (HbOutbox         *self,
                                          HbEffects        *effects,
                                          HbMetrics        *metrics);
void              hb_outbox_clear        (HbOutbox         *self);
gboolean          hb_outbox_is_empty     (const HbOutbox   *self);
guint             hb_outbox_get_n_queued (const HbOutbox   *self);
const HbOutgoing *hb_outbox_judge_end    (HbOutbox         *self,
                                          gboolean          is_too_big);
void              hb_outbox_drop_refused (HbOutbox         *self,
                                          const GError     *error);
guint64           hb_outbox_get_buffered (const HbOutbox   *self);
gboolean          hb_outbox_can_transmit (const HbOutbox   *self);

gboolean          hb_outbox_accept       (HbOutbox         *self,
                                          const HbSettings *settings,
                                          const HbOutgoing *message,
                                          GError          **error);
void              hb_outbox_flush        (HbOutbox         *self,
                                          gpointer          ticket);
gboolean          hb_outbox_withdraw     (HbOutbox         *self,
                                          gpointer          ticket);
void              hb_outbox_take_queue   (HbOutbox         *self,
                                          HbDeque          *taken);
void              hb_outbox_close        (HbOutbox         *self,
                                          const GError     *error);

void              hb_outbox_on_opened    (HbOutbox         *self);
void              hb_outbox_on_greeted   (HbOutbox         *self);
void              hb_outbox_on_lost      (HbOutbox         *self,
                                          gboolean          is_last);
void              hb_outbox_on_notify    (HbOutbox         *self,
                                          HbProperty        property);
const HbOutgoing *hb_outbox_take         (HbOutbox         *self);
void              hb_outbox_on_written   (HbOutbox         *self,
                                          guint             n_messages);
void              hb_outbox_on_blocked   (HbOutbox         *self);
void              hb_outbox_on_writable  (HbOutbox         *self);

G_END_DECLS
