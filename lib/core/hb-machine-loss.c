/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-backoff-private.h"
#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"

/* The end of a link, which leads to another attempt after a delay, or closes the task */

/* RFC 6585, 4 and RFC 9110, 15.6.4: the statuses with which a server may ask for a delay.
 * RETRY_AFTER_MAX, in seconds, limits that delay. */
#define HTTP_TOO_MANY_REQUESTS   429
#define HTTP_SERVICE_UNAVAILABLE 503
#define RETRY_AFTER_MAX          3600

/* A GRand takes 2.5 kB and is seldom needed, so none is kept. */
static double
draw (HbMachine *self)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed++);

  return g_rand_double (random);
}

/* Returns the delay in milliseconds. Each delay keeps one random number, so that only a change to a
 * property changes the delay. */
static guint
get_delay (HbMachine *self)
{
  guint delay = hb_backoff_get_delay (&self->settings, self->attempt, self->chance);

  return MAX (delay, self->retry_after);
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

/* Returns whether the next link is expected to end in the same way. */
static gboolean
is_final (const HbLoss *loss)
{
  return loss->is_permanent
         || g_error_matches (loss->error, HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG);
}

/* Returns: (transfer full) (nullable): why the first unacknowledged message is refused, if it is */
static GError *
judge_reset (HbMachine *self)
{
  const HbOutgoing *message = hb_outbox_judge_reset (&self->outbox);

  if (message == NULL)
    return NULL;

  return g_error_new (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                      _("A message of %zu bytes was dropped, because the server reset the "
                        "connection 10 times before it acknowledged the message"),
                      g_bytes_get_size (message->bytes));
}

/* Counts the end of the link for the message that may have caused it.
 *
 * @in_message: whether the peer ended the link during a message
 *
 * Returns: (transfer full) (nullable): why a message is refused, if one is */
static GError *
judge_message (HbMachine    *self,
               const HbLoss *loss,
               gboolean      in_message)
{
  gboolean is_too_big = loss->code == HB_CLOSE_TOO_BIG;
  gboolean is_reset = loss->by_peer && loss->error != NULL;
  const HbOutgoing *message;

  /* A close frame and a FIN come with an acknowledgement of all that the peer has read, so only a
   * reset is judged by the acknowledgements. Over TLS, a FIN without a close_notify is judged like
   * a reset if it is reported as an error. */
  if (is_reset && hb_outbox_can_judge_reset (&self->outbox))
    return judge_reset (self);

  if (!in_message)
    {
      if (is_reset)
        hb_outbox_on_reset (&self->outbox);
      return NULL;
    }

  message = hb_outbox_judge_end (&self->outbox, is_too_big);

  if (message != NULL && is_too_big)
    return g_error_new (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                        _("A message of %zu bytes was dropped, because it is too big for the "
                          "server"),
                        g_bytes_get_size (message->bytes));

  if (message != NULL)
    return g_error_new (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                        _("A message of %zu bytes was dropped, because the server ended 3 "
                          "connections in the middle of the message"),
                        g_bytes_get_size (message->bytes));

  return NULL;
}

/* If the server ends the link because a message is too big, but not in the middle of a message, the
 * refused message is unknown, so the refusal is only reported.
 *
 * @refusal: (nullable): from judge_message () */
static void
report_refusal (HbMachine    *self,
                const HbLoss *loss,
                gboolean      in_message,
                const GError *refusal)
{
  if (refusal != NULL)
    hb_outbox_drop_refused (&self->outbox, refusal);
  else if (loss->by_peer && loss->code == HB_CLOSE_TOO_BIG && !in_message)
    hb_effects_push_error (&self->effects,
                           g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_REFUSED,
                                                _("One of the messages that were sent was too big "
                                                  "for the server")));
}

/* @attempt: consecutive attempts to reconnect that have failed, 0 only if none may be made
 * @error: (nullable): why the last link ended */
static GError *
new_limit_error (guint         attempt,
                 const GError *error,
                 gboolean      by_peer)
{
  const char *cause = error != NULL ? error->message
                      : by_peer ? _("the server closed the connection")
                                : _("the application dropped the connection");

  if (attempt == 0)
    return g_error_new (HB_ERROR, HB_ERROR_REPEAT_LIMIT,
                        _("No attempt to reconnect is made, because repeat-limit is 0: %s"), cause);

  return g_error_new (HB_ERROR, HB_ERROR_REPEAT_LIMIT,
                      hb_ngettext ("Gave up after %u attempt to reconnect: %s",
                                   "Gave up after %u attempts to reconnect: %s", attempt),
                      attempt, cause);
}

/* With a `repeat-limit` of 0, the application wants only one link, whose normal end is no
 * failure. */
static gboolean
is_normal_end (HbMachine    *self,
               const HbLoss *loss)
{
  return hb_machine_is_ready (self) && self->settings.repeat_limit == 0
         && loss->error == NULL && loss->code == HB_CLOSE_NORMAL;
}

/* Returns: (transfer full) (nullable): why the task closes when the link ends, or NULL if another
 * attempt follows */
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
    return new_limit_error (attempt, loss->error, loss->by_peer);

  return NULL;
}

/* Pushes the drop of the link, then the notification of the new state, then the effects that emit
 * other signals. The driver carries the effects out later, so each handler sees the new state. */
static void
lose (HbMachine    *self,
      gint64        now,
      const HbLoss *loss)
{
  gboolean closing = self->state == HB_STATE_CLOSING;
  gboolean was_open = hb_machine_has_open_link (self);
  guint attempt = now >= hb_machine_get_settled_at (self) ? 0 : self->attempt;
  gboolean in_message = loss->by_peer && hb_outbox_is_in_message (&self->outbox);
  g_autoptr (GError) refusal = judge_message (self, loss, in_message);
  g_autoptr (GError) final = judge_end (self, loss, attempt);
  gboolean is_limit = g_error_matches (final, HB_ERROR, HB_ERROR_REPEAT_LIMIT);

  hb_machine_leave (self, final != NULL ? HB_STATE_CLOSED : HB_STATE_WAITING, now);
  hb_machine_set_attempt (self, attempt);
  self->lost_by_peer = loss->by_peer;

  if (!was_open)
    hb_machine_set_http_status (self, loss->http_status);

  /* An attempt that the application has caused to fail has no error. The error of an earlier
   * attempt must not remain. */
  if (!closing)
    hb_machine_set_last_error (self, is_limit ? final : loss->error);

  /* To an application that has called close (), an error of the link makes no difference. */
  if (loss->error != NULL && !closing)
    hb_effects_push_error (&self->effects, g_error_copy (loss->error));

  if (!closing)
    report_refusal (self, loss, in_message, refusal);

  if (is_limit)
    hb_effects_push_error (&self->effects, g_error_copy (final));

  if (final != NULL)
    hb_machine_report_unsent (self, hb_outbox_get_n_queued (&self->outbox));

  if (was_open)
    hb_effects_push_close (&self->effects, HB_EFFECT_CLOSE, loss->code, loss->reason);

  if (final != NULL)
    hb_machine_release_waiters (self, final);
  else
    wait_for_attempt (self, loss, now);
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

/* Call this before a function of the application chooses the delay. Until hb_machine_on_chosen (),
 * the end of the current delay starts no attempt, because the function may run a main loop for a
 * long time, and its result replaces the delay. */
void
hb_machine_on_choosing (HbMachine *self)
{
  self->is_choosing = TRUE;
}

/* Call this when the application's function has returned, unless the attempt is no longer the
 * current one. */
void
hb_machine_on_chosen (HbMachine *self)
{
  self->is_choosing = FALSE;
}

/* Replaces the current delay, also in @reconnect, with the one that a function of the application
 * has returned, in milliseconds. A delay that the server asked for remains the minimum. Later
 * changes to the properties do not change the delay. */
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

/* Applies changed settings to the current delay, unless the application has chosen it. Closes the
 * task if the new `repeat-limit` has already been reached. */
void
hb_machine_apply_to_delay (HbMachine *self,
                           gint64     now)
{
  g_autoptr (GError) final = NULL;
  gint64 attempt_at;

  if (self->state != HB_STATE_WAITING || self->attempt == 0)
    return;

  if (hb_backoff_is_exhausted (&self->settings, self->attempt - 1))
    {
      final = new_limit_error (self->attempt - 1, self->last_error, self->lost_by_peer);
      hb_machine_leave (self, HB_STATE_CLOSED, now);
      hb_machine_set_last_error (self, final);
      hb_effects_push_error (&self->effects, g_error_copy (final));
      hb_machine_report_unsent (self, hb_outbox_get_n_queued (&self->outbox));
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
