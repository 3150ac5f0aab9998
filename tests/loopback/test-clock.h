/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A CLOCK_BOOTTIME that stands still until a test makes it jump, as after a suspend. A timerfd of
 * this clock fires when a jump reaches its deadline. Other clocks, such as GLib's, are not
 * affected. test_clock_get_now () returns microseconds.
 *
 * A program that uses this clock must be linked with --wrap for the functions that test-clock.c
 * replaces. */
void     test_clock_jump        (gint64   milliseconds);
gint64   test_clock_get_now     (void);

/* Sets whether timerfd_create () fails, as on a system that has no timerfd. */
void     test_clock_set_without (gboolean without_timerfd);

G_END_DECLS
