/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The number of ways in which the server ends or refuses a connection */
#define SOAK_SERVER_N_ENDS 13

/* A server in another thread, which ends or refuses connections, most of them after a few echoes.
 * The server has one connection at a time and keeps no data, so any growth of memory is the
 * client's. */
typedef struct _SoakServer SoakServer;

SoakServer *soak_server_new             (GTlsCertificate *certificate);
void        soak_server_free            (SoakServer      *self);
const char *soak_server_get_uri         (SoakServer      *self);
gboolean    soak_server_is_idle         (SoakServer      *self);
gboolean    soak_server_has_used_all    (SoakServer      *self);

G_END_DECLS
