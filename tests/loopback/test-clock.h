/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* CLOCK_BOOTTIME for tests. It stops, and a test makes it jump, as after a suspend. A timerfd of
 * this clock fires at its time. Other clocks, such as GLib's, are not affected.
 *
 * For programs that are linked with --wrap for the functions that test-clock.c defines. */
void     test_clock_jump        (gint64   milliseconds);
gint64   test_clock_get_now     (void);

/* As on a system that has no timerfd */
void     test_clock_set_without (gboolean without_timerfd);

G_END_DECLS
