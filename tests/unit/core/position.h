/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The position of a random walk, to find it again: a failure prints the seed of its round and the
 * step. */
void     position_tell_at_failure (void);
void     position_start_round     (guint32  seed);
void     position_next_step       (void);

/* The seed that the environment asks for alone, as HB_WALK_SEED */
gboolean position_get_seed        (guint32 *seed);

G_END_DECLS
