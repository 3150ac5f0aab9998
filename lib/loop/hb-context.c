/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"

/* Makes @context thread-default. libsoup attaches a source to the context that is thread-default
 * during the call, so a call from a handler in another context would attach it there.
 *
 * @context: (nullable)
 *
 * Returns: (nullable): NULL where the context is thread-default already, as for nearly every
 *   call */
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
