/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <inttypes.h>

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-outbox-private.h"

/* A peer that has ended this many links in a row at the bytes of one message will not take it. */
#define MAX_REFUSALS 3

/* Every message that ends without having gone out ends here. The caller owns its bytes then. */
static void
end_unsent (HbOutbox         *self,
            const HbOutgoing *message,
            HbOutcome         outcome,
            const GError     *error)
{
  self->metrics->messages_dropped++;
  hb_effects_push_resolve (self->effects, message->ticket, outcome, error);
}

static void
drop (HbOutbox         *self,
      const HbOutgoing *message,
      HbOutcome         outcome,
      const GError     *error)
{
  end_unsent (self, message, outcome, error);
  g_bytes_unref (message->bytes);
}

/* Something is left over: the application may want to see that. */
static void
keep_waiting (HbOutbox *self)
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

  /* The messages of a task that is CLOSED have not gone out, so its flushes must fail:
   * hb_outbox_close () ends them with the reason. */
  if (self->is_closing)
    return;

  if (self->backlogged)
    hb_effects_push (self->effects, HB_EFFECT_DRAIN);

  self->backlogged = FALSE;
  hb_effects_resolve_all (self->effects, self->flushes, HB_OUTCOME_DONE, NULL);
}

/* Messages have gone out or been taken back. One that goes straight through is not told of. */
static void
settle (HbOutbox *self)
{
  if (self->backlogged && !hb_queue_is_empty (&self->queue))
    hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  settle_when_empty (self);
}

static GError *
new_overflow_error (const HbSettings *settings,
                    const HbOutgoing *message)
{
  return g_error_new (HB_ERROR, HB_ERROR_QUEUE_FULL,
                      _("No room for a message of %zu bytes: "
                        "max-buffered-amount is %" PRIu64),
                      g_bytes_get_size (message->bytes), settings->max_buffered_amount);
}

static gboolean
fits (guint64           amount,
      const HbOutgoing *message,
      const HbSettings *settings)
{
  return settings->max_buffered_amount == 0
         || amount + g_bytes_get_size (message->bytes) <= settings->max_buffered_amount;
}

/* One error for all that is dropped while the buffer is never empty: a flood of messages does not
 * become a flood of errors. A message that an empty buffer does not hold is told of by itself. */
static void
tell_overflow (HbOutbox     *self,
               const GError *error)
{
  if (!self->overflowed)
    hb_effects_push_error (self->effects, g_error_copy (error));

  self->overflowed = !hb_queue_is_empty (&self->queue);
}

/* Makes room by the rule that the application chose. Returns whether there is room now; if not,
 * and @error is not set, the message itself is to be dropped. */
static gboolean
make_room (HbOutbox          *self,
           const HbSettings  *settings,
           const HbOutgoing  *message,
           GError           **error)
{
  g_autoptr (GError) overflow = NULL;
  HbOutgoing oldest;

  if (fits (self->queue.buffered_amount, message, settings))
    return TRUE;

  overflow = new_overflow_error (settings, message);

  switch (settings->overflow)
    {
    case HB_OVERFLOW_DROP_OLDEST:
      /* What has been handed over stays: where that leaves no room, nothing is dropped in vain. */
      if (!fits (self->queue.in_flight_amount, message, settings))
        break;

      tell_overflow (self, overflow);
      while (!fits (self->queue.buffered_amount, message, settings)
             && hb_queue_pop_oldest (&self->queue, &oldest))
        drop (self, &oldest, HB_OUTCOME_FAILED, overflow);
      return TRUE;

    case HB_OVERFLOW_DROP_NEWEST:
      tell_overflow (self, overflow);
      return FALSE;

    case HB_OVERFLOW_FAIL:
      break;

    default:
      g_assert_not_reached ();
    }

  g_propagate_error (error, g_steal_pointer (&overflow));
  return FALSE;
}

static gboolean
check_volatile (const HbOutbox  *self,
                GError         **error)
{
  if (!self->is_open)
    {
      g_set_error_literal (error, HB_ERROR, HB_ERROR_NOT_OPEN,
                           _("The link is not open, and the message is volatile"));
      return FALSE;
    }

  if (self->blocked || (self->backlogged && !self->greeting))
    {
      g_set_error_literal (error, HB_ERROR, HB_ERROR_QUEUE_FULL,
                           _("Other messages wait to go out, and the message is volatile"));
      return FALSE;
    }

  return TRUE;
}

static guint
drop_all (HbOutbox     *self,
          HbOutcome     outcome,
          const GError *error)
{
  HbOutgoing message;
  guint n;

  for (n = 0; hb_queue_pop_next (&self->queue, &message); n++)
    drop (self, &message, outcome, error);

  return n;
}

static void
drop_volatile (HbOutbox *self)
{
  g_autoptr (GError) error = NULL;
  HbOutgoing message;

  while (hb_queue_pop_volatile (&self->queue, &message))
    {
      if (error == NULL)
        error = g_error_new_literal (HB_ERROR, HB_ERROR_NOT_OPEN,
                                     _("The link could not take the message, which is volatile"));
      drop (self, &message, HB_OUTCOME_FAILED, error);
    }
}

void
hb_outbox_init (HbOutbox  *self,
                HbEffects *effects,
                HbMetrics *metrics)
{
  *self = (HbOutbox) { .effects = effects, .metrics = metrics };
  hb_queue_init (&self->queue);
  self->flushes = g_ptr_array_new ();
}

void
hb_outbox_clear (HbOutbox *self)
{
  hb_queue_clear (&self->queue);
  g_clear_pointer (&self->flushes, g_ptr_array_unref);
}

gboolean
hb_outbox_is_empty (const HbOutbox *self)
{
  return hb_queue_is_empty (&self->queue);
}

/* How many messages are waiting, the ones at the link not counted. */
guint
hb_outbox_get_n_queued (const HbOutbox *self)
{
  return hb_queue_get_n_waiting (&self->queue, FALSE);
}

guint64
hb_outbox_get_buffered (const HbOutbox *self)
{
  return self->queue.buffered_amount;
}

gboolean
hb_outbox_can_transmit (const HbOutbox *self)
{
  return self->is_open && !self->blocked
         && hb_queue_get_n_waiting (&self->queue, self->greeting) > 0;
}

/* Takes a reference to the bytes. The ticket is resolved by an effect, unless this fails. */
gboolean
hb_outbox_accept (HbOutbox          *self,
                  const HbSettings  *settings,
                  const HbOutgoing  *message,
                  GError           **error)
{
  g_autoptr (GError) overflow = NULL;

  if (message->is_volatile && !check_volatile (self, error))
    return FALSE;

  g_bytes_ref (message->bytes);

  if (make_room (self, settings, message, &overflow))
    {
      HbOutgoing accepted = *message;

      accepted.number = self->n_accepted++;
      accepted.is_greeting = self->greeting;
      hb_queue_push (&self->queue, &accepted, self->greeting);
      if (!self->is_open || self->blocked)
        keep_waiting (self);
      return TRUE;
    }

  if (overflow != NULL)
    {
      g_bytes_unref (message->bytes);
      g_propagate_error (error, g_steal_pointer (&overflow));
      return FALSE;
    }

  overflow = new_overflow_error (settings, message);
  drop (self, message, HB_OUTCOME_FAILED, overflow);
  return TRUE;
}

void
hb_outbox_flush (HbOutbox *self,
                 gpointer  ticket)
{
  if (hb_queue_is_empty (&self->queue))
    hb_effects_push_resolve (self->effects, ticket, HB_OUTCOME_DONE, NULL);
  else
    g_ptr_array_add (self->flushes, ticket);
}

/* Who waits does not want to any longer. Returns whether that was in time; a message that has been
 * handed over goes out all the same. */
gboolean
hb_outbox_withdraw (HbOutbox *self,
                    gpointer  ticket)
{
  HbOutgoing message;

  if (g_ptr_array_remove (self->flushes, ticket))
    {
      hb_effects_push_resolve (self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
      return TRUE;
    }

  if (!hb_queue_pop_ticket (&self->queue, ticket, &message))
    return FALSE;

  drop (self, &message, HB_OUTCOME_CANCELLED, NULL);
  settle (self);
  return TRUE;
}

/* Moves the messages that have not been handed over to @taken, an array of HbOutgoing, in the order
 * in which they would have gone out. The caller owns their bytes. */
void
hb_outbox_take_queue (HbOutbox *self,
                      HbDeque  *taken)
{
  HbOutgoing message;

  while (hb_queue_pop_next (&self->queue, &message))
    {
      end_unsent (self, &message, HB_OUTCOME_CANCELLED, NULL);
      *(HbOutgoing *) hb_deque_push_tail (taken) = message;
    }

  if (taken->length > 0)
    settle (self);
}

/* There will be no next link to take what is left: all who wait are told @error. To be called after
 * hb_outbox_on_lost () with @is_last where a link was open. */
void
hb_outbox_close (HbOutbox     *self,
                 const GError *error)
{
  hb_effects_resolve_all (self->effects, self->flushes, HB_OUTCOME_FAILED, error);

  if (drop_all (self, HB_OUTCOME_FAILED, error) > 0)
    hb_effects_push_notify (self->effects, HB_PROPERTY_BUFFERED_AMOUNT);

  self->backlogged = FALSE;
  self->overflowed = FALSE;
  self->is_closing = FALSE;
}

void
hb_outbox_on_opened (HbOutbox *self)
{
  self->is_open = TRUE;
  self->greeting = TRUE;
  self->blocked = FALSE;
  self->written = 0;
}

void
hb_outbox_on_greeted (HbOutbox *self)
{
  self->greeting = FALSE;
}

/* @is_last: the task is CLOSED, and hb_outbox_close () follows */
void
hb_outbox_on_lost (HbOutbox *self,
                   gboolean  is_last)
{
  self->is_closing = is_last;
  self->is_open = FALSE;
  self->greeting = FALSE;

  hb_queue_take_back (&self->queue);
  drop_volatile (self);

  if (hb_queue_is_empty (&self->queue))
    settle_when_empty (self);
  else
    keep_waiting (self);
}

/* Whether the kernel has a part of the first message in flight, but not all of it. Over TLS a refused
 * record may be in the kernel in part too. That does not count, because the peer cannot have read
 * its content. */
gboolean
hb_outbox_is_in_message (HbOutbox *self)
{
  const HbOutgoing *first = hb_deque_peek (&self->queue.in_flight, 0);

  return first != NULL && first->begin < self->written;
}

/* Counts the end of a link during a message, which the peer has caused. Call this before
 * hb_outbox_on_lost ().
 *
 * @is_too_big: whether the peer named the size as the reason
 *
 * Returns: (nullable): the message, if it is to be dropped */
const HbOutgoing *
hb_outbox_judge_end (HbOutbox *self,
                     gboolean  is_too_big)
{
  const HbOutgoing *first = hb_deque_peek (&self->queue.in_flight, 0);

  g_assert (first != NULL);

  if (self->refused != first->number)
    self->n_refusals = 0;

  self->refused = first->number;
  self->n_refusals++;

  return is_too_big || self->n_refusals == MAX_REFUSALS ? first : NULL;
}

/* Drops the message that hb_outbox_judge_end () has returned, and reports @error. To be called
 * after hb_outbox_on_lost (), which has dropped the message already if it is volatile. */
void
hb_outbox_drop_refused (HbOutbox     *self,
                        const GError *error)
{
  const HbOutgoing *first = hb_deque_peek (&self->queue.waiting, 0);
  HbOutgoing message;

  self->n_refusals = 0;
  hb_effects_push_error (self->effects, g_error_copy (error));

  if (first == NULL || first->number != self->refused)
    return;

  hb_queue_pop_next (&self->queue, &message);
  drop (self, &message, HB_OUTCOME_FAILED, error);
  settle (self);
}

/* The application is about to read a property. Where it sees a message that goes straight through,
 * it has to be told when that has gone. */
void
hb_outbox_on_notify (HbOutbox   *self,
                     HbProperty  property)
{
  if (property == HB_PROPERTY_BUFFERED_AMOUNT)
    self->shown = !hb_queue_is_empty (&self->queue);
}

const HbOutgoing *
hb_outbox_take (HbOutbox *self)
{
  return hb_outbox_can_transmit (self) ? hb_queue_take (&self->queue, self->greeting) : NULL;
}

static void
complete_written (HbOutbox *self)
{
  HbOutgoing message;
  gboolean has_changed = FALSE;

  while (hb_queue_pop_written (&self->queue, self->written, &message))
    {
      self->metrics->messages_sent++;
      self->metrics->bytes_sent += g_bytes_get_size (message.bytes);

      /* An `open` handler's message is sent first on each link, so to count it here would keep a
       * refused message forever. */
      if (!message.is_greeting)
        self->n_refusals = 0;

      hb_effects_push_resolve (self->effects, message.ticket, HB_OUTCOME_DONE, NULL);
      g_bytes_unref (message.bytes);
      has_changed = TRUE;
    }

  if (has_changed)
    settle (self);
}

/* The message that was last taken is in the link, all or a part of it also in the kernel. */
void
hb_outbox_on_sent (HbOutbox     *self,
                   const HbSpan *span)
{
  if (!self->is_open)
    return;

  hb_queue_set_span (&self->queue, span->begin, span->end);
  hb_outbox_on_progress (self, span->written);
}

/* @written: how many bytes of this link the kernel has */
void
hb_outbox_on_progress (HbOutbox *self,
                       guint64   written)
{
  if (!self->is_open)
    return;

  self->written = written;
  complete_written (self);
}

void
hb_outbox_on_blocked (HbOutbox *self)
{
  if (!self->is_open || self->blocked)
    return;

  self->blocked = TRUE;
  drop_volatile (self);

  if (hb_queue_is_empty (&self->queue))
    settle_when_empty (self);
  else
    keep_waiting (self);
}

void
hb_outbox_on_writable (HbOutbox *self)
{
  self->blocked = FALSE;
}
