/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-home-private.h"

G_STATIC_ASSERT (sizeof (pthread_t) <= sizeof (gpointer));

static void
end_thread (gpointer data)
{
  int *has_ended = data;

  g_atomic_int_set (has_ended, TRUE);
  g_atomic_rc_box_release (has_ended);
}

static GPrivate thread_has_ended = G_PRIVATE_INIT (end_thread);

/* Returns: (transfer full): an integer that becomes TRUE when the calling thread ends */
static int *
get_has_ended (void)
{
  int *has_ended = g_private_get (&thread_has_ended);

  if (has_ended == NULL)
    {
      has_ended = g_atomic_rc_box_new0 (int);
      g_private_set (&thread_has_ended, has_ended);
    }

  return g_atomic_rc_box_acquire (has_ended);
}

/* @context: (nullable) (transfer full)
 * @thread: (nullable)
 * @has_ended: (nullable) (transfer full) */
static void
set (HbHome       *self,
     GMainContext *context,
     gpointer      thread,
     int          *has_ended)
{
  G_GNUC_UNUSED g_autoptr (GMainContext) old = self->context;
  int *old_has_ended = self->has_ended;

  g_mutex_lock (&self->mutex);
  self->context = context;
  g_atomic_pointer_set (&self->thread, thread);
  self->has_ended = has_ended;
  g_mutex_unlock (&self->mutex);

  g_clear_pointer (&old_has_ended, g_atomic_rc_box_release);
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
  set (self, g_main_context_ref_thread_default (), hb_home_get_thread (), get_has_ended ());
}

void
hb_home_leave (HbHome *self)
{
  set (self, NULL, NULL, NULL);
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

/* Acquires the context if no thread uses its objects any more. A thread owns a context of its own
 * while this context is thread-default. The global default context has no owner between two
 * iterations, but the object's thread may then use other objects that share data with this one,
 * until the thread ends. */
static gboolean
acquire_unused (GMainContext *context,
                gboolean      has_ended)
{
  return (has_ended || context != g_main_context_default ()) && g_main_context_acquire (context);
}

/* Calls @func once, and then @destroy. If the calling thread may use the object, or if no thread
 * uses the objects of the context, calls them immediately. Otherwise a source in the context calls
 * them. @func must return G_SOURCE_REMOVE. */
void
hb_home_call (HbHome         *self,
              GSourceFunc     func,
              gpointer        user_data,
              GDestroyNotify  destroy)
{
  g_autoptr (GMainContext) context = NULL;
  gboolean has_ended = FALSE;

  g_mutex_lock (&self->mutex);
  if (!hb_home_is_here (self))
    {
      context = g_main_context_ref (self->context);
      has_ended = g_atomic_int_get (self->has_ended);
    }
  g_mutex_unlock (&self->mutex);

  if (context != NULL && !acquire_unused (context, has_ended))
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_priority (source, G_PRIORITY_DEFAULT);
      g_source_set_callback (source, func, user_data, destroy);
      g_source_set_static_name (source, "[hb] call");
      g_source_attach (source, context);
      return;
    }

  func (user_data);
  destroy (user_data);

  if (context != NULL)
    g_main_context_release (context);
}
