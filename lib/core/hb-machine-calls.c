/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"
#include "hb-syntax-private.h"

/* The calls of the application: the methods of the task */

/* Resets the count of attempts, because the application has asked for a new start. */
static void
reset_attempts (HbMachine *self,
                gboolean   was_closed)
{
  hb_machine_set_attempt (self, 0);
  self->check_at = HB_NEVER;

  if (was_closed && self->downtime != 0)
    {
      self->downtime = 0;
      hb_effects_push_notify (&self->effects, HB_PROPERTY_DOWNTIME);
    }
}

/* @ticket: (nullable): resolved when the connection is open, or when the task closes before that */
void
hb_machine_open (HbMachine *self,
                 gint64     now,
                 gpointer   ticket)
{
  g_autoptr (GError) error = NULL;

  if (self->disposed)
    {
      error = hb_machine_new_closed_error ();
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_FAILED, error);
      return;
    }

  if (self->state == HB_STATE_OPEN)
    {
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_DONE, NULL);
      return;
    }

  if (ticket != NULL)
    hb_tickets_add (&self->opens, ticket);

  if (self->state == HB_STATE_CLOSED)
    {
      hb_machine_attempt (self, now);
      reset_attempts (self, TRUE);
    }
}

/* Drops the messages that wait until the link is ready, because a link that closes never becomes
 * ready. */
static void
drop_unready (HbMachine *self)
{
  guint n_unready = hb_outbox_get_n_unready (&self->outbox);
  g_autoptr (GError) error = NULL;

  if (n_unready == 0)
    return;

  error = hb_machine_new_closed_error ();
  hb_machine_tell_unsent (self, n_unready);
  hb_outbox_drop_unready (&self->outbox, error);
}

/* @ticket: (nullable): resolved when the task is CLOSED, unless this fails */
gboolean
hb_machine_close (HbMachine   *self,
                  gint64       now,
                  guint        code,
                  const char  *reason,
                  gpointer     ticket,
                  GError     **error)
{
  g_autofree char *close_reason = g_strdup (reason);
  g_autoptr (GError) closed = NULL;

  if (!hb_syntax_make_close (&code, &close_reason, error))
    return FALSE;

  /* As in a browser (WHATWG), no message is delivered after close (). */
  hb_inbox_drop (&self->inbox);

  if (ticket != NULL)
    hb_tickets_add (&self->closes, ticket);

  switch (self->state)
    {
    case HB_STATE_CLOSED:
      hb_effects_resolve_all (&self->effects, &self->closes, HB_OUTCOME_DONE, NULL);
      break;

    case HB_STATE_CONNECTING:
    case HB_STATE_WAITING:
      hb_machine_leave (self, HB_STATE_CLOSED, now);
      closed = hb_machine_new_closed_error ();
      hb_machine_tell_unsent (self, hb_outbox_get_n_queued (&self->outbox));
      hb_machine_release_waiters (self, closed);
      break;

    case HB_STATE_OPEN:
      hb_machine_enter (self, HB_STATE_CLOSING, now);
      hb_heartbeat_stop (&self->heartbeat);
      self->close_code = code;
      g_free (self->close_reason);
      self->close_reason = g_steal_pointer (&close_reason);
      drop_unready (self);
      hb_machine_follow_inbox (self, now);
      hb_machine_pump (self);
      break;

    case HB_STATE_CLOSING:
      break;

    default:
      g_assert_not_reached ();
    }

  return TRUE;
}

/* Reports the error of a call that cannot return it. Takes ownership of @error. */
void
hb_machine_report (HbMachine *self,
                   GError    *error)
{
  if (self->disposed)
    g_error_free (error);
  else
    hb_effects_push_error (&self->effects, error);
}

void
hb_machine_reconnect_now (HbMachine *self,
                          gint64     now)
{
  gboolean was_closed = self->state == HB_STATE_CLOSED;

  if (self->disposed)
    return;

  hb_machine_attempt (self, now);
  reset_attempts (self, was_closed);
  hb_effects_resolve_all (&self->effects, &self->closes, HB_OUTCOME_CANCELLED, NULL);
}

/* Drops the connection as if it were lost, so that the attempt counts and the delays grow. */
void
hb_machine_reconnect_later (HbMachine *self,
                            gint64     now)
{
  switch (self->state)
    {
    case HB_STATE_CONNECTING:
    case HB_STATE_OPEN:
      hb_machine_on_lost (self, now, &(HbLoss) { .code = HB_CLOSE_ABNORMAL });
      break;

    case HB_STATE_CLOSING:
    case HB_STATE_CLOSED:
    case HB_STATE_WAITING:
      break;

    default:
      g_assert_not_reached ();
    }
}

void
hb_machine_check (HbMachine *self,
                  gint64     now)
{
  switch (self->state)
    {
    case HB_STATE_OPEN:
      if (hb_machine_may_ping (self)
          && !hb_heartbeat_is_judged (&self->heartbeat, &self->settings))
        hb_machine_ping (self, now);
      break;

    case HB_STATE_WAITING:
      if (self->holds == 0)
        hb_machine_attempt (self, now);
      break;

    case HB_STATE_CONNECTING:
    case HB_STATE_CLOSING:
    case HB_STATE_CLOSED:
      break;

    default:
      g_assert_not_reached ();
    }
}

/* Sends the messages that wait, because the server accepts them from now on. Only now has the
 * attempt succeeded, and a heartbeat of mode MESSAGE begins. */
void
hb_machine_mark_ready (HbMachine *self,
                       gint64     now)
{
  if (self->state != HB_STATE_OPEN || hb_machine_is_ready (self))
    return;

  hb_outbox_on_ready (&self->outbox);
  self->ready_at = now;
  if (self->settings.heartbeat_mode == HB_HEARTBEAT_MODE_MESSAGE)
    hb_heartbeat_start (&self->heartbeat, now);

  hb_machine_pump (self);
  hb_effects_push_notify (&self->effects, HB_PROPERTY_READY);
}

/* Applies changed settings. All deadlines except that of a delay are computed from the settings
 * each time. A link that waits to be marked ready is ready at once if no mark is needed any
 * more. */
void
hb_machine_apply_settings (HbMachine *self,
                           gint64     now)
{
  hb_outbox_apply_settings (&self->outbox, &self->settings, now);
  hb_machine_expire (self, now);
  hb_inbox_set_paused (&self->inbox, self->settings.paused);

  if (!self->settings.manual_ready)
    hb_machine_mark_ready (self, now);

  hb_machine_apply_to_delay (self, now);
}

void
hb_machine_hold (HbMachine *self)
{
  self->holds++;

  if (self->is_announcing)
    self->is_request_held = TRUE;

  if (self->holds == 1 && self->state == HB_STATE_WAITING)
    hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);
}

/* Sends the request that a handler of `connecting` has held, or makes a new one if `uri` has
 * changed. */
static void
release_request (HbMachine *self,
                 gint64     now)
{
  self->is_request_held = FALSE;
  self->requested_at = now;

  if (g_strcmp0 (self->request_uri, self->settings.uri) != 0
      || !hb_settings_check (&self->settings, NULL))
    {
      hb_machine_attempt (self, now);
    }
  else if (!self->is_announcing)
    {
      hb_effects_push (&self->effects, HB_EFFECT_REQUEST)->serial = self->serial;
    }
}

/* Returns FALSE if attempts were not held. */
gboolean
hb_machine_release (HbMachine *self,
                    gint64     now)
{
  if (self->holds == 0)
    return FALSE;

  self->holds--;

  if (self->holds == 0 && self->state == HB_STATE_WAITING)
    {
      hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);
      if (now >= self->attempt_at)
        hb_machine_attempt (self, now);
    }
  else if (self->holds == 0 && self->is_request_held)
    {
      release_request (self, now);
    }

  return TRUE;
}

/* Returns whether the state of the task allows messages to be sent. */
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

/* Returns whether there is no room for a message of @size, and an acknowledgement may make some. If
 * so, query the link before hb_machine_send (). */
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

/* Accepts a message. No effect asks to transmit it, so the caller does that at once.
 *
 * @now: HB_NEVER if queue-timeout is 0 and the clock was not read
 * @message: bytes, opcode, flags, and a ticket that is resolved when the message has been written
 *   or is dropped, unless this function fails
 * @is_direct: (out) (optional): whether nothing precedes the message. Then the caller must send it
 *   at once, and call hb_machine_on_sent_directly () before anything else. Adding the message to a
 *   queue and removing it again would take longer than all other work of the machine. Pass NULL if
 *   code of the application might run while the message is sent. */
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

/* Gives the next message to a call. If no message waits and the task is CLOSED, the call fails with
 * the reason for which the task was closed.
 *
 * @ticket: resolved with the message, or when the task is CLOSED */
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

/* Handles the trigger of a call's GCancellable. Cancelling open_async () closes the task. A message
 * in flight is sent nevertheless, and its call continues to wait. A call that has its message
 * completes with it. */
void
hb_machine_cancel (HbMachine *self,
                   gint64     now,
                   gpointer   ticket)
{
  if (hb_tickets_remove (&self->opens, ticket))
    {
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
      hb_machine_close (self, now, HB_CLOSE_NORMAL, NULL, NULL, NULL);
    }
  else if (hb_tickets_remove (&self->closes, ticket))
    {
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
    }
  else if (hb_inbox_withdraw (&self->inbox, ticket))
    {
      return;
    }
  else if (hb_outbox_withdraw (&self->outbox, ticket))
    {
      hb_machine_pump (self);
    }
}
