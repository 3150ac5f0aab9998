/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How often the process has allocated memory and armed a timer: a program that is linked with this
 * has its own malloc () and timerfd_settime (), which count and go on to the real ones. */
extern guint64 measure_n_allocations;
extern guint64 measure_n_armings;

G_END_DECLS
