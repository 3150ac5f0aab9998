/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server-buffer.h"
#include "server-flood.h"
#include "server-transport.h"

G_BEGIN_DECLS

/* In the handshake, the path of the URI selects the mode. */
typedef enum {
  SERVER_HANDSHAKE, /* before the client's request */
  SERVER_ECHO,      /* /echo, and all paths that are not listed here */
  SERVER_FLOOD,     /* /flood?size=BYTES&count=MESSAGES&text=1, endless without a count */
  SERVER_SINK,      /* /sink?ack=N: sends the number of received messages after every N of them */
  SERVER_RESET,     /* /reset: resets the connection at the first message */
} ServerMode;

/* The length of the longest header of a client's frame, and the maximum number of bytes that are
 * kept until the rest of a request or header arrives */
#define SERVER_MAX_HEADER 14
#define SERVER_MAX_CARRY  4096

typedef struct
{
  ServerTransport  transport;
  ServerBuffer    *out;        /* (owned) (nullable) the bytes to write */
  ServerFlood     *flood;      /* (owned) (nullable) */
  guint8          *carry;      /* (owned) (nullable) the beginning of a request or header */
  gsize            n_carried;
  guint64          frame_left; /* missing payload bytes of the current frame */
  guint64          n_messages; /* received in the mode SERVER_SINK */
  guint64          ack;
  gsize            held_at;    /* the offset in `out` of the answer to fragments */
  guint            mask_at;    /* received payload bytes of the current frame */
  guint8           mask[4];
  guint8           opcode;     /* the first byte of the current frame: opcode and FIN */
  guint8           held_opcode;
  gboolean         is_held;    /* whether the answer waits for the last fragment */
  ServerMode       mode;
  guint32          events;     /* the events that epoll watches */
  gboolean         is_tls;
  gboolean         leaving;    /* whether the connection ends when its bytes have been written */
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
