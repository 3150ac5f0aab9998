/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <glib-object.h>

#include "hb-version-macros.h"

G_BEGIN_DECLS

/**
 * HbError:
 * @HB_ERROR_INVALID_URI: the URI is missing, cannot be parsed, has a scheme other than `ws` and
 *   `wss`, has no valid host, has a fragment, contains a control character, or ends with a space
 * @HB_ERROR_INVALID_ARGUMENT: a text message is not UTF-8, the type of a message is neither text
 *   nor binary, [method@WebsocketTask.close] refuses the close code,
 *   [property@WebsocketTask:protocols] or [property@WebsocketTask:origin] is not valid, or an
 *   asynchronous call was made in the wrong thread
 * @HB_ERROR_CONNECT_TIMEOUT: an attempt took longer than [property@WebsocketTask:connect-timeout]
 * @HB_ERROR_HANDSHAKE: the response of the server or an HTTP proxy did not open a WebSocket,
 *   named a subprotocol that was not offered, or was a redirect that the task does not follow; see
 *   [property@WebsocketTask:http-status]
 * @HB_ERROR_PONG_TIMEOUT: no proof that the server is alive was received within
 *   [property@WebsocketTask:pong-timeout] after a ping
 * @HB_ERROR_MESSAGE_TOO_BIG: a received message is longer than
 *   [property@WebsocketTask:max-message-size]
 * @HB_ERROR_CLOSED: the task is closed or closing, or was closed before a call was complete or
 *   before all messages were sent
 * @HB_ERROR_NOT_OPEN: no connection is open or ready, or the connection has ended or cannot accept
 *   the message. Only messages with `HB_SEND_FLAGS_VOLATILE` or `HB_SEND_FLAGS_THIS_LINK` fail with
 *   this error
 * @HB_ERROR_QUEUE_FULL: the message does not fit into [property@WebsocketTask:max-buffered-amount],
 *   was dropped to make room for another, or is volatile and would have to wait
 * @HB_ERROR_REPEAT_LIMIT: [property@WebsocketTask:repeat-limit] consecutive attempts to reconnect
 *   have failed, or the limit is 0 and an attempt has failed or a connection has been lost
 * @HB_ERROR_MESSAGE_REFUSED: the server does not accept a message. The message is dropped when the
 *   server has ended 3 connections in the middle of it, or one with close code 1009, or has reset
 *   10 connections before it acknowledged the message. If the server sends 1009 when no message is
 *   partly written, the refused message is unknown, and no message is dropped
 * @HB_ERROR_EXPIRED: the message has waited longer than [property@WebsocketTask:queue-timeout]
 *
 * The errors that the library itself reports.
 *
 * Errors of GIO, TLS, the resolver and libsoup keep their own domains.
 *
 * Since: 1.0
 */
typedef enum {
  HB_ERROR_INVALID_URI,
  HB_ERROR_INVALID_ARGUMENT,
  HB_ERROR_CONNECT_TIMEOUT,
  HB_ERROR_HANDSHAKE,
  HB_ERROR_PONG_TIMEOUT,
  HB_ERROR_MESSAGE_TOO_BIG,
  HB_ERROR_CLOSED,
  HB_ERROR_NOT_OPEN,
  HB_ERROR_QUEUE_FULL,
  HB_ERROR_REPEAT_LIMIT,
  HB_ERROR_MESSAGE_REFUSED,
  HB_ERROR_EXPIRED,
} HbError;

/**
 * HB_ERROR:
 *
 * The error domain of this library.
 *
 * The codes are those of [error@Error].
 *
 * Since: 1.0
 */
#define HB_ERROR      (hb_error_quark ())
#define HB_TYPE_ERROR (hb_error_get_type ())

HB_AVAILABLE_IN_1_0
GQuark hb_error_quark    (void);
HB_AVAILABLE_IN_1_0
GType  hb_error_get_type (void) G_GNUC_CONST;

G_END_DECLS
