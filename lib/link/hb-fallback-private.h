/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-channel-private.h"

G_BEGIN_DECLS

void hb_fallback_open (HbChannel               *channel,
                       SoupWebsocketConnection *connection,
                       GMainContext            *context,
                       HbEventFunc              func,
                       gpointer                 user_data);

G_END_DECLS
