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

/* Replaces the library's function through the linker's option --wrap. The library then behaves as
 * if it had not found the connection's socket. */
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
