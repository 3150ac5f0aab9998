/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-time-private.h"
#include "ledger.h"

typedef struct
{
  GBytes   *bytes;
  gpointer  ticket; /* (nullable) */
  gint64    since;  /* HB_NEVER if it was accepted while that did not matter */
  gboolean  is_volatile;
  gboolean  is_this_link;
  gboolean  is_urgent;  /* for this link, before it was ready */
  gboolean  greeting;
  gboolean  handed;
  guint     place;      /* in the present link, from 0 */
  gboolean  awaits_acknowledgement;
  gboolean  was_written; /* by an earlier link, whole */
  gboolean  is_withdrawn; /* not to be sent again */
  guint     n_refusals; /* in a row */
  gboolean  is_refused; /* once too often */
} Message;

static void
free_message (gpointer data)
{
  Message *message = data;

  g_bytes_unref (message->bytes);
  g_free (message);
}

static Message *
get_message (Ledger *self,
             guint   index)
{
  return g_ptr_array_index (self->line, index);
}

void
ledger_init (Ledger *self)
{
  *self = (Ledger) { .reason = HB_ERROR_CLOSED };
  self->calls = g_ptr_array_new_with_free_func (g_free);
  self->line = g_ptr_array_new_with_free_func (free_message);
}

void
ledger_clear (Ledger *self)
{
  g_clear_pointer (&self->calls, g_ptr_array_unref);
  g_clear_pointer (&self->line, g_ptr_array_unref);
}

/* The end of a message: written, or dropped and counted, and reported to its call. */
static void
end_message (Ledger    *self,
             guint      index,
             HbOutcome  outcome,
             int        error)
{
  Message *message = get_message (self, index);
  gsize size = g_bytes_get_size (message->bytes);

  self->amount -= size;
  if (outcome == HB_OUTCOME_DONE)
    {
      self->n_sent++;
      self->bytes_sent += size;
    }
  else
    {
      self->n_dropped++;
    }

  ledger_expect_call (self, message->ticket, outcome, error);
  g_ptr_array_remove_index (self->line, index);
}

static void
settle_when_empty (Ledger *self)
{
  if (self->line->len > 0)
    return;

  self->overflowed = FALSE;
  self->expired = FALSE;
  if (self->is_closing)
    return;

  self->n_drains += self->waited;
  self->waited = FALSE;
  ledger_expect_all (self, CALL_FLUSH, HB_OUTCOME_DONE, NO_ERROR);
}

/* @is_over: whether the link has ended, and with it the messages for this link only */
static void
end_volatile (Ledger   *self,
              gboolean  is_over)
{
  guint i = 0;

  while (i < self->line->len)
    {
      Message *message = get_message (self, i);

      if (message->is_withdrawn && !message->handed)
        end_message (self, i, HB_OUTCOME_CANCELLED, NO_ERROR);
      else if ((message->is_volatile || (is_over && message->is_this_link)) && !message->handed)
        end_message (self, i, HB_OUTCOME_FAILED, HB_ERROR_NOT_OPEN);
      else
        i++;
    }
}

/* The fate of these is unknown until the link reports it. */
static guint
get_n_handed (Ledger *self)
{
  guint n = 0;

  while (n < self->line->len && get_message (self, n)->handed)
    n++;

  return n;
}

/* How many the kernel has whole, and the peer has not acknowledged, or one before them */
guint
ledger_get_unacknowledged (Ledger *self)
{
  guint n = 0;

  while (n < get_n_handed (self) && get_message (self, n)->place < self->n_written)
    n++;

  return n;
}

/* Counts the first message as sent. */
static void
complete_first (Ledger *self,
                guint   index)
{
  Message *first = get_message (self, index);
  guint i;

  /* Only what each link sends first leaves the count as it is. */
  for (i = 0; i < self->line->len && !first->greeting && !first->is_this_link; i++)
    get_message (self, i)->n_refusals = 0;

  end_message (self, index, HB_OUTCOME_DONE, NO_ERROR);
}

static void
complete_sent (Ledger *self)
{
  while (get_n_handed (self) > 0)
    {
      Message *first = get_message (self, 0);
      gboolean awaits = first->awaits_acknowledgement && self->can_acknowledge;

      if (first->place >= (awaits ? self->n_acknowledged : self->n_written))
        break;

      complete_first (self, 0);
    }
}

/* The first message that is neither in flight nor urgent */
static guint
get_greeting_begin (Ledger *self)
{
  guint n = get_n_handed (self);

  while (n < self->line->len && get_message (self, n)->is_urgent)
    n++;

  return n;
}

/* The first message without precedence */
static guint
get_greeting_end (Ledger *self)
{
  guint n = get_greeting_begin (self);

  while (n < self->line->len && get_message (self, n)->greeting)
    n++;

  return n;
}

/* What the kernel has in part */
static guint64
get_partial_amount (Ledger *self)
{
  guint n_handed = get_n_handed (self);
  guint64 amount = 0;
  guint i;

  for (i = ledger_get_unacknowledged (self); i < n_handed; i++)
    amount += g_bytes_get_size (get_message (self, i)->bytes);

  return amount;
}

/* How many wait that are not at the link */
guint
ledger_get_unhanded (Ledger *self)
{
  return self->line->len - get_n_handed (self);
}

/* How many could go out now, if the link were not full */
guint
ledger_get_sendable (Ledger *self)
{
  guint end = !self->is_ready ? get_greeting_begin (self)
              : self->greeting ? get_greeting_end (self) : self->line->len;

  return self->is_open ? end - get_n_handed (self) : 0;
}

/* How many wait until the link is ready */
guint
ledger_get_unready (Ledger *self)
{
  return self->is_ready ? 0 : self->line->len - get_greeting_begin (self);
}

/* The link will never be ready. */
void
ledger_drop_unready (Ledger *self,
                     int     error)
{
  guint begin = get_greeting_begin (self);

  while (self->line->len > begin)
    end_message (self, begin, HB_OUTCOME_FAILED, error);

  ledger_expect_all (self, CALL_FLUSH, HB_OUTCOME_FAILED, error);
  if (self->line->len > 0)
    return;

  self->waited = FALSE;
  self->overflowed = FALSE;
}

static void
push (Ledger           *self,
      gint64            now,
      const HbOutgoing *message)
{
  Message *entry = g_new0 (Message, 1);
  gboolean is_urgent = message->is_this_link && !self->is_ready;
  gboolean is_greeting = self->greeting && !message->is_foreign && !is_urgent;
  int index = is_urgent ? (int) get_greeting_begin (self)
              : is_greeting ? (int) get_greeting_end (self) : -1;

  entry->bytes = g_bytes_ref (message->bytes);
  entry->ticket = message->ticket;
  entry->since = now;
  entry->is_volatile = message->is_volatile;
  entry->is_this_link = message->is_this_link;
  entry->awaits_acknowledgement = message->delivery == HB_DELIVERY_ACKNOWLEDGED;
  entry->is_urgent = is_urgent;
  entry->greeting = is_greeting;
  g_ptr_array_insert (self->line, index, entry);
  if (!message->is_reserved)
    self->amount += g_bytes_get_size (message->bytes);

  if (!self->is_open || self->blocked || (!self->is_ready && !is_urgent))
    self->waited = TRUE;
}

/* Drops messages that the kernel has first, messages of `open` handlers after all others that wait,
 * and THIS_LINK messages last. What other threads have reserved may leave no room even then. */
static void
drop_oldest (Ledger  *self,
             guint64  room)
{
  while (self->amount > room
         && ledger_get_unhanded (self) + ledger_get_unacknowledged (self) > 0)
    {
      guint index = ledger_get_unacknowledged (self) > 0 ? 0 : get_greeting_end (self);

      if (index == self->line->len)
        index = get_greeting_begin (self);
      if (index == self->line->len)
        index = get_n_handed (self);

      end_message (self, index, HB_OUTCOME_FAILED, HB_ERROR_QUEUE_FULL);
      complete_sent (self);
    }
}

/* Returns: the error with which the message has to be refused, or NO_ERROR. @tells: whether an
 * `error` has to report an overflow */
int
ledger_accept (Ledger           *self,
               const HbSettings *settings,
               gint64            now,
               const HbOutgoing *message,
               gboolean         *tells)
{
  guint64 size = g_bytes_get_size (message->bytes);
  guint64 limit = settings->max_buffered_amount > 0 ? settings->max_buffered_amount : G_MAXUINT64;
  gboolean fits = message->is_reserved || self->amount + size <= limit;
  gboolean is_greeting = self->greeting && !message->is_foreign;

  *tells = FALSE;

  if (message->is_this_link && !self->is_open)
    return HB_ERROR_NOT_OPEN;

  if (message->is_volatile && !(self->is_open && (self->is_ready || message->is_this_link)))
    return HB_ERROR_NOT_OPEN;

  if (message->is_volatile
      && (self->blocked
          || (self->waited && !is_greeting && self->is_ready
              && self->line->len > ledger_get_unacknowledged (self))))
    return HB_ERROR_QUEUE_FULL;

  if (!fits && (settings->overflow == HB_OVERFLOW_FAIL
                || (settings->overflow == HB_OVERFLOW_DROP_OLDEST
                    && get_partial_amount (self) + size > limit)))
    return HB_ERROR_QUEUE_FULL;

  if (!fits)
    {
      *tells = !self->overflowed;
      self->overflowed = self->line->len > 0;
    }

  if (!fits && settings->overflow == HB_OVERFLOW_DROP_NEWEST)
    {
      self->n_dropped++;
      ledger_expect_call (self, message->ticket, HB_OUTCOME_FAILED, HB_ERROR_QUEUE_FULL);
      return NO_ERROR;
    }

  if (!fits)
    drop_oldest (self, limit - size);

  push (self, now, message);
  return NO_ERROR;
}

/* Counts a message of another thread before it is taken in. Returns FALSE if there is no room. */
gboolean
ledger_reserve (Ledger           *self,
                const HbSettings *settings,
                GBytes           *bytes)
{
  guint64 size = g_bytes_get_size (bytes);

  if (settings->max_buffered_amount > 0 && self->amount + size > settings->max_buffered_amount)
    return FALSE;

  self->amount += size;
  return TRUE;
}

/* Returns whether an `error` has to report messages of other threads for which there was no
 * room. */
gboolean
ledger_on_overflow (Ledger *self,
                    guint   n_dropped)
{
  gboolean tells = !self->overflowed;

  self->n_dropped += n_dropped;
  self->overflowed = self->line->len > 0;

  return tells;
}

/* A message of another thread is refused when it is taken in. Returns whether an `error` has to
 * report an overflow. */
gboolean
ledger_drop_late (Ledger           *self,
                  const HbOutgoing *message,
                  int               error)
{
  if (message->is_reserved)
    self->amount -= g_bytes_get_size (message->bytes);
  ledger_expect_call (self, message->ticket, HB_OUTCOME_FAILED, error);

  if (error == HB_ERROR_QUEUE_FULL && !message->is_volatile)
    return ledger_on_overflow (self, 1);

  self->n_dropped++;
  return FALSE;
}

/* When the first message that waits has waited too long */
gint64
ledger_get_expiry (Ledger *self,
                   guint   timeout)
{
  gint64 expiry = HB_NEVER;
  guint i;

  for (i = get_n_handed (self); timeout > 0 && i < self->line->len; i++)
    expiry = MIN (expiry, get_message (self, i)->since + hb_milliseconds (timeout));

  return expiry;
}

/* What was accepted without a time counts from the first look at a time that matters.
 *
 * Returns whether an `error` has to report it. */
gboolean
ledger_expire (Ledger *self,
               guint   timeout,
               gint64  now)
{
  gboolean had_expired = self->expired;
  gboolean expires = FALSE;
  guint i;

  if (timeout == 0)
    return FALSE;

  for (i = 0; i < self->line->len; i++)
    get_message (self, i)->since = MIN (get_message (self, i)->since, now);

  i = get_n_handed (self);
  while (i < self->line->len)
    {
      if (now - get_message (self, i)->since < hb_milliseconds (timeout))
        {
          i++;
          continue;
        }

      expires = TRUE;
      self->expired = TRUE;
      self->n_expired++;
      end_message (self, i, HB_OUTCOME_FAILED, HB_ERROR_EXPIRED);
    }

  if (expires)
    settle_when_empty (self);

  return expires && !had_expired;
}

void
ledger_flush (Ledger   *self,
              gpointer  ticket)
{
  if (self->line->len == 0)
    ledger_expect_call (self, ticket, HB_OUTCOME_DONE, NO_ERROR);
}

/* Returns whether the message or flush of @ticket could be taken back. A message that the kernel
 * has whole is not sent again. */
gboolean
ledger_withdraw (Ledger   *self,
                 gpointer  ticket)
{
  guint i;

  if (ledger_get_kind (self, ticket) == CALL_FLUSH)
    {
      ledger_expect_call (self, ticket, HB_OUTCOME_CANCELLED, NO_ERROR);
      return TRUE;
    }

  for (i = 0; i < ledger_get_unacknowledged (self); i++)
    get_message (self, i)->is_withdrawn |= get_message (self, i)->ticket == ticket;

  for (i = get_n_handed (self); i < self->line->len; i++)
    {
      if (get_message (self, i)->ticket == ticket)
        {
          end_message (self, i, HB_OUTCOME_CANCELLED, NO_ERROR);
          settle_when_empty (self);
          return TRUE;
        }
    }

  return FALSE;
}

/* @taken is what waited, in order. */
void
ledger_take_queue (Ledger  *self,
                   HbDeque *taken)
{
  guint n_handed = get_n_handed (self);
  guint i;

  g_assert_cmpuint (taken->length, ==, self->line->len - n_handed);

  for (i = 0; i < ledger_get_unacknowledged (self); i++)
    get_message (self, i)->is_withdrawn = TRUE;

  for (i = 0; i < taken->length; i++)
    {
      HbOutgoing *message = hb_deque_peek (taken, i);

      g_assert_true (message->bytes == get_message (self, n_handed)->bytes);
      end_message (self, n_handed, HB_OUTCOME_CANCELLED, NO_ERROR);
    }

  if (taken->length > 0)
    settle_when_empty (self);
}

void
ledger_on_opened (Ledger   *self,
                  gboolean  is_ready,
                  gboolean  can_acknowledge)
{
  self->is_open = TRUE;
  self->can_acknowledge = can_acknowledge;
  self->n_taken = 0;
  self->n_written = 0;
  self->n_acknowledged = 0;
  self->is_ready = is_ready;
  self->greeting = TRUE;
  self->blocked = FALSE;
}

/* Messages that need no acknowledgement count as sent, wherever they are. */
static void
complete_passed (Ledger *self)
{
  guint n = ledger_get_unacknowledged (self);
  guint i = 0;

  for (; n > 0; n--)
    {
      if (!get_message (self, i)->awaits_acknowledgement)
        complete_first (self, i);
      else
        i++;
    }
}

/* What was not sent has to go out again, in the order in which it would have. */
void
ledger_on_lost (Ledger   *self,
                gboolean  is_last)
{
  guint i;

  self->is_closing = is_last;
  self->is_open = FALSE;
  self->is_ready = FALSE;
  self->greeting = FALSE;

  complete_passed (self);
  for (i = 0; i < ledger_get_unacknowledged (self); i++)
    get_message (self, i)->was_written = TRUE;

  for (i = 0; i < self->line->len; i++)
    {
      get_message (self, i)->handed = FALSE;
      get_message (self, i)->greeting = FALSE;
      get_message (self, i)->is_urgent = FALSE;
    }

  end_volatile (self, TRUE);
  settle_when_empty (self);
  if (self->line->len > 0)
    self->waited = TRUE;
}

/* The peer has ended the link in the midst of the first message that the kernel does not have
 * whole. Returns whether once too often. */
gboolean
ledger_refuse (Ledger   *self,
               gboolean  is_too_big)
{
  Message *first = get_message (self, ledger_get_unacknowledged (self));
  guint i;

  g_assert_true (first->handed);
  first->n_refusals++;
  first->is_refused = is_too_big || first->n_refusals == 3;

  /* In a row: of one message and no other */
  for (i = 0; i < self->line->len; i++)
    if (get_message (self, i) != first)
      get_message (self, i)->n_refusals = 0;

  return first->is_refused;
}

/* A message that was not to be kept has gone already. */
void
ledger_drop_refused (Ledger *self)
{
  guint i;

  for (i = 0; i < self->line->len; i++)
    {
      if (!get_message (self, i)->is_refused)
        continue;

      end_message (self, i, HB_OUTCOME_FAILED, HB_ERROR_MESSAGE_REFUSED);
      settle_when_empty (self);
      return;
    }
}

/* The task is CLOSED, for the reason @error. */
void
ledger_on_closed (Ledger *self,
                  int     error)
{
  while (self->line->len > 0)
    end_message (self, 0, HB_OUTCOME_FAILED, error);

  self->waited = FALSE;
  self->overflowed = FALSE;
  self->expired = FALSE;
  self->is_closing = FALSE;
  ledger_expect_all (self, CALL_FLUSH, HB_OUTCOME_FAILED, error);
  ledger_expect_all (self, CALL_OPEN, HB_OUTCOME_FAILED, error);
  ledger_expect_all (self, CALL_RECEIVE, HB_OUTCOME_FAILED, error);
  self->reason = error;
  ledger_expect_all (self, CALL_CLOSE, HB_OUTCOME_DONE, NO_ERROR);
}

void
ledger_on_blocked (Ledger *self)
{
  if (!self->is_open || self->blocked)
    return;

  self->blocked = TRUE;
  end_volatile (self, FALSE);
  settle_when_empty (self);
  if (self->line->len > ledger_get_unacknowledged (self))
    self->waited = TRUE;
}

/* The link gets a message: the next one, and no other. */
void
ledger_on_taken (Ledger           *self,
                 const HbOutgoing *message)
{
  guint index = get_n_handed (self);
  Message *next;

  g_assert_true (self->is_open);
  g_assert_false (self->blocked);
  g_assert_cmpuint (index, <, self->line->len);

  next = get_message (self, index);
  g_assert_true (next->bytes == message->bytes);
  g_assert_cmpuint (ledger_get_sendable (self), >, 0);
  next->handed = TRUE;
  next->place = self->n_taken++;
  self->n_resent += next->was_written;
}

/* @n_written: how many messages of the present link the kernel has whole */
void
ledger_on_written (Ledger *self,
                   guint   n_written)
{
  if (!self->is_open)
    return;

  self->n_written = n_written;
  complete_sent (self);
  settle_when_empty (self);
}

/* What is acknowledged is written.
 *
 * @n_acknowledged: how many messages of the present link the peer has acknowledged whole */
void
ledger_on_acknowledged (Ledger *self,
                        guint   n_acknowledged)
{
  if (!self->is_open)
    return;

  self->n_acknowledged = MAX (self->n_acknowledged, n_acknowledged);
  ledger_on_written (self, MAX (self->n_written, n_acknowledged));
}
