/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* What a machine is and owes: its states, and the ends of its links. */

/* The longest wait that a server may ask for, in seconds */
#define RETRY_AFTER_MAX 3600

void
model_init (Walk *walk)
{
  walk->model = (Model) {
    .state = HB_STATE_CLOSED,
    .due_at = HB_NEVER,
    .lost_at = HB_NEVER,
    .checked_at = -MODEL_CHECK_INTERVAL,
    .check_at = HB_NEVER,
    .asked_at = HB_NEVER,
    .latency = -1,
    .last_error = NO_ERROR,
  };
  g_queue_init (&walk->model.owed);
  g_queue_init (&walk->model.inbox);
}

void
model_free_owed (Owed *owed)
{
  g_clear_pointer (&owed->bytes, g_bytes_unref);
  g_free (owed);
}

void
model_clear (Walk *walk)
{
  g_queue_clear_full (&walk->model.owed, (GDestroyNotify) model_free_owed);
  model_drop_inbox (walk);
}

void
model_owe (Walk       *walk,
           const Owed *owed)
{
  g_queue_push_tail (&walk->model.owed, g_memdup2 (owed, sizeof *owed));
}

/* Returns: (nullable) (transfer full) */
Owed *
model_pop_owed (Walk *walk)
{
  return g_queue_pop_head (&walk->model.owed);
}

static void
owe_error (Walk *walk,
           int   error)
{
  model_owe (walk, &(Owed) { .kind = HB_EFFECT_ERROR, .error = error });
}

static void
owe_close (Walk  *walk,
           guint  code)
{
  model_owe (walk, &(Owed) {
    .kind = HB_EFFECT_CLOSE, .serial = walk->model.serial, .number = code,
  });
}

/* Messages that will not be sent are reported by one error. */
void
model_owe_unsent (Walk *walk)
{
  if (ledger_get_unhanded (&walk->ledger) > 0)
    owe_error (walk, HB_ERROR_CLOSED);
}

gboolean
model_has_open_link (Walk *walk)
{
  return walk->model.state == HB_STATE_OPEN || walk->model.state == HB_STATE_CLOSING;
}

gboolean
model_is_ready (Walk *walk)
{
  return walk->model.state == HB_STATE_OPEN && walk->ledger.is_ready;
}

/* A server that is not ready has to be spared our text, and never a frame. */
gboolean
model_may_ping (Walk *walk)
{
  return walk->model.state == HB_STATE_OPEN
         && (walk->ledger.is_ready
             || walk->machine.settings.heartbeat_mode == HB_HEARTBEAT_MODE_PING);
}

void
model_enter (Walk    *walk,
             HbState  state)
{
  Model *self = &walk->model;

  if (self->state == HB_STATE_OPEN)
    self->uptime_sum += walk->now - self->since;

  self->state = state;
  self->since = walk->now;
}

void
model_leave (Walk    *walk,
             HbState  state)
{
  Model *self = &walk->model;
  gboolean was_open = model_has_open_link (walk);

  if (was_open && self->lost_at == HB_NEVER)
    self->lost_at = walk->now;

  if (state == HB_STATE_CLOSED && self->lost_at != HB_NEVER)
    {
      self->downtime_sum += walk->now - self->lost_at;
      self->lost_at = HB_NEVER;
    }

  self->due_at = HB_NEVER;
  self->is_by_settings = FALSE;
  self->retry_after = 0;
  self->is_announcing = FALSE;
  self->is_request_held = FALSE;
  self->stands_still = FALSE;
  walk->is_yielding = walk->is_yielding && state != HB_STATE_CLOSED;
  model_enter (walk, state);

  if (was_open)
    ledger_on_lost (&walk->ledger, state == HB_STATE_CLOSED);
}

void
model_attempt (Walk *walk)
{
  Model *self = &walk->model;
  gboolean was_open = model_has_open_link (walk);

  if (!walk->has_good_settings)
    model_leave (walk, HB_STATE_CLOSED);
  else
    model_leave (walk, self->holds > 0 ? HB_STATE_WAITING : HB_STATE_CONNECTING);

  if (self->state == HB_STATE_CLOSED)
    {
      self->last_error = walk->bad_setting;
      owe_error (walk, walk->bad_setting);
      model_owe_unsent (walk);
    }

  if (was_open)
    owe_close (walk, MODEL_ABNORMAL);

  if (self->state == HB_STATE_CLOSED)
    {
      ledger_on_closed (&walk->ledger, walk->bad_setting);
    }
  else if (self->state == HB_STATE_WAITING)
    {
      self->due_at = walk->now;
    }
  else
    {
      self->serial++;
      self->requested_at = walk->now;
      model_owe (walk, &(Owed) { .kind = HB_EFFECT_CONNECT, .serial = self->serial });
    }
}

/* The wait has to be as long as settings, chance and the server say. */
static void
check_wait (Walk *walk)
{
  Model *self = &walk->model;
  const HbSettings *settings = &walk->machine.settings;
  guint64 longest = settings->reconnect_timeout;
  gint64 wait;

  if (settings->reconnect_timeout_max > longest && self->attempt > 1)
    longest = MIN (MAX (longest, 1) << MIN (self->attempt - 1, 31),
                   settings->reconnect_timeout_max);

  wait = (self->due_at - self->since) / G_TIME_SPAN_MILLISECOND;
  g_assert_cmpint (wait, >=, (gint64) self->retry_after);
  g_assert_cmpint (wait, >=, (gint64) (longest * (1 - settings->reconnect_jitter)) - 1);
  g_assert_cmpint (wait, <=, (gint64) MAX (longest, self->retry_after));
}

static void
wait_for_attempt (Walk       *walk,
                  const Loss *loss)
{
  Model *self = &walk->model;

  self->attempt++;
  if (loss->http_status == 429 || loss->http_status == 503)
    self->retry_after = MIN (loss->retry_after, RETRY_AFTER_MAX) * 1000;

  model_owe (walk, &(Owed) {
    .kind = HB_EFFECT_RECONNECT, .serial = self->serial, .number = self->attempt,
  });

  /* The same tick may have cut it short already, for a change of the network. */
  self->due_at = walk->machine.attempt_at;
  self->is_by_settings = TRUE;
  if (walk->machine.state == HB_STATE_WAITING)
    check_wait (walk);
}

/* What has waited too long is dropped, and reported once. */
void
model_expire (Walk *walk)
{
  if (ledger_expire (&walk->ledger, walk->machine.settings.queue_timeout, walk->now))
    owe_error (walk, HB_ERROR_EXPIRED);
}

/* A wait that the settings have given moves with them, and one that a limit forbids ends. */
void
model_apply_settings (Walk *walk)
{
  Model *self = &walk->model;
  int limit = walk->machine.settings.repeat_limit;

  model_expire (walk);
  if (!walk->machine.settings.manual_ready)
    model_mark_ready (walk);

  if (self->state != HB_STATE_WAITING || self->attempt == 0)
    return;

  if (limit >= 0 && self->attempt - 1 >= (guint) limit)
    {
      model_leave (walk, HB_STATE_CLOSED);
      self->last_error = HB_ERROR_REPEAT_LIMIT;
      owe_error (walk, HB_ERROR_REPEAT_LIMIT);
      model_owe_unsent (walk);
      ledger_on_closed (&walk->ledger, HB_ERROR_REPEAT_LIMIT);
    }
  else if (self->is_by_settings)
    {
      self->due_at = walk->machine.attempt_at;
      check_wait (walk);
    }
}

/* A link ends by itself. Returns the error for the calls that wait, NO_ERROR if there is a next
 * link. */
static int
judge_loss (Walk       *walk,
            const Loss *loss,
            guint       n_attempts)
{
  int limit = walk->machine.settings.repeat_limit;

  if (walk->model.state == HB_STATE_CLOSING)
    return HB_ERROR_CLOSED;

  /* One link was asked for, and it has ended as it should. */
  if (model_is_ready (walk) && limit == 0
      && loss->error == NO_ERROR && loss->code == MODEL_NORMAL)
    return HB_ERROR_CLOSED;

  if (loss->error == HB_ERROR_MESSAGE_TOO_BIG || loss->is_permanent)
    return loss->error;

  return limit >= 0 && n_attempts >= (guint) limit ? HB_ERROR_REPEAT_LIMIT : NO_ERROR;
}

gboolean
model_has_lasted (Walk *walk)
{
  return model_is_ready (walk)
         && walk->now >= walk->model.ready_at + hb_milliseconds (walk->machine.settings.min_uptime);
}

void
model_lose (Walk       *walk,
            const Loss *loss)
{
  Model *self = &walk->model;
  gboolean closing = self->state == HB_STATE_CLOSING;
  gboolean was_open = model_has_open_link (walk);
  guint n_attempts = model_has_lasted (walk) ? 0 : self->attempt;
  int final = judge_loss (walk, loss, n_attempts);
  gboolean is_told = loss->by_peer && !closing;
  gboolean is_refused = is_told && loss->in_message
                        && ledger_refuse (&walk->ledger, loss->code == MODEL_TOO_BIG);

  model_leave (walk, final != NO_ERROR ? HB_STATE_CLOSED : HB_STATE_WAITING);
  self->attempt = n_attempts;
  if (!was_open)
    self->http_status = loss->http_status;

  if (!closing && final == HB_ERROR_REPEAT_LIMIT)
    self->last_error = final;
  else if (!closing && loss->error != NO_ERROR)
    self->last_error = loss->error;

  if (loss->error != NO_ERROR && !closing)
    owe_error (walk, loss->error);
  if (is_refused)
    ledger_drop_refused (&walk->ledger);
  if (is_refused || (is_told && !loss->in_message && loss->code == MODEL_TOO_BIG))
    owe_error (walk, HB_ERROR_MESSAGE_REFUSED);
  if (final == HB_ERROR_REPEAT_LIMIT)
    owe_error (walk, final);
  if (final != NO_ERROR)
    model_owe_unsent (walk);
  if (was_open)
    owe_close (walk, loss->code);

  if (final != NO_ERROR)
    ledger_on_closed (&walk->ledger, final);
  else
    wait_for_attempt (walk, loss);
}
