/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server-buffer.h"
#include "server-flood.h"
#include "server-transport.h"

G_BEGIN_DECLS

/* What a client asks for by the path of its URI */
typedef enum {
  SERVER_HANDSHAKE, /* before the request of the client */
  SERVER_ECHO,      /* /echo */
  SERVER_FLOOD,     /* /flood?size=BYTES&count=MESSAGES&text=1: without a count, it never ends */
  SERVER_SINK,      /* /sink?ack=MESSAGES: counts messages, and sends the count after so many */
  SERVER_RESET,     /* /reset: the first message breaks the link */
} ServerMode;

/* The longest header of a client's frame, and the longest request */
#define SERVER_MAX_HEADER 14
#define SERVER_MAX_CARRY  4096

typedef struct
{
  ServerTransport  transport;
  ServerBuffer    *out;        /* (owned) (nullable) what the client has not taken yet */
  ServerFlood     *flood;      /* (owned) (nullable) */
  guint8          *carry;      /* (owned) (nullable) what was too short to be understood */
  gsize            n_carried;
  guint64          frame_left; /* of the payload of the current frame */
  guint64          n_messages; /* taken by a sink */
  guint64          ack;
  gsize            held_at;    /* where in `out` the answer to fragments begins */
  guint            mask_at;    /* which byte of the mask is next */
  guint8           mask[4];
  guint8           opcode;     /* of the current frame, and whether it is a message's last */
  guint8           held_opcode;
  gboolean         is_held;    /* until the last fragment has come */
  ServerMode       mode;
  guint32          events;     /* what epoll is asked for */
  gboolean         is_tls;
  gboolean         leaving;    /* when all is written */
} ServerConnection;

ServerConnection *server_connection_new      (int                fd,
                                              SSL_CTX           *tls);
void              server_connection_free     (ServerConnection  *self);
gboolean          server_connection_on_ready (ServerConnection  *self);
guint32           server_connection_get_events (ServerConnection *self);

gsize             server_handshake_answer    (ServerConnection  *self,
                                              const guint8      *data,
                                              gsize              length);

G_END_DECLS
