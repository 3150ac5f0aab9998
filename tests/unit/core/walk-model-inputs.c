/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "walk-private.h"

/* What each input makes of the model. */

/* From when on a tick is late */
#define LATE G_TIME_SPAN_SECOND

static void
start_afresh (Walk     *walk,
              gboolean  was_closed)
{
  walk->model.attempt = 0;
  walk->model.check_at = HB_NEVER;
  if (was_closed)
    walk->model.downtime = 0;
}

void
model_open (Walk     *walk,
            gpointer  ticket)
{
  Model *self = &walk->model;

  if (self->disposed)
    {
      ledger_expect_call (&walk->ledger, ticket, HB_OUTCOME_FAILED, HB_ERROR_CLOSED);
    }
  else if (self->state == HB_STATE_OPEN)
    {
      ledger_expect_call (&walk->ledger, ticket, HB_OUTCOME_DONE, NO_ERROR);
    }
  else if (self->state == HB_STATE_CLOSED)
    {
      model_attempt (walk);
      start_afresh (walk, TRUE);
    }
}

void
model_close (Walk *walk)
{
  model_drop_inbox (walk);

  switch (walk->model.state)
    {
    case HB_STATE_CLOSED:
      ledger_expect_all (&walk->ledger, CALL_CLOSE, HB_OUTCOME_DONE, NO_ERROR);
      break;

    case HB_STATE_CONNECTING:
    case HB_STATE_WAITING:
      model_leave (walk, HB_STATE_CLOSED);
      model_owe_unsent (walk);
      ledger_on_closed (&walk->ledger, HB_ERROR_CLOSED);
      break;

    case HB_STATE_OPEN:
      model_enter (walk, HB_STATE_CLOSING);
      model_follow_inbox (walk);
      if (ledger_get_unready (&walk->ledger) == 0)
        break;
      model_owe (walk, &(Owed) { .kind = HB_EFFECT_ERROR, .error = HB_ERROR_CLOSED });
      ledger_drop_unready (&walk->ledger, HB_ERROR_CLOSED);
      break;

    case HB_STATE_CLOSING:
      break;

    default:
      g_assert_not_reached ();
    }
}

void
model_reconnect_now (Walk *walk)
{
  gboolean was_closed = walk->model.state == HB_STATE_CLOSED;

  if (walk->model.disposed)
    return;

  model_attempt (walk);
  start_afresh (walk, was_closed);
  ledger_expect_all (&walk->ledger, CALL_CLOSE, HB_OUTCOME_CANCELLED, NO_ERROR);
}

static void
start_heartbeat (Walk *walk)
{
  Model *self = &walk->model;

  self->life_at = walk->now;
  self->last_ping = walk->now;
  self->is_awaiting = FALSE;
  self->is_unclear = FALSE;
  self->asked_at = HB_NEVER;
}

static gboolean
is_judged (Walk *walk)
{
  return walk->model.is_awaiting && walk->machine.settings.pong_timeout > 0;
}

static gint64
get_verdict_at (Walk *walk)
{
  return is_judged (walk)
         ? walk->model.pinged_at + hb_milliseconds (walk->machine.settings.pong_timeout)
         : HB_NEVER;
}

static gint64
get_ping_at (Walk *walk)
{
  const HbSettings *settings = &walk->machine.settings;
  gint64 silent_since = walk->model.is_awaiting ? walk->model.pinged_at : walk->model.life_at;
  gboolean is_steady = settings->liveness == HB_LIVENESS_STEADY;

  if (settings->ping_timeout == 0 || (is_judged (walk) && !is_steady))
    return HB_NEVER;

  return (is_steady ? walk->model.last_ping : silent_since)
         + hb_milliseconds (settings->ping_timeout);
}

/* When the heartbeat must act */
static gint64
get_beat_at (Walk *walk)
{
  return MIN (get_verdict_at (walk), get_ping_at (walk));
}

/* When the heartbeat may act: a ping may be early by a sixteenth, and by a second at most. */
static gint64
get_earliest_beat_at (Walk *walk)
{
  gint64 early = MIN (walk->machine.settings.ping_timeout, 16000) * (gint64) 1000 / 16;

  return MIN (get_verdict_at (walk), get_ping_at (walk) - early);
}

static gboolean
has_overslept (Walk *walk)
{
  return walk->now - walk->model.life_at > LATE && walk->now - get_beat_at (walk) > LATE;
}

static void
ping (Walk *walk)
{
  Model *self = &walk->model;

  self->is_unclear = (self->is_awaiting || self->asked_at != HB_NEVER)
                     && (self->is_unclear || has_overslept (walk));
  self->n_pings++;
  self->last_ping = walk->now;
  if (walk->now < get_verdict_at (walk) && is_judged (walk))
    return;

  self->is_awaiting = TRUE;
  self->pinged_at = walk->now;
  self->asked_at = walk->now;
}

void
model_check (Walk *walk)
{
  if (model_may_ping (walk) && !is_judged (walk))
    ping (walk);
  else if (walk->model.state == HB_STATE_WAITING && walk->model.holds == 0)
    model_attempt (walk);
}

/* The heartbeat of messages begins only now. */
void
model_mark_ready (Walk *walk)
{
  Model *self = &walk->model;

  if (self->state != HB_STATE_OPEN || walk->ledger.is_ready)
    return;

  walk->ledger.is_ready = TRUE;
  self->ready_at = walk->now;

  if (walk->machine.settings.heartbeat_mode == HB_HEARTBEAT_MODE_PING)
    return;

  start_heartbeat (walk);
}

/* The ping goes out, and its time begins, unless an earlier one is judged. */
void
model_on_pinged (Walk *walk)
{
  if (!walk->model.is_awaiting || walk->model.pinged_at != walk->model.last_ping)
    return;

  walk->model.pinged_at = walk->now;
  walk->model.asked_at = walk->now;
}

void
model_reconnect_later (Walk *walk)
{
  if (walk->model.state == HB_STATE_CONNECTING || walk->model.state == HB_STATE_OPEN)
    model_lose (walk, &(Loss) { .error = NO_ERROR, .code = MODEL_ABNORMAL });
}

void
model_hold (Walk *walk)
{
  walk->model.holds++;
  if (walk->model.is_announcing)
    walk->model.is_request_held = TRUE;
}

/* The application is shown a request, which handlers may have made impossible before. */
gboolean
model_on_announcing (Walk *walk)
{
  if (!walk->has_good_settings)
    {
      model_attempt (walk);
      return FALSE;
    }

  walk->model.is_announcing = TRUE;
  g_strlcpy (walk->model.request_uri, walk->machine.settings.uri, sizeof walk->model.request_uri);

  return TRUE;
}

/* The request has a URI already, whatever the settings say by now. */
gboolean
model_on_requested (Walk *walk)
{
  if (!walk->has_good_settings && walk->bad_setting != HB_ERROR_INVALID_URI)
    {
      model_attempt (walk);
      return FALSE;
    }

  walk->model.requested_at = walk->now;
  walk->model.n_attempts++;

  return TRUE;
}

static void
release_request (Walk *walk)
{
  Model *self = &walk->model;

  self->is_request_held = FALSE;
  self->requested_at = walk->now;
  if (walk->has_good_settings && strcmp (self->request_uri, walk->machine.settings.uri) == 0)
    return;

  model_attempt (walk);
}

void
model_release (Walk *walk)
{
  Model *self = &walk->model;

  if (self->holds == 0)
    return;

  self->holds--;
  if (self->holds == 0 && self->state == HB_STATE_WAITING && walk->now >= self->due_at)
    model_attempt (walk);
  else if (self->holds == 0 && self->is_request_held)
    release_request (walk);
}

/* Nothing is reported any more except to the calls that wait. */
void
model_dispose (Walk *walk)
{
  Model *self = &walk->model;

  self->disposed = TRUE;
  self->state = HB_STATE_CLOSED;
  self->due_at = HB_NEVER;
  self->lost_at = HB_NEVER;
  self->is_announcing = FALSE;
  self->is_request_held = FALSE;
  self->stands_still = FALSE;
  walk->is_yielding = FALSE;
  model_drop_inbox (walk);
  ledger_on_lost (&walk->ledger, TRUE);
  ledger_on_closed (&walk->ledger, HB_ERROR_CLOSED);
  walk->ledger.n_drains = 0;
  model_clear (walk);
}

void
model_on_opened (Walk     *walk,
                 guint     http_status,
                 gboolean  can_acknowledge)
{
  Model *self = &walk->model;

  if (self->state != HB_STATE_CONNECTING)
    return;

  model_enter (walk, HB_STATE_OPEN);
  ledger_on_opened (&walk->ledger, !walk->machine.settings.manual_ready, can_acknowledge);
  self->ready_at = walk->now;
  self->n_opens++;
  self->http_status = http_status;
  self->latency = -1;
  self->last_error = NO_ERROR;
  start_heartbeat (walk);
  model_follow_inbox (walk);

  if (self->lost_at != HB_NEVER)
    {
      self->downtime = walk->now - self->lost_at;
      self->downtime_sum += self->downtime;
      self->lost_at = HB_NEVER;
    }

  model_owe (walk, &(Owed) { .kind = HB_EFFECT_OPEN, .serial = self->serial });
}

void
model_on_greeted (Walk  *walk,
                  guint  serial)
{
  if (serial != walk->model.serial || !model_has_open_link (walk))
    return;

  walk->ledger.greeting = FALSE;
  ledger_expect_all (&walk->ledger, CALL_OPEN, HB_OUTCOME_DONE, NO_ERROR);
}

static void
on_sign (Walk     *walk,
         gboolean  is_reply)
{
  Model *self = &walk->model;

  if (has_overslept (walk))
    self->is_unclear = TRUE;

  self->life_at = walk->now;
  self->is_awaiting = FALSE;

  if (is_reply && self->asked_at != HB_NEVER)
    {
      /* A message that was judged for long may be older than the ping. */
      if (!self->is_unclear && walk->now >= self->asked_at)
        self->latency = walk->now - self->asked_at;
      self->n_replies++;
      self->asked_at = HB_NEVER;
    }
}

/* Bytes have come, or some of a backlog has gone. */
void
model_on_activity (Walk *walk)
{
  if (walk->model.state == HB_STATE_OPEN && walk->machine.settings.liveness != HB_LIVENESS_REPLY)
    on_sign (walk, FALSE);
}

void
model_on_message (Walk     *walk,
                  HbOpcode  opcode,
                  GBytes   *bytes,
                  HbReply   reply)
{
  Model *self = &walk->model;
  const HbSettings *settings = &walk->machine.settings;
  const char *pong = settings->pong_message;
  gboolean is_reply = pong != NULL && opcode == HB_OPCODE_TEXT
                      && g_bytes_get_size (bytes) == strlen (pong)
                      && memcmp (g_bytes_get_data (bytes, NULL), pong, strlen (pong)) == 0;
  gboolean knows_reply = pong != NULL || settings->heartbeat_mode == HB_HEARTBEAT_MODE_PING;

  if (self->state != HB_STATE_OPEN)
    return;

  /* What the application says counts, whatever the settings say. */
  if (reply != HB_REPLY_UNJUDGED)
    {
      is_reply = reply == HB_REPLY_YES;
      knows_reply = TRUE;
    }

  if (is_reply || !knows_reply)
    on_sign (walk, TRUE);
  else
    model_on_activity (walk);

  if (is_reply)
    return;

  self->n_received++;
  self->bytes_received += g_bytes_get_size (bytes);
  model_deliver (walk, bytes);
}

void
model_on_pong (Walk *walk)
{
  if (walk->model.state == HB_STATE_OPEN)
    on_sign (walk, walk->machine.settings.heartbeat_mode == HB_HEARTBEAT_MODE_PING);
}

void
model_on_lost (Walk       *walk,
               const Loss *loss)
{
  if (walk->model.state != HB_STATE_WAITING && walk->model.state != HB_STATE_CLOSED)
    model_lose (walk, loss);
}

static void
check_network (Walk *walk)
{
  Model *self = &walk->model;

  if (walk->now < self->check_at)
    return;

  self->check_at = HB_NEVER;
  self->checked_at = walk->now;
  if (walk->machine.settings.network_aware && self->retry_after == 0)
    model_check (walk);
}

void
model_on_network (Walk *walk)
{
  Model *self = &walk->model;

  if (self->state == HB_STATE_CLOSED || self->check_at != HB_NEVER)
    return;

  self->check_at = MAX (walk->now, self->checked_at + MODEL_CHECK_INTERVAL);
  check_network (walk);
}

/* A link that is not ready is still an attempt, and has as long as one. Returns whether it had. */
static gboolean
tick_attempt (Walk     *walk,
              gboolean  held_up)
{
  guint timeout = walk->machine.settings.connect_timeout;
  gint64 late = walk->now - walk->model.requested_at - hb_milliseconds (timeout);

  if (timeout == 0 || late < 0 || walk->model.is_announcing || walk->model.is_request_held)
    return FALSE;

  if (late <= LATE && !held_up)
    {
      model_lose (walk, &(Loss) { .error = HB_ERROR_CONNECT_TIMEOUT, .code = MODEL_ABNORMAL });
      return TRUE;
    }

  walk->model.requested_at = walk->now;
  return FALSE;
}

static void
tick_open (Walk     *walk,
           gboolean  held_up)
{
  Model *self = &walk->model;

  if (model_has_lasted (walk))
    self->attempt = 0;

  if (!model_is_ready (walk) && tick_attempt (walk, held_up))
    return;

  if (!model_may_ping (walk))
    return;

  if (walk->now < get_earliest_beat_at (walk))
    return;

  if (walk->now < get_verdict_at (walk) || held_up || walk->now - get_verdict_at (walk) > LATE)
    {
      ping (walk);
      return;
    }

  self->n_pong_timeouts++;
  model_lose (walk, &(Loss) { .error = HB_ERROR_PONG_TIMEOUT, .code = MODEL_ABNORMAL });
}

void
model_tick (Walk     *walk,
            gboolean  held_up)
{
  Model *self = &walk->model;

  model_expire (walk);

  switch (self->state)
    {
    case HB_STATE_WAITING:
      if (self->holds == 0 && walk->now >= self->due_at)
        model_attempt (walk);
      break;

    case HB_STATE_CONNECTING:
      tick_attempt (walk, FALSE);
      break;

    case HB_STATE_OPEN:
      tick_open (walk, held_up || self->stands_still);
      break;

    case HB_STATE_CLOSING:
      if (walk->now >= self->since + hb_milliseconds (walk->machine.settings.close_timeout))
        model_lose (walk, &(Loss) { .error = NO_ERROR, .code = MODEL_ABNORMAL });
      break;

    case HB_STATE_CLOSED:
      return;

    default:
      g_assert_not_reached ();
    }

  check_network (walk);
}
