/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-outbox-private.h"

/* The caller still owns the bytes of @message. */
static void
resolve_unsent (HbOutbox         *self,
                const HbOutgoing *message,
                HbOutcome         outcome,
                const GError     *error)
{
  self->metrics->messages_dropped++;
  hb_effects_push_resolve (self->effects, message->ticket, outcome, error);
}

/* Takes ownership of the bytes of @message. */
void
hb_outbox_drop (HbOutbox         *self,
                const HbOutgoing *message,
                HbOutcome         outcome,
                const GError     *error)
{
  resolve_unsent (self, message, outcome, error);
  hb_outbox_push_gone (self, message->bytes);
}

/* Notifies buffered-amount, because the application may show or limit the backlog. */
void
hb_outbox_keep_waiting (HbOutbox *self)
{
  self->backlogged = TRUE;
  hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);
}

static void
settle_when_empty (HbOutbox *self)
{
  if (!hb_queue_is_empty (&self->queue))
    return;

  if (self->backlogged || self->shown)
    hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  self->shown = FALSE;
  self->overflowed = FALSE;
  self->expired = FALSE;
  self->tracks = FALSE;
  self->was_reset = FALSE;

  /* If the task is CLOSED, the last messages may have been dropped, not sent. So `drain` must not
   * be emitted, and hb_outbox_close () fails the flushes. */
  if (self->is_last)
    return;

  if (self->backlogged)
    hb_effects_push (self->effects, HB_EFFECT_DRAIN);

  self->backlogged = FALSE;
  hb_effects_resolve_all (self->effects, &self->flushes, HB_OUTCOME_DONE, NULL);
}

/* Call this after messages have been removed. */
void
hb_outbox_settle (HbOutbox *self)
{
  if (self->backlogged && !hb_queue_is_empty (&self->queue))
    hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  settle_when_empty (self);
  hb_outbox_follow_greeting (self);
}

static guint
drop_all (HbOutbox     *self,
          HbOutcome     outcome,
          const GError *error)
{
  HbOutgoing message;
  guint n;

  for (n = 0; hb_queue_pop_next (&self->queue, &message); n++)
    hb_outbox_drop (self, &message, outcome, error);

  return n;
}

/* Drops the volatile messages that are not in flight.
 *
 * @is_over: whether the link has ended; if so, also drops messages for that link only */
static void
drop_volatile (HbOutbox *self,
               gboolean  is_over)
{
  HbDeque popped;
  guint i;

  hb_deque_init (&popped, sizeof (HbOutgoing));
  hb_queue_pop_volatile (&self->queue, is_over, &popped);

  for (i = 0; i < popped.length; i++)
    {
      const HbOutgoing *message = hb_deque_peek (&popped, i);
      g_autoptr (GError) error = NULL;

      if (message->is_withdrawn)
        {
          hb_outbox_drop (self, message, HB_OUTCOME_CANCELLED, NULL);
          continue;
        }

      error = g_error_new_literal (HB_ERROR, HB_ERROR_NOT_OPEN,
                                   message->was_written
                                   ? _("The connection ended before the peer acknowledged the "
                                       "message")
                                   : message->is_this_link && is_over
                                   ? _("The connection that the message was for has ended")
                                   : _("The connection could not accept the message, which is "
                                       "volatile"));
      hb_outbox_drop (self, message, HB_OUTCOME_FAILED, error);
    }

  hb_deque_clear (&popped);
}

/* Takes ownership of the bytes of @message. */
static inline void
complete (HbOutbox         *self,
          const HbOutgoing *message,
          gsize             size)
{
  self->metrics->messages_sent++;
  self->metrics->bytes_sent += size;

  hb_effects_push_resolve (self->effects, message->ticket, HB_OUTCOME_DONE, NULL);
  hb_outbox_push_gone (self, message->bytes);
}

/* Completes the written messages that need no acknowledgement, but wait behind messages that need
 * one. Otherwise they would be sent again on the next link. */
static void
complete_passed (HbOutbox *self)
{
  HbDeque popped;
  guint i;

  hb_deque_init (&popped, sizeof (HbOutgoing));
  hb_queue_pop_passed (&self->queue, &popped);

  for (i = 0; i < popped.length; i++)
    {
      const HbOutgoing *message = hb_deque_peek (&popped, i);

      complete (self, message, g_bytes_get_size (message->bytes));
    }

  hb_queue_release_gone (&self->queue);
  hb_deque_clear (&popped);
}

void
hb_outbox_init (HbOutbox  *self,
                HbEffects *effects,
                HbMetrics *metrics)
{
  *self = (HbOutbox) { .effects = effects, .metrics = metrics };
  hb_queue_init (&self->queue);
  hb_deque_init (&self->gone, sizeof (GBytes *));
}

void
hb_outbox_clear (HbOutbox *self)
{
  GBytes *bytes;

  while ((bytes = hb_outbox_pop_gone (self)) != NULL)
    g_bytes_unref (bytes);

  hb_deque_clear (&self->gone);
  hb_queue_clear (&self->queue);
  hb_tickets_clear (&self->flushes);
}

/* Does not count the messages in flight. */
guint
hb_outbox_get_n_queued (const HbOutbox *self)
{
  return hb_queue_get_n_waiting (&self->queue, HB_LINE_WAITING);
}

guint64
hb_outbox_get_buffered (HbOutbox *self)
{
  return hb_queue_get_buffered (&self->queue);
}

void
hb_outbox_flush (HbOutbox *self,
                 gpointer  ticket)
{
  if (hb_queue_is_empty (&self->queue))
    hb_effects_push_resolve (self->effects, ticket, HB_OUTCOME_DONE, NULL);
  else
    hb_tickets_add (&self->flushes, ticket);
}

/* Cancels the call of @ticket, and drops its message, if any. Returns FALSE if the call continues,
 * because its message is in flight, or if the call is already complete. For messages in flight, see
 * hb_queue_withdraw (). */
gboolean
hb_outbox_withdraw (HbOutbox *self,
                    gpointer  ticket)
{
  HbOutgoing message;

  if (hb_tickets_remove (&self->flushes, ticket))
    {
      hb_effects_push_resolve (self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
      return TRUE;
    }

  if (!hb_queue_pop_ticket (&self->queue, ticket, &message))
    {
      hb_queue_withdraw (&self->queue, ticket);
      return FALSE;
    }

  hb_outbox_drop (self, &message, HB_OUTCOME_CANCELLED, NULL);
  hb_outbox_settle (self);
  return TRUE;
}

/* Moves the messages that are not in flight to @taken, a deque of HbOutgoing, in the order in which
 * they would be sent, and cancels their calls. The caller owns their bytes. For messages in flight,
 * see hb_queue_withdraw (). */
void
hb_outbox_take_queue (HbOutbox *self,
                      HbDeque  *taken)
{
  HbOutgoing message;

  hb_queue_withdraw (&self->queue, NULL);

  while (hb_queue_pop_next (&self->queue, &message))
    {
      resolve_unsent (self, &message, HB_OUTCOME_CANCELLED, NULL);
      *(HbOutgoing *) hb_deque_push_tail (taken) = message;
    }

  if (taken->length > 0)
    hb_outbox_settle (self);
}

/* Drops all messages and fails all calls with @error. If a link was open, call hb_outbox_on_lost ()
 * with @is_last TRUE first. */
void
hb_outbox_close (HbOutbox     *self,
                 const GError *error)
{
  hb_effects_resolve_all (self->effects, &self->flushes, HB_OUTCOME_FAILED, error);

  if (drop_all (self, HB_OUTCOME_FAILED, error) > 0)
    hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  self->backlogged = FALSE;
  self->overflowed = FALSE;
  self->expired = FALSE;
  self->tracks = FALSE;
  self->was_reset = FALSE;
  self->is_last = FALSE;
}

guint
hb_outbox_get_n_unready (HbOutbox *self)
{
  return self->is_ready ? 0
         : hb_outbox_get_n_queued (self)
           - hb_queue_get_n_waiting (&self->queue, HB_LINE_THIS_LINK);
}

/* Drops the messages that wait until the link is ready. Their calls and all flushes fail with
 * @error. */
void
hb_outbox_drop_unready (HbOutbox     *self,
                        const GError *error)
{
  HbOutgoing message;

  hb_effects_resolve_all (self->effects, &self->flushes, HB_OUTCOME_FAILED, error);

  while (hb_queue_pop_unready (&self->queue, &message))
    hb_outbox_drop (self, &message, HB_OUTCOME_FAILED, error);

  self->holds_back = FALSE;
  hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  if (!hb_queue_is_empty (&self->queue))
    return;

  self->backlogged = FALSE;
  self->overflowed = FALSE;
}

/* Until hb_outbox_on_greeted (), no message of HB_LINE_WAITING is sent.
 *
 * @is_ready: if FALSE, only messages for this link are sent until hb_outbox_on_ready ()
 * @can_acknowledge: if FALSE, every message counts as sent when it is written */
void
hb_outbox_on_opened (HbOutbox *self,
                     gboolean  is_ready,
                     gboolean  can_acknowledge,
                     guint     round_trip)
{
  self->is_open = TRUE;
  self->is_ready = is_ready;
  self->greeting = TRUE;
  self->holds_back = self->was_reset && can_acknowledge;
  self->blocked = FALSE;
  self->can_acknowledge = can_acknowledge;
  self->written = 0;
  self->acknowledged = 0;
  self->awaited = 0;
  hb_query_timer_init (&self->queries, round_trip);
}

void
hb_outbox_on_ready (HbOutbox *self)
{
  self->is_ready = TRUE;
  hb_outbox_follow_greeting (self);
}

void
hb_outbox_on_greeted (HbOutbox *self)
{
  self->greeting = FALSE;
  hb_outbox_follow_greeting (self);
}

void
hb_outbox_on_lost (HbOutbox *self,
                   gboolean  is_last)
{
  self->is_last = is_last;
  self->is_open = FALSE;
  self->is_ready = FALSE;
  self->greeting = FALSE;

  complete_passed (self);
  hb_queue_take_back (&self->queue);
  drop_volatile (self, TRUE);

  if (hb_queue_is_empty (&self->queue))
    settle_when_empty (self);
  else
    hb_outbox_keep_waiting (self);
}

/* Call this before a property is notified. Records whether the application can see that
 * buffered-amount is not 0, because the property must then be notified again once the amount is 0.
 * The amount also counts messages that cause no notification: those in flight that have not waited,
 * and those of other threads that have not been taken in. */
void
hb_outbox_on_notify (HbOutbox   *self,
                     HbProperty  property)
{
  if (property == HB_PROPERTY_BUFFERED_AMOUNT)
    self->shown = hb_outbox_get_buffered (self) > 0;
}

/* Call this after a batch of messages has been taken in. If the queue is then empty,
 * buffered-amount may have become 0 again without a notification. */
void
hb_outbox_on_taken_in (HbOutbox *self)
{
  if (self->shown && hb_queue_is_empty (&self->queue))
    settle_when_empty (self);
}

/* Returns whether any message has been completed. */
gboolean
hb_outbox_complete_sent (HbOutbox *self)
{
  const HbOutgoing *message;
  gboolean is_any = FALSE;

  while ((message = hb_queue_peek_sent (&self->queue, self->written, self->acknowledged)) != NULL)
    {
      gsize size = g_bytes_get_size (message->bytes);

      complete (self, message, size);
      hb_queue_pop_sent (&self->queue, size);
      is_any = TRUE;
    }

  hb_queue_release_gone (&self->queue);

  return is_any;
}

const HbOutgoing *
hb_outbox_take (HbOutbox *self)
{
  const HbOutgoing *message;

  if (!hb_outbox_can_transmit (self))
    return NULL;

  message = hb_queue_take (&self->queue, hb_outbox_get_last_line (self));
  self->metrics->messages_resent += message->was_written;

  return message;
}

/* @now: as in hb_outbox_on_progress ()
 * @span: the position of the last taken message that has no position yet */
void
hb_outbox_on_sent (HbOutbox     *self,
                   gint64        now,
                   const HbSpan *span)
{
  if (!self->is_open)
    return;

  if (hb_queue_set_span (&self->queue, span->begin, span->end) && self->tracks)
    hb_outbox_await (self, now, span->end);

  hb_outbox_on_progress (self, now, span->written);
}

/* Adds a message that was passed to the link in the call that accepted it. Takes ownership of its
 * bytes.
 *
 * @now: as in hb_outbox_on_progress ()
 * @span: empty if the link could not send the message */
void
hb_outbox_add_sent (HbOutbox         *self,
                    gint64            now,
                    const HbOutgoing *message,
                    const HbSpan     *span)
{
  if (span->end == span->begin)
    {
      hb_queue_push_sent (&self->queue, message, HB_UNSENT, HB_UNSENT);
      return;
    }

  hb_queue_push_sent (&self->queue, message, span->begin, span->end);

  if (message->ticket != NULL && self->tracks)
    hb_outbox_await (self, now, span->end);

  if (span->written != self->written)
    hb_outbox_on_progress (self, now, span->written);
}

/* @now: matters only if hb_outbox_needs_time () returns TRUE */
void
hb_outbox_on_progress (HbOutbox *self,
                       gint64    now,
                       guint64   written)
{
  if (!self->is_open)
    return;

  self->written = written;
  if (!self->can_acknowledge)
    self->acknowledged = written;

  if (hb_outbox_complete_sent (self))
    hb_outbox_settle (self);

  if (self->tracks)
    hb_outbox_follow_written (self, now);
}

void
hb_outbox_on_blocked (HbOutbox *self)
{
  if (!self->is_open || self->blocked)
    return;

  self->blocked = TRUE;
  drop_volatile (self, FALSE);
  hb_outbox_follow_greeting (self);

  if (hb_queue_is_written (&self->queue))
    settle_when_empty (self);
  else
    hb_outbox_keep_waiting (self);
}

void
hb_outbox_on_writable (HbOutbox *self)
{
  self->blocked = FALSE;
}
