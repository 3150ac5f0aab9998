/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-machine-steps-private.h"
#include "hb-syntax-private.h"

/* The methods of the task, except those that deal with messages */

/* The application has asked for a new start. The new attempt makes a pending check after a network
 * change unnecessary. */
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

/* @ticket: (nullable): resolved at once if the state is OPEN or the task has been disposed of,
 *   otherwise after the handlers for `open` have run, or when the task closes before that */
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

/* A link that closes never becomes ready. */
static void
drop_unready (HbMachine *self)
{
  guint n_unready = hb_outbox_get_n_unready (&self->outbox);
  g_autoptr (GError) error = NULL;

  if (n_unready == 0)
    return;

  error = hb_machine_new_closed_error ();
  hb_machine_report_unsent (self, n_unready);
  hb_outbox_drop_unready (&self->outbox, error);
}

static void
close_without_link (HbMachine *self,
                    gint64     now)
{
  g_autoptr (GError) closed = hb_machine_new_closed_error ();

  hb_machine_leave (self, HB_STATE_CLOSED, now);
  hb_machine_report_unsent (self, hb_outbox_get_n_queued (&self->outbox));
  hb_machine_release_waiters (self, closed);
}

/* @ticket: (nullable): resolved when the task is CLOSED, or when hb_machine_reconnect_now () is
 *   called before that, unless this function fails */
gboolean
hb_machine_close (HbMachine   *self,
                  gint64       now,
                  guint        code,
                  const char  *reason,
                  gpointer     ticket,
                  GError     **error)
{
  g_autofree char *close_reason = g_strdup (reason);

  if (!hb_syntax_make_close (&code, &close_reason, error))
    return FALSE;

  /* As in a browser (WHATWG), received messages that wait are not delivered after close (). */
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
      close_without_link (self, now);
      break;

    case HB_STATE_OPEN:
      hb_machine_enter (self, HB_STATE_CLOSING, now);
      hb_heartbeat_stop (&self->heartbeat);
      self->close_code = code;
      g_free (self->close_reason);
      self->close_reason = g_steal_pointer (&close_reason);
      drop_unready (self);
      hb_machine_follow_inbox (self, now);

      /* A handler for `open` may be waiting until the task is CLOSED. The queue must not wait for
       * this handler, which can send no more messages. */
      hb_outbox_on_greeted (&self->outbox);
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

/* Treats the link as lost, so the next attempt is counted, and the delays may grow. */
void
hb_machine_reconnect_later (HbMachine *self,
                            gint64     now)
{
  if (self->state != HB_STATE_CLOSING)
    hb_machine_on_lost (self, now, &(HbLoss) { .code = HB_CLOSE_ABNORMAL });
}

/* The application's function that makes the ping would be called again and again if it called
 * check (), so check () sends no other ping while one is unsent. */
void
hb_machine_check (HbMachine *self,
                  gint64     now)
{
  switch (self->state)
    {
    case HB_STATE_OPEN:
      if (hb_machine_may_ping (self) && self->heartbeat.n_unsent == 0
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

/* A heartbeat of mode MESSAGE begins only now, because the server might reject a ping message
 * before the link is ready. */
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

/* Of the deadlines that depend on settings, only the end of a delay is stored, so the others need
 * no update here. */
void
hb_machine_apply_settings (HbMachine *self,
                           gint64     now)
{
  hb_outbox_apply_settings (&self->outbox, &self->settings, now);
  hb_machine_expire (self, now);
  hb_inbox_set_paused (&self->inbox, self->settings.paused);
  hb_machine_follow_inbox (self, now);

  if (!self->settings.manual_ready)
    hb_machine_mark_ready (self, now);

  hb_machine_apply_to_delay (self, now);
}

/* Call this after the application has changed the way in which the reply to a ping is recognized.
 * Unless `liveness` is REPLY, a reply that is no longer recognized still counts as activity, so
 * nothing has to be done. */
void
hb_machine_change_reply (HbMachine *self)
{
  if (self->settings.liveness == HB_LIVENESS_REPLY)
    hb_heartbeat_change_reply (&self->heartbeat);
}

static gboolean
is_about_reply (HbProperty property)
{
  return property == HB_PROPERTY_HEARTBEAT_MODE || property == HB_PROPERTY_PONG_MESSAGE
         || property == HB_PROPERTY_LIVENESS;
}

/* Sets the property as hb_settings_set () does, and applies the value. */
gboolean
hb_machine_set (HbMachine     *self,
                gint64         now,
                HbProperty     property,
                gconstpointer  value)
{
  guint connect_timeout = self->settings.connect_timeout;
  guint pong_timeout = self->settings.pong_timeout;

  if (!hb_settings_set (&self->settings, property, value))
    return FALSE;

  self->requested_at = hb_time_change_timeout (self->requested_at, connect_timeout,
                                               self->settings.connect_timeout, now);
  hb_heartbeat_change_pong_timeout (&self->heartbeat, pong_timeout, self->settings.pong_timeout,
                                    now);
  if (is_about_reply (property))
    hb_machine_change_reply (self);
  hb_machine_apply_settings (self, now);

  return TRUE;
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

/* Starts another attempt if `uri` has changed or the settings are invalid. An attempt with invalid
 * settings closes the task. If the handlers for `connecting` are still running, the driver sends
 * the request after them. */
static void
release_request (HbMachine *self,
                 gint64     now)
{
  self->is_request_held = FALSE;

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
      if (now >= self->attempt_at && !self->is_choosing)
        hb_machine_attempt (self, now);
    }
  else if (self->holds == 0 && self->is_request_held)
    {
      release_request (self, now);
    }

  return TRUE;
}

/* Cancels a call, and drops its message if it sends one. Cancelling open_async () also closes the
 * task. Two kinds of calls are not cancelled now:
 *
 * - The call of a message in flight continues to wait. If the message has been written, and the
 *   link ends before the acknowledgement, the call is cancelled then, and the message is not sent
 *   again.
 * - A call that has already received its message completes with that message, unless
 *   hb_machine_put_back () takes the message back. */
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
