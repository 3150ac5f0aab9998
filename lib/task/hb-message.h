/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <libsoup/soup.h>

#include "hb-version-macros.h"

G_BEGIN_DECLS

#define HB_TYPE_MESSAGE (hb_message_get_type ())

/**
 * HbMessage:
 *
 * A WebSocket message: its type and its payload.
 *
 * A message never changes. [method@WebsocketTask.receive_finish] returns a received message.
 * [method@WebsocketTask.take_queue] returns the messages that were waiting to be sent.
 *
 * Since: 1.0
 */
typedef struct _HbMessage HbMessage;

HB_AVAILABLE_IN_1_0
GType                  hb_message_get_type         (void) G_GNUC_CONST;
HB_AVAILABLE_IN_1_0
HbMessage             *hb_message_copy             (const HbMessage *self);
HB_AVAILABLE_IN_1_0
void                   hb_message_free             (HbMessage       *self);
HB_AVAILABLE_IN_1_0
SoupWebsocketDataType  hb_message_get_message_type (const HbMessage *self);
HB_AVAILABLE_IN_1_0
GBytes                *hb_message_get_bytes        (const HbMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HbMessage, hb_message_free)

G_END_DECLS
