/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HbNetwork HbNetwork;

HbNetwork *hb_network_watch   (GMainContext *context,
                               GSourceFunc   func,
                               gpointer      user_data);
void       hb_network_unwatch (HbNetwork    *self);

G_END_DECLS
