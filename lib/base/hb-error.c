/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"

/**
 * hb_error_quark:
 *
 * Gets the quark of the error domain.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (hb-error-quark, hb_error)

G_DEFINE_ENUM_TYPE (HbError, hb_error,
                    G_DEFINE_ENUM_VALUE (HB_ERROR_INVALID_URI, "invalid-uri"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_INVALID_ARGUMENT, "invalid-argument"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_CONNECT_TIMEOUT, "connect-timeout"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_HANDSHAKE, "handshake"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_PONG_TIMEOUT, "pong-timeout"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_MESSAGE_TOO_BIG, "message-too-big"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_NOT_OPEN, "not-open"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_QUEUE_FULL, "queue-full"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_REPEAT_LIMIT, "repeat-limit"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_MESSAGE_REFUSED, "message-refused"),
                    G_DEFINE_ENUM_VALUE (HB_ERROR_EXPIRED, "expired"))
