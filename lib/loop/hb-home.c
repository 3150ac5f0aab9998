/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-home-private.h"

G_STATIC_ASSERT (sizeof (pthread_t) <= sizeof (gpointer));

/* @context: (nullable) (transfer full)
 * @thread: (nullable) */
static void
set (HbHome       *self,
     GMainContext *context,
     gpointer      thread)
{
  G_GNUC_UNUSED g_autoptr (GMainContext) old = self->context;

  g_mutex_lock (&self->mutex);
  self->context = context;
  g_atomic_pointer_set (&self->thread, thread);
  g_mutex_unlock (&self->mutex);
}

void
hb_home_init (HbHome *self)
{
  *self = (HbHome) { 0 };
  g_mutex_init (&self->mutex);
}

void
hb_home_clear (HbHome *self)
{
  g_assert (self->context == NULL);

  g_mutex_clear (&self->mutex);
}

void
hb_home_enter (HbHome *self)
{
  set (self, g_main_context_ref_thread_default (), hb_home_get_thread ());
}

void
hb_home_leave (HbHome *self)
{
  set (self, NULL, NULL);
}

/* Returns whether the calling thread may use the object. */
gboolean
hb_home_is_here (HbHome *self)
{
  gpointer thread = g_atomic_pointer_get (&self->thread);

  return thread == NULL || thread == hb_home_get_thread ();
}

/* Returns: (nullable): see hb_context_push () */
GMainContextPusher *
hb_home_push (HbHome *self)
{
  return hb_context_push (self->context);
}

/* Calls @func once, and then @destroy. If the calling thread may use the object, or if no thread
 * runs the object's context, calls them immediately. Otherwise another thread may be using the
 * object, so a source in the context calls them. @func must return G_SOURCE_REMOVE. */
void
hb_home_call (HbHome         *self,
              GSourceFunc     func,
              gpointer        user_data,
              GDestroyNotify  destroy)
{
  g_autoptr (GMainContext) context = NULL;

  g_mutex_lock (&self->mutex);
  if (!hb_home_is_here (self))
    context = g_main_context_ref (self->context);
  g_mutex_unlock (&self->mutex);

  if (context != NULL && !g_main_context_acquire (context))
    {
      g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, user_data, destroy);
      return;
    }

  func (user_data);
  destroy (user_data);

  if (context != NULL)
    g_main_context_release (context);
}
