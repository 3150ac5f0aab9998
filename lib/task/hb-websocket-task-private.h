/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-driver-private.h"
#include "hb-websocket-task.h"

G_BEGIN_DECLS

typedef struct _HbUserFunc HbUserFunc;

struct _HbWebsocketTask
{
  GObject     parent_instance;
  HbDriver   *driver;
  HbUserFunc *ping;      /* (nullable) an HbPingFunc */
  HbUserFunc *pong;      /* (nullable) an HbPongFunc */
  HbUserFunc *reconnect; /* (nullable) an HbReconnectFunc */
  gboolean    has_warned;
};

void hb_websocket_task_install_properties (GObjectClass     *object_class);
void hb_websocket_task_set                (HbWebsocketTask  *self,
                                           HbProperty        property,
                                           gconstpointer     value);
void hb_websocket_task_notify             (HbWebsocketTask  *self,
                                           HbProperty        property);

void hb_websocket_task_make_status        (GParamSpec      **pspecs);

G_END_DECLS
