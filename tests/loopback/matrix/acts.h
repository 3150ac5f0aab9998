/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fault.h"

G_BEGIN_DECLS

/* The actions of a faulty server. Most of them use the data or the number of the cell's fault. */

void act_nothing     (Cell    *cell,
                      RawPeer *peer);
void act_pause       (Cell    *cell,
                      RawPeer *peer);
void act_drop        (Cell    *cell,
                      RawPeer *peer);
void act_cut         (Cell    *cell,
                      RawPeer *peer);
void act_reset       (Cell    *cell,
                      RawPeer *peer);
void act_half_close  (Cell    *cell,
                      RawPeer *peer);

void act_text        (Cell    *cell,
                      RawPeer *peer);
void act_text_drop   (Cell    *cell,
                      RawPeer *peer);
void act_text_flood  (Cell    *cell,
                      RawPeer *peer);
void act_accept_drip (Cell    *cell,
                      RawPeer *peer);
void act_challenge   (Cell    *cell,
                      RawPeer *peer);

void act_hex         (Cell    *cell,
                      RawPeer *peer);
void act_hex_drip    (Cell    *cell,
                      RawPeer *peer);
void act_hex_drop    (Cell    *cell,
                      RawPeer *peer);
void act_hex_reset   (Cell    *cell,
                      RawPeer *peer);
void act_hex_flood   (Cell    *cell,
                      RawPeer *peer);
void act_message     (Cell    *cell,
                      RawPeer *peer);
void act_fragments   (Cell    *cell,
                      RawPeer *peer);
void act_endless     (Cell    *cell,
                      RawPeer *peer);
void act_close       (Cell    *cell,
                      RawPeer *peer);
void act_reply       (Cell    *cell,
                      RawPeer *peer);

G_END_DECLS
