/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "walk-private.h"

/* What other threads ask for, as HbIntake keeps it until the task's thread takes it in. The model
 * and the machine get the same. */

static gboolean
is_refusing (Walk *self)
{
  return self->model.state == HB_STATE_CLOSED || self->model.state == HB_STATE_CLOSING;
}

static void
owe_error (Walk    *self,
           HbError  error)
{
  model_owe (self, &(Owed) { .kind = HB_EFFECT_ERROR, .error = error });
}

gboolean
walk_has_batch (Walk *self)
{
  const HbBatch *batch = &self->batch;

  return batch->messages.length + hb_tickets_get_length (&batch->cancelled)
         + hb_tickets_get_length (&batch->overflowed) + batch->n_dropped > 0;
}

static void
push (Walk       *self,
      HbOutgoing *message)
{
  message->is_foreign = TRUE;
  message->accepted_at = self->machine.settings.queue_timeout > 0 ? self->now : HB_NEVER;
  if (message->bytes != NULL)
    g_bytes_ref (message->bytes);
  *(HbOutgoing *) hb_deque_push_tail (&self->batch.messages) = *message;
}

static void
drop (Walk             *self,
      const HbOutgoing *message)
{
  self->batch.n_dropped++;
  if (self->batch.overflow == NULL)
    self->batch.overflow = g_error_new_literal (HB_ERROR, HB_ERROR_QUEUE_FULL, "No room");
  if (message->ticket != NULL)
    hb_tickets_add (&self->batch.overflowed, message->ticket);
}

/* When the age of messages begins to matter, theirs begins. */
void
walk_start_ages (Walk *self)
{
  guint i;

  for (i = 0; i < self->batch.messages.length; i++)
    {
      HbOutgoing *message = hb_deque_peek (&self->batch.messages, i);

      message->accepted_at = MIN (message->accepted_at, self->now);
    }
}

void
walk_send_outside (Walk *self)
{
  const HbSettings *settings = &self->machine.settings;
  g_autoptr (GBytes) bytes = walk_make_bytes (self, TRUE);
  HbOutgoing message = {
    .bytes = bytes,
    .opcode = HB_OPCODE_TEXT,
    .is_volatile = dice_one_in (self->dice, 6),
    .is_this_link = dice_one_in (self->dice, 4),
    .delivery = settings->delivery,
  };
  gboolean drops_oldest = settings->max_buffered_amount > 0
                          && settings->overflow == HB_OVERFLOW_DROP_OLDEST;

  if (is_refusing (self) || self->ledger.line->len + self->batch.messages.length >= MAX_LINE)
    return;

  message.ticket = walk_start_call (self, CALL_SEND);
  if (!drops_oldest)
    {
      gboolean fits = ledger_reserve (&self->ledger, settings, bytes);

      g_assert_true (hb_queue_reserve (&self->machine.outbox.queue, &message,
                                       settings->max_buffered_amount) == fits);
    }

  if (message.is_reserved
      || (drops_oldest && g_bytes_get_size (bytes) <= settings->max_buffered_amount))
    push (self, &message);
  else if (settings->overflow == HB_OVERFLOW_DROP_NEWEST)
    drop (self, &message);
  else
    ledger_forget_call (&self->ledger, message.ticket);
}

void
walk_flush_outside (Walk *self)
{
  HbOutgoing flush = { 0 };

  if (self->model.state == HB_STATE_CLOSED || self->ledger.calls->len >= MAX_CALLS)
    return;

  flush.ticket = ledger_start_call (&self->ledger, CALL_FLUSH);
  ledger_set_outside (&self->ledger, flush.ticket, TRUE);
  push (self, &flush);
}

/* Only calls that another thread may have made are cancelled from there. */
void
walk_cancel_outside (Walk *self)
{
  gpointer ticket;

  if (is_refusing (self) || self->ledger.calls->len == 0)
    return;

  ticket = ledger_pick_call (&self->ledger, dice_roll (self->dice, self->ledger.calls->len));
  if (ledger_get_kind (&self->ledger, ticket) == CALL_SEND
      || ledger_get_kind (&self->ledger, ticket) == CALL_FLUSH)
    hb_tickets_add (&self->batch.cancelled, ticket);
}

static void
take_flush_in (Walk     *self,
               gpointer  ticket)
{
  ledger_set_outside (&self->ledger, ticket, FALSE);
  if (self->model.state == HB_STATE_CLOSED)
    ledger_expect_call (&self->ledger, ticket, HB_OUTCOME_FAILED, HB_ERROR_CLOSED);
  else
    ledger_flush (&self->ledger, ticket);
}

static void
take_message_in (Walk             *self,
                 const HbOutgoing *message)
{
  gboolean tells = FALSE;
  int error = HB_ERROR_CLOSED;

  if (!is_refusing (self))
    error = ledger_accept (&self->ledger, &self->machine.settings, message->accepted_at, message,
                           &tells);
  if (error != NO_ERROR)
    tells = ledger_drop_late (&self->ledger, message, error);
  if (tells)
    owe_error (self, HB_ERROR_QUEUE_FULL);
}

static void
model_take_in (Walk          *self,
               const HbBatch *batch,
               const HbDeque *messages)
{
  guint n_late = 0;
  guint i;

  if (batch->overflow != NULL && !self->model.disposed
      && ledger_on_overflow (&self->ledger, batch->n_dropped))
    owe_error (self, HB_ERROR_QUEUE_FULL);

  for (i = 0; i < hb_tickets_get_length (&batch->overflowed); i++)
    ledger_expect_call (&self->ledger, hb_tickets_at (&batch->overflowed, i), HB_OUTCOME_FAILED,
                        HB_ERROR_QUEUE_FULL);

  model_expire (self);

  for (i = 0; i < messages->length; i++)
    {
      HbOutgoing message = *(HbOutgoing *) hb_deque_peek (messages, i);

      if (message.bytes == NULL)
        take_flush_in (self, message.ticket);
      else
        take_message_in (self, &message);
      n_late += message.bytes != NULL && is_refusing (self);
    }

  for (i = 0; i < hb_tickets_get_length (&batch->cancelled); i++)
    {
      if (ledger_is_pending (&self->ledger, hb_tickets_at (&batch->cancelled, i)))
        ledger_withdraw (&self->ledger, hb_tickets_at (&batch->cancelled, i));
    }

  if (n_late > 0 && !self->model.disposed)
    owe_error (self, HB_ERROR_CLOSED);
}

/* The machine changes the messages, and owns them. */
static void
copy_messages (const HbDeque *from,
               HbDeque       *to)
{
  guint i;

  hb_deque_init (to, sizeof (HbOutgoing));
  for (i = 0; i < from->length; i++)
    {
      HbOutgoing *message = hb_deque_push_tail (to);

      *message = *(HbOutgoing *) hb_deque_peek (from, i);
      if (message->bytes != NULL)
        g_bytes_ref (message->bytes);
    }
}

static void
free_messages (HbDeque *messages)
{
  guint i;

  for (i = 0; i < messages->length; i++)
    g_clear_pointer (&((HbOutgoing *) hb_deque_peek (messages, i))->bytes, g_bytes_unref);

  hb_deque_clear (messages);
}

void
walk_take_in (Walk *self)
{
  HbBatch batch = self->batch;
  HbDeque messages;

  if (!walk_has_batch (self))
    return;

  hb_batch_init (&self->batch);
  copy_messages (&batch.messages, &messages);
  hb_machine_take_in (&self->machine, self->now, &batch);
  model_take_in (self, &batch, &messages);
  free_messages (&messages);
  hb_batch_clear (&batch);
  walk_assert_same (self);
}

/* As the driver does after each call and each event: a thread that does not see yet that the task
 * refuses messages has been the last one. */
void
walk_show_state (Walk *self)
{
  if (is_refusing (self))
    walk_take_in (self);
}
