/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-machine-steps-private.h"

/* The calls from other threads. These calls have already returned, so effects report whatever fails
 * here. */

/* If the task has become CLOSED since the call, messages before the flush may have been dropped, so
 * the flush fails. */
static void
take_flush_in (HbMachine *self,
               gpointer   ticket)
{
  g_autoptr (GError) error = NULL;

  if (self->state != HB_STATE_CLOSED)
    {
      hb_machine_flush (self, ticket);
      return;
    }

  error = hb_machine_new_closed_error ();
  hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_FAILED, error);
}

/* Returns FALSE if the message is dropped because the task has begun to close since the call. */
static gboolean
take_message_in (HbMachine  *self,
                 HbOutgoing *message)
{
  g_autoptr (GError) error = NULL;
  gboolean is_accepting = hb_machine_check_accepting (self, &error);

  if (is_accepting && hb_outbox_accept (&self->outbox, &self->settings, message, NULL, &error))
    g_bytes_unref (message->bytes);
  else
    hb_outbox_drop_late (&self->outbox, message, error);

  return is_accepting;
}

/* Takes ownership of the messages and of all tickets. The caller then clears the batch. */
void
hb_machine_take_in (HbMachine *self,
                    gint64     now,
                    HbBatch   *batch)
{
  guint n_late = 0;
  guint i;

  for (i = 0; i < hb_tickets_get_length (&batch->overflowed); i++)
    hb_effects_push_resolve (&self->effects, hb_tickets_at (&batch->overflowed, i),
                             HB_OUTCOME_FAILED, batch->overflow);

  hb_machine_expire (self, now);

  for (i = 0; i < batch->messages.length; i++)
    {
      HbOutgoing *message = hb_deque_peek (&batch->messages, i);

      if (message->bytes == NULL)
        take_flush_in (self, message->ticket);
      else if (!take_message_in (self, message))
        n_late++;
    }

  /* An overflow that is reported while the queue is empty does not suppress the next report, so the
   * messages are added first. */
  if (batch->overflow != NULL && !self->disposed)
    hb_outbox_on_overflow (&self->outbox, batch->n_dropped, batch->overflow);

  /* The last reference to a ticket may own the last reference to the task, so an effect releases
   * the ticket. */
  for (i = 0; i < hb_tickets_get_length (&batch->cancelled); i++)
    {
      gpointer ticket = hb_tickets_at (&batch->cancelled, i);

      hb_machine_cancel (self, now, ticket);
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_NONE, NULL);
    }

  if (!self->disposed)
    {
      hb_machine_report_unsent (self, n_late);
      hb_outbox_on_taken_in (&self->outbox);
    }

  hb_machine_pump (self);
}
