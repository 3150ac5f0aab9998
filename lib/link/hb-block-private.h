/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The size of a block, the memory between the kernel and libsoup */
#define HB_BLOCK_SIZE ((gsize) 64 * 1024)

guint8 *hb_block_take (void);
void    hb_block_give (guint8 *block);

G_END_DECLS
