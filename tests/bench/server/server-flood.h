/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server-transport.h"

G_BEGIN_DECLS

typedef struct _ServerFlood ServerFlood;

ServerFlood *server_flood_new      (gsize                  size,
                                    guint64                count,
                                    gboolean               is_text);
void         server_flood_free     (ServerFlood           *self);
gboolean     server_flood_is_over  (ServerFlood           *self);
gssize       server_flood_write    (ServerFlood           *self,
                                    const ServerTransport *transport);

gsize        server_write_header   (guint8                *buffer,
                                    guint8                 opcode,
                                    guint64                length);

G_END_DECLS
