/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What libFuzzer calls, and each target has: see https://llvm.org/docs/LibFuzzer.html */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         length);

G_END_DECLS
