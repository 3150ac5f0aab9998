/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "raw-server.h"

G_BEGIN_DECLS

/* The functions that raw-server.c and raw-peer.c need from each other. Tests do not call them. */

/* The steps of a connection at which a test's function may be called */
typedef enum
{
  RAW_STEP_ACCEPTED,  /* no byte has been read, and no TLS handshake has begun */
  RAW_STEP_REQUESTED, /* a request has been received, and needs an answer */
  RAW_STEP_OPENED,    /* the server has written a valid answer to the request */
  RAW_STEP_RECEIVED,  /* a complete message or a control frame has been received */
} RawStep;

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
