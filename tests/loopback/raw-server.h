/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A server in the thread-default main context. A test controls every step of the server. */
typedef struct _RawServer RawServer;

/* A client's connection */
typedef struct _RawPeer RawPeer;

/* A line that turns compression on, for raw_peer_accept_with () */
#define RAW_DEFLATE "Sec-WebSocket-Extensions: permessage-deflate\r\n"

/* Called at a step of a connection, such as a request */
typedef void (*RawPeerFunc) (RawPeer  *peer,
                             gpointer  user_data);

/* The steps of a connection at which a test's function may be called */
typedef enum
{
  RAW_STEP_ACCEPTED,  /* no byte has been read, and no TLS handshake has begun */
  RAW_STEP_REQUESTED, /* a request has been received, and needs an answer */
  RAW_STEP_OPENED,    /* the server has written a valid answer to the request */
  RAW_STEP_RECEIVED,  /* a complete message or a control frame has been received */
} RawStep;

/* If the function calls raw_peer_pause (), no byte is read, and no TLS handshake begins, until
 * raw_peer_resume (). */
#define raw_server_set_accepted(self, func, user_data) \
  raw_server_set_func (self, RAW_STEP_ACCEPTED, func, user_data)

/* The function must answer each request, for instance with raw_peer_accept (), because the server
 * then does not. */
#define raw_server_set_requested(self, func, user_data) \
  raw_server_set_func (self, RAW_STEP_REQUESTED, func, user_data)

#define raw_server_set_opened(self, func, user_data) \
  raw_server_set_func (self, RAW_STEP_OPENED, func, user_data)

/* The function must check the messages and control frames, because raw_server_free () then does
 * not. */
#define raw_server_set_received(self, func, user_data) \
  raw_server_set_func (self, RAW_STEP_RECEIVED, func, user_data)

RawServer  *raw_server_new            (void);
RawServer  *raw_server_new_tls        (GTlsCertificate *certificate);
RawServer  *raw_server_new_at         (const char      *host,
                                       GTlsCertificate *certificate);
RawServer  *raw_server_new_twin       (RawServer       *self,
                                       const char      *host);
void        raw_server_free           (RawServer       *self);
guint16     raw_server_get_port       (RawServer       *self);
const char *raw_server_get_uri        (RawServer       *self);
void        raw_server_start          (RawServer       *self);
void        raw_server_stop           (RawServer       *self);
void        raw_server_set_answers    (RawServer       *self,
                                       gboolean         answers);
void        raw_server_set_answer     (RawServer       *self,
                                       const char      *answer);
void        raw_server_set_greeting   (RawServer       *self,
                                       const char      *text);
void        raw_server_set_func       (RawServer       *self,
                                       RawStep          step,
                                       RawPeerFunc      func,
                                       gpointer         user_data);
guint       raw_server_get_n_accepted (RawServer       *self);
RawPeer    *raw_server_get_peer       (RawServer       *self,
                                       guint            index);
RawPeer    *raw_server_wait_peer      (RawServer       *self,
                                       guint            index);

void        raw_peer_accept           (RawPeer         *self);
void        raw_peer_accept_with      (RawPeer         *self,
                                       const char      *lines);
void        raw_peer_accept_with_cb   (RawPeer         *self,
                                       gpointer         lines);
void        raw_peer_write            (RawPeer         *self,
                                       const void      *data,
                                       gsize            length);
void        raw_peer_write_text       (RawPeer         *self,
                                       const char      *text);
void        raw_peer_send             (RawPeer         *self,
                                       guint8           opcode,
                                       const void      *payload,
                                       gsize            length);
void        raw_peer_send_text        (RawPeer         *self,
                                       const char      *text);
void        raw_peer_send_close       (RawPeer         *self,
                                       guint            code,
                                       const char      *reason);
void        raw_peer_send_nonsense    (RawPeer         *self);
void        raw_peer_gather           (RawPeer         *self,
                                       gboolean         gathers);
void        raw_peer_drip             (RawPeer         *self,
                                       guint            n_bytes);
void        raw_peer_wait_delivered   (RawPeer         *self);
void        raw_peer_pause            (RawPeer         *self);
void        raw_peer_resume           (RawPeer         *self);
void        raw_peer_drop             (RawPeer         *self);
void        raw_peer_cut              (RawPeer         *self);
void        raw_peer_half_close       (RawPeer         *self);
void        raw_peer_reset            (RawPeer         *self);

RawServer  *raw_peer_get_server       (RawPeer         *self);
guint       raw_peer_get_index        (RawPeer         *self);
gboolean    raw_peer_is_closed        (RawPeer         *self);
guint       raw_peer_get_n_frames     (RawPeer         *self);
guint       raw_peer_count_unread     (RawPeer         *self);
char       *raw_peer_take             (RawPeer         *self);
void        raw_peer_expect           (RawPeer         *self,
                                       const char      *words);
char       *raw_peer_take_log         (RawPeer         *self);
void        raw_peer_forget           (RawPeer         *self);
void        raw_peer_expect_quiet     (RawPeer         *self);
void        raw_peer_expect_end       (RawPeer         *self);
gboolean    raw_peer_has_ended        (RawPeer         *self);
const char *raw_peer_get_beginning    (RawPeer         *self);
const char *raw_peer_get_request      (RawPeer         *self);

G_END_DECLS
