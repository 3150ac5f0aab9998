/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* If a program links without-stream.c or slow-lane.c, the linker does not take this file from its
 * archive. */
const gboolean has_stream = TRUE;
const gboolean is_exposed = FALSE;
