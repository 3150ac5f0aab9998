/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dice.h"
#include "raw-server.h"

G_BEGIN_DECLS

/* A server that misbehaves as the dice say, and sees to it that no message comes twice, nor out of
 * order on one link. It sends messages itself, "PEER.NUMBER", numbered from 0 on each link.
 *
 * A client's messages are "CLIENT.NUMBER", with a number that grows, or "CLIENT.NUMBER!" for those
 * that may overtake others. */
typedef struct _Rogue Rogue;

Rogue      *rogue_new            (Dice  *dice);
void        rogue_free           (Rogue *self);
const char *rogue_get_uri        (Rogue *self);
void        rogue_act            (Rogue *self);
void        rogue_behave         (Rogue *self);
guint       rogue_get_n_received (Rogue *self,
                                  guint  client);

G_END_DECLS
