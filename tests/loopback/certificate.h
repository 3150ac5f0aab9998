/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"

G_BEGIN_DECLS

GTlsCertificate *certificate_get          (void);
GTlsCertificate *certificate_new_for      (const char      *name,
                                           gboolean         has_expired);
gboolean         certificate_exists       (GTlsCertificate *certificate);
void             certificate_trust        (GTlsCertificate *certificate);
void             certificate_distrust     (void);
SoupSession     *certificate_make_session (GTlsCertificate *certificate);
void             certificate_accept       (HbWebsocketTask *task,
                                           GTlsCertificate *certificate);

G_END_DECLS
