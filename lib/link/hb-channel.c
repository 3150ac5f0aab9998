/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-channel-private.h"
#include "hb-context-private.h"
#include "hb-fallback-private.h"
#include "hb-stream-private.h"

/* May replace *@connection. libsoup must not have read from the connection yet. The channel does
 * not own the connection. Once the connection is gone, the channel must not be used, except to
 * detach and clear it.
 *
 * @socket: (nullable): NULL if it was not found */
void
hb_channel_open (HbChannel                *self,
                 SoupWebsocketConnection **connection,
                 GSocket                  *socket,
                 GMainContext             *context,
                 HbEventFunc               func,
                 gpointer                  user_data)
{
  if (socket != NULL)
    hb_stream_insert (self, connection, socket, context, func, user_data);
  else
    hb_fallback_open (self, *connection, context, func, user_data);
}

void
hb_channel_clear (HbChannel *self)
{
  if (self->funcs != NULL)
    self->funcs->free (self->data);

  *self = (HbChannel) { 0 };
}

gboolean
hb_channel_is_open (SoupWebsocketConnection *connection)
{
  return soup_websocket_connection_get_state (connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

/* Does nothing if the connection is not open, because libsoup would print a critical message.
 * libsoup has no function for pings, but does not check the opcode of a message, so a ping is sent
 * as a message with the opcode of a ping.
 *
 * @context: of the connection; becomes thread-default for the call, because libsoup waits for the
 *   socket in the thread-default context */
void
hb_channel_send (SoupWebsocketConnection *connection,
                 GMainContext            *context,
                 HbOpcode                 opcode,
                 GBytes                  *payload)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_context_push (context);

  if (hb_channel_is_open (connection))
    soup_websocket_connection_send_message (connection, (SoupWebsocketDataType) opcode, payload);
}
