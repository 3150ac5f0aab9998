/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-network-private.h"

#ifdef HAVE_RTNETLINK
#include "hb-netlink-private.h"
#endif

/* The default GNetworkMonitor emits its signal in the context that was thread-default when the
 * monitor was created, so each change is passed on to the context of each task. One handler serves
 * all tasks, because thousands of handlers would take a lot of memory. */
struct _HbNetwork
{
  GMainContext *context;
  GSourceFunc   func; /* (nullable) NULL after hb_network_unwatch () */
  gpointer      user_data;
  GList         link;      /* in `networks` */
  gboolean      is_coming; /* (atomic) A call to `func` is pending. */
};

/* Protects the two variables below. */
static GMutex mutex;
static GQueue networks = G_QUEUE_INIT; /* (element-type HbNetwork) (not owned) */
static gulong handler;                 /* 0 while no task listens */

static void
free_network (gpointer data)
{
  HbNetwork *self = data;

  g_main_context_unref (self->context);
}

static void
unref_network (gpointer self)
{
  g_atomic_rc_box_release_full (self, free_network);
}

static gboolean
notify_cb (gpointer user_data)
{
  HbNetwork *self = user_data;

  g_atomic_int_set (&self->is_coming, FALSE);

  if (self->func != NULL)
    self->func (self->user_data);

  return G_SOURCE_REMOVE;
}

/* The monitor and the kernel both report most changes, so all reports before a call to `func` share
 * that call. */
static void
notify_later (gpointer user_data)
{
  HbNetwork *self = user_data;
  GSource *source;

  if (!g_atomic_int_compare_and_exchange (&self->is_coming, FALSE, TRUE))
    return;

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[hb] network");
  g_source_set_callback (source, notify_cb, g_atomic_rc_box_acquire (self), unref_network);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static void
network_changed_cb (GNetworkMonitor *monitor,
                    gboolean         available,
                    gpointer         user_data)
{
  GList *link;

  g_mutex_lock (&mutex);
  for (link = networks.head; link != NULL; link = link->next)
    notify_later (link->data);
  g_mutex_unlock (&mutex);
}

#ifdef HAVE_RTNETLINK
/* GIO_USE_NETWORK_MONITOR=base selects a monitor that reports no changes. A test that sets it must
 * not receive the kernel's reports either. */
static gboolean
may_listen (GNetworkMonitor *monitor)
{
  return strcmp (G_OBJECT_TYPE_NAME (monitor), "GNetworkMonitorBase") != 0;
}
#endif

/* Calls @func in @context after network changes. Changes in quick succession may share one call.
 * The result of @func is ignored.
 *
 * Returns: (transfer full): the registration, which hb_network_unwatch () releases */
HbNetwork *
hb_network_watch (GMainContext *context,
                  GSourceFunc   func,
                  gpointer      user_data)
{
  GNetworkMonitor *monitor = g_network_monitor_get_default ();
  HbNetwork *self = g_atomic_rc_box_new0 (HbNetwork);

  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;
  self->link.data = self;

  g_mutex_lock (&mutex);
  g_queue_push_tail_link (&networks, &self->link);
  if (handler == 0)
    handler = g_signal_connect (monitor, "network-changed", G_CALLBACK (network_changed_cb), NULL);
  g_mutex_unlock (&mutex);

#ifdef HAVE_RTNETLINK
  if (may_listen (monitor))
    hb_netlink_watch (context, notify_later, self);
#endif

  return self;
}

void
hb_network_unwatch (HbNetwork *self)
{
  self->func = NULL;
#ifdef HAVE_RTNETLINK
  hb_netlink_unwatch (self->context, self);
#endif
  g_mutex_lock (&mutex);
  g_queue_unlink (&networks, &self->link);
  if (networks.length == 0)
    {
      g_signal_handler_disconnect (g_network_monitor_get_default (), handler);
      handler = 0;
    }
  g_mutex_unlock (&mutex);

  unref_network (self);
}
