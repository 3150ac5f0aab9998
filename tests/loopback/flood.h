/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A hostile server. It sends something, and then repeats it as fast as the client reads, and itself
 * reads nothing except the request. Its thread takes hardly any of the memory that a test measures.
 * It accepts one connection only. */
typedef struct _Flood Flood;

#define FLOOD_SHAKES "shakes" /* for the proper answer to the handshake */

Flood      *flood_new        (const char   *answer,
                              const char   *headers,
                              GByteArray   *first,
                              GByteArray   *again,
                              guint64       limit);
void        flood_free       (Flood        *self);
const char *flood_get_uri    (Flood        *self);
guint64     flood_get_n_sent (Flood        *self);
gboolean    flood_is_over    (Flood        *self);

G_END_DECLS
