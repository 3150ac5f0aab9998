/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-dispose-later-private.h"

/* Disposes of an object in a source of its own, because a function of the object may be running
 * now. */

/* Releasing the reference would not be enough. While the application held another reference,
 * libsoup would continue to read the socket. */
static gboolean
dispose_cb (gpointer user_data)
{
  g_autoptr (GObject) object = g_steal_pointer ((GObject **) user_data);
  GMainContext *context = g_source_get_context (g_main_current_source ());
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);

  g_object_run_dispose (object);

  return G_SOURCE_REMOVE;
}

static gboolean
forget_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* If @data still contains an object, the context is being freed. GLib leaks a source that is
 * destroyed at that time. The object may own such sources, so it is released in the default
 * context. */
static void
free_place (gpointer data)
{
  g_autofree GObject **place = data;
  g_autoptr (GSource) source = NULL;

  if (*place == NULL)
    return;

  source = g_idle_source_new ();
  g_source_set_callback (source, forget_cb, *place, g_object_unref);
  g_source_set_static_name (source, "[hb] end");
  g_source_attach (source, NULL);
}

/* Takes ownership of @object, and disposes of it in the next iteration of @context. If the context
 * is freed before that, only drops the reference. */
void
hb_dispose_later (GObject      *object,
                  GMainContext *context)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  GObject **place = g_new (GObject *, 1);

  *place = object;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, dispose_cb, place, free_place);
  g_source_set_static_name (source, "[hb] end");
  g_source_attach (source, context);
}
