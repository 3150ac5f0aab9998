/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

void hb_certificate_guard  (SoupMessage  *request);
void hb_certificate_cancel (SoupMessage  *request,
                            GMainContext *context);

G_END_DECLS
