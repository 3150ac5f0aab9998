/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Where without-stream.c or slow-lane.c is linked in, this file is left in its archive. */
const gboolean has_stream = TRUE;
const gboolean is_exposed = FALSE;
