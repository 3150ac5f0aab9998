/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-cat-options.h"

G_BEGIN_DECLS

gboolean cat_greeting_set_up  (CatOptions       *options,
                               GError          **error);
void     cat_greeting_send    (const CatOptions *options);
gboolean cat_greeting_answers (const CatOptions *options,
                               GBytes           *message);

G_END_DECLS
