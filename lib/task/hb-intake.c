/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-intake-private.h"
#include "hb-outbox-private.h"
#include "hb-syntax-private.h"

void
hb_intake_init (HbIntake         *self,
                HbAmount         *buffered,
                const HbSettings *settings)
{
  *self = (HbIntake) { .buffered = buffered };
  g_mutex_init (&self->mutex);
  hb_batch_init (&self->batch);
  hb_intake_set_limits (self, settings);
}

void
hb_intake_clear (HbIntake *self)
{
  g_assert (self->alarm == NULL);
  g_assert (!g_atomic_int_get (&self->is_filled));

  hb_batch_clear (&self->batch);
  g_clear_error (&self->refusal);
  g_mutex_clear (&self->mutex);
}

/* Call this after a change to the batch. */
static void
wake (HbIntake *self)
{
  g_atomic_int_set (&self->is_filled, TRUE);

  if (self->is_woken || self->alarm == NULL)
    return;

  self->is_woken = TRUE;
  hb_alarm_wake (self->alarm);
}

static void
push (HbIntake         *self,
      const HbOutgoing *message)
{
  HbOutgoing *place = hb_deque_push_tail (&self->batch.messages);

  *place = *message;
  place->is_foreign = TRUE;
  place->delivery = self->delivery;
  place->accepted_at = self->is_timed ? hb_clock_now () : HB_NEVER;
  if (message->bytes != NULL)
    g_bytes_ref (message->bytes);

  wake (self);
}

/* An effect fails the call of the ticket. The caller still owns the bytes. */
static void
drop (HbIntake         *self,
      const HbOutgoing *message)
{
  self->batch.n_dropped++;

  if (self->batch.overflow == NULL)
    self->batch.overflow = hb_outbox_new_overflow_error (g_bytes_get_size (message->bytes),
                                                         self->max_buffered);
  if (message->ticket != NULL)
    hb_tickets_add (&self->batch.overflowed, message->ticket);

  wake (self);
}

/* Drops the oldest messages whose size is not reserved, until @size more bytes fit within the
 * limit. Otherwise, the batch would grow without a limit while the context is not iterated. The
 * task's thread would have dropped these messages too.
 *
 * @dropped: the bytes of the dropped messages are added to this list */
static void
trim (HbIntake  *self,
      gsize      size,
      GSList   **dropped)
{
  guint i = 0;

  while (self->batch.unreserved + size > self->max_buffered && i < self->batch.messages.length)
    {
      HbOutgoing *message = hb_deque_peek (&self->batch.messages, i);

      if (message->bytes == NULL || message->is_reserved)
        {
          i++;
          continue;
        }

      self->batch.unreserved -= g_bytes_get_size (message->bytes);
      drop (self, message);
      *dropped = g_slist_prepend (*dropped, message->bytes);
      hb_deque_remove (&self->batch.messages, i);
    }
}

/* Applies `overflow` to @message. With DROP_OLDEST, only the task's thread can drop messages of the
 * queue to make room, so the size of @message is added to *buffered when that thread takes the
 * message in. */
static gboolean
admit (HbIntake    *self,
       HbOutgoing  *message,
       GSList     **dropped,
       GError     **error)
{
  gsize size = g_bytes_get_size (message->bytes);
  gboolean drops_oldest = self->max_buffered > 0 && self->overflow == HB_OVERFLOW_DROP_OLDEST;

  if (drops_oldest && size <= self->max_buffered)
    {
      trim (self, size, dropped);
      self->batch.unreserved += size;
      push (self, message);
      return TRUE;
    }

  message->is_reserved = !drops_oldest && hb_amount_reserve (self->buffered, size,
                                                             self->max_buffered);
  if (message->is_reserved)
    {
      push (self, message);
      return TRUE;
    }

  if (self->overflow == HB_OVERFLOW_DROP_NEWEST)
    {
      drop (self, message);
      return TRUE;
    }

  g_propagate_error (error, hb_outbox_new_overflow_error (size, self->max_buffered));
  return FALSE;
}

/* Fails if the GCancellable of the call is already triggered. hb_intake_cancel () may have been
 * called before the ticket was in the batch, and may then have had no effect.
 *
 * @ticket: (nullable) */
static gboolean
check_call (GTask   *ticket,
            GError **error)
{
  return ticket == NULL
         || !g_cancellable_set_error_if_cancelled (g_task_get_cancellable (ticket), error);
}

static gboolean
check_text (const HbOutgoing  *message,
            GError           **error)
{
  gsize length;
  const char *text = g_bytes_get_data (message->bytes, &length);

  return message->opcode != HB_OPCODE_TEXT || hb_syntax_check_text (text, length, error);
}

/* Accepts a message, with a reference to its bytes, or drops it as `overflow` demands. An effect
 * resolves the ticket, unless this function fails. */
gboolean
hb_intake_send (HbIntake    *self,
                HbOutgoing  *message,
                GError     **error)
{
  g_autoptr (GError) invalid = NULL;
  gboolean is_valid = check_text (message, &invalid);
  /* Freed after the mutex has been unlocked, because a function of the application may free the
   * bytes, and may send a message. */
  g_autoslist (GBytes) dropped = NULL;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->refusal != NULL)
    {
      g_propagate_error (error, g_error_copy (self->refusal));
      return FALSE;
    }

  if (!is_valid)
    {
      g_propagate_error (error, g_steal_pointer (&invalid));
      return FALSE;
    }

  return check_call (message->ticket, error) && admit (self, message, &dropped, error);
}

/* Adds the call of @ticket behind the messages that were sent before it. Returns TRUE if the task
 * is CLOSED. If this function returns FALSE without an error, an effect resolves the ticket. */
gboolean
hb_intake_flush (HbIntake  *self,
                 GTask     *ticket,
                 GError   **error)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->is_closed)
    return TRUE;

  if (check_call (ticket, error))
    push (self, &(HbOutgoing) { .ticket = ticket });

  return FALSE;
}

/* Requests that the call of @ticket be cancelled. A task without a context has no pending calls. */
void
hb_intake_cancel (HbIntake *self,
                  GTask    *ticket)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->alarm == NULL)
    return;

  hb_tickets_add (&self->batch.cancelled, g_object_ref (ticket));
  wake (self);
}

void
hb_intake_set_alarm (HbIntake *self,
                     HbAlarm  *alarm)
{
  g_mutex_lock (&self->mutex);
  self->alarm = alarm;
  g_mutex_unlock (&self->mutex);
}

/* Call this when the task leaves its context. All calls have ended, so requests to cancel a call
 * are dropped.
 *
 * @ended: (out) (transfer full): the tickets of these requests. Releasing them may drop the last
 *   reference to the task, so release them only after the task has left its context. */
void
hb_intake_unset_alarm (HbIntake  *self,
                       HbTickets *ended)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->batch.messages.length == 0);

  self->alarm = NULL;
  self->is_woken = FALSE;
  *ended = self->batch.cancelled;
  self->batch.cancelled = (HbTickets) { 0 };
  g_atomic_int_set (&self->is_filled, FALSE);
  g_mutex_unlock (&self->mutex);
}

static void
start_ages (HbIntake *self,
            gint64    now)
{
  guint i;

  for (i = 0; i < self->batch.messages.length; i++)
    {
      HbOutgoing *message = hb_deque_peek (&self->batch.messages, i);

      message->accepted_at = MIN (message->accepted_at, now);
    }
}

/* If queue-timeout changes from 0 to another value, the age of the messages in the batch counts
 * from now. Call hb_machine_set () first, because it does the same for the messages in the queue,
 * whose ages must not start later than those of the newer messages here. */
void
hb_intake_set_limits (HbIntake         *self,
                      const HbSettings *settings)
{
  gboolean is_timed = settings->queue_timeout != 0;

  g_mutex_lock (&self->mutex);
  self->max_buffered = settings->max_buffered_amount;
  self->overflow = settings->overflow;
  self->delivery = settings->delivery;
  if (is_timed && !self->is_timed)
    start_ages (self, hb_clock_now ());
  self->is_timed = is_timed;
  g_mutex_unlock (&self->mutex);
}

/* After this function has set a refusal, take the batch once more, because it may contain messages
 * that were accepted earlier.
 *
 * @refusal: (nullable): the error for each message, NULL to accept messages
 * @is_closed: whether the task is CLOSED, so that a flush succeeds at once */
void
hb_intake_set_refusal (HbIntake     *self,
                       const GError *refusal,
                       gboolean      is_closed)
{
  g_mutex_lock (&self->mutex);
  g_clear_error (&self->refusal);
  self->refusal = refusal != NULL ? g_error_copy (refusal) : NULL;
  self->is_closed = is_closed;
  g_mutex_unlock (&self->mutex);
}

/* Makes the next call from another thread wake the alarm again. Call this before the batch is
 * taken. In the opposite order, a call in between would not wake the alarm. */
void
hb_intake_rearm (HbIntake *self)
{
  g_mutex_lock (&self->mutex);
  self->is_woken = FALSE;
  g_mutex_unlock (&self->mutex);
}

/* Moves the contents to @batch. The caller then owns them. */
void
hb_intake_take (HbIntake *self,
                HbBatch  *batch)
{
  g_mutex_lock (&self->mutex);
  *batch = self->batch;
  hb_batch_init (&self->batch);
  g_atomic_int_set (&self->is_filled, FALSE);
  g_mutex_unlock (&self->mutex);
}
