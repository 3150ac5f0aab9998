/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-metrics-private.h"

G_DEFINE_BOXED_TYPE (HbMetrics, hb_metrics, hb_metrics_copy, hb_metrics_free)

void
hb_metrics_add_latency (HbMetrics *self,
                        gint64     latency)
{
  self->latency_min = self->n_latencies == 0 ? latency : MIN (self->latency_min, latency);
  self->latency_max = MAX (self->latency_max, latency);
  self->latency_sum += latency;
  self->n_latencies++;
}

/**
 * hb_metrics_copy:
 * @self: metrics
 *
 * Copies metrics.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
HbMetrics *
hb_metrics_copy (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

/**
 * hb_metrics_free:
 * @self: (transfer full): metrics
 *
 * Frees metrics.
 *
 * Since: 1.0
 */
void
hb_metrics_free (HbMetrics *self)
{
  g_free (self);
}

/**
 * hb_metrics_get_messages_sent:
 * @self: metrics
 *
 * Gets the number of messages that were sent.
 *
 * [property@WebsocketTask:delivery] defines when a message counts as sent. Pings are not counted.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_messages_sent (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->messages_sent;
}

/**
 * hb_metrics_get_bytes_sent:
 * @self: metrics
 *
 * Gets the number of bytes of payload that were sent.
 *
 * These are the bytes of the messages that [method@Metrics.get_messages_sent] counts, before
 * compression.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_bytes_sent (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->bytes_sent;
}

/**
 * hb_metrics_get_messages_received:
 * @self: metrics
 *
 * Gets the number of messages that were received.
 *
 * Replies to the heartbeat that the task does not deliver are not counted, and neither are messages
 * that arrive after [method@WebsocketTask.close] has been called.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_messages_received (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->messages_received;
}

/**
 * hb_metrics_get_bytes_received:
 * @self: metrics
 *
 * Gets the number of bytes of payload that were received.
 *
 * These are the bytes of the messages that [method@Metrics.get_messages_received] counts, after
 * decompression.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_bytes_received (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->bytes_received;
}

/**
 * hb_metrics_get_messages_dropped:
 * @self: metrics
 *
 * Gets the number of messages that were dropped.
 *
 * A message is dropped:
 *
 * - by [property@WebsocketTask:overflow] or [property@WebsocketTask:queue-timeout]
 * - by [method@WebsocketTask.take_queue], or when [method@WebsocketTask.send_message_async] is
 *   cancelled, unless the message is sent anyway
 * - after the server has refused the message (`HB_ERROR_MESSAGE_REFUSED`)
 * - when the task closes before the message can be sent
 * - when the connection is lost, if the message is volatile or for that connection only
 * - when the connection cannot accept the message, if the message is volatile
 * - when a call in another thread has queued the message, and the task's thread finds that the
 *   flags do not allow the message to be sent ([method@WebsocketTask.send_message])
 *
 * A message that was written and not acknowledged ([property@WebsocketTask:delivery]) may still
 * have arrived.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_messages_dropped (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->messages_dropped;
}

/**
 * hb_metrics_get_messages_expired:
 * @self: metrics
 *
 * Gets the number of messages that were dropped because of [property@WebsocketTask:queue-timeout].
 *
 * [method@Metrics.get_messages_dropped] counts them too.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_messages_expired (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->messages_expired;
}

/**
 * hb_metrics_get_messages_resent:
 * @self: metrics
 *
 * Gets the number of times that a message was sent again although it had been written.
 *
 * The connection was lost before the acknowledgement by the peer's TCP arrived, so the message may
 * arrive more than once. This happens only to messages that were accepted while
 * [property@WebsocketTask:delivery] was `ACKNOWLEDGED`.
 *
 * Returns: the number of times
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_messages_resent (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->messages_resent;
}

/**
 * hb_metrics_get_attempts:
 * @self: metrics
 *
 * Gets the number of attempts to connect.
 *
 * The first attempt after [method@WebsocketTask.open] is counted too. An attempt that ends in a
 * handler of [signal@WebsocketTask::connecting], or while it is held, is not counted.
 *
 * Returns: the number of attempts
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_attempts (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->attempts;
}

/**
 * hb_metrics_get_opens:
 * @self: metrics
 *
 * Gets the number of attempts that led to an open connection.
 *
 * This is also the number of [signal@WebsocketTask::open] signals.
 *
 * Returns: the number of connections that have opened
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_opens (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->opens;
}

/**
 * hb_metrics_get_pings:
 * @self: metrics
 *
 * Gets the number of pings that were sent.
 *
 * Ping frames and ping messages are counted ([property@WebsocketTask:heartbeat-mode]).
 *
 * Returns: the number of pings
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_pings (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pings;
}

/**
 * hb_metrics_get_replies:
 * @self: metrics
 *
 * Gets the number of pings that the server answered.
 *
 * If several pings are sent before a reply arrives, only one of them is counted.
 *
 * Returns: the number of answered pings
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_replies (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->replies;
}

/**
 * hb_metrics_get_pong_timeouts:
 * @self: metrics
 *
 * Gets the number of connections that the task dropped because the server did not answer a ping.
 *
 * For each of them, the error `HB_ERROR_PONG_TIMEOUT` was emitted.
 *
 * Returns: the number of connections
 *
 * Since: 1.0
 */
guint64
hb_metrics_get_pong_timeouts (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pong_timeouts;
}

/**
 * hb_metrics_get_latency_min:
 * @self: metrics
 *
 * Gets the shortest time from a ping to its reply, in microseconds.
 *
 * Returns: the time, or -1 if none is known yet
 *
 * Since: 1.0
 */
gint64
hb_metrics_get_latency_min (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->n_latencies > 0 ? self->latency_min : -1;
}

/**
 * hb_metrics_get_latency_max:
 * @self: metrics
 *
 * Gets the longest time from a ping to its reply, in microseconds.
 *
 * Returns: the time, or -1 if none is known yet
 *
 * Since: 1.0
 */
gint64
hb_metrics_get_latency_max (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->n_latencies > 0 ? self->latency_max : -1;
}

/**
 * hb_metrics_get_latency_mean:
 * @self: metrics
 *
 * Gets the mean time from a ping to its reply, in microseconds.
 *
 * Returns: the time, or -1 if none is known yet
 *
 * Since: 1.0
 */
gint64
hb_metrics_get_latency_mean (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->n_latencies > 0 ? self->latency_sum / (gint64) self->n_latencies : -1;
}

/**
 * hb_metrics_get_uptime:
 * @self: metrics
 *
 * Gets the time for which connections have been open, in microseconds.
 *
 * The current connection is included. On systems that have timerfd, such as Linux, the time for
 * which the system was suspended is included too. The time in the state `CLOSING` is not included.
 *
 * Returns: the time
 *
 * Since: 1.0
 */
gint64
hb_metrics_get_uptime (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->uptime;
}

/**
 * hb_metrics_get_downtime:
 * @self: metrics
 *
 * Gets the time for which the connection has been lost, in microseconds.
 *
 * The result is the sum of the times from each loss to the next open connection or to `CLOSED`,
 * including the time since the current loss. The time from [method@WebsocketTask.open] to the next
 * open connection and the time in `CLOSED` are not included.
 *
 * Returns: the time
 *
 * Since: 1.0
 */
gint64
hb_metrics_get_downtime (const HbMetrics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->downtime;
}
