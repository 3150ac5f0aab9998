/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-dispose-later-private.h"

/* Ends an object in a source of its own, and not in the midst of what it is doing. */

/* An unref alone would not do: the application may hold a reference too, and libsoup would go on
 * reading for it. */
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

/* What is left here is of a context that has gone, or is going: GLib loses the sources that are
 * destroyed meanwhile, as those of a connection would be. So it goes a turn of the main loop
 * later. */
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

/* Takes over @object, and disposes of it in the next turn of @context. One that nobody runs any
 * more gives back the reference when it goes itself. */
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
