/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include <glib-unix.h>

#include "hb-netlink-private.h"
#include "hb-topology-private.h"

/* Listens to the kernel for changes to links (network interfaces), addresses and routes. In GLib
 * 2.90 and later, GNetworkMonitorNetlink follows only default routes. The kernel sends no message
 * about an IPv4 default route that it removes together with an address or a link, so this monitor
 * misses the removal.
 *
 * All tasks of a context share one socket, because a program may have thousands of tasks. Any
 * thread may dispose of a task, so a lock protects the sockets. */
typedef struct
{
  GMainContext *context; /* (not owned) the context of the tasks, which own it */
  GSource      *source;    /* (nullable) NULL once withdrawn */
  GArray       *listeners; /* (element-type Listener) */
  HbTopology   *topology;
  int           fd;
} HbNetlink;

typedef struct
{
  HbNetlinkFunc func;
  gpointer      user_data;
} Listener;

/* A buffer that is aligned for the headers in it. The kernel seldom sends a longer datagram. */
typedef union
{
  struct nlmsghdr header;
  guint8          bytes[16 * 1024];
} Datagram;

/* The maximum number of datagrams that are read before other sources are dispatched */
#define MAX_DATAGRAMS 64

static GMutex mutex;
static GHashTable *sockets; /* (element-type GMainContext HbNetlink) (nullable) (not owned) */

/* Runs after the last call to readable_cb (). If the descriptor were closed earlier, another thread
 * could reuse its number, and readable_cb () would read from a file of that thread. */
static void
free_netlink (gpointer data)
{
  HbNetlink *self = data;

  close (self->fd);
  hb_topology_free (self->topology);
  g_array_unref (self->listeners);
  g_free (self);
}

/* Requests a description of each IPv6 route, so that a message that only repeats one does not count
 * as a change. The kernel sends no such message about an IPv4 route. If the request fails, the
 * first message about each route counts. */
static void
request_routes (int fd)
{
  struct {
    struct nlmsghdr header;
    struct rtmsg    info;
  } request = {
    .header = {
      .nlmsg_len = sizeof request,
      .nlmsg_type = RTM_GETROUTE,
      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
    },
    .info = { .rtm_family = AF_INET6 },
  };

  send (fd, &request, sizeof request, 0);
}

/* Returns: -1 after an error, for example if a sandbox forbids such sockets */
static int
open_socket (void)
{
  struct sockaddr_nl address = {
    .nl_family = AF_NETLINK,
    .nl_groups = (RTMGRP_LINK
                  | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR
                  | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE),
  };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  if (fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      close (fd);
      fd = -1;
    }

  return fd;
}

/* Other processes can send datagrams too, so only those from the kernel count.
 *
 * @length: larger than the buffer if the datagram did not fit
 *
 * Returns: whether a link, an address or a route may have changed */
static gboolean
take (HbNetlink                *self,
      const struct sockaddr_nl *sender,
      const Datagram           *datagram,
      gsize                     length)
{
  if (sender->nl_pid != 0)
    return FALSE;

  if (length > sizeof *datagram)
    {
      hb_topology_clear (self->topology);
      return TRUE;
    }

  return hb_topology_take (self->topology, datagram, length);
}

/* @has_changed: (inout): set to TRUE if a link, an address or a route may have changed
 *
 * Returns: FALSE if recvfrom(2) returns 0, or fails with an error that would probably recur */
static gboolean
receive (HbNetlink *self,
         gboolean  *has_changed)
{
  guint i;

  for (i = 0; i < MAX_DATAGRAMS; i++)
    {
      struct sockaddr_nl sender = { 0 };
      socklen_t sender_length = sizeof sender;
      Datagram datagram;
      gssize length = recvfrom (self->fd, &datagram, sizeof datagram, MSG_TRUNC,
                                (struct sockaddr *) &sender, &sender_length);

      if (length > 0)
        {
          *has_changed |= take (self, &sender, &datagram, length);
        }
      else if (length < 0 && errno == ENOBUFS)
        {
          /* The kernel has dropped messages because the buffer of the socket was full. */
          hb_topology_clear (self->topology);
          *has_changed = TRUE;
        }
      else if (length == 0 || errno != EINTR)
        {
          return length < 0 && errno == EAGAIN;
        }
    }

  return TRUE;
}

static HbNetlink *
find (GMainContext *context)
{
  if (sockets == NULL)
    sockets = g_hash_table_new (NULL, NULL);

  return g_hash_table_lookup (sockets, context);
}

/* Must be called with the lock held.
 *
 * Returns: (transfer full): the source, which must be destroyed after the lock has been released */
static GSource *
withdraw (HbNetlink *self)
{
  g_hash_table_remove (sockets, self->context);

  return g_steal_pointer (&self->source);
}

static gboolean
readable_cb (int           fd,
             GIOCondition  condition,
             gpointer      user_data)
{
  HbNetlink *self = user_data;
  g_autoptr (GSource) broken = NULL;
  gboolean has_changed = FALSE;
  gboolean goes_on = receive (self, &has_changed);
  guint i;

  g_mutex_lock (&mutex);
  for (i = 0; has_changed && i < self->listeners->len; i++)
    {
      Listener *listener = &g_array_index (self->listeners, Listener, i);

      listener->func (listener->user_data);
    }

  /* Another thread may have withdrawn the socket meanwhile. */
  if (!goes_on && self->source != NULL)
    broken = withdraw (self);
  g_mutex_unlock (&mutex);

  return goes_on;
}

/* Returns: (nullable): NULL if the socket cannot be opened */
static HbNetlink *
new_netlink (GMainContext *context)
{
  int fd = open_socket ();
  HbNetlink *self;

  if (fd < 0)
    return NULL;

  self = g_new0 (HbNetlink, 1);
  self->context = context;
  self->fd = fd;
  request_routes (fd);
  self->topology = hb_topology_new ();
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  self->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (self->source, "[hb] netlink");
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), self, free_netlink);
  g_source_attach (self->source, context);

  return self;
}

/* Calls @func in @context after changes to links, addresses or routes, until hb_netlink_unwatch ().
 * The context must exist until then. Changes that are read together cause one call. A lock is held
 * while @func runs, so @func may do no more than attach a source. Does nothing if the socket cannot
 * be opened. */
void
hb_netlink_watch (GMainContext  *context,
                  HbNetlinkFunc  func,
                  gpointer       user_data)
{
  Listener listener = { func, user_data };
  HbNetlink *self;

  g_mutex_lock (&mutex);
  self = find (context);
  if (self == NULL)
    {
      self = new_netlink (context);
      if (self != NULL)
        g_hash_table_insert (sockets, context, self);
    }

  if (self != NULL)
    g_array_append_val (self->listeners, listener);
  g_mutex_unlock (&mutex);
}

static void
remove_listener (HbNetlink *self,
                 gpointer   user_data)
{
  guint i;

  for (i = 0; i < self->listeners->len; i++)
    if (g_array_index (self->listeners, Listener, i).user_data == user_data)
      {
        g_array_remove_index_fast (self->listeners, i);
        return;
      }
}

/* Removes the listener with @user_data, if any, and closes the socket if the context has no other
 * listener. */
void
hb_netlink_unwatch (GMainContext *context,
                    gpointer      user_data)
{
  g_autoptr (GSource) unused = NULL;
  HbNetlink *self;

  g_mutex_lock (&mutex);
  self = find (context);
  if (self != NULL)
    {
      remove_listener (self, user_data);
      if (self->listeners->len == 0)
        unused = withdraw (self);
    }
  g_mutex_unlock (&mutex);

  if (unused != NULL)
    g_source_destroy (unused);
}
