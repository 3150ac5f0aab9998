/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-backoff-private.h"
#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"

/* RFC 6585, 4 and RFC 7231, 6.6.4: the answers with which a server may ask for a wait. One that
 * asks for longer than this, in seconds, is not believed. */
#define HTTP_TOO_MANY_REQUESTS   429
#define HTTP_SERVICE_UNAVAILABLE 503
#define RETRY_AFTER_MAX          3600

/* The only writer of the state */
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

  was_ready = self->state == HB_STATE_OPEN;
  self->state = state;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_STATE);

  if (was_ready != (state == HB_STATE_OPEN))
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
static void
set_last_error (HbMachine    *self,
                const GError *error)
{
  if (self->last_error == NULL && error == NULL)
    return;

  g_clear_error (&self->last_error);
  if (error != NULL)
    self->last_error = g_error_copy (error);

  hb_effects_push_notify (&self->effects, HB_PROPERTY_LAST_ERROR);
}

static void
set_http_status (HbMachine *self,
                 guint      http_status)
{
  if (self->http_status == http_status)
    return;

  self->http_status = http_status;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_HTTP_STATUS);
}

gboolean
hb_machine_has_open_link (HbMachine *self)
{
  return self->state == HB_STATE_OPEN || self->state == HB_STATE_CLOSING;
}

/* From where the attempts count anew: the link has lasted. */
static gint64
get_settled_at (HbMachine *self)
{
  if (self->state != HB_STATE_OPEN || self->attempt == 0)
    return HB_NEVER;

  return self->since + hb_milliseconds (self->settings.min_uptime);
}

/* When the present state wants a tick, whatever else does. */
static gint64
get_state_deadline (HbMachine *self)
{
  switch (self->state)
    {
    case HB_STATE_WAITING:
      return hb_machine_get_attempt_at (self);

    case HB_STATE_CONNECTING:
      return self->settings.connect_timeout == 0 || self->is_announcing || self->is_request_held
             ? HB_NEVER
             : self->since + hb_milliseconds (self->settings.connect_timeout);

    case HB_STATE_OPEN:
      return MIN (hb_heartbeat_get_deadline (&self->heartbeat, &self->settings),
                  get_settled_at (self));

    case HB_STATE_CLOSING:
      return self->since + hb_milliseconds (self->settings.close_timeout);

    case HB_STATE_CLOSED:
      return HB_NEVER;

    default:
      g_assert_not_reached ();
    }
}

/* Leaves the present link, if there is one, for @state. Every end of a link is here. */
void
hb_machine_leave (HbMachine *self,
                  HbState    state,
                  gint64     now)
{
  gboolean was_open = hb_machine_has_open_link (self);

  if (was_open || self->state == HB_STATE_CONNECTING)
    hb_effects_push (&self->effects, HB_EFFECT_DROP);

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

/* Nothing is dropped silently. */
void
hb_machine_tell_unsent (HbMachine *self)
{
  guint n_unsent = hb_outbox_get_n_queued (&self->outbox);

  if (n_unsent > 0)
    hb_effects_push_error (&self->effects,
                           g_error_new (HB_ERROR, HB_ERROR_CLOSED,
                                        hb_ngettext ("The task closed before %u message was sent",
                                                     "The task closed before %u messages were sent",
                                                     n_unsent),
                                        n_unsent));
}

/* The task has become CLOSED, for the reason @error: no call goes on waiting. */
void
hb_machine_release_waiters (HbMachine    *self,
                            const GError *error)
{
  hb_outbox_close (&self->outbox, error);
  hb_effects_resolve_all (&self->effects, self->opens, HB_OUTCOME_FAILED, error);
  hb_effects_resolve_all (&self->effects, self->closes, HB_OUTCOME_DONE, NULL);
}

/* Goes to an attempt from whatever there is. */
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
      set_last_error (self, error);
      hb_effects_push_error (&self->effects, g_error_copy (error));
      hb_machine_tell_unsent (self);
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
      hb_effects_push (&self->effects, HB_EFFECT_CONNECT)->serial = self->serial;
      break;

    case HB_STATE_OPEN:
    case HB_STATE_CLOSING:
    default:
      g_assert_not_reached ();
    }
}

/* From 0 to 1. A GRand takes 2.5 KiB, and is needed once in a while: so it is not kept. */
static double
draw (HbMachine *self)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed++);

  return g_rand_double (random);
}

/* How long the present wait is by the properties, in milliseconds. Each wait has one random number,
 * so that a change of a property moves it by no more than that. */
static guint
get_delay (HbMachine *self)
{
  return MAX (hb_backoff_get_delay (&self->settings, self->attempt, self->chance),
              self->retry_after);
}

static void
wait_for_attempt (HbMachine    *self,
                  const HbLoss *loss,
                  gint64        now)
{
  HbEffect *effect;

  hb_machine_set_attempt (self, self->attempt + 1);

  if (loss->http_status == HTTP_TOO_MANY_REQUESTS || loss->http_status == HTTP_SERVICE_UNAVAILABLE)
    self->retry_after = MIN (loss->retry_after, RETRY_AFTER_MAX) * 1000;

  self->chance = draw (self);
  self->attempt_at = now + hb_milliseconds (get_delay (self));
  hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);

  effect = hb_effects_push (&self->effects, HB_EFFECT_RECONNECT);
  effect->reconnect.serial = self->serial;
  effect->reconnect.attempt = self->attempt;
}

/* The next attempt, or the next link, would end in the same way. */
static gboolean
is_final (const HbLoss *loss)
{
  return loss->is_permanent
         || g_error_matches (loss->error, HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG);
}

/* Why the message in the midst of which the peer has ended the link is to be dropped.
 *
 * Returns: (transfer full) (nullable): NULL if it is not, or not as yet */
static GError *
judge_message (HbMachine    *self,
               const HbLoss *loss)
{
  gboolean is_too_big = loss->code == HB_CLOSE_TOO_BIG;
  const HbOutgoing *message;

  if (!loss->by_peer || self->state != HB_STATE_OPEN)
    return NULL;

  message = loss->in_message ? hb_outbox_judge_end (&self->outbox, is_too_big) : NULL;

  if (message != NULL && is_too_big)
    return g_error_new (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                        _("A message of %zu bytes is too big for the server: it was dropped"),
                        g_bytes_get_size (message->bytes));

  if (message != NULL)
    return g_error_new (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                        _("The server ended the connection 3 times in a row during a message of "
                          "%zu bytes: it was dropped"),
                        g_bytes_get_size (message->bytes));

  return NULL;
}

/* If the kernel has taken all of a message that was too big, nobody knows which one it was.
 *
 * @refusal: (nullable): why the message in the midst of which the peer has ended the link is to be
 *   dropped */
static void
tell_refusal (HbMachine    *self,
              const HbLoss *loss,
              const GError *refusal)
{
  if (refusal != NULL)
    hb_outbox_drop_refused (&self->outbox, refusal);
  else if (loss->by_peer && loss->code == HB_CLOSE_TOO_BIG && !loss->in_message)
    hb_effects_push_error (&self->effects,
                           g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                                                _("A message was too big for the server, but none "
                                                  "was being sent when it said so: it is one of "
                                                  "those sent before")));
}

/* @attempt: how many attempts in a row have failed; 0 only where none is made at all */
static GError *
new_limit_error (guint       attempt,
                 const char *cause)
{
  if (attempt == 0)
    return g_error_new (HB_ERROR, HB_ERROR_REPEAT_LIMIT,
                        _("No attempt to reconnect is made, because repeat-limit is 0: %s"), cause);

  return g_error_new (HB_ERROR, HB_ERROR_REPEAT_LIMIT,
                      hb_ngettext ("Gave up after %u attempt to reconnect: %s",
                                   "Gave up after %u attempts to reconnect: %s", attempt),
                      attempt, cause);
}

/* A program that wants one link and no other has had it. */
static gboolean
is_normal_end (HbMachine    *self,
               const HbLoss *loss)
{
  return self->state == HB_STATE_OPEN && self->settings.repeat_limit == 0
         && loss->error == NULL && loss->code == HB_CLOSE_NORMAL;
}

/* Why the end of the link is the end of the task. Who waits gets it.
 *
 * Returns: (transfer full) (nullable): NULL if another attempt follows */
static GError *
judge_end (HbMachine    *self,
           const HbLoss *loss,
           guint         attempt)
{
  if (self->state == HB_STATE_CLOSING || is_normal_end (self, loss))
    return hb_machine_new_closed_error ();

  if (is_final (loss))
    return g_error_copy (loss->error);

  if (hb_backoff_is_exhausted (&self->settings, attempt))
    return new_limit_error (attempt,
                            loss->error != NULL ? loss->error->message
                            : loss->by_peer ? _("the server closed the link")
                                            : _("the link was given up"));

  return NULL;
}

/* The link has ended by itself: tears down, changes the state, then tells, in this order. */
static void
lose (HbMachine    *self,
      gint64        now,
      const HbLoss *loss)
{
  gboolean closing = self->state == HB_STATE_CLOSING;
  gboolean was_open = hb_machine_has_open_link (self);
  guint attempt = now >= get_settled_at (self) ? 0 : self->attempt;
  g_autoptr (GError) refusal = judge_message (self, loss);
  g_autoptr (GError) final = judge_end (self, loss, attempt);
  gboolean is_limit = g_error_matches (final, HB_ERROR, HB_ERROR_REPEAT_LIMIT);

  hb_machine_leave (self, final != NULL ? HB_STATE_CLOSED : HB_STATE_WAITING, now);
  hb_machine_set_attempt (self, attempt);

  if (!was_open)
    set_http_status (self, loss->http_status);

  if (!closing && (loss->error != NULL || is_limit))
    set_last_error (self, is_limit ? final : loss->error);

  /* An application that has closed does not care how the peer went. */
  if (loss->error != NULL && !closing)
    hb_effects_push_error (&self->effects, g_error_copy (loss->error));

  if (!closing)
    tell_refusal (self, loss, refusal);

  if (is_limit)
    hb_effects_push_error (&self->effects, g_error_copy (final));

  if (final != NULL)
    hb_machine_tell_unsent (self);

  if (was_open)
    hb_effects_push_close (&self->effects, HB_EFFECT_CLOSE, loss->code, loss->reason);

  if (final != NULL)
    hb_machine_release_waiters (self, final);
  else
    wait_for_attempt (self, loss, now);
}

static void
lose_with_error (HbMachine *self,
                 gint64     now,
                 GError    *error)
{
  lose (self, now, &(HbLoss) { .error = error, .code = HB_CLOSE_ABNORMAL });
}

/* The application gives the link, or the attempt, up. */
void
hb_machine_give_link_up (HbMachine *self,
                         gint64     now)
{
  lose_with_error (self, now, NULL);
}

/* A property has changed. All deadlines but that of a wait are worked out from the properties each
 * time; that one is moved here, and a limit that is reached by now ends the wait. */
void
hb_machine_apply_settings (HbMachine *self,
                           gint64     now)
{
  g_autoptr (GError) final = NULL;
  gint64 attempt_at;

  if (self->state != HB_STATE_WAITING || self->attempt == 0)
    return;

  if (hb_backoff_is_exhausted (&self->settings, self->attempt - 1))
    {
      final = new_limit_error (self->attempt - 1,
                               self->last_error != NULL ? self->last_error->message
                                                        : _("the link was lost"));
      hb_machine_leave (self, HB_STATE_CLOSED, now);
      set_last_error (self, final);
      hb_effects_push_error (&self->effects, g_error_copy (final));
      hb_machine_tell_unsent (self);
      hb_machine_release_waiters (self, final);
      return;
    }

  if (self->chance < 0)
    return;

  attempt_at = self->since + hb_milliseconds (get_delay (self));
  if (attempt_at == self->attempt_at)
    return;

  self->attempt_at = attempt_at;
  if (self->holds == 0)
    hb_effects_push_notify (&self->effects, HB_PROPERTY_RECONNECT_AT);
}

void
hb_machine_ping (HbMachine *self,
                 gint64     now)
{
  hb_heartbeat_on_ping (&self->heartbeat, &self->settings, now);
  self->metrics.pings++;
  hb_effects_push (&self->effects, HB_EFFECT_PING);
}

/* A server that has never answered is more likely not to know the text than to be dead. */
static GError *
new_pong_error (HbMachine *self)
{
  if (self->settings.heartbeat_mode == HB_HEARTBEAT_MODE_MESSAGE && self->metrics.replies == 0)
    return g_error_new (HB_ERROR, HB_ERROR_PONG_TIMEOUT,
                        _("The server has shown no life for %u ms after a ping, and has never "
                          "answered one: it probably does not know the text of ping-message. Set "
                          "heartbeat-mode to PING, which every server answers"),
                        self->settings.pong_timeout);

  return g_error_new (HB_ERROR, HB_ERROR_PONG_TIMEOUT,
                      _("The server has shown no life for %u ms after a ping"),
                      self->settings.pong_timeout);
}

static void
tick_open (HbMachine *self,
           gint64     now,
           gboolean   held_up)
{
  g_autoptr (GError) error = NULL;

  if (now >= get_settled_at (self))
    hb_machine_set_attempt (self, 0);

  switch (hb_heartbeat_tick (&self->heartbeat, &self->settings, now, held_up))
    {
    case HB_VERDICT_WAIT:
      break;

    case HB_VERDICT_PING:
      hb_machine_ping (self, now);
      break;

    case HB_VERDICT_DEAD:
      self->metrics.pong_timeouts++;
      error = new_pong_error (self);
      lose_with_error (self, now, error);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
tick_connecting (HbMachine *self,
                 gint64     now)
{
  gint64 deadline = get_state_deadline (self);
  g_autoptr (GError) error = NULL;

  if (now < deadline)
    return;

  if (now - deadline > HB_LATE)
    {
      /* This process slept, not the server: its answer may be there already. */
      self->since = now;
      return;
    }

  error = g_error_new (HB_ERROR, HB_ERROR_CONNECT_TIMEOUT,
                       self->queued
                       ? _("No WebSocket was open after %u ms, because all connections that the "
                           "session may have were in use")
                       : _("No WebSocket was open after %u ms"),
                       self->settings.connect_timeout);
  lose_with_error (self, now, error);
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
    .checked_at = -HB_CHECK_INTERVAL,
    .check_at = HB_NEVER,
    .put_off = HB_NEVER,
  };
  hb_settings_init (&self->settings);
  hb_heartbeat_init (&self->heartbeat);
  hb_effects_init (&self->effects);
  hb_outbox_init (&self->outbox, &self->effects, &self->metrics);
  self->opens = g_ptr_array_new ();
  self->closes = g_ptr_array_new ();
}

void
hb_machine_clear (HbMachine *self)
{
  hb_outbox_clear (&self->outbox);
  hb_effects_clear (&self->effects);
  hb_settings_clear (&self->settings);
  g_clear_pointer (&self->opens, g_ptr_array_unref);
  g_clear_pointer (&self->closes, g_ptr_array_unref);
  g_clear_pointer (&self->close_reason, g_free);
  g_clear_pointer (&self->request_uri, g_free);
  g_clear_error (&self->last_error);
}

/* What is up or down at this moment is in no sum yet. */
static void
add_running (const HbMachine *self,
             HbMetrics       *metrics,
             gint64           now)
{
  if (self->state == HB_STATE_OPEN)
    metrics->uptime += now - self->since;

  if (self->lost_at != HB_NEVER)
    metrics->downtime += now - self->lost_at;
}

/* The end, in any state and more than once: only those who wait are still told. The caller drops
 * the link. */
void
hb_machine_dispose (HbMachine *self,
                    gint64     now)
{
  g_autoptr (GError) error = hb_machine_new_closed_error ();
  guint i = 0;

  add_running (self, &self->metrics, now);
  self->disposed = TRUE;
  self->state = HB_STATE_CLOSED;
  self->attempt_at = HB_NEVER;
  self->lost_at = HB_NEVER;
  self->is_announcing = FALSE;
  self->is_request_held = FALSE;
  hb_heartbeat_stop (&self->heartbeat);
  hb_outbox_on_lost (&self->outbox, TRUE);
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

/* To be called before a tick: whether the request of the attempt has no connection yet. */
void
hb_machine_set_queued (HbMachine *self,
                       gboolean   queued)
{
  self->queued = queued;
}

/* The request is about to be made and shown to handlers of `connecting`: a hold from within holds
 * this attempt. Returns whether it can be made, since handlers of `notify` may have changed the
 * settings; where it cannot, the task ends. */
gboolean
hb_machine_on_announcing (HbMachine *self,
                          gint64     now)
{
  if (!hb_settings_check (&self->settings, NULL))
    {
      hb_machine_attempt (self, now);
      return FALSE;
    }

  self->is_announcing = TRUE;
  g_free (self->request_uri);
  self->request_uri = g_strdup (self->settings.uri);

  return TRUE;
}

/* They have run. Returns whether the request goes out now; if it is held, an HB_EFFECT_REQUEST says
 * when. */
gboolean
hb_machine_on_announced (HbMachine      *self,
                         const HbEffect *connect)
{
  if (!hb_machine_is_current (self, connect))
    return FALSE;

  self->is_announcing = FALSE;

  return !self->is_request_held;
}

/* The request goes out now: until here the application has taken its time, not the server. Returns
 * whether it can go out with the settings as they are, which libsoup does not check; where it
 * cannot, the task ends. Another URI is for the next attempt. */
gboolean
hb_machine_on_requested (HbMachine *self,
                         gint64     now)
{
  if (!hb_settings_check_handshake (&self->settings, NULL))
    {
      hb_machine_attempt (self, now);
      return FALSE;
    }

  self->since = now;
  self->metrics.attempts++;

  return TRUE;
}

void
hb_machine_on_opened (HbMachine *self,
                      gint64     now,
                      guint      http_status)
{
  if (self->state != HB_STATE_CONNECTING)
    return;

  hb_machine_enter (self, HB_STATE_OPEN, now);
  self->metrics.opens++;
  self->shut_down = FALSE;
  hb_heartbeat_start (&self->heartbeat, now);
  hb_outbox_on_opened (&self->outbox);
  hb_machine_set_latency (self, -1);
  set_http_status (self, http_status);
  set_last_error (self, NULL);
  hb_effects_push_notify (&self->effects, HB_PROPERTY_CONNECTION);
  hb_effects_push_notify (&self->effects, HB_PROPERTY_PROTOCOL);

  if (self->lost_at != HB_NEVER)
    {
      self->downtime = now - self->lost_at;
      self->metrics.downtime += self->downtime;
      self->lost_at = HB_NEVER;
      hb_effects_push_notify (&self->effects, HB_PROPERTY_DOWNTIME);
    }

  hb_effects_push (&self->effects, HB_EFFECT_OPEN)->serial = self->serial;
}

void
hb_machine_on_lost (HbMachine    *self,
                    gint64        now,
                    const HbLoss *loss)
{
  switch (self->state)
    {
    case HB_STATE_CONNECTING:
    case HB_STATE_OPEN:
    case HB_STATE_CLOSING:
      lose (self, now, loss);
      break;

    case HB_STATE_WAITING:
    case HB_STATE_CLOSED:
      break;

    default:
      g_assert_not_reached ();
    }
}

/* What has come is read first, and then the time is judged. Each deadline is put off once: under a
 * flood there is always somebody else's turn. */
static gboolean
puts_off (HbMachine *self,
          gint64     now,
          HbReading  reading)
{
  gint64 deadline = hb_machine_get_deadline (self);

  if (reading != HB_READING_LATER || now < deadline || deadline == self->put_off)
    return FALSE;

  self->put_off = deadline;
  return TRUE;
}

void
hb_machine_tick (HbMachine *self,
                 gint64     now,
                 HbReading  reading)
{
  if (puts_off (self, now, reading))
    return;

  switch (self->state)
    {
    case HB_STATE_WAITING:
      if (self->holds == 0 && now >= self->attempt_at)
        hb_machine_attempt (self, now);
      break;

    case HB_STATE_CONNECTING:
      tick_connecting (self, now);
      break;

    case HB_STATE_OPEN:
      tick_open (self, now, reading == HB_READING_HELD_UP);
      break;

    case HB_STATE_CLOSING:
      if (now >= get_state_deadline (self))
        lose_with_error (self, now, NULL);
      break;

    case HB_STATE_CLOSED:
      return;

    default:
      g_assert_not_reached ();
    }

  hb_machine_check_network (self, now);
}

/* Gives the next effect, which the caller clears. */
gboolean
hb_machine_pop_effect (HbMachine *self,
                       HbEffect  *effect)
{
  HbEffect *next = hb_deque_peek (&self->effects, 0);

  if (next == NULL)
    return FALSE;

  *effect = *next;
  hb_deque_pop_head (&self->effects);

  if (effect->kind == HB_EFFECT_TRANSMIT)
    self->transmitting = FALSE;
  else if (effect->kind == HB_EFFECT_NOTIFY)
    hb_outbox_on_notify (&self->outbox, effect->property);
  else if (effect->kind == HB_EFFECT_RECONNECT && hb_machine_is_current (self, effect))
    effect->reconnect.delay = (self->attempt_at - self->since) / G_TIME_SPAN_MILLISECOND;

  return TRUE;
}

/* Whether an effect about one attempt still has its place: a handler may have called close () or
 * reconnect_now () since it was pushed. */
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

/* When the next tick is due, HB_NEVER if nothing is to come. */
gint64
hb_machine_get_deadline (HbMachine *self)
{
  if (self->state == HB_STATE_CLOSED)
    return HB_NEVER;

  return MIN (get_state_deadline (self), self->check_at);
}

/* When the next attempt is due, HB_NEVER if there is none or it is held. */
gint64
hb_machine_get_attempt_at (HbMachine *self)
{
  return self->holds > 0 ? HB_NEVER : self->attempt_at;
}

/* Returns: (transfer full) */
HbMetrics *
hb_machine_get_metrics (HbMachine *self,
                        gint64     now)
{
  HbMetrics *metrics = hb_metrics_copy (&self->metrics);

  add_running (self, metrics, now);

  return metrics;
}
