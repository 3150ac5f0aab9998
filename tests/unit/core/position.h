/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The position of a random walk, printed when the walk fails, so that the walk can be repeated. The
 * steps of all threads are counted together. */
void     position_print_at_failure (void);
void     position_start_round     (guint32  seed);
void     position_next_step       (void);

/* Returns whether HB_WALK_SEED is set, and stores its value, the only seed to try. */
gboolean position_get_seed        (guint32 *seed);

G_END_DECLS
