/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"
#include "hb-syntax-private.h"

/* What the application asks of the machine, messages aside. */

static void
start_afresh (HbMachine *self,
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

/* @ticket: (nullable): resolved when the link is open, or when the task ends CLOSED before */
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
    g_ptr_array_add (self->opens, ticket);

  if (self->state == HB_STATE_CLOSED)
    {
      hb_machine_attempt (self, now);
      start_afresh (self, TRUE);
    }
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

  if (ticket != NULL)
    g_ptr_array_add (self->closes, ticket);

  switch (self->state)
    {
    case HB_STATE_CLOSED:
      hb_effects_resolve_all (&self->effects, self->closes, HB_OUTCOME_DONE, NULL);
      break;

    case HB_STATE_CONNECTING:
    case HB_STATE_WAITING:
      hb_machine_leave (self, HB_STATE_CLOSED, now);
      closed = hb_machine_new_closed_error ();
      hb_machine_tell_unsent (self);
      hb_machine_release_waiters (self, closed);
      break;

    case HB_STATE_OPEN:
      hb_machine_enter (self, HB_STATE_CLOSING, now);
      hb_heartbeat_stop (&self->heartbeat);
      self->close_code = code;
      g_free (self->close_reason);
      self->close_reason = g_steal_pointer (&close_reason);
      hb_machine_pump (self);
      break;

    case HB_STATE_CLOSING:
      break;

    default:
      g_assert_not_reached ();
    }

  return TRUE;
}

void
hb_machine_reconnect_now (HbMachine *self,
                          gint64     now)
{
  gboolean was_closed = self->state == HB_STATE_CLOSED;

  if (self->disposed)
    return;

  hb_machine_attempt (self, now);
  start_afresh (self, was_closed);
  hb_effects_resolve_all (&self->effects, self->closes, HB_OUTCOME_CANCELLED, NULL);
}

/* Gives the link up as if it were lost, so that the attempts count and the waits grow. */
void
hb_machine_reconnect_later (HbMachine *self,
                            gint64     now)
{
  switch (self->state)
    {
    case HB_STATE_CONNECTING:
    case HB_STATE_OPEN:
      hb_machine_give_link_up (self, now);
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
      if (!hb_heartbeat_is_judged (&self->heartbeat, &self->settings))
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

void
hb_machine_hold (HbMachine *self)
{
  self->holds++;

  if (self->is_announcing)
    self->is_request_held = TRUE;

  if (self->holds == 1 && self->state == HB_STATE_WAITING)
    hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);
}

/* Lets the request go that a handler of `connecting` has held. For another URI it is made again. */
static void
release_request (HbMachine *self,
                 gint64     now)
{
  self->is_request_held = FALSE;
  self->since = now;

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

/* Returns FALSE where there was no hold. */
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

/* The caller's GCancellable was triggered. An open_async () that is cancelled closes the task. A
 * message that has been handed over goes out nevertheless, and its call goes on waiting. */
void
hb_machine_cancel (HbMachine *self,
                   gint64     now,
                   gpointer   ticket)
{
  if (g_ptr_array_remove (self->opens, ticket))
    {
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
      hb_machine_close (self, now, HB_CLOSE_NORMAL, NULL, NULL, NULL);
    }
  else if (g_ptr_array_remove (self->closes, ticket))
    {
      hb_effects_push_resolve (&self->effects, ticket, HB_OUTCOME_CANCELLED, NULL);
    }
  else if (hb_outbox_withdraw (&self->outbox, ticket))
    {
      hb_machine_pump (self);
    }
}

/* The application has its own idea of how long the wait that @reconnect tells of shall be. */
void
hb_machine_set_delay (HbMachine *self,
                      HbEffect  *reconnect,
                      guint      delay)
{
  gint64 attempt_at;

  g_return_if_fail (hb_machine_is_current (self, reconnect));

  reconnect->reconnect.delay = MAX (delay, self->retry_after);
  attempt_at = self->since + hb_milliseconds (reconnect->reconnect.delay);

  self->chance = -1;

  if (self->attempt_at == attempt_at)
    return;

  self->attempt_at = attempt_at;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);
}

/* Acts on a change of the network when that is due. A wait that the server has asked for is not the
 * network's to cut short. */
void
hb_machine_check_network (HbMachine *self,
                          gint64     now)
{
  if (now < self->check_at)
    return;

  self->check_at = HB_NEVER;
  self->checked_at = now;

  if (self->settings.network_aware && self->retry_after == 0)
    hb_machine_check (self, now);
}

/* The first change is acted on at once, and those of the next seconds once more when these are
 * over, so that the last is not missed. */
void
hb_machine_on_network_changed (HbMachine *self,
                               gint64     now)
{
  if (self->state == HB_STATE_CLOSED || self->check_at != HB_NEVER)
    return;

  self->check_at = MAX (now, self->checked_at + HB_CHECK_INTERVAL);
  hb_machine_check_network (self, now);
}
