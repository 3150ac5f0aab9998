/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*HbNetlinkFunc) (gpointer user_data);

void hb_netlink_watch   (GMainContext  *context,
                         HbNetlinkFunc  func,
                         gpointer       user_data);
void hb_netlink_unwatch (GMainContext  *context,
                         gpointer       user_data);

G_END_DECLS
