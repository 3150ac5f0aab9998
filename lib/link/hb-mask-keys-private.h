/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint32 hb_mask_keys_next (void);

G_END_DECLS
