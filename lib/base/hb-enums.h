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
 * @HB_STATE_CONNECTING: an attempt is under way, from the look-up of the name to the handshake
 * @HB_STATE_OPEN: the link is open: messages go out and come in
 * @HB_STATE_CLOSING: [method@WebsocketTask.close] was called on an open link, and what is buffered
 *   and the closing handshake are under way
 * @HB_STATE_CLOSED: nothing happens until [method@WebsocketTask.open]
 * @HB_STATE_WAITING: the task waits for its next attempt
 *
 * Where a task stands.
 *
 * The first four have the numbers of the
 * [readyState](https://websockets.spec.whatwg.org/#dom-websocket-readystate) of a browser's
 * WebSocket. A link that is lost goes to `WAITING`, not to `CLOSED`.
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
 * @HB_HEARTBEAT_MODE_MESSAGE: a text message, [property@WebsocketTask:ping-message], that the
 *   server's application sees and answers
 * @HB_HEARTBEAT_MODE_PING: a ping frame, that every server answers with a pong frame by itself
 *   ([RFC 6455, 5.5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2))
 *
 * What a heartbeat sends.
 *
 * Since: 1.0
 */
typedef enum {
  HB_HEARTBEAT_MODE_MESSAGE,
  HB_HEARTBEAT_MODE_PING,
} HbHeartbeatMode;

/**
 * HbLiveness:
 * @HB_LIVENESS_ANY: whatever arrives, a message or a pong frame
 * @HB_LIVENESS_REPLY: only the reply to the heartbeat: a pong frame, or a text message equal to
 *   [property@WebsocketTask:pong-message]
 *
 * What proves that the peer lives.
 *
 * With `REPLY` a ping goes out every [property@WebsocketTask:ping-timeout] whatever else arrives.
 * Where `pong-message` is `NULL` and the mode is [enum@HeartbeatMode] `MESSAGE`, nothing tells the
 * reply from another message, and each message counts.
 *
 * Since: 1.0
 */
typedef enum {
  HB_LIVENESS_ANY,
  HB_LIVENESS_REPLY,
} HbLiveness;

/**
 * HbOverflow:
 * @HB_OVERFLOW_FAIL: the call that sends fails with `HB_ERROR_QUEUE_FULL`
 * @HB_OVERFLOW_DROP_OLDEST: the oldest messages that have not been handed over yet are dropped
 * @HB_OVERFLOW_DROP_NEWEST: the message that is being sent is dropped
 *
 * What happens to a message that does not fit into [property@WebsocketTask:max-buffered-amount].
 *
 * A message that is dropped is counted ([method@Metrics.get_messages_dropped]), fails its
 * [method@WebsocketTask.send_message_async] with `HB_ERROR_QUEUE_FULL`, and the first one since the
 * buffer was empty is told by [signal@WebsocketTask::error].
 *
 * Since: 1.0
 */
typedef enum {
  HB_OVERFLOW_FAIL,
  HB_OVERFLOW_DROP_OLDEST,
  HB_OVERFLOW_DROP_NEWEST,
} HbOverflow;

/**
 * HbSendFlags:
 * @HB_SEND_FLAGS_DEFAULT: keep the message until it has gone out
 * @HB_SEND_FLAGS_VOLATILE: now or not at all: the message is never kept for later
 *
 * How a message is sent.
 *
 * Since: 1.0
 */
typedef enum {
  HB_SEND_FLAGS_DEFAULT = 0,
  HB_SEND_FLAGS_VOLATILE = 1 << 0,
} HbSendFlags;

#define HB_TYPE_STATE          (hb_state_get_type ())
#define HB_TYPE_HEARTBEAT_MODE (hb_heartbeat_mode_get_type ())
#define HB_TYPE_LIVENESS       (hb_liveness_get_type ())
#define HB_TYPE_OVERFLOW       (hb_overflow_get_type ())
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
GType hb_send_flags_get_type     (void) G_GNUC_CONST;

G_END_DECLS
