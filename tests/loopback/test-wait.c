/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "test-wait.h"

/* Long enough for a memory checker on a slow machine. Only a test that fails waits this long. */
#define WAIT_TIMEOUT (20 * G_TIME_SPAN_SECOND)

static gboolean
timeout_cb (gpointer user_data)
{
  gboolean *is_over = user_data;

  *is_over = TRUE;

  return G_SOURCE_REMOVE;
}

static GSource *
attach_timeout (guint     milliseconds,
                gboolean *is_over)
{
  GSource *timeout = g_timeout_source_new (milliseconds);

  g_source_set_callback (timeout, timeout_cb, is_over, NULL);
  g_source_attach (timeout, g_main_context_get_thread_default ());

  return timeout;
}

static void
clear_timeout (GSource *timeout)
{
  g_source_destroy (timeout);
  g_source_unref (timeout);
}

gint64
wait_get_deadline (void)
{
  return g_get_monotonic_time () + WAIT_TIMEOUT;
}

/* Iterates the loop once, for at most a second. Ends the test with a message that contains
 * @condition and @location if @deadline has passed. */
void
wait_iterate (gint64      deadline,
              const char *condition,
              const char *location)
{
  gboolean is_over = FALSE;
  GSource *timeout = attach_timeout (1000, &is_over);

  g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  clear_timeout (timeout);

  if (g_get_monotonic_time () > deadline)
    g_error ("%s: timed out while waiting for: %s", location, condition);
}

/* Iterates the loop until no source is ready. */
void
wait_idle (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}

/* Works like wait_idle (), with @context as the thread-default one. */
void
wait_idle_in (GMainContext *context)
{
  g_main_context_push_thread_default (context);
  wait_idle ();
  g_main_context_pop_thread_default (context);
}

/* Iterates the loop for @milliseconds, for example to notice an event that must not happen. */
void
wait_pass (guint milliseconds)
{
  gboolean is_over = FALSE;
  GSource *timeout = attach_timeout (milliseconds, &is_over);

  while (!is_over)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  clear_timeout (timeout);
}
