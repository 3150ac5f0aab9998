/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-websocket-task-private.h"

/* The read-only properties, and the methods can_acknowledge () and get_metrics () */

static HbStatus
get_status (HbWebsocketTask *self)
{
  return hb_driver_get_status (self->driver);
}

/* The index of a property in @pspecs is its HbProperty. */
void
hb_websocket_task_make_status (GParamSpec **pspecs)
{
#define MAKE(PROPERTY, type, ...) \
  pspecs[HB_PROPERTY_ ## PROPERTY] = \
    g_param_spec_ ## type (hb_property_get_name (HB_PROPERTY_ ## PROPERTY), NULL, NULL, \
                           __VA_ARGS__, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

  MAKE (STATE, enum, HB_TYPE_STATE, HB_STATE_CLOSED);
  MAKE (CONNECTION, object, SOUP_TYPE_WEBSOCKET_CONNECTION);
  MAKE (PROTOCOL, string, NULL);
  MAKE (ATTEMPT, uint, 0, G_MAXUINT, 0);
  MAKE (RECONNECT_AT, int64, -1, G_MAXINT64, -1);
  MAKE (BUFFERED_AMOUNT, uint64, 0, G_MAXUINT64, 0);
  MAKE (LATENCY, int64, -1, G_MAXINT64, -1);
  MAKE (DOWNTIME, int64, 0, G_MAXINT64, 0);
  MAKE (HTTP_STATUS, uint, 0, G_MAXUINT, 0);
  MAKE (LAST_ERROR, boxed, G_TYPE_ERROR);
  MAKE (READY, boolean, FALSE);

#undef MAKE
}

/**
 * HbWebsocketTask:state:
 *
 * The state of the task.
 *
 * The state changes before the signal that reports the change is emitted.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_state: (get-property state)
 * @self: a task
 *
 * Gets [property@WebsocketTask:state].
 *
 * Returns: the state
 *
 * Since: 1.0
 */
HbState
hb_websocket_task_get_state (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_STATE_CLOSED);

  return get_status (self).state;
}

/**
 * HbWebsocketTask:connection:
 *
 * The open connection.
 *
 * The property is `NULL` while no connection is open, and each connection is a new object. Signal
 * handlers that are connected to this object are lost with it.
 *
 * Once the application has read this property, the object emits its own signals for messages and
 * pongs if handlers are connected to these signals. Receiving is then slower.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_connection: (get-property connection)
 * @self: a task
 *
 * Gets [property@WebsocketTask:connection].
 *
 * Returns: (transfer none) (nullable): the connection
 *
 * Since: 1.0
 */
SoupWebsocketConnection *
hb_websocket_task_get_connection (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_connection (self->driver);
}

/**
 * HbWebsocketTask:protocol:
 *
 * The subprotocol that the server chose.
 *
 * The property is `NULL` while no connection is open, or if the server chose no subprotocol.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_protocol: (get-property protocol)
 * @self: a task
 *
 * Gets [property@WebsocketTask:protocol].
 *
 * Returns: (transfer none) (nullable): the subprotocol
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_protocol (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_protocol (self->driver);
}

/**
 * HbWebsocketTask:attempt:
 *
 * The number of consecutive attempts to reconnect, including one that is scheduled or under way.
 *
 * The number returns to 0 when a connection has been [property@WebsocketTask:ready] for
 * [property@WebsocketTask:min-uptime], when [method@WebsocketTask.reconnect_now] is called, and
 * when a `CLOSED` task is opened.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_attempt: (get-property attempt)
 * @self: a task
 *
 * Gets [property@WebsocketTask:attempt].
 *
 * Returns: the number of attempts
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_attempt (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_status (self).attempt;
}

/**
 * HbWebsocketTask:reconnect-at:
 *
 * The time of the next attempt, in microseconds of [func@GLib.get_monotonic_time].
 *
 * The value is -1 if no attempt is scheduled, or if the attempt is held.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_reconnect_at: (get-property reconnect-at)
 * @self: a task
 *
 * Gets [property@WebsocketTask:reconnect-at].
 *
 * Returns: the time, or -1
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_reconnect_at (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), -1);

  return hb_driver_get_reconnect_at (self->driver);
}

/**
 * HbWebsocketTask:buffered-amount:
 *
 * The number of bytes of messages that wait to be sent.
 *
 * The property is notified when messages have to wait, and then each time some of them have been
 * sent, taken back or dropped, until none are waiting.
 *
 * Messages that wait for an acknowledgement ([property@WebsocketTask:delivery]) count too.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_buffered_amount: (get-property buffered-amount)
 * @self: a task
 *
 * Gets [property@WebsocketTask:buffered-amount].
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_websocket_task_get_buffered_amount (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_status (self).buffered_amount;
}

/**
 * HbWebsocketTask:latency:
 *
 * The last measured time from a ping to its reply, in microseconds.
 *
 * The value is -1 while the latency is unknown. After the loss of a connection, the value does not
 * change until the next connection is open. A reply does not change the value if one of these
 * events occurred between the ping and the reply:
 *
 * - A timeout of the heartbeat expired, and the program did not run until more than a second later,
 *   because the system was suspended, or the program was stopped or blocked.
 * - The task stopped reading the socket ([property@WebsocketTask:paused]).
 * - The task sent another ping because the rule for replies had changed
 *   ([property@WebsocketTask:liveness]).
 *
 * In mode `MESSAGE`, the first message after a ping counts as its reply if
 * [property@WebsocketTask:pong-message] is `NULL` and no function is set with
 * [method@WebsocketTask.set_pong_func]. In mode `PING`, the first pong frame after a ping counts,
 * whatever its payload.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_latency: (get-property latency)
 * @self: a task
 *
 * Gets [property@WebsocketTask:latency].
 *
 * Returns: the time, or -1
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_latency (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), -1);

  return get_status (self).latency;
}

/**
 * HbWebsocketTask:downtime:
 *
 * The time without a connection before the last one was opened, in microseconds.
 *
 * The value is 0 for the first connection after the task was `CLOSED`.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_downtime: (get-property downtime)
 * @self: a task
 *
 * Gets [property@WebsocketTask:downtime].
 *
 * Returns: the time
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_downtime (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_status (self).downtime;
}

/**
 * HbWebsocketTask:http-status:
 *
 * The status of the response to the last handshake.
 *
 * An HTTP proxy may have answered instead of the server. The status is 101 if the server accepted
 * the handshake, even if its response was not valid and no WebSocket opened. The status is 0 if the
 * last attempt has received no response. After redirects, it is the status of the final response,
 * which may be a redirect that was not followed. If [method@WebsocketTask.close] or
 * [method@WebsocketTask.reconnect_now] ends an attempt, the property keeps the status of the
 * previous attempt.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_http_status: (get-property http-status)
 * @self: a task
 *
 * Gets [property@WebsocketTask:http-status].
 *
 * Returns: the status
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_http_status (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_status (self).http_status;
}

/**
 * HbWebsocketTask:last-error:
 *
 * The error with which the last attempt or connection ended.
 *
 * The property is `NULL` once a connection is open, and stays `NULL` if that connection ends
 * without an error, for example with a close frame from the server. The property is also `NULL`
 * after [method@WebsocketTask.reconnect_later] has made an attempt fail. If
 * [method@WebsocketTask.close] or [method@WebsocketTask.reconnect_now] ends an attempt, the
 * property keeps the error of the previous attempt. When the task gives up with
 * `HB_ERROR_REPEAT_LIMIT`, the property has that error. Errors of individual messages do not change
 * the property.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_last_error: (get-property last-error)
 * @self: a task
 *
 * Gets [property@WebsocketTask:last-error].
 *
 * Returns: (transfer none) (nullable): the error
 *
 * Since: 1.0
 */
const GError *
hb_websocket_task_get_last_error (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_status (self).last_error;
}

/**
 * HbWebsocketTask:ready:
 *
 * Whether a connection is ready, so that messages are sent.
 *
 * A connection is ready while it is open and, with [property@WebsocketTask:manual-ready], marked as
 * ready. In the state `CLOSING`, no connection is ready.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_ready: (get-property ready)
 * @self: a task
 *
 * Gets [property@WebsocketTask:ready].
 *
 * Returns: whether a connection is ready
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_ready (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_status (self).is_ready;
}

/**
 * hb_websocket_task_can_acknowledge:
 * @self: a task
 *
 * Returns whether the task can read the acknowledgements of the open connection.
 *
 * Linux reports them for TCP, with and without TLS. On any other connection,
 * `HB_DELIVERY_ACKNOWLEDGED` has the effect of `HB_DELIVERY_WRITTEN`. The value can differ from one
 * connection to the next, and is `FALSE` while no connection is open.
 *
 * Returns: whether `HB_DELIVERY_ACKNOWLEDGED` has an effect now
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_can_acknowledge (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_status (self).can_acknowledge;
}

/**
 * hb_websocket_task_get_metrics:
 * @self: a task
 *
 * Gets figures about the work of the task since its construction.
 *
 * Returns: (transfer full): a copy of the current figures
 *
 * Since: 1.0
 */
HbMetrics *
hb_websocket_task_get_metrics (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_metrics (self->driver);
}
