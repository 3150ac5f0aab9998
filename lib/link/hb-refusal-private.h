/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

void          hb_refusal_prepare    (SoupMessage  *request,
                                     GCancellable *cancellable);
void          hb_refusal_set_reason (SoupMessage  *request,
                                     GError       *reason);
void          hb_refusal_cancel     (SoupMessage  *request,
                                     GError       *reason);
const GError *hb_refusal_get_reason (SoupMessage  *request);

G_END_DECLS
