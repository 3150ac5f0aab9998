/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Iterates the thread-default main context until @condition is true. Fails the test if this takes
 * longer than the timeout in test-wait.c. */
#define wait_until(condition) \
  G_STMT_START { \
    gint64 deadline_ = wait_get_deadline (); \
    while (!(condition)) \
      wait_iterate (deadline_, #condition, G_STRLOC); \
  } G_STMT_END

gint64   wait_get_deadline (void);
void     wait_iterate      (gint64       deadline,
                            const char  *condition,
                            const char  *location);
void     wait_idle         (void);
void     wait_idle_in      (GMainContext *context);
void     wait_pass         (guint        milliseconds);

G_END_DECLS
