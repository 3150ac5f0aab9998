/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include <glib/gstdio.h>

#include "hb-netlink-private.h"
#include "../../test-rows.h"
#include "network.h"
#include "test-wait.h"

/* The changes that the kernel reports, and the socket for them, which the watchers of a context
 * share. test-lost-link.c explains the requirements, and how to run the test. */

/* The time in milliseconds within which a message from the kernel would arrive */
#define QUIET 200

typedef struct
{
  GMainContext *context;
  guint         n_changes;
} Watcher;

static void
changed_cb (gpointer user_data)
{
  Watcher *watcher = user_data;

  watcher->n_changes++;
}

static void
watch (Watcher      *watcher,
       GMainContext *context)
{
  watcher->n_changes = 0;
  watcher->context = context;
  hb_netlink_watch (context, changed_cb, watcher);
}

static void
unwatch (Watcher *watcher)
{
  hb_netlink_unwatch (watcher->context, watcher);
}

static gboolean
is_netlink (int fd)
{
  struct sockaddr_nl address = { 0 };
  socklen_t length = sizeof address;

  return getsockname (fd, (struct sockaddr *) &address, &length) == 0
         && address.nl_family == AF_NETLINK
         && address.nl_groups != 0;
}

/* Counts the netlink sockets that have joined a group.
 *
 * @fd: (out): one of the sockets; unchanged if none exists */
static guint
count_sockets (int *fd)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (is_netlink (atoi (name)))
      {
        *fd = atoi (name);
        n++;
      }

  return n;
}

#define assert_n_sockets(expected) \
  G_STMT_START { \
    int fd_; \
    g_assert_cmpuint (count_sockets (&fd_), ==, expected); \
  } G_STMT_END

typedef struct
{
  const char  *name;
  NetworkSide  side;
  const char  *before;  /* (nullable) prepares the network for @command */
  const char  *command;
  const char  *after;   /* (nullable) undoes what network_restore () does not undo */
  gboolean     counts;
  gboolean     is_early; /* @before is run before the socket is opened */
} Command;

static const Command commands[] = {
  { "change/address-added", NETWORK_NEAR, NULL,
    "ip address add 203.0.113.1/24 dev near", "ip address del 203.0.113.1/24 dev near", TRUE },
  { "change/address-removed", NETWORK_NEAR, "ip address add 203.0.113.1/24 dev near",
    "ip address del 203.0.113.1/24 dev near", NULL, TRUE },
  { "change/route-added", NETWORK_NEAR, NULL,
    "ip route add 203.0.113.0/24 via 192.0.2.2", "ip route del 203.0.113.0/24", TRUE },
  { "change/gateway", NETWORK_NEAR, "ip route add 203.0.113.0/24 via 192.0.2.2",
    "ip route replace 203.0.113.0/24 via 192.0.2.4", "ip route del 203.0.113.0/24", TRUE },
  { "change/link-down", NETWORK_NEAR, NULL, "ip link set near down", NULL, TRUE },
  { "change/cable", NETWORK_FAR, NULL, "ip link set far down", NULL, TRUE },

  { "repetition/lifetime", NETWORK_NEAR,
    "ip address change 192.0.2.1/24 dev near valid_lft 1000 preferred_lft 1000",
    "ip address change 192.0.2.1/24 dev near valid_lft 2000 preferred_lft 2000",
    "ip address change 192.0.2.1/24 dev near valid_lft forever preferred_lft forever", FALSE },
  { "repetition/route", NETWORK_NEAR,
    "ip -6 route replace 2001:db8:1::/64 dev near expires 1000",
    "ip -6 route replace 2001:db8:1::/64 dev near expires 2000",
    "ip -6 route del 2001:db8:1::/64 dev near", FALSE },
  { "repetition/earlier-route", NETWORK_NEAR,
    "ip -6 route replace 2001:db8:1::/64 dev near expires 1000",
    "ip -6 route replace 2001:db8:1::/64 dev near expires 2000",
    "ip -6 route del 2001:db8:1::/64 dev near", FALSE, TRUE },
  { "repetition/link", NETWORK_NEAR, "ip link set near mtu 1400",
    "ip link set near mtu 1401", "ip link set near mtu 1500", FALSE },
  { "repetition/neighbour", NETWORK_NEAR, NULL,
    "ip neighbour replace 192.0.2.9 lladdr 02:00:00:00:00:01 dev near",
    "ip neighbour del 192.0.2.9 dev near", FALSE },
};

static void
wait_for_quiet (void)
{
  wait_pass (QUIET);
}

static void
test_command (gconstpointer data)
{
  const Command *command = data;
  Watcher watcher;

  if (!command->is_early)
    watch (&watcher, g_main_context_default ());
  if (command->before != NULL)
    network_run (command->side, command->before);
  if (command->is_early)
    watch (&watcher, g_main_context_default ());
  wait_for_quiet ();

  if (command->is_early)
    g_assert_cmpuint (watcher.n_changes, ==, 0);
  watcher.n_changes = 0;
  network_run (command->side, command->command);
  if (command->counts)
    {
      wait_until (watcher.n_changes > 0);
    }
  else
    {
      wait_for_quiet ();
      g_assert_cmpuint (watcher.n_changes, ==, 0);
    }

  unwatch (&watcher);
  if (command->after != NULL)
    network_run (command->side, command->after);
  network_restore ();
}

static void
change (void)
{
  network_run (NETWORK_NEAR, "ip route add 203.0.113.0/24 via 192.0.2.2");
  network_run (NETWORK_NEAR, "ip route del 203.0.113.0/24");
}

/* With a socket for each watcher, thousands of tasks would need thousands of descriptors. */
static void
test_shared (void)
{
  g_autoptr (GMainContext) other = g_main_context_new ();
  GMainContext *contexts[] = { g_main_context_default (), other };
  Watcher watchers[20];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (watchers); i++)
    watch (&watchers[i], contexts[i % 2]);

  assert_n_sockets (2);
  change ();
  wait_until (watchers[0].n_changes > 0);

  for (i = 0; i < G_N_ELEMENTS (watchers); i++)
    g_assert_cmpuint (watchers[i].n_changes, ==, i % 2 == 0);

  for (i = 0; i < G_N_ELEMENTS (watchers); i += 2)
    unwatch (&watchers[i]);
  assert_n_sockets (1);

  while (g_main_context_iteration (other, FALSE))
    ;
  for (i = 1; i < G_N_ELEMENTS (watchers); i += 2)
    {
      g_assert_cmpuint (watchers[i].n_changes, ==, 1);
      unwatch (&watchers[i]);
    }
  assert_n_sockets (0);
}

static gpointer
run_change (gpointer user_data)
{
  static Watcher watcher;
  guint i;

  for (i = 0; i < 200; i++)
    {
      watch (&watcher, user_data);
      unwatch (&watcher);
    }

  return NULL;
}

/* Another thread may remove the last watcher while this thread reads from the socket. */
static void
test_threads (void)
{
  GMainContext *context = g_main_context_default ();
  GThread *thread = g_thread_new ("watcher", run_change, context);
  guint i;

  for (i = 0; i < 20; i++)
    {
      change ();
      while (g_main_context_iteration (context, FALSE))
        ;
    }

  g_thread_join (thread);
  assert_n_sockets (0);
}

/* The socket of a context that is never iterated again is closed when its last watcher is
 * removed. */
static void
test_abandoned (void)
{
  GMainContext *context = g_main_context_new ();
  Watcher watcher;

  watch (&watcher, context);
  change ();
  unwatch (&watcher);
  g_main_context_unref (context);
  g_assert_cmpuint (watcher.n_changes, ==, 0);
  assert_n_sockets (0);
}

/* If the socket's buffer was full, a change may have been lost, so the watcher is called even if
 * the messages that can still be read report none. */
static void
test_overflow (void)
{
  Watcher watcher;
  int size = 0;
  int fd;

  watch (&watcher, g_main_context_default ());
  network_run (NETWORK_NEAR, "ip link set near mtu 1400");
  wait_for_quiet ();
  watcher.n_changes = 0;

  g_assert_cmpuint (count_sockets (&fd), ==, 1);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), ==, 0);
  network_run (NETWORK_NEAR, "sh -c 'for mtu in 1401 1402 1403 1404 1405 1406 1407 1408 1409; "
                             "do ip link set near mtu $mtu; done'");
  wait_until (watcher.n_changes == 1);

  unwatch (&watcher);
  network_run (NETWORK_NEAR, "ip link set near mtu 1500");
}

static guint32
get_port (int fd)
{
  struct sockaddr_nl address = { 0 };
  socklen_t length = sizeof address;

  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &length), ==, 0);

  return address.nl_pid;
}

/* Messages from a sender other than the kernel are ignored. */
static void
test_forged (void)
{
  struct {
    struct nlmsghdr  header;
    struct ifaddrmsg info;
  } message = {
    .header = { .nlmsg_len = sizeof message, .nlmsg_type = RTM_DELADDR },
    .info = { .ifa_family = AF_INET },
  };
  struct sockaddr_nl address = { .nl_family = AF_NETLINK };
  Watcher watcher;
  int forger;
  int fd;

  watch (&watcher, g_main_context_default ());
  g_assert_cmpuint (count_sockets (&fd), ==, 1);
  address.nl_pid = get_port (fd);
  forger = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  g_assert_cmpint (sendto (forger, &message, sizeof message, 0, (struct sockaddr *) &address,
                           sizeof address), ==, sizeof message);
  wait_for_quiet ();
  g_assert_cmpuint (watcher.n_changes, ==, 0);

  close (forger);
  unwatch (&watcher);
}

/* A sandbox may refuse the socket, or the process may have no descriptor left for it. */
static void
test_refused (void)
{
  GMainContext *context = g_main_context_default ();
  struct rlimit limit;
  struct rlimit none;
  Watcher watcher;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none = limit;
  none.rlim_cur = 0;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_cmpint (socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), ==, -1);
  g_assert_cmpint (errno, ==, EMFILE);
  watch (&watcher, context);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);

  assert_n_sockets (0);
  change ();
  wait_for_quiet ();
  g_assert_cmpuint (watcher.n_changes, ==, 0);
  unwatch (&watcher);
}

/* If the program closes all its descriptors, and another file gets the number of the socket, the
 * main loop must not be busy forever, and the next watcher must open a new socket. */
static void
test_broken (void)
{
  int null = g_open ("/dev/null", O_RDWR | O_CLOEXEC, 0);
  Watcher watchers[2];
  int fd;

  watch (&watchers[0], g_main_context_default ());
  g_assert_cmpuint (count_sockets (&fd), ==, 1);
  g_assert_cmpint (dup2 (null, fd), ==, fd);
  close (null);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_false (g_main_context_iteration (NULL, FALSE));

  watch (&watchers[1], g_main_context_default ());
  assert_n_sockets (1);
  unwatch (&watchers[0]);
  assert_n_sockets (1);
  change ();
  wait_until (watchers[1].n_changes > 0);
  unwatch (&watchers[1]);
  assert_n_sockets (0);
}

int
main (int   argc,
      char *argv[])
{
  network_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The kernel reports network changes, through one socket for each context");

  test_rows_add ("/netns/netlink/", commands, test_command);
  g_test_add_func ("/netns/netlink/shared", test_shared);
  g_test_add_func ("/netns/netlink/threads", test_threads);
  g_test_add_func ("/netns/netlink/abandoned", test_abandoned);
  g_test_add_func ("/netns/netlink/overflow", test_overflow);
  g_test_add_func ("/netns/netlink/forged", test_forged);
  g_test_add_func ("/netns/netlink/refused", test_refused);
  g_test_add_func ("/netns/netlink/broken", test_broken);

  return g_test_run ();
}
