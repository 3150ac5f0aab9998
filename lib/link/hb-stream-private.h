/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-channel-private.h"

G_BEGIN_DECLS

#define HB_TYPE_STREAM (hb_stream_get_type ())
G_DECLARE_FINAL_TYPE (HbStream, hb_stream, HB, STREAM, GIOStream)

void hb_stream_insert (HbChannel                *channel,
                       SoupWebsocketConnection **connection,
                       GSocket                  *socket,
                       GMainContext             *context,
                       HbEventFunc               func,
                       gpointer                  user_data);

G_END_DECLS
