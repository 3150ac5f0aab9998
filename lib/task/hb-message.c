/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-message-private.h"

struct _HbMessage
{
  GBytes                *bytes;
  SoupWebsocketDataType  type;
};

G_DEFINE_BOXED_TYPE (HbMessage, hb_message, hb_message_copy, hb_message_free)

static void
free_message (gpointer data)
{
  HbMessage *self = data;

  g_bytes_unref (self->bytes);
}

HbMessage *
hb_message_new (SoupWebsocketDataType  type,
                GBytes                *bytes)
{
  HbMessage *self = g_atomic_rc_box_new0 (HbMessage);

  self->type = type;
  self->bytes = g_bytes_ref (bytes);

  return self;
}

/**
 * hb_message_copy:
 * @self: a message
 *
 * Copies a message.
 *
 * The copy shares the payload. The function may be called from any thread.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 1.0
 */
HbMessage *
hb_message_copy (const HbMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  /* A message never changes, so the copy is another reference to it. */
  return g_atomic_rc_box_acquire ((HbMessage *) self);
}

/**
 * hb_message_free:
 * @self: (transfer full): a message
 *
 * Frees a message.
 *
 * Since: 1.0
 */
void
hb_message_free (HbMessage *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, free_message);
}

/**
 * hb_message_get_message_type:
 * @self: a message
 *
 * Gets the type of the message: text or binary.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
SoupWebsocketDataType
hb_message_get_message_type (const HbMessage *self)
{
  g_return_val_if_fail (self != NULL, SOUP_WEBSOCKET_DATA_TEXT);

  return self->type;
}

/**
 * hb_message_get_bytes:
 * @self: a message
 *
 * Gets the payload.
 *
 * The payload of a text message is valid UTF-8, and may contain a NUL. The payload of a message
 * from [method@WebsocketTask.receive_async] is followed by a NUL, which its size does not include.
 * The payload of a message from [method@WebsocketTask.take_queue] may lack this NUL.
 *
 * Returns: (transfer none): the payload
 *
 * Since: 1.0
 */
GBytes *
hb_message_get_bytes (const HbMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->bytes;
}
