/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

GSocket  *hb_socket_find         (SoupWebsocketConnection *connection);
gboolean  hb_socket_is_direct    (GIOStream               *stream);
void      hb_socket_limit_unsent (GSocket                 *socket);
void      hb_socket_shut_down    (GSocket                 *socket);

G_END_DECLS
