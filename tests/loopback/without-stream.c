/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

const gboolean has_stream = FALSE;

GSource *__real_g_main_context_find_source_by_user_data (GMainContext *context,
                                                         gpointer      user_data);
GSource *__wrap_g_main_context_find_source_by_user_data (GMainContext *context,
                                                         gpointer      user_data);

/* The linker puts it in place of GLib's: the source of a client's connection is not to be found. */
GSource *
__wrap_g_main_context_find_source_by_user_data (GMainContext *context,
                                                gpointer      user_data)
{
  SoupWebsocketConnection *connection = user_data;

  if (soup_websocket_connection_get_connection_type (connection)
      == SOUP_WEBSOCKET_CONNECTION_CLIENT)
    return NULL;

  return __real_g_main_context_find_source_by_user_data (context, user_data);
}
