/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-effect-private.h"
#include "hb-event-private.h"
#include "hb-metrics-private.h"
#include "hb-query-timer-private.h"
#include "hb-queue-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

/* Decides whether to accept each message that the application sends, when to send it, and with
 * which outcome its call completes. */
typedef struct
{
  HbQueue      queue;
  HbEffects   *effects;         /* (not owned) */
  HbMetrics   *metrics;         /* (not owned) */
  HbTickets    flushes;         /* wait until the queue is empty */
  HbDeque      gone;            /* of GBytes *, (owned): see hb_outbox_pop_gone () */
  HbQueryTimer queries;         /* of the current link */
  guint64      written;         /* how many bytes of the current link the kernel has accepted */
  guint64      acknowledged;    /* how many the peer has acknowledged; `written` if unknown */
  guint64      awaited;         /* A call waits until the peer has acknowledged this many bytes. */
  guint        is_open : 1;     /* a link is open */
  guint        is_ready : 1;    /* the link accepts all messages, not only those for this link */
  guint        greeting : 1;    /* handlers for `open` may still send; HB_LINE_WAITING waits */
  guint        can_acknowledge : 1; /* the link can report acknowledgements */
  guint        tracks : 1;      /* a message to be acknowledged has been accepted since the queue
                                 * was last empty */
  guint        blocked : 1;     /* the link accepts no message for now */
  guint        backlogged : 1;  /* a message has waited since the queue was last empty */
  guint        shown : 1;       /* buffered-amount was not 0 when it was last notified */
  guint        overflowed : 1;  /* an overflow has been reported since the queue was last empty */
  guint        expired : 1;     /* a message has expired since the queue was last empty */
  guint        is_timed : 1;    /* messages have an age, because queue-timeout is not 0 */
  guint        was_reset : 1;   /* since the queue was last empty, a link has been reset before the
                                 * peer acknowledged messages of a login or of `open` handlers */
  guint        holds_back : 1;  /* messages in HB_LINE_WAITING are not sent until the peer has
                                 * acknowledged those of the other lines */
  guint        is_last : 1;     /* the task is CLOSED, and hb_outbox_close () follows */
} HbOutbox;

void              hb_outbox_init               (HbOutbox         *self,
                                                HbEffects        *effects,
                                                HbMetrics        *metrics);
void              hb_outbox_clear              (HbOutbox         *self);
guint             hb_outbox_get_n_queued       (const HbOutbox   *self);
gboolean          hb_outbox_is_in_message      (HbOutbox         *self);
const HbOutgoing *hb_outbox_judge_end          (HbOutbox         *self,
                                                gboolean          is_too_big);
gboolean          hb_outbox_can_judge_reset    (const HbOutbox   *self);
const HbOutgoing *hb_outbox_judge_reset        (HbOutbox         *self);
void              hb_outbox_on_reset           (HbOutbox         *self);
void              hb_outbox_try_queue          (HbOutbox         *self);
void              hb_outbox_drop_refused       (HbOutbox         *self,
                                                const GError     *error);
guint64           hb_outbox_get_buffered       (HbOutbox         *self);

gboolean          hb_outbox_accept             (HbOutbox         *self,
                                                const HbSettings *settings,
                                                HbOutgoing       *message,
                                                gboolean         *is_direct,
                                                GError          **error);
GError           *hb_outbox_new_overflow_error (gsize             size,
                                                guint64           limit);
void              hb_outbox_drop_late          (HbOutbox         *self,
                                                const HbOutgoing *message,
                                                const GError     *error);
void              hb_outbox_on_overflow        (HbOutbox         *self,
                                                guint             n_dropped,
                                                const GError     *error);
void              hb_outbox_drop               (HbOutbox         *self,
                                                const HbOutgoing *message,
                                                HbOutcome         outcome,
                                                const GError     *error);
void              hb_outbox_settle             (HbOutbox         *self);
void              hb_outbox_keep_waiting       (HbOutbox         *self);
void              hb_outbox_flush              (HbOutbox         *self,
                                                gpointer          ticket);
gboolean          hb_outbox_withdraw           (HbOutbox         *self,
                                                gpointer          ticket);
void              hb_outbox_take_queue         (HbOutbox         *self,
                                                HbDeque          *taken);
void              hb_outbox_close              (HbOutbox         *self,
                                                const GError     *error);
guint             hb_outbox_get_n_unready      (HbOutbox         *self);
void              hb_outbox_drop_unready       (HbOutbox         *self,
                                                const GError     *error);

void              hb_outbox_apply_settings     (HbOutbox         *self,
                                                const HbSettings *settings,
                                                gint64            now);
void              hb_outbox_expire             (HbOutbox         *self,
                                                const HbSettings *settings,
                                                gint64            now);
gint64            hb_outbox_get_deadline       (const HbOutbox   *self,
                                                const HbSettings *settings);

gboolean          hb_outbox_complete_sent      (HbOutbox         *self);
gint64            hb_outbox_get_query_at       (HbOutbox         *self,
                                                const HbSettings *settings);
void              hb_outbox_tick               (HbOutbox         *self,
                                                const HbSettings *settings,
                                                gint64            now);
gboolean          hb_outbox_on_receipt         (HbOutbox         *self,
                                                gint64            now);
void              hb_outbox_on_acknowledged    (HbOutbox         *self,
                                                gint64            now,
                                                guint64           position,
                                                guint             round_trip);
void              hb_outbox_await              (HbOutbox         *self,
                                                gint64            now,
                                                guint64           position);
void              hb_outbox_follow_written     (HbOutbox         *self,
                                                gint64            now);

void              hb_outbox_on_opened          (HbOutbox         *self,
                                                gboolean          is_ready,
                                                gboolean          can_acknowledge,
                                                guint             round_trip);
void              hb_outbox_on_ready           (HbOutbox         *self);
void              hb_outbox_on_greeted         (HbOutbox         *self);
void              hb_outbox_on_lost            (HbOutbox         *self,
                                                gboolean          is_last);
void              hb_outbox_on_taken_in        (HbOutbox         *self);
void              hb_outbox_on_notify          (HbOutbox         *self,
                                                HbProperty        property);
const HbOutgoing *hb_outbox_take               (HbOutbox         *self);
void              hb_outbox_on_sent            (HbOutbox         *self,
                                                gint64            now,
                                                const HbSpan     *span);
void              hb_outbox_add_sent           (HbOutbox         *self,
                                                gint64            now,
                                                const HbOutgoing *message,
                                                const HbSpan     *span);
void              hb_outbox_on_progress        (HbOutbox         *self,
                                                gint64            now,
                                                guint64           written);
void              hb_outbox_on_blocked         (HbOutbox         *self);
void              hb_outbox_on_writable        (HbOutbox         *self);

/* Takes ownership of the bytes of a message that has left the queue. */
static inline void
hb_outbox_push_gone (HbOutbox *self,
                     GBytes   *bytes)
{
  *(GBytes **) hb_deque_push_tail (&self->gone) = bytes;
}

/* Releasing the bytes may call a function of the application, which may call the task again. That
 * function must not run while the machine handles an event or a call, so the caller releases the
 * bytes.
 *
 * Returns: (transfer full) (nullable): the bytes of a message that has left the queue */
static inline GBytes *
hb_outbox_pop_gone (HbOutbox *self)
{
  GBytes *bytes;

  if (self->gone.length == 0)
    return NULL;

  bytes = *(GBytes **) hb_deque_at (&self->gone, 0);
  hb_deque_pop_head (&self->gone);

  return bytes;
}

/* Written messages may still wait for the peer's acknowledgement. */
static inline gboolean
hb_outbox_is_written (const HbOutbox *self)
{
  return hb_queue_is_written (&self->queue);
}

/* Returns whether written messages wait for the peer's acknowledgement. */
static inline gboolean
hb_outbox_is_unacknowledged (const HbOutbox *self)
{
  return self->queue.n_unacknowledged > 0;
}

/* Returns whether hb_outbox_on_sent (), hb_outbox_add_sent () and hb_outbox_on_progress () need the
 * time, because messages or a call begin to wait for an acknowledgement.
 *
 * @written: how many bytes of this link the kernel has accepted
 * @is_awaited: whether a call waits for the message that was sent */
static inline gboolean
hb_outbox_needs_time (const HbOutbox *self,
                      guint64         written,
                      gboolean        is_awaited)
{
  return self->tracks
         && (is_awaited
             || (written > self->acknowledged && !hb_outbox_is_unacknowledged (self)));
}

/* Returns the last line from which messages may be sent now, if a link is open. */
static inline HbLine
hb_outbox_get_last_line (const HbOutbox *self)
{
  if (!self->is_ready)
    return HB_LINE_THIS_LINK;

  return self->greeting || self->holds_back ? HB_LINE_GREETING : HB_LINE_WAITING;
}

/* Call this when messages that precede HB_LINE_WAITING may be gone: see hb_outbox_try_queue (). */
static inline void
hb_outbox_follow_greeting (HbOutbox *self)
{
  if (G_UNLIKELY (self->holds_back))
    hb_outbox_try_queue (self);
}

/* Returns whether hb_outbox_take () would return a message. */
static inline gboolean
hb_outbox_can_transmit (const HbOutbox *self)
{
  return self->is_open && !self->blocked
         && hb_queue_get_n_waiting (&self->queue, hb_outbox_get_last_line (self)) > 0;
}

G_END_DECLS
