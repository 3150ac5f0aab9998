/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "raw-server.h"

G_BEGIN_DECLS

/* The functions that raw-server.c and raw-peer.c need from each other. Tests do not call them. */

gboolean         raw_server_notify          (RawServer         *self,
                                             RawStep            step,
                                             RawPeer           *peer);
gboolean         raw_server_is_deaf         (RawServer         *self);
const char      *raw_server_get_answer      (RawServer         *self);
const char      *raw_server_get_greeting    (RawServer         *self);
GTlsCertificate *raw_server_get_certificate (RawServer         *self);

RawPeer         *raw_peer_new               (RawServer         *server,
                                             guint              index,
                                             GSocketConnection *connection);
void             raw_peer_free              (RawPeer           *self);
void             raw_peer_begin             (RawPeer           *self);

G_END_DECLS
