/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-driver-private.h"
#include "hb-websocket-task.h"

G_BEGIN_DECLS

HbDriver *hb_websocket_task_get_driver         (HbWebsocketTask *self);
void      hb_websocket_task_install_properties (GObjectClass    *object_class);
void      hb_websocket_task_notify             (HbWebsocketTask *self,
                                                HbProperty       property);

G_END_DECLS
