/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean hb_utf8_is_valid (const guint8 *data,
                           gsize         length);

G_END_DECLS
