/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Each target defines this function, which libFuzzer calls:
 * https://llvm.org/docs/LibFuzzer.html */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         length);

G_END_DECLS
