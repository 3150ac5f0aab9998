/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void hb_mask_copy (guint8       *to,
                   const guint8 *from,
                   gsize         length,
                   guint32       mask,
                   gsize         offset);

G_END_DECLS
