/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"
#include "hb-fallback-private.h"
#include "hb-stream-private.h"

const gboolean has_stream = FALSE;
const gboolean is_exposed = FALSE;

void __wrap_hb_stream_insert (HbChannel                *channel,
                              SoupWebsocketConnection **connection,
                              GSocket                  *socket,
                              GMainContext             *context,
                              HbEventFunc               func,
                              gpointer                  user_data);

/* The linker puts it in place of the library's: the channel is that of a connection whose socket
 * was not found. */
void
__wrap_hb_stream_insert (HbChannel                *channel,
                         SoupWebsocketConnection **connection,
                         GSocket                  *socket,
                         GMainContext             *context,
                         HbEventFunc               func,
                         gpointer                  user_data)
{
  hb_fallback_open (channel, *connection, context, func, user_data);
}
