/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"
#include "hb-syntax-private.h"

/* The calls of the application that send and receive messages */

gboolean
hb_machine_check_accepting (HbMachine  *self,
                            GError    **error)
{
  if (self->disposed)
    {
      g_propagate_error (error, hb_machine_new_closed_error ());
      return FALSE;
    }

  switch (self->state)
    {
    case HB_STATE_CLOSED:
      g_set_error_literal (error, HB_ERROR, HB_ERROR_CLOSED,
                           _("The task is closed: open it first"));
      return FALSE;

    case HB_STATE_CLOSING:
      g_set_error_literal (error, HB_ERROR, HB_ERROR_CLOSED,
                           _("The task is closing, and accepts no more messages"));
      return FALSE;

    case HB_STATE_CONNECTING:
    case HB_STATE_OPEN:
    case HB_STATE_WAITING:
      return TRUE;

    default:
      g_assert_not_reached ();
    }
}

/* Returns whether the queue has no room for @size bytes, but may have room after an
 * acknowledgement. If so, the caller must query the link before hb_machine_send () or
 * hb_machine_take_in (). */
gboolean
hb_machine_needs_room (HbMachine *self,
                       gsize      size)
{
  guint64 limit = self->settings.max_buffered_amount;

  return hb_machine_is_unacknowledged (self) && limit != 0
         && hb_outbox_get_buffered (&self->outbox) + size > limit;
}

static gboolean
check_text (GBytes  *bytes,
            GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  return hb_syntax_check_text (text, length, error);
}

/* Accepts a message. No effect sends it, so the caller must transmit at once.
 *
 * @now: HB_NEVER if queue-timeout is 0 and the clock was not read
 * @message: its ticket is resolved when the message counts as sent or is dropped, unless this
 *   function fails
 * @is_direct: (inout) (optional): must be FALSE, and is set to TRUE if the link accepts the message
 *   now and no other message precedes it. The caller must then send the message at once, and call
 *   hb_machine_on_sent_directly () before anything else. This saves the time of queueing the
 *   message, which exceeds that of all other work of the machine. Pass NULL if code of the
 *   application might run while the message is being sent. */
gboolean
hb_machine_send (HbMachine   *self,
                 gint64       now,
                 HbOutgoing  *message,
                 gboolean    *is_direct,
                 GError     **error)
{
  if (!hb_machine_check_accepting (self, error))
    return FALSE;

  if (message->opcode == HB_OPCODE_TEXT && !check_text (message->bytes, error))
    return FALSE;

  message->accepted_at = now;
  message->delivery = self->settings.delivery;
  hb_machine_expire (self, now);

  return hb_outbox_accept (&self->outbox, &self->settings, message, is_direct, error);
}

void
hb_machine_flush (HbMachine *self,
                  gpointer   ticket)
{
  hb_outbox_flush (&self->outbox, ticket);
}

/* @taken: as in hb_outbox_take_queue () */
void
hb_machine_take_queue (HbMachine *self,
                       gint64     now,
                       HbDeque   *taken)
{
  hb_machine_expire (self, now);
  hb_outbox_take_queue (&self->outbox, taken);
  hb_machine_pump (self);
}

/* Pauses the task, and gives the next message to the call of @ticket. If no message waits and the
 * task is CLOSED, the call fails with the reason why the task was last closed, or with
 * HB_ERROR_CLOSED if the task has never been opened. */
void
hb_machine_receive (HbMachine *self,
                    gint64     now,
                    gpointer   ticket)
{
  g_autoptr (GError) error = NULL;

  if (!self->settings.paused && !self->disposed)
    {
      self->settings.paused = TRUE;
      hb_effects_push_notify (&self->effects, HB_PROPERTY_PAUSED);
      hb_inbox_set_paused (&self->inbox, TRUE);
    }

  if (self->state == HB_STATE_CLOSED && self->inbox.messages.length == 0)
    {
      if (self->inbox.reason != NULL)
        error = g_error_copy (self->inbox.reason);
      else
        hb_machine_check_accepting (self, &error);
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_FAILED, error);
      return;
    }

  hb_inbox_receive (&self->inbox, ticket);
  hb_machine_follow_inbox (self, now);
}

/* Takes back the message of a call that was cancelled before its callback was called. Returns FALSE
 * if the call must return the message after all, because the task is closing or closed. Call this
 * only if no other call has a message. */
gboolean
hb_machine_put_back (HbMachine *self,
                     gint64     now,
                     HbOpcode   opcode,
                     GBytes    *bytes)
{
  if (self->state == HB_STATE_CLOSING || self->state == HB_STATE_CLOSED)
    return FALSE;

  hb_inbox_put_back (&self->inbox, opcode, bytes);
  hb_machine_follow_inbox (self, now);

  return TRUE;
}
