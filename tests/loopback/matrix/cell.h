/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fault.h"
#include "hb-websocket.h"
#include "signal-log.h"

G_BEGIN_DECLS

/* One case of the matrix: a fault, the state that it hits, the transport and the heartbeat */
struct _Cell
{
  const Fault     *fault;
  State            state;
  gboolean         is_tls;
  HbHeartbeatMode  mode;

  /* The fields below are set while the cell runs. */
  GTlsCertificate *certificate; /* (nullable) NULL only if no server uses TLS */
  RawServer       *server;
  RawServer       *elsewhere;   /* (nullable) */
  HbWebsocketTask *task;
  SignalLog       *log;
  RawPeer         *victim;      /* (nullable) the connection that the fault hits */
  GArray          *arrivals;    /* the messages that the servers have received */
  guint            size;        /* the size of message number 0, in bytes */
  guint            n_accepted;  /* messages that the task has accepted */
  guint            n_handed;    /* messages sent before the loss of the connection, or dropped */
  guint            n_confirmed; /* messages that the server received before the fault */
  guint            n_pongs;     /* pong frames that the servers have received */
  gboolean         is_armed;    /* the next connection is the faulty one */
  gboolean         is_struck;
  gboolean         is_deaf;     /* the server answers nothing on the faulty connection */
  gboolean         has_pinged;
  gboolean         has_login;   /* a server has received a login */
  gboolean         has_closed;  /* a server has received a close frame */
};

const Result *cell_get_result  (const Cell      *self);
gboolean      cell_uses_tls    (const Cell      *self);
void          cell_run         (const Cell      *cell,
                                GTlsCertificate *certificate);
void          cell_reply       (Cell            *self,
                                RawPeer         *peer);

char         *cell_make_words  (const Cell      *self);
gboolean      cell_ends_closed (const Cell      *self);

G_END_DECLS
