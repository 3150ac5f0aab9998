/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <glib.h>

#ifndef _HB_EXTERN
# define _HB_EXTERN extern
#endif

/**
 * HB_VERSION_1_0:
 *
 * The 1.0 series, as a value for [const@VERSION_MIN_REQUIRED] and [const@VERSION_MAX_ALLOWED].
 *
 * Since: 1.0
 */
#define HB_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

/**
 * HB_VERSION_MIN_REQUIRED:
 *
 * The oldest series that your code supports.
 *
 * Define this macro as one of the `HB_VERSION_X_Y` macros before including the header. The compiler
 * then warns about symbols that were deprecated in that series or earlier.
 *
 * Since: 1.0
 */
#ifndef HB_VERSION_MIN_REQUIRED
# define HB_VERSION_MIN_REQUIRED HB_VERSION_1_0
#endif

/**
 * HB_VERSION_MAX_ALLOWED:
 *
 * The newest series whose functions your code may use.
 *
 * Define this macro as one of the `HB_VERSION_X_Y` macros before including the header. The compiler
 * then warns about symbols that a later series added.
 *
 * Since: 1.0
 */
#ifndef HB_VERSION_MAX_ALLOWED
# define HB_VERSION_MAX_ALLOWED HB_VERSION_1_0
#endif

#if HB_VERSION_MAX_ALLOWED < HB_VERSION_1_0
# define HB_AVAILABLE_IN_1_0 G_UNAVAILABLE (1, 0) _HB_EXTERN
#else
# define HB_AVAILABLE_IN_1_0 _HB_EXTERN
#endif
