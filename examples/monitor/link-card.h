/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>
#include <hb-websocket.h>

G_BEGIN_DECLS

/* Shows the state of a task, the time until its next attempt, its latency and its traffic. */
#define LINK_TYPE_CARD (link_card_get_type ())

G_DECLARE_FINAL_TYPE (LinkCard, link_card, LINK, CARD, AdwBin)

void link_card_set_task     (LinkCard        *self,
                             HbWebsocketTask *task);
void link_card_queue_update (LinkCard        *self);

G_END_DECLS
