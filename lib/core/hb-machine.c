/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"

/* The state of the task and the steps from one state to another. The other files, which
 * hb-machine-steps-private.h lists, decide which step to take. */

/* Memory for more effects than this is freed when the last effect is taken, so that an idle task
 * does not keep it. Usually, only a change of state pushes more. */
#define EFFECTS_KEPT 4

/* The only function that changes the state */
void
hb_machine_enter (HbMachine *self,
                  HbState    state,
                  gint64     now)
{
  gboolean was_ready;

  if (self->state == HB_STATE_OPEN && state != HB_STATE_OPEN)
    self->metrics.uptime += now - self->since;

  self->since = now;

  if (self->state == state)
    return;

  was_ready = hb_machine_is_ready (self);
  self->state = state;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_STATE);

  if (was_ready != hb_machine_is_ready (self))
    hb_effects_push_notify (&self->effects, HB_PROPERTY_READY);
}

void
hb_machine_set_attempt (HbMachine *self,
                        guint      attempt)
{
  if (self->attempt == attempt)
    return;

  self->attempt = attempt;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_ATTEMPT);
}

/* @error: (nullable) */
void
hb_machine_set_last_error (HbMachine    *self,
                           const GError *error)
{
  if (self->last_error == NULL && error == NULL)
    return;

  g_clear_error (&self->last_error);
  if (error != NULL)
    self->last_error = g_error_copy (error);

  hb_effects_push_notify (&self->effects, HB_PROPERTY_LAST_ERROR);
}

void
hb_machine_set_http_status (HbMachine *self,
                            guint      http_status)
{
  if (self->http_status == http_status)
    return;

  self->http_status = http_status;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_HTTP_STATUS);
}

/* In CLOSING, the link is still open. */
gboolean
hb_machine_has_open_link (HbMachine *self)
{
  return self->state == HB_STATE_OPEN || self->state == HB_STATE_CLOSING;
}

/* With `manual-ready`, an open link is ready only after the application has marked it as ready,
 * usually after a login. */
gboolean
hb_machine_is_ready (HbMachine *self)
{
  return self->state == HB_STATE_OPEN && self->outbox.is_ready;
}

/* A server might reject a ping message before a login is complete, but every server answers a ping
 * frame at any time. */
gboolean
hb_machine_may_ping (HbMachine *self)
{
  return hb_machine_is_ready (self)
         || (self->state == HB_STATE_OPEN
             && self->settings.heartbeat_mode == HB_HEARTBEAT_MODE_PING);
}

/* Returns when the link will have been ready for `min-uptime`, so that the count of attempts starts
 * again, or HB_NEVER. */
gint64
hb_machine_get_settled_at (HbMachine *self)
{
  if (!hb_machine_is_ready (self) || self->attempt == 0)
    return HB_NEVER;

  return self->ready_at + hb_milliseconds (self->settings.min_uptime);
}

/* Leaves the current link, if any, for @state. Every link ends here. */
void
hb_machine_leave (HbMachine *self,
                  HbState    state,
                  gint64     now)
{
  gboolean was_open = hb_machine_has_open_link (self);

  if (was_open || self->state == HB_STATE_CONNECTING)
    hb_effects_push_drop (&self->effects);

  if (was_open && self->lost_at == HB_NEVER)
    self->lost_at = now;

  if (state == HB_STATE_CLOSED && self->lost_at != HB_NEVER)
    {
      self->metrics.downtime += now - self->lost_at;
      self->lost_at = HB_NEVER;
    }

  if (self->state == HB_STATE_WAITING)
    hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);

  hb_heartbeat_stop (&self->heartbeat);
  self->attempt_at = HB_NEVER;
  self->chance = -1;
  self->retry_after = 0;
  self->is_announcing = FALSE;
  self->is_request_held = FALSE;
  self->is_choosing = FALSE;
  self->awaits_turn = FALSE;
  self->stands_still = FALSE;
  hb_machine_enter (self, state, now);

  if (was_open)
    {
      hb_effects_push_notify (&self->effects, HB_PROPERTY_CONNECTION);
      hb_effects_push_notify (&self->effects, HB_PROPERTY_PROTOCOL);
      hb_outbox_on_lost (&self->outbox, state == HB_STATE_CLOSED);
    }
}

GError *
hb_machine_new_closed_error (void)
{
  return g_error_new_literal (HB_ERROR, HB_ERROR_CLOSED, _("The task is closed"));
}

void
hb_machine_report_unsent (HbMachine *self,
                          guint      n_unsent)
{
  if (n_unsent > 0)
    hb_effects_push_error (&self->effects,
                           g_error_new (HB_ERROR, HB_ERROR_CLOSED,
                                        hb_ngettext ("The task closed before %u message was sent",
                                                     "The task closed before %u messages were sent",
                                                     n_unsent),
                                        n_unsent));
}

/* Drops all messages to send and ends all pending calls, because the task has become CLOSED. */
void
hb_machine_release_waiters (HbMachine    *self,
                            const GError *error)
{
  hb_outbox_close (&self->outbox, error);
  hb_inbox_close (&self->inbox, error);
  hb_effects_resolve_all (&self->effects, &self->opens, HB_OUTCOME_FAILED, error);
  hb_effects_resolve_all (&self->effects, &self->closes, HB_OUTCOME_DONE, NULL);
}

/* Leaves the current link, if any, and starts an attempt, or waits for hb_machine_release () if
 * attempts are held. Closes the task if its settings are not valid. */
void
hb_machine_attempt (HbMachine *self,
                    gint64     now)
{
  gboolean was_open = hb_machine_has_open_link (self);
  g_autoptr (GError) error = NULL;

  if (!hb_settings_check (&self->settings, &error))
    hb_machine_leave (self, HB_STATE_CLOSED, now);
  else if (self->holds > 0)
    hb_machine_leave (self, HB_STATE_WAITING, now);
  else
    hb_machine_leave (self, HB_STATE_CONNECTING, now);

  if (error != NULL)
    {
      hb_machine_set_last_error (self, error);
      hb_effects_push_error (&self->effects, g_error_copy (error));
      hb_machine_report_unsent (self, hb_outbox_get_n_queued (&self->outbox));
    }

  if (was_open)
    hb_effects_push_close (&self->effects, HB_EFFECT_CLOSE, HB_CLOSE_ABNORMAL, NULL);

  switch (self->state)
    {
    case HB_STATE_CLOSED:
      hb_machine_release_waiters (self, error);
      break;

    case HB_STATE_WAITING:
      self->attempt_at = now;
      break;

    case HB_STATE_CONNECTING:
      self->serial++;
      self->requested_at = now;
      hb_effects_push (&self->effects, HB_EFFECT_CONNECT)->serial = self->serial;
      break;

    case HB_STATE_OPEN:
    case HB_STATE_CLOSING:
    default:
      g_assert_not_reached ();
    }
}

void
hb_machine_ping (HbMachine *self,
                 gint64     now)
{
  hb_heartbeat_on_ping (&self->heartbeat, &self->settings, now);
  hb_effects_push (&self->effects, HB_EFFECT_PING);
}

/* Pushes the effect that sends messages, if any can be sent, or the close frame, if the task is
 * closing and every message has been written. */
void
hb_machine_pump (HbMachine *self)
{
  if (hb_outbox_can_transmit (&self->outbox))
    {
      if (!self->transmitting)
        hb_effects_push (&self->effects, HB_EFFECT_TRANSMIT);
      self->transmitting = TRUE;
    }
  else if (self->state == HB_STATE_CLOSING && !self->shut_down
           && hb_outbox_is_written (&self->outbox))
    {
      self->shut_down = TRUE;
      hb_effects_push_close (&self->effects, HB_EFFECT_SHUT_DOWN,
                             self->close_code, self->close_reason);
    }
}

/* If no message is left to write, a task that is closing sends its close frame. */
void
hb_machine_expire (HbMachine *self,
                   gint64     now)
{
  if (self->settings.queue_timeout == 0)
    return;

  hb_outbox_expire (&self->outbox, &self->settings, now);

  if (hb_outbox_is_written (&self->outbox))
    hb_machine_pump (self);
}

void
hb_machine_init (HbMachine *self,
                 guint32    seed)
{
  *self = (HbMachine) {
    .state = HB_STATE_CLOSED,
    .seed = seed,
    .attempt_at = HB_NEVER,
    .chance = -1,
    .lost_at = HB_NEVER,
    .latency = -1,
    .checked_at = G_MININT64,
    .check_at = HB_NEVER,
    .put_off = HB_NEVER,
  };
  hb_settings_init (&self->settings);
  hb_heartbeat_init (&self->heartbeat);
  hb_effects_init (&self->effects);
  hb_outbox_init (&self->outbox, &self->effects, &self->metrics);
  hb_inbox_init (&self->inbox, &self->effects);
}

void
hb_machine_clear (HbMachine *self)
{
  hb_outbox_clear (&self->outbox);
  hb_inbox_clear (&self->inbox);
  hb_effects_clear (&self->effects);
  hb_settings_clear (&self->settings);
  hb_tickets_clear (&self->opens);
  hb_tickets_clear (&self->closes);
  g_clear_pointer (&self->close_reason, g_free);
  g_clear_pointer (&self->request_uri, g_free);
  g_clear_error (&self->last_error);
}

/* Completes all pending calls. Later calls fail or do nothing, and no signal is emitted. The caller
 * drops the link. */
void
hb_machine_dispose (HbMachine *self,
                    gint64     now)
{
  g_autoptr (GError) error = hb_machine_new_closed_error ();
  guint i = 0;

  self->disposed = TRUE;
  hb_machine_leave (self, HB_STATE_CLOSED, now);
  hb_inbox_drop (&self->inbox);
  hb_machine_release_waiters (self, error);

  while (i < self->effects.length)
    {
      HbEffect *effect = hb_deque_peek (&self->effects, i);

      if (effect->kind == HB_EFFECT_RESOLVE)
        {
          i++;
          continue;
        }

      hb_effect_clear (effect);
      hb_deque_remove (&self->effects, i);
    }
}

gboolean
hb_machine_may_read (const HbMachine *self)
{
  return !self->stands_still;
}

/* Makes the next effect when all pushed effects have been taken. */
static gboolean
pop_last (HbMachine *self,
          HbEffect  *effect)
{
  GBytes *gone = hb_outbox_pop_gone (&self->outbox);

  if (gone == NULL)
    return hb_inbox_give (&self->inbox, effect);

  *effect = (HbEffect) { .kind = HB_EFFECT_RELEASE, .bytes = gone };

  return TRUE;
}

/* Moves the first effect to @effect, which the caller clears. Returns FALSE if none is left. */
gboolean
hb_machine_pop_effect (HbMachine *self,
                       HbEffect  *effect)
{
  HbEffect *next = hb_deque_peek (&self->effects, 0);

  /* A message handler is running a main loop, and no other message may be emitted before it
   * returns. No message waited in the inbox until now, so reading can only stop, which does not
   * need the time. */
  if (next != NULL && next->kind == HB_EFFECT_MESSAGE && self->inbox.is_giving)
    {
      hb_inbox_take_back (&self->inbox);
      hb_machine_follow_inbox (self, HB_NEVER);
      next = hb_deque_peek (&self->effects, 0);
    }

  if (next == NULL)
    return pop_last (self, effect);

  *effect = *next;
  hb_deque_pop_head (&self->effects);
  if (G_UNLIKELY (self->effects.length == 0 && self->effects.capacity > EFFECTS_KEPT))
    hb_deque_clear (&self->effects);

  if (effect->kind == HB_EFFECT_TRANSMIT)
    self->transmitting = FALSE;
  else if (effect->kind == HB_EFFECT_MESSAGE)
    hb_inbox_begin_giving (&self->inbox);
  else if (effect->kind == HB_EFFECT_NOTIFY)
    hb_outbox_on_notify (&self->outbox, effect->property);
  else if (effect->kind == HB_EFFECT_RECONNECT && hb_machine_is_current (self, effect))
    effect->reconnect.delay = (self->attempt_at - self->since) / G_TIME_SPAN_MILLISECOND;

  return TRUE;
}

/* Returns whether an effect of one attempt still applies. Since it was pushed, a handler may have
 * called close () or reconnect_now (). */
gboolean
hb_machine_is_current (HbMachine      *self,
                       const HbEffect *effect)
{
  if (effect->kind == HB_EFFECT_RECONNECT)
    return self->state == HB_STATE_WAITING
           && self->serial == effect->reconnect.serial
           && self->attempt == effect->reconnect.attempt;

  return self->state == HB_STATE_CONNECTING && self->serial == effect->serial;
}

gint64
hb_machine_get_attempt_at (HbMachine *self)
{
  return self->holds > 0 ? HB_NEVER : self->attempt_at;
}

HbStatus
hb_machine_get_status (HbMachine *self)
{
  return (HbStatus) {
    .last_error = self->last_error,
    .buffered_amount = hb_outbox_get_buffered (&self->outbox),
    .downtime = self->downtime,
    .latency = self->latency,
    .state = self->state,
    .attempt = self->attempt,
    .http_status = self->http_status,
    .is_ready = hb_machine_is_ready (self),
    .can_acknowledge = hb_machine_has_open_link (self) && self->outbox.can_acknowledge,
  };
}

/* The machine counts a period of uptime or downtime when the period ends, so the current one is
 * added to the copy.
 *
 * Returns: (transfer full) */
HbMetrics *
hb_machine_get_metrics (HbMachine *self,
                        gint64     now)
{
  HbMetrics *metrics = hb_metrics_copy (&self->metrics);

  if (self->state == HB_STATE_OPEN)
    metrics->uptime += now - self->since;

  if (self->lost_at != HB_NEVER)
    metrics->downtime += now - self->lost_at;

  return metrics;
}
