/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reserves a port while no socket listens on it. Without the reservation, another process could
 * take the port of a server that is to start again, and would then accept the connections of the
 * server's clients. */
GSocket *reserved_port_new (const char *host,
                            guint16    *port);

G_END_DECLS
