/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

static void
assert_link (Walk *self)
{
  const HbMachine *machine = &self->machine;
  const Link *link = &self->link;

  g_assert_cmpuint (machine->holds, ==, self->holds);
  g_assert_false (machine->is_announcing);
  g_assert_true (link->exists == (machine->state == HB_STATE_CONNECTING
                                  || machine->state == HB_STATE_OPEN
                                  || machine->state == HB_STATE_CLOSING));
  g_assert_true (self->is_disposed || self->mirror.sees_open == (link->exists && link->is_open));

  if (!link->exists)
    return;

  g_assert_cmpuint (link->serial, ==, machine->serial);
  g_assert_true (link->is_open == (machine->state != HB_STATE_CONNECTING));
  g_assert_true (link->is_connecting == !machine->is_request_held);
  g_assert_true (link->awaits_turn == machine->awaits_turn);
  g_assert_true (link->is_reading == hb_machine_may_read (machine));
}

/* No message is lost: each is sent, dropped, or in the queue. */
static void
assert_messages (Walk *self)
{
  const HbMachine *machine = &self->machine;
  const HbQueue *queue = &machine->outbox.queue;
  gint64 timeout = hb_milliseconds (machine->settings.queue_timeout);
  guint64 amount = 0;
  HbLine line;
  guint i;

  g_assert_cmpuint (self->n_accepted, ==, machine->metrics.messages_sent
                                          + machine->metrics.messages_dropped
                                          + walk_get_n_queued (self));
  g_assert_cmpuint (machine->metrics.messages_sent, <=, self->n_complete);
  g_assert_cmpuint (machine->metrics.messages_expired, <=, machine->metrics.messages_dropped);

  for (i = 0; i < queue->in_flight.length; i++)
    amount += g_bytes_get_size (((HbOutgoing *) hb_deque_peek (&queue->in_flight, i))->bytes);

  for (line = 0; line < HB_N_LINES; line++)
    for (i = 0; i < queue->lines[line].length; i++)
      {
        const HbOutgoing *message = hb_deque_peek (&queue->lines[line], i);

        amount += g_bytes_get_size (message->bytes);
        if (timeout > 0)
          g_assert_cmpint (hb_machine_get_deadline (&self->machine), <=,
                           message->accepted_at + timeout);
      }

  for (i = 0; i < self->batch.messages.length; i++)
    {
      const HbOutgoing *message = hb_deque_peek (&self->batch.messages, i);

      amount += message->is_reserved ? g_bytes_get_size (message->bytes) : 0;
    }

  g_assert_cmpuint (hb_outbox_get_buffered (&self->machine.outbox), ==, amount);
}

/* Each message that can be sent has been sent. */
static void
assert_traffic (Walk *self)
{
  const HbOutbox *outbox = &self->machine.outbox;

  if (self->machine.state == HB_STATE_CLOSED)
    g_assert_cmpuint (walk_get_n_queued (self), ==, 0);

  if (!hb_machine_has_open_link (&self->machine))
    return;

  g_assert_true (self->link.is_greeted);
  g_assert_false (hb_outbox_can_transmit (outbox));
  g_assert_true (!outbox->blocked || self->link.room == 0);
  g_assert_false (outbox->greeting);
  g_assert_true (!outbox->holds_back || !outbox->is_ready || outbox->queue.in_flight.length > 0
                 || hb_queue_get_n_waiting (&outbox->queue, HB_LINE_GREETING) > 0);

  if (self->machine.state == HB_STATE_CLOSING && hb_outbox_is_written (outbox))
    g_assert_true (self->link.has_sent_close);
}

static void
assert_deadline (Walk *self)
{
  HbMachine *machine = &self->machine;
  const HbSettings *settings = &machine->settings;
  gboolean is_ready = hb_machine_get_status (machine).is_ready;
  gint64 deadline = hb_machine_get_deadline (machine);
  gint64 left = deadline == HB_NEVER ? HB_NEVER : (deadline - self->now) / G_TIME_SPAN_MILLISECOND;

  switch (machine->state)
    {
    case HB_STATE_WAITING:
      if (self->holds == 0)
        g_assert_cmpint (deadline, <=, machine->attempt_at);
      break;

    case HB_STATE_CONNECTING:
      if (settings->connect_timeout > 0 && !machine->is_request_held && !machine->awaits_turn)
        g_assert_cmpint (left, <=, settings->connect_timeout);
      break;

    case HB_STATE_OPEN:
      if (!is_ready && settings->connect_timeout > 0)
        g_assert_cmpint (left, <=, settings->connect_timeout);
      if (settings->ping_timeout > 0
          && (is_ready || settings->heartbeat_mode == HB_HEARTBEAT_MODE_PING))
        g_assert_cmpint (left, <=, MAX (settings->ping_timeout, settings->pong_timeout));
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

  /* While acknowledgements are missing, the link is queried at least once a second. */
  if (hb_machine_is_unacknowledged (machine))
    g_assert_cmpint (left, <=, 1000);
}

static void
assert_metrics (Walk *self)
{
  g_autoptr (HbMetrics) metrics = NULL;

  /* This check is slow. */
  if (!dice_one_in (self->dice, 16) || self->is_disposed)
    return;

  metrics = hb_machine_get_metrics (&self->machine, self->now);
  g_assert_cmpuint (hb_metrics_get_attempts (metrics), ==, self->n_attempts);
  g_assert_cmpuint (hb_metrics_get_opens (metrics), ==, self->n_opens);
  g_assert_cmpuint (hb_metrics_get_pings (metrics), ==, self->n_pings);
  g_assert_cmpuint (hb_metrics_get_replies (metrics), <=, self->n_pings);
  g_assert_cmpuint (hb_metrics_get_pong_timeouts (metrics), ==, self->n_pong_timeouts);
  g_assert_cmpuint (hb_metrics_get_messages_received (metrics), >=, self->n_delivered);
  g_assert_cmpint (hb_metrics_get_uptime (metrics), ==,
                   self->uptime + (self->state == HB_STATE_OPEN ? self->now - self->since : 0));
  g_assert_cmpint (hb_metrics_get_downtime (metrics), ==,
                   self->downtime
                   + (self->lost_at != HB_NEVER ? self->now - self->lost_at : 0));
}

/* Changes of buffered-amount need no notification, except the change to 0. */
static void
assert_mirror (Walk *self)
{
  HbStatus status = hb_machine_get_status (&self->machine);
  const Mirror *mirror = &self->mirror;

  if (self->is_disposed)
    return;

  g_assert_cmpint (mirror->state, ==, status.state);
  g_assert_cmpuint (mirror->attempt, ==, status.attempt);
  g_assert_cmpuint (mirror->http_status, ==, status.http_status);
  g_assert_cmpint (mirror->latency, ==, status.latency);
  g_assert_cmpint (mirror->downtime, ==, status.downtime);
  g_assert_cmpint (mirror->reconnect_at, ==, hb_machine_get_attempt_at (&self->machine));
  g_assert_true (mirror->has_connection == hb_machine_has_open_link (&self->machine));
  g_assert_true (mirror->is_ready == status.is_ready);
  g_assert_true (mirror->is_paused == self->machine.settings.paused);
  g_assert_true (mirror->has_error == (status.last_error != NULL));
  if (status.buffered_amount == 0)
    g_assert_cmpuint (mirror->buffered_amount, ==, 0);
}

/* No call waits for an event that can no longer happen. */
static void
assert_calls (Walk *self)
{
  HbState state = self->machine.state;
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      const Call *call = g_ptr_array_index (self->calls, i);

      switch (call->kind)
        {
        case CALL_OPEN:
          g_assert_true (state == HB_STATE_CONNECTING || state == HB_STATE_WAITING
                         || state == HB_STATE_CLOSING);
          break;
        case CALL_CLOSE:
          g_assert_cmpint (state, ==, HB_STATE_CLOSING);
          break;
        case CALL_RECEIVE:
          g_assert_cmpint (state, !=, HB_STATE_CLOSED);
          g_assert_cmpuint (self->machine.inbox.messages.length, ==, 0);
          break;
        case CALL_SEND:
          g_assert_false (call->is_complete && walk_get_n_queued (self) == 0);
          G_GNUC_FALLTHROUGH;
        case CALL_FLUSH:
          g_assert_true (walk_get_n_queued (self) > 0 || walk_has_batch (self));
          break;
        default:
          g_assert_not_reached ();
        }
    }
}

/* Received messages wait only if the task is paused or other sources must run first. Only messages
 * that may vanish are lost. */
static void
assert_inbox (Walk *self)
{
  guint n_waiting = self->machine.inbox.messages.length;
  guint n_sure = 0;
  guint i;

  for (i = 0; i < self->received->len; i++)
    n_sure += !g_array_index (self->received, Received, i).may_vanish;

  g_assert_cmpuint (n_waiting, >=, n_sure);
  g_assert_cmpuint (n_waiting, <=, self->received->len);
  g_assert_true (hb_machine_may_read (&self->machine)
                 == (self->machine.state != HB_STATE_OPEN
                     || !hb_inbox_is_full (&self->machine.inbox)));

  if (n_waiting == 0)
    g_array_set_size (self->received, 0);
  else
    g_assert_true (self->machine.settings.paused || self->is_yielding);
}

void
walk_assert_rest (Walk *self)
{
  assert_link (self);
  assert_messages (self);
  assert_traffic (self);
  assert_deadline (self);
  assert_metrics (self);
  assert_mirror (self);
  assert_calls (self);
  assert_inbox (self);
}
