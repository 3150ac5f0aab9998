/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>
#include <hb-websocket.h>

G_BEGIN_DECLS

/* Shows why the last connection or attempt failed. While an open connection is not ready, offers to
 * mark it as ready. */
#define LINK_TYPE_BANNER (link_banner_get_type ())

G_DECLARE_FINAL_TYPE (LinkBanner, link_banner, LINK, BANNER, AdwBin)

void link_banner_set_task (LinkBanner      *self,
                           HbWebsocketTask *task);

G_END_DECLS
