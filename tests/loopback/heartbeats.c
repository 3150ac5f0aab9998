/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "heartbeats.h"

const Heartbeat heartbeats[N_HEARTBEATS] = {
  { "message-any", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_ANY },
  { "message-reply", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY },
  { "ping-any", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_ANY },
  { "ping-reply", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_REPLY },
  { "ping-steady", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_STEADY },
};

const Heartbeat *
heartbeat_find (const char *name)
{
  guint i;

  for (i = 0; i < N_HEARTBEATS; i++)
    if (strcmp (heartbeats[i].name, name) == 0)
      return &heartbeats[i];

  g_assert_not_reached ();
}

void
heartbeat_apply (const Heartbeat *self,
                 HbWebsocketTask *task)
{
  hb_websocket_task_set_heartbeat_mode (task, self->mode);
  hb_websocket_task_set_liveness (task, self->liveness);
  hb_websocket_task_set_pong_message (task, "pong");
}

/* Returns the word of raw_peer_take () for a ping. */
const char *
heartbeat_get_ping_word (const Heartbeat *self)
{
  return self->mode == HB_HEARTBEAT_MODE_PING ? "ping:heartbeat" : "text:heartbeat";
}

/* Sends data that proves that the connection works. With REPLY, only a reply to a ping does. */
void
heartbeat_send_life (const Heartbeat *self,
                     RawPeer         *peer)
{
  if (self->liveness != HB_LIVENESS_REPLY)
    raw_peer_send_text (peer, "news");
  else if (self->mode == HB_HEARTBEAT_MODE_PING)
    raw_peer_send (peer, 0xa, "heartbeat", strlen ("heartbeat"));
  else
    raw_peer_send_text (peer, "pong");
}
