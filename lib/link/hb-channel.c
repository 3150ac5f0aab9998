/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-channel-private.h"
#include "hb-fallback-private.h"
#include "hb-stream-private.h"

/* Opens the best channel that is possible. *@connection may be replaced. libsoup must not have
 * read from it. The channel does not own the connection, and must not be used without it, except to
 * detach and clear.
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
  if (socket == NULL
      || !hb_stream_insert (self, connection, socket, context, func, user_data))
    hb_fallback_open (self, *connection, context, func, user_data);
}

void
hb_channel_clear (HbChannel *self)
{
  if (self->funcs != NULL)
    self->funcs->free (self->data);

  *self = (HbChannel) { 0 };
}
