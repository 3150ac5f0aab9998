/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "network.h"
#include "test-wait.h"

/* The programs that try_run () starts inherit these descriptors, because lay_cable () passes one to
 * `ip`. */
static int namespaces[2] = { -1, -1 };

/* Folders that may contain `nft` and `ip`, but may be missing from PATH */
#define MORE_PATH ":/usr/sbin:/sbin"

static gboolean
check_errno (int          result,
             const char  *what,
             GError     **error)
{
  int saved_errno = errno;

  if (result >= 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s",
               what, g_strerror (saved_errno));

  return FALSE;
}

/* Writes the whole file in one call, because user_namespaces(7) requires this. */
static gboolean
write_file (const char  *path,
            const char  *contents,
            GError     **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written;

  if (!check_errno (fd, path, error))
    return FALSE;

  written = check_errno (write (fd, contents, strlen (contents)), path, error);
  close (fd);

  return written;
}

/* Moves this process into a new network namespace, and into a new user namespace in which it is
 * root. If the system does not allow user namespaces, the process must be root on the host. */
static gboolean
leave_host (GError **error)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", geteuid ());
  g_autofree char *groups = g_strdup_printf ("0 %u 1", getegid ());

  if (unshare (CLONE_NEWUSER | CLONE_NEWNET) == 0)
    return write_file ("/proc/self/setgroups", "deny", error)
           && write_file ("/proc/self/uid_map", users, error)
           && write_file ("/proc/self/gid_map", groups, error);

  return check_errno (unshare (CLONE_NEWNET), "a network namespace of our own", error);
}

static gboolean
keep_namespace (NetworkSide   side,
                GError      **error)
{
  namespaces[side] = open ("/proc/thread-self/ns/net", O_RDONLY);

  return check_errno (namespaces[side], "/proc/thread-self/ns/net", error);
}

static gboolean
make_namespaces (GError **error)
{
  return leave_host (error)
         && keep_namespace (NETWORK_NEAR, error)
         && check_errno (unshare (CLONE_NEWNET), "a second network namespace", error)
         && keep_namespace (NETWORK_FAR, error)
         && check_errno (setns (namespaces[NETWORK_NEAR], CLONE_NEWNET), "setns", error);
}

/* Runs a program in the namespace of @side, which it inherits from the thread that starts it. */
static gboolean
try_run (NetworkSide   side,
         const char   *command,
         GError      **error)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char *complaint = NULL;
  int status = 0;
  gboolean done;

  if (!g_shell_parse_argv (command, NULL, &argv, error))
    return FALSE;

  network_go (side);
  done = g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                       NULL, NULL, NULL, &complaint, &status, error)
         && g_spawn_check_wait_status (status, error);
  network_go (NETWORK_NEAR);

  if (!done)
    g_prefix_error (error, "%s: %s", command, complaint != NULL ? g_strstrip (complaint) : "");

  return done;
}

static gboolean
make_filter (NetworkSide   side,
             GError      **error)
{
  return try_run (side, "nft add table inet outage", error)
         && try_run (side, "nft 'add chain inet outage input "
                           "{ type filter hook input priority 0; }'", error);
}

/* Connects the two namespaces. network_restore () then activates both ends of the cable. The kernel
 * must not generate IPv6 addresses, because it would report each address seconds later, as a
 * network change. */
static gboolean
lay_cable (GError **error)
{
  g_autofree char *add = g_strdup_printf ("ip link add near type veth "
                                          "peer name far netns /proc/self/fd/%d",
                                          namespaces[NETWORK_FAR]);

  return try_run (NETWORK_NEAR, add, error)
         && try_run (NETWORK_NEAR, "ip link set near addrgenmode none", error)
         && try_run (NETWORK_FAR, "ip link set far addrgenmode none", error)
         && try_run (NETWORK_NEAR, "ip link set lo up", error)
         && try_run (NETWORK_FAR, "ip link set lo up", error)
         && try_run (NETWORK_FAR, "ip address add " NETWORK_SERVER "/32 dev lo", error)
         && try_run (NETWORK_FAR, "ip address add 192.0.2.2/24 dev far", error)
         && make_filter (NETWORK_NEAR, error)
         && make_filter (NETWORK_FAR, error);
}

static gboolean
is_carrying (NetworkSide  side,
             const char  *interface)
{
  struct ifreq request = { 0 };
  int fd;

  network_go (side);
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  network_go (NETWORK_NEAR);

  g_strlcpy (request.ifr_name, interface, sizeof request.ifr_name);
  g_assert_cmpint (ioctl (fd, SIOCGIFFLAGS, &request), ==, 0);
  close (fd);

  return (request.ifr_flags & IFF_RUNNING) != 0;
}

/* Waits until the kernel has detected the cable (IFF_RUNNING in netdevice(7)), which takes up to a
 * second. The kernel drops packets until then. */
static void
wait_for_carrier (void)
{
  gint64 deadline = wait_get_deadline ();

  while (!is_carrying (NETWORK_NEAR, "near") || !is_carrying (NETWORK_FAR, "far"))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

static gboolean
find_programs (GError **error)
{
  const char *programs[] = { "ip", "nft" };
  g_autofree char *path = g_strconcat (g_getenv ("PATH"), MORE_PATH, NULL);
  guint i;

  g_setenv ("PATH", path, TRUE);

  for (i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *program = g_find_program_in_path (programs[i]);

      if (program == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "the program %s is missing",
                       programs[i]);
          return FALSE;
        }
    }

  return TRUE;
}

/* Creates the network. main () must call this function first, because a process with several
 * threads may not create a user namespace. If the network cannot be created, the program exits and
 * counts as skipped or, if HB_REQUIRE_NETNS is 1 in the environment, as failed. */
void
network_init (void)
{
  g_autoptr (GError) error = NULL;

  if (find_programs (&error) && make_namespaces (&error) && lay_cable (&error))
    {
      network_restore ();
      return;
    }

  if (g_strcmp0 (g_getenv ("HB_REQUIRE_NETNS"), "1") == 0)
    {
      g_print ("Bail out! needs network namespaces: %s\n", error->message);
      exit (EXIT_FAILURE);
    }

  g_print ("1..0 # SKIP needs network namespaces: %s\n", error->message);
  exit (EXIT_SUCCESS);
}

/* Moves this thread into the namespace of @side. The sockets that the thread creates and the
 * programs that it starts from now on belong to that namespace. */
void
network_go (NetworkSide side)
{
  if (setns (namespaces[side], CLONE_NEWNET) != 0)
    g_error ("setns: %s", g_strerror (errno));
}

void
network_run (NetworkSide  side,
             const char  *command)
{
  g_autoptr (GError) error = NULL;

  try_run (side, command, &error);
  g_assert_no_error (error);
}

/* Adds a rule for packets that arrive at @side: `drop`, or a condition and an action. The sender of
 * a dropped packet receives no error. */
void
network_filter (NetworkSide  side,
                const char  *rule)
{
  g_autofree char *command = g_strconcat ("nft 'add rule inet outage input ", rule, "'", NULL);

  network_run (side, command);
}

/* Undoes the changes that most tests make. A test must undo any other change itself. Does not
 * iterate the main loop. */
void
network_restore (void)
{
  network_run (NETWORK_NEAR, "nft flush chain inet outage input");
  network_run (NETWORK_FAR, "nft flush chain inet outage input");
  network_run (NETWORK_FAR, "ip link set far up");
  network_run (NETWORK_NEAR, "ip link set near up");
  wait_for_carrier ();
  network_run (NETWORK_NEAR, "ip address replace 192.0.2.1/24 dev near");
  network_run (NETWORK_NEAR, "ip route replace default via 192.0.2.2");
}
