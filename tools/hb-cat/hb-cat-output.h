/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-cat-options.h"

G_BEGIN_DECLS

/* Each function returns FALSE and sets errno if it cannot write to standard output. With --exec,
 * the functions always return TRUE. */

gboolean cat_output_write (const CatOptions *options,
                           const char       *data,
                           gsize             size);
gboolean cat_output_flush (const CatOptions *options);

G_END_DECLS
