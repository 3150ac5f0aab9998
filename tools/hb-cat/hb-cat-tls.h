/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-cat-options.h"

G_BEGIN_DECLS

gboolean cat_tls_set_up (CatOptions  *options,
                         GError     **error);

G_END_DECLS
