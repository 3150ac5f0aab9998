/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib-unix.h>

#include "hb-context-private.h"

/* Returns whether the process can open two more descriptors, and sets errno if not. GLib aborts the
 * process if it cannot open the descriptors of a context or of a GCancellable that is polled, so
 * call this first. Each of them has one descriptor, or the two of a pipe. */
gboolean
hb_context_has_descriptors (void)
{
  int fds[2];

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, NULL))
    return FALSE;

  close (fds[0]);
  close (fds[1]);

  return TRUE;
}

/* Returns: (transfer full) (nullable): NULL if the process cannot open the descriptors */
GMainContext *
hb_context_new (void)
{
  return hb_context_has_descriptors () ? g_main_context_new () : NULL;
}

/* Makes @context thread-default until the returned pusher is freed. libsoup attaches its sources to
 * the context that is thread-default when libsoup is called. In a handler, that may be another
 * context.
 *
 * @context: (nullable)
 *
 * Returns: (nullable): NULL if @context is NULL, or is thread-default already */
GMainContextPusher *
hb_context_push (GMainContext *context)
{
  GMainContext *current;

  if (context == NULL)
    return NULL;

  current = g_main_context_get_thread_default ();
  if (current == NULL)
    current = g_main_context_default ();

  return current != context ? g_main_context_pusher_new (context) : NULL;
}
