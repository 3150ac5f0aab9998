/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <glib-object.h>

#include "hb-version-macros.h"

G_BEGIN_DECLS

/**
 * HbState:
 * @HB_STATE_CONNECTING: an attempt is under way, from [signal@WebsocketTask::connecting] to the end
 *   of the handshake, or a handler of that signal holds the attempt
 * @HB_STATE_OPEN: a connection is open
 * @HB_STATE_CLOSING: [method@WebsocketTask.close] has been called while a connection was open, and
 *   the connection is being closed
 * @HB_STATE_CLOSED: no connection is open, and the task makes no attempt until
 *   [method@WebsocketTask.open] or [method@WebsocketTask.reconnect_now] is called
 * @HB_STATE_WAITING: no connection is open, and the next attempt is scheduled or held
 *
 * The state of a task.
 *
 * The first four states have the numbers of the
 * [readyState](https://websockets.spec.whatwg.org/#dom-websocket-readystate) of a browser's
 * WebSocket.
 *
 * Since: 1.0
 */
typedef enum {
  HB_STATE_CONNECTING = 0,
  HB_STATE_OPEN = 1,
  HB_STATE_CLOSING = 2,
  HB_STATE_CLOSED = 3,
  HB_STATE_WAITING = 4,
} HbState;

/**
 * HbHeartbeatMode:
 * @HB_HEARTBEAT_MODE_MESSAGE: a message, which the application on the server has to answer. Its
 *   payload is [property@WebsocketTask:ping-message], [property@WebsocketTask:ping-bytes], or the
 *   text from the function set with [method@WebsocketTask.set_ping_func]
 * @HB_HEARTBEAT_MODE_PING: a ping frame, which every server answers automatically with a pong frame
 *   ([RFC 6455, 5.5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2))
 *
 * The kind of ping that the heartbeat sends.
 *
 * Since: 1.0
 */
typedef enum {
  HB_HEARTBEAT_MODE_MESSAGE,
  HB_HEARTBEAT_MODE_PING,
} HbHeartbeatMode;

/**
 * HbLiveness:
 * @HB_LIVENESS_ANY: any data that arrives
 * @HB_LIVENESS_REPLY: only the reply to the heartbeat: any pong frame, a text message equal to
 *   [property@WebsocketTask:pong-message], or a message that the function set with
 *   [method@WebsocketTask.set_pong_func] recognizes
 * @HB_LIVENESS_STEADY: any data that arrives, but it does not delay the next ping
 *
 * The rule for what proves that the server is alive, and for the time of the next ping.
 *
 * With `ANY`, the task sends a ping when no data has arrived for
 * [property@WebsocketTask:ping-timeout]. With `REPLY`, the task sends a ping when `ping-timeout`
 * has passed since the last reply, whatever else arrives. If the [enum@HeartbeatMode] is `MESSAGE`
 * and neither `pong-message` nor a function is set, the task cannot distinguish the reply from
 * another message, so each message counts as the reply.
 *
 * With `STEADY`, the task sends pings at intervals of `ping-timeout`, even while it still waits for
 * the reply to an earlier one. This value suits a server that drops clients from which no heartbeat
 * arrives.
 *
 * With `ANY` and `STEADY`, data that the kernel accepts after the socket has been full is also
 * proof, because the server must then have received earlier data.
 *
 * Since: 1.0
 */
typedef enum {
  HB_LIVENESS_ANY,
  HB_LIVENESS_REPLY,
  HB_LIVENESS_STEADY,
} HbLiveness;

/**
 * HbOverflow:
 * @HB_OVERFLOW_FAIL: the call that sends the message fails with `HB_ERROR_QUEUE_FULL`
 * @HB_OVERFLOW_DROP_OLDEST: the oldest messages are dropped, except those that are being written
 * @HB_OVERFLOW_DROP_NEWEST: the new message is dropped
 *
 * The treatment of a message that does not fit into [property@WebsocketTask:max-buffered-amount].
 *
 * A dropped message is counted ([method@Metrics.get_messages_dropped]), and its
 * [method@WebsocketTask.send_message_async] fails with `HB_ERROR_QUEUE_FULL`.
 * [signal@WebsocketTask::error] is emitted for the first message that has been dropped since the
 * queue was last empty.
 *
 * With `DROP_OLDEST`, messages from handlers of [signal@WebsocketTask::open] and messages of a
 * login that have not been written yet are dropped after all others. The new message is refused
 * with `HB_ERROR_QUEUE_FULL` if the messages that are being written leave no room for it, or if it
 * is longer than the limit itself.
 *
 * Since: 1.0
 */
typedef enum {
  HB_OVERFLOW_FAIL,
  HB_OVERFLOW_DROP_OLDEST,
  HB_OVERFLOW_DROP_NEWEST,
} HbOverflow;

/**
 * HbDelivery:
 * @HB_DELIVERY_WRITTEN: a message counts as sent when all of it has been written to the kernel of
 *   this computer
 * @HB_DELIVERY_ACKNOWLEDGED: a message counts as sent when the peer's TCP has acknowledged all of
 *   it. If the connection is lost before that, the message is sent again on the next one
 *
 * The moment from which a message counts as sent.
 *
 * With `WRITTEN`, a message arrives at most once. If the connection is lost, written data that the
 * network has not delivered is lost too.
 *
 * With `ACKNOWLEDGED`, a network fault alone loses no message between this process and the kernel
 * of the peer, if the task can read the acknowledgements ([method@WebsocketTask.can_acknowledge]).
 * The peer is the other end of the TCP connection: the server, or a proxy. A message whose
 * acknowledgement was lost with the connection arrives again.
 *
 * An acknowledgement does not mean that the application of the peer has read the message. With
 * either value, acknowledged data is lost if the server or the proxy exits before reading the data.
 *
 * [property@WebsocketTask:delivery] lists the messages that are not sent again.
 *
 * Since: 1.0
 */
typedef enum {
  HB_DELIVERY_WRITTEN,
  HB_DELIVERY_ACKNOWLEDGED,
} HbDelivery;

/**
 * HbSendFlags:
 * @HB_SEND_FLAGS_DEFAULT: keep the message until it is sent, as [enum@Delivery] defines
 * @HB_SEND_FLAGS_VOLATILE: refuse or drop the message unless it can be sent at once
 * @HB_SEND_FLAGS_THIS_LINK: send the message on the open connection only, even before
 *   [method@WebsocketTask.mark_ready], and drop it when that connection ends
 *
 * Options for sending a message.
 *
 * `THIS_LINK` is for messages that mean nothing on another connection, such as a login or an answer
 * to the server. While the task waits for a connection, such a message is refused with
 * `HB_ERROR_NOT_OPEN`. On a connection that is not [property@WebsocketTask:ready], it is sent
 * before all messages that wait for [method@WebsocketTask.mark_ready]. On a connection that is
 * ready, it is sent in its turn.
 *
 * Since: 1.0
 */
typedef enum {
  HB_SEND_FLAGS_DEFAULT = 0,
  HB_SEND_FLAGS_VOLATILE = 1 << 0,
  HB_SEND_FLAGS_THIS_LINK = 1 << 1,
} HbSendFlags;

#define HB_TYPE_STATE          (hb_state_get_type ())
#define HB_TYPE_HEARTBEAT_MODE (hb_heartbeat_mode_get_type ())
#define HB_TYPE_LIVENESS       (hb_liveness_get_type ())
#define HB_TYPE_OVERFLOW       (hb_overflow_get_type ())
#define HB_TYPE_DELIVERY       (hb_delivery_get_type ())
#define HB_TYPE_SEND_FLAGS     (hb_send_flags_get_type ())

HB_AVAILABLE_IN_1_0
GType hb_state_get_type          (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
GType hb_heartbeat_mode_get_type (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
GType hb_liveness_get_type       (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
GType hb_overflow_get_type       (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
GType hb_delivery_get_type       (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
GType hb_send_flags_get_type     (void) G_GNUC_CONST;

G_END_DECLS
