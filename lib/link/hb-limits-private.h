/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HB_TYPE_LIMITS (hb_limits_get_type ())

G_DECLARE_FINAL_TYPE (HbLimits, hb_limits, HB, LIMITS, SoupWebsocketExtension)

HbLimits *hb_limits_new               (SoupWebsocketExtension  *inner,
                                       GPollableOutputStream   *output);
void      hb_limits_set_on_connection (SoupWebsocketConnection *connection,
                                       guint64                  bytes);
guint64   hb_limits_get_on_connection (SoupWebsocketConnection *connection);

G_END_DECLS
