/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gint64 hb_clock_now          (void);
gint64 hb_clock_to_monotonic (gint64 time);

G_END_DECLS
