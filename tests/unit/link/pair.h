/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A client's connection over one end of a pair of sockets. The test itself uses the other end, the
 * peer's socket. */
typedef struct
{
  SoupWebsocketConnection *connection;
  GSocket                 *socket;
  GSocket                 *peer;
} Pair;

void  pair_set_up    (Pair       *self);
void  pair_tear_down (Pair       *self);
void  pair_write     (Pair       *self,
                      const void *data,
                      gsize       length);
gsize pair_drain     (Pair       *self);
void  pair_end       (Pair       *self);

void  run_loop       (void);

G_END_DECLS
