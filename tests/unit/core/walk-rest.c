/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* What holds whenever a machine has nothing left to be done. */

static void
assert_state (Walk *self)
{
  Link *link = &self->link;
  gboolean is_open = model_has_open_link (self);

  switch (self->machine.state)
    {
    case HB_STATE_CONNECTING:
      g_assert_true (link->exists && !link->is_open);
      g_assert_true (link->is_connecting == !self->model.is_request_held);
      g_assert_false (self->model.is_announcing);
      break;
    case HB_STATE_OPEN:
    case HB_STATE_CLOSING:
      g_assert_true (link->exists && link->is_open);
      break;
    case HB_STATE_WAITING:
      g_assert_false (link->exists);
      break;
    case HB_STATE_CLOSED:
      g_assert_false (link->exists);
      g_assert_cmpuint (self->ledger.line->len, ==, 0);
      break;
    default:
      g_assert_not_reached ();
    }

  /* Nothing owed, and each `open` with its `close` */
  g_assert_true (g_queue_is_empty (&self->model.owed));
  g_assert_cmpuint (self->ledger.n_drains, ==, 0);
  g_assert_true (self->model.disposed || self->mirror.is_told_open == is_open);
  if (link->exists)
    g_assert_cmpuint (link->serial, ==, self->machine.serial);
}

/* Nothing lies about that could go out, and the close frame is not forgotten. */
static void
assert_traffic (Walk *self)
{
  if (!model_has_open_link (self))
    return;

  g_assert_false (self->ledger.greeting);
  if (ledger_get_sendable (&self->ledger) > 0)
    g_assert_true (self->ledger.blocked);

  if (self->machine.state == HB_STATE_CLOSING
      && self->ledger.line->len == ledger_get_unacknowledged (&self->ledger))
    g_assert_true (self->link.has_said_goodbye);
}

/* A tick is to come where something has to happen by itself, in the time that the settings give. */
static void
assert_deadline (Walk *self)
{
  const HbSettings *settings = &self->machine.settings;
  gint64 left = hb_machine_get_deadline (&self->machine);
  guint most = 0;

  left = left == HB_NEVER ? HB_NEVER : (left - self->now) / G_TIME_SPAN_MILLISECOND;

  switch (self->machine.state)
    {
    case HB_STATE_WAITING:
      if (self->model.holds == 0)
        g_assert_cmpint (hb_machine_get_deadline (&self->machine), <=, self->model.due_at);
      break;

    case HB_STATE_CONNECTING:
      most = self->model.is_request_held ? 0 : settings->connect_timeout;
      break;

    case HB_STATE_OPEN:
      if (!model_is_ready (self) && settings->connect_timeout > 0)
        g_assert_cmpint (left, <=, settings->connect_timeout);
      if (!model_may_ping (self))
        break;
      most = MAX (settings->ping_timeout, settings->pong_timeout);
      if (settings->ping_timeout == 0 && !self->model.is_awaiting)
        most = 0;
      break;

    case HB_STATE_CLOSING:
      g_assert_cmpint (left, <=, settings->close_timeout);
      break;

    case HB_STATE_CLOSED:
      g_assert_cmpint (left, ==, HB_NEVER);
      break;

    default:
      g_assert_not_reached ();
    }

  if (most > 0)
    g_assert_cmpint (left, <=, most);

  /* An acknowledgement is asked for. */
  if (ledger_get_unacknowledged (&self->ledger) > 0)
    g_assert_cmpint (left, <=, 1000);

  g_assert_cmpint (hb_machine_get_deadline (&self->machine), <=,
                   ledger_get_expiry (&self->ledger, settings->queue_timeout));
}

static void
assert_metrics (Walk *self)
{
  const Model *model = &self->model;
  g_autoptr (HbMetrics) metrics = NULL;

  g_assert_cmpuint (self->machine.metrics.messages_sent, ==, self->ledger.n_sent);
  g_assert_cmpuint (self->machine.metrics.messages_dropped, ==, self->ledger.n_dropped);
  g_assert_cmpuint (self->machine.metrics.messages_expired, ==, self->ledger.n_expired);
  g_assert_cmpuint (self->machine.metrics.messages_resent, ==, self->ledger.n_resent);

  /* A copy has to be made for these. */
  if (!dice_one_in (self->dice, 16) || model->disposed)
    return;

  metrics = hb_machine_get_metrics (&self->machine, self->now);
  g_assert_cmpuint (hb_metrics_get_bytes_sent (metrics), ==, self->ledger.bytes_sent);
  g_assert_cmpuint (hb_metrics_get_messages_received (metrics), ==, model->n_received);
  g_assert_cmpuint (hb_metrics_get_bytes_received (metrics), ==, model->bytes_received);
  g_assert_cmpuint (hb_metrics_get_attempts (metrics), ==, model->n_attempts);
  g_assert_cmpuint (hb_metrics_get_opens (metrics), ==, model->n_opens);
  g_assert_cmpuint (hb_metrics_get_pings (metrics), ==, model->n_pings);
  g_assert_cmpuint (hb_metrics_get_replies (metrics), ==, model->n_replies);
  g_assert_cmpuint (hb_metrics_get_pong_timeouts (metrics), ==, model->n_pong_timeouts);
  g_assert_cmpint (hb_metrics_get_uptime (metrics), ==,
                   model->uptime_sum
                   + (model->state == HB_STATE_OPEN ? self->now - model->since : 0));
  g_assert_cmpint (hb_metrics_get_downtime (metrics), ==,
                   model->downtime_sum
                   + (model->lost_at != HB_NEVER ? self->now - model->lost_at : 0));
}

/* A handler of `notify` sees the present values. */
static void
assert_mirror (Walk *self)
{
  const Mirror *mirror = &self->mirror;
  const Model *model = &self->model;

  if (model->disposed)
    return;

  g_assert_cmpint (mirror->state, ==, model->state);
  g_assert_cmpuint (mirror->attempt, ==, model->attempt);
  g_assert_cmpuint (mirror->http_status, ==, model->http_status);
  g_assert_cmpint (mirror->latency, ==, model->latency);
  g_assert_cmpint (mirror->downtime, ==, model->downtime);
  g_assert_cmpint (mirror->reconnect_at, ==, model->holds > 0 ? HB_NEVER : model->due_at);
  g_assert_true (mirror->has_connection == model_has_open_link (self));
  g_assert_true (mirror->is_ready == model_is_ready (self));
  g_assert_cmpint (mirror->last_error, ==, model->last_error);
  if (self->ledger.amount == 0)
    g_assert_cmpuint (mirror->buffered_amount, ==, 0);
}

/* No call waits for what cannot happen any more. */
static void
assert_calls (Walk *self)
{
  guint i;

  for (i = 0; i < self->ledger.calls->len; i++)
    {
      gpointer ticket = ledger_pick_call (&self->ledger, i);

      g_assert_true (ledger_is_waiting (&self->ledger, ticket));

      switch (ledger_get_kind (&self->ledger, ticket))
        {
        case CALL_OPEN:
          g_assert_cmpint (self->model.state, !=, HB_STATE_OPEN);
          g_assert_cmpint (self->model.state, !=, HB_STATE_CLOSED);
          break;
        case CALL_CLOSE:
          g_assert_cmpint (self->model.state, ==, HB_STATE_CLOSING);
          break;
        case CALL_RECEIVE:
          g_assert_cmpint (self->model.state, !=, HB_STATE_CLOSED);
          g_assert_true (g_queue_is_empty (&self->model.inbox));
          break;
        case CALL_SEND:
        case CALL_FLUSH:
          g_assert_true (self->ledger.line->len > 0 || walk_has_batch (self));
          break;
        default:
          g_assert_not_reached ();
        }
    }
}

void
walk_assert_rest (Walk *self)
{
  assert_state (self);
  assert_traffic (self);
  assert_deadline (self);
  assert_metrics (self);
  assert_mirror (self);
  assert_calls (self);
  walk_assert_inbox (self);
}
