/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A hostile server: says something, and then the same again and again, as fast as it is read, and
 * reads nothing itself but the request. It has a thread of its own, which takes next to nothing of
 * the memory that a test measures. One connection, and no more. */
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
