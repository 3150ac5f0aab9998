/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How often the process has allocated memory, and armed or disarmed a timerfd. measure-counters.c
 * replaces malloc (), calloc (), realloc () and timerfd_settime () to count their calls. */
extern guint64 measure_n_allocations;
extern guint64 measure_n_armings;

G_END_DECLS
