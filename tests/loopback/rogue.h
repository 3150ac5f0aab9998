/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dice.h"
#include "raw-server.h"

G_BEGIN_DECLS

/* A server that misbehaves at random. Its own messages, except "pong", are "PEER.NUMBER", numbered
 * from 0 on each connection.
 *
 * A client's text messages, except "heartbeat", are "CLIENT.NUMBER" with a growing number. A "!"
 * follows if the message may overtake others. A "*" is last if the message may arrive twice. The
 * server checks that each text message without a "*" arrives only once, and that the text messages
 * without a "!" arrive in order on each connection. The server ignores binary messages. */
typedef struct _Rogue Rogue;

Rogue      *rogue_new            (Dice  *dice);
void        rogue_free           (Rogue *self);
const char *rogue_get_uri        (Rogue *self);
void        rogue_act            (Rogue *self);
void        rogue_behave         (Rogue *self);
guint       rogue_get_n_received (Rogue *self,
                                  guint  client);

G_END_DECLS
