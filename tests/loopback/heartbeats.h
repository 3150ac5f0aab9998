/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"
#include "raw-server.h"

G_BEGIN_DECLS

/* A mode of the heartbeat and a value of `liveness`, for tests that must pass with each combination
 * in the table */
typedef struct
{
  const char      *name;
  HbHeartbeatMode  mode;
  HbLiveness       liveness;
} Heartbeat;

#define N_HEARTBEATS 5

extern const Heartbeat heartbeats[N_HEARTBEATS];

const Heartbeat *heartbeat_find          (const char      *name);
void             heartbeat_apply         (const Heartbeat *self,
                                          HbWebsocketTask *task);
const char      *heartbeat_get_ping_word (const Heartbeat *self);
void             heartbeat_send_life     (const Heartbeat *self,
                                          RawPeer         *peer);

G_END_DECLS
