/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-settings-private.h"

G_BEGIN_DECLS

gboolean hb_backoff_is_exhausted (const HbSettings *settings,
                                  guint             attempt);
guint    hb_backoff_get_delay    (const HbSettings *settings,
                                  guint             attempt,
                                  double            random);

G_END_DECLS
