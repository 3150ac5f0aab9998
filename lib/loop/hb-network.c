/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-network-private.h"

/* GNetworkMonitor is one object for the whole process, and tells of changes in whatever context was
 * the first to ask for it; this brings the news to ours. */
struct _HbNetwork
{
  GNetworkMonitor *monitor;
  GMainContext    *context;
  GSourceFunc      func; /* (nullable) NULL once nobody listens */
  gpointer         user_data;
  gulong           handler;
};

static void
free_network (gpointer data)
{
  HbNetwork *self = data;

  g_main_context_unref (self->context);
  g_object_unref (self->monitor);
}

static void
unref_network (gpointer self)
{
  g_atomic_rc_box_release_full (self, free_network);
}

static gboolean
tell_cb (gpointer user_data)
{
  HbNetwork *self = user_data;

  if (self->func != NULL)
    self->func (self->user_data);

  return G_SOURCE_REMOVE;
}

static void
network_changed_cb (GNetworkMonitor *monitor,
                    gboolean         available,
                    gpointer         user_data)
{
  HbNetwork *self = user_data;
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[hb] network");
  g_source_set_callback (source, tell_cb, g_atomic_rc_box_acquire (self), unref_network);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static void
unref_closure (gpointer  self,
               GClosure *closure)
{
  unref_network (self);
}

/* Calls @func in @context after each change of the network, until hb_network_unwatch (). */
HbNetwork *
hb_network_watch (GMainContext *context,
                  GSourceFunc   func,
                  gpointer      user_data)
{
  HbNetwork *self = g_atomic_rc_box_new0 (HbNetwork);

  self->monitor = g_object_ref (g_network_monitor_get_default ());
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->handler = g_signal_connect_data (self->monitor, "network-changed",
                                         G_CALLBACK (network_changed_cb),
                                         g_atomic_rc_box_acquire (self), unref_closure,
                                         (GConnectFlags) 0);

  return self;
}

void
hb_network_unwatch (HbNetwork *self)
{
  self->func = NULL;
  g_signal_handler_disconnect (self->monitor, self->handler);
  unref_network (self);
}
