/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* The calls from other threads, kept as in HbIntake until the task's thread takes them in */

gboolean
walk_is_refusing (Walk *self)
{
  return self->machine.state == HB_STATE_CLOSED || self->machine.state == HB_STATE_CLOSING;
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

/* Messages that were accepted while queue-timeout was 0 have no time of acceptance, so their age
 * starts when queue-timeout is set. */
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
  guint64 limit = settings->max_buffered_amount > 0 ? settings->max_buffered_amount : G_MAXUINT64;
  gboolean drops_oldest = settings->max_buffered_amount > 0
                          && settings->overflow == HB_OVERFLOW_DROP_OLDEST;
  HbOutgoing message = {
    .opcode = HB_OPCODE_TEXT,
    .is_volatile = dice_one_in (self->dice, 6),
    .is_this_link = dice_one_in (self->dice, 4),
    .delivery = settings->delivery,
  };
  g_autoptr (GBytes) bytes = walk_make_bytes (self, TRUE, !message.is_this_link);
  gboolean fits = g_bytes_get_size (bytes) <= limit;

  message.bytes = bytes;
  if (walk_is_refusing (self)
      || walk_get_n_queued (self) + self->batch.messages.length >= MAX_QUEUED)
    return;

  message.ticket = walk_maybe_start_call (self, CALL_SEND);
  if (!drops_oldest)
    {
      fits = hb_outbox_get_buffered (&self->machine.outbox) + g_bytes_get_size (bytes) <= limit;
      g_assert_true (hb_queue_reserve (&self->machine.outbox.queue, &message,
                                       settings->max_buffered_amount) == fits);
    }

  if (fits)
    push (self, &message);
  else if (settings->overflow == HB_OVERFLOW_DROP_NEWEST)
    drop (self, &message);
  else
    walk_forget_call (self, message.ticket);
}

void
walk_flush_outside (Walk *self)
{
  HbOutgoing flush = { 0 };

  if (self->machine.state == HB_STATE_CLOSED || self->calls->len >= MAX_CALLS)
    return;

  flush.ticket = walk_start_call (self, CALL_FLUSH);
  push (self, &flush);
}

/* Threads other than the task's can only send and flush, so no other call is cancelled here. The
 * task's thread may have made the call, because the walk does not record the threads. */
void
walk_cancel_outside (Walk *self)
{
  Call *call = walk_pick_call (self);

  if (walk_is_refusing (self) || call == NULL
      || (call->kind != CALL_SEND && call->kind != CALL_FLUSH))
    return;

  call->may_be_cancelled = TRUE;
  hb_tickets_add (&self->batch.cancelled, GUINT_TO_POINTER (call->id));
}

void
walk_take_in (Walk *self)
{
  HbBatch batch = self->batch;
  guint i;

  if (!walk_has_batch (self))
    return;

  hb_batch_init (&self->batch);
  self->n_accepted += batch.n_dropped;
  for (i = 0; i < batch.messages.length; i++)
    self->n_accepted += ((HbOutgoing *) hb_deque_peek (&batch.messages, i))->bytes != NULL;

  hb_machine_take_in (&self->machine, self->now, &batch);
  hb_batch_clear (&batch);
  walk_follow_state (self);
}
