/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

void     hb_proxy_guard        (SoupSession *session,
                                SoupMessage *request);
gboolean hb_proxy_is_encrypted (GUri        *uri);
gboolean hb_proxy_has_proxy    (SoupMessage *request);

G_END_DECLS
