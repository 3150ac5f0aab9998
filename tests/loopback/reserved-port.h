/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reserves a port for a server that stops and starts again. Otherwise, another process could take
 * the port meanwhile, and accept the connections of the server's clients. */
GSocket *reserved_port_new (const char *host,
                            guint16    *port);

G_END_DECLS
