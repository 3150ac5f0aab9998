/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A hostile server in another thread, which sends as fast as the client reads. The server accepts a
 * single connection, and allocates hardly any memory, so a test can measure the client's in the
 * same process. */
typedef struct _Flood Flood;

#define FLOOD_SHAKES "shakes" /* stands for a valid answer to the request */

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
