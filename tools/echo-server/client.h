/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "gate.h"
#include "log.h"
#include "settings.h"

typedef struct _EchoClient EchoClient;

typedef void (*EchoClientFunc) (EchoClient *client,
                                gpointer    user_data);

struct _EchoClient
{
  SoupWebsocketConnection *connection; /* (owned) */
  EchoGate                *gate;       /* (owned) */
  char                    *address;    /* (owned) */
  const EchoSettings      *settings;
  EchoLog                 *log;
  EchoClientFunc           gone; /* called when the connection has ended; frees the client */
  gpointer                 user_data;
  GQueue                   answers; /* (element-type Answer) */
  gsize                    n_waiting; /* the memory that the answers take, in bytes */
  guint                    answer_id;
  guint                    hangup_id;
  guint                    gone_id;
  guint                    number;
  gint64                   opened_at; /* Unix time in milliseconds */
  guint64                  n_in;
  guint64                  n_out;
  guint64                  bytes_in;
  guint64                  bytes_out;
  gboolean                 is_mute;
  gboolean                 has_logged_in;
  gboolean                 is_closing; /* a close code that libsoup does not know has been sent */
};

EchoClient *echo_client_new         (SoupWebsocketConnection *connection,
                                     GSocketAddress          *address,
                                     guint                    number,
                                     const EchoSettings      *settings,
                                     EchoLog                 *log,
                                     EchoClientFunc           gone,
                                     gpointer                 user_data);
void        echo_client_free        (EchoClient              *self);

void        echo_client_start       (EchoClient              *self,
                                     const char              *path);
gboolean    echo_client_is_open     (EchoClient              *self);
void        echo_client_send        (EchoClient              *self,
                                     SoupWebsocketDataType    type,
                                     GBytes                  *message);
void        echo_client_set_mute    (EchoClient              *self,
                                     gboolean                 is_mute);
void        echo_client_drop        (EchoClient              *self);
void        echo_client_abort       (EchoClient              *self);
void        echo_client_close       (EchoClient              *self,
                                     gushort                  code);
