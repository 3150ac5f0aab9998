/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-settings-private.h"

G_BEGIN_DECLS

SoupMessage *hb_handshake_new_request     (const HbSettings   *settings,
                                           SoupMessageHeaders *headers);
void         hb_handshake_set_compression (SoupMessage        *request,
                                           gboolean            compression);
void         hb_handshake_guard           (SoupSession        *session,
                                           SoupMessage        *request);
GError      *hb_handshake_translate_error (SoupMessage        *request,
                                           GError             *error);
gboolean     hb_handshake_is_unsupported  (SoupMessage        *request);
guint        hb_handshake_get_retry_after (SoupMessage        *request);

G_END_DECLS
