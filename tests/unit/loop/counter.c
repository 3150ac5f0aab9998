/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "counter.h"

static gboolean
count_cb (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;

  return G_SOURCE_CONTINUE;
}

/* Attaches a source that is always ready, and that counts in @n how often it is dispatched.
 *
 * @context: (nullable):
 *
 * Returns: (transfer full): a source that the caller must destroy */
GSource *
counter_attach (GMainContext *context,
                int           priority,
                guint        *n)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, count_cb, n, NULL);
  g_source_attach (source, context);

  return source;
}
