/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "client.h"
#include "log.h"
#include "settings.h"

typedef struct _EchoControl EchoControl;
typedef struct _EchoSocket EchoSocket;

typedef struct
{
  EchoSettings     settings;
  EchoLog          log;
  SoupServer      *soup;     /* (owned) */
  GSocketListener *listener; /* (owned) */
  GPtrArray       *clients;  /* (owned) (element-type EchoClient), the oldest first */
  EchoControl     *control;  /* (owned) */
  EchoSocket      *socket;   /* (owned) */
  guint            accept_id;
  guint            n_clients; /* since the start */
  guint            n_refused; /* since the start */
} EchoServer;

void        echo_server_init   (EchoServer  *self);
void        echo_server_clear  (EchoServer  *self);
gboolean    echo_server_listen (EchoServer  *self,
                                guint16     *port,
                                GError     **error);
EchoClient *echo_server_find   (EchoServer  *self,
                                guint        number);
