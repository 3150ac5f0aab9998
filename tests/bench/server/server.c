/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server-connection.h"

/* Does as little work as possible, so that the figures show the speed of the client.
 *
 * Listens on 127.0.0.1, 127.0.0.2 and so on (--addresses=N). Prints the port without TLS and the
 * port with TLS, which is 0 without a certificate and its key. Exits when standard input has ended
 * or has data. The input cannot be a regular file, because epoll does not watch regular files.
 * SIGHUP ends all connections. */

#define EVENTS_PER_TURN 256
#define BACKLOG         4096

static GHashTable *clients; /* (element-type Watch) */
static volatile sig_atomic_t is_restarting;
static char *certificate;
static char *key;
static int n_addresses = 1;

static const GOptionEntry entries[] = {
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, "The certificate for TLS", "FILE" },
  { "key", 0, 0, G_OPTION_ARG_FILENAME, &key, "The private key for TLS", "FILE" },
  { "addresses", 0, 0, G_OPTION_ARG_INT, &n_addresses, "The number of addresses", "N" },
  G_OPTION_ENTRY_NULL,
};

/* The data of a descriptor that epoll watches */
typedef struct
{
  ServerConnection *connection; /* (owned) (nullable) NULL unless this is a client's socket */
  SSL_CTX          *tls;        /* (nullable) for the connections of a listening socket */
  int               fd;
} Watch;

static void
watch (int      epoll,
       int      operation,
       Watch   *data,
       guint32  events)
{
  struct epoll_event event = { .events = events, .data.ptr = data };

  if (epoll_ctl (epoll, operation, data->fd, &event) != 0)
    g_error ("epoll_ctl: %s", g_strerror (errno));
}

/* Number 0 is 127.0.0.1. If @port is 0, the system chooses a free port. Returns the port. */
static int
listen_on (int      epoll,
           int      number,
           int      port,
           SSL_CTX *tls)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK + number),
  };
  socklen_t length = sizeof address;
  Watch *self = g_new0 (Watch, 1);
  int yes = 1;

  self->tls = tls;
  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt (self->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);

  if (bind (self->fd, (struct sockaddr *) &address, sizeof address) != 0
      || listen (self->fd, BACKLOG) != 0
      || getsockname (self->fd, (struct sockaddr *) &address, &length) != 0)
    g_error ("Cannot listen: %s", g_strerror (errno));

  watch (epoll, EPOLL_CTL_ADD, self, EPOLLIN);

  return ntohs (address.sin_port);
}

static int
listen_on_all (int      epoll,
               SSL_CTX *tls)
{
  int port = listen_on (epoll, 0, 0, tls);
  int i;

  for (i = 1; i < n_addresses; i++)
    listen_on (epoll, i, port, tls);

  return port;
}

static void
accept_all (int    epoll,
            Watch *listener)
{
  int yes = 1;
  int fd;

  while ((fd = accept4 (listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      Watch *self = g_new0 (Watch, 1);

      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      self->fd = fd;
      self->connection = server_connection_new (fd, listener->tls);
      self->connection->events = EPOLLIN;
      g_hash_table_add (clients, self);
      watch (epoll, EPOLL_CTL_ADD, self, EPOLLIN);
    }
}

static void
free_client (gpointer data)
{
  Watch *self = data;

  server_connection_free (self->connection);
  g_free (self);
}

static void
serve (int    epoll,
       Watch *self)
{
  guint32 events;

  if (!server_connection_on_ready (self->connection))
    {
      g_hash_table_remove (clients, self);
      return;
    }

  events = server_connection_get_events (self->connection);
  if (events != self->connection->events)
    watch (epoll, EPOLL_CTL_MOD, self, events);
  self->connection->events = events;
}

static void
restart_cb (int number)
{
  is_restarting = TRUE;
}

/* @while_waiting: the signals that are blocked during the wait. SIGHUP is blocked at all other
 *   times, because otherwise a SIGHUP just before the wait would not end the wait. */
static void
run (int             epoll,
     Watch          *input,
     const sigset_t *while_waiting)
{
  struct epoll_event events[EVENTS_PER_TURN];
  int n;
  int i;

  for (;;)
    {
      n = epoll_pwait (epoll, events, EVENTS_PER_TURN, -1, while_waiting);

      if (is_restarting)
        {
          is_restarting = FALSE;
          g_hash_table_remove_all (clients);
          continue;
        }

      for (i = 0; i < n; i++)
        {
          Watch *self = events[i].data.ptr;

          if (self == input)
            return;
          else if (self->connection == NULL)
            accept_all (epoll, self);
          else
            serve (epoll, self);
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Watch input = { .fd = STDIN_FILENO };
  struct rlimit files;
  sigset_t hangup, before;
  SSL_CTX *tls = NULL;
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  int port;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    g_error ("%s", error->message);

  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);

  /* OpenSSL writes without MSG_NOSIGNAL, so SIGPIPE would end the server when a client has
   * disconnected. */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, restart_cb);
  sigemptyset (&hangup);
  sigaddset (&hangup, SIGHUP);
  sigprocmask (SIG_BLOCK, &hangup, &before);
  sigdelset (&before, SIGHUP);
  clients = g_hash_table_new_full (NULL, NULL, free_client, NULL);

  if (certificate != NULL && key != NULL)
    tls = server_tls_new (certificate, key);

  watch (epoll, EPOLL_CTL_ADD, &input, EPOLLIN);
  port = listen_on_all (epoll, NULL);
  printf ("%d %d\n", port, tls != NULL ? listen_on_all (epoll, tls) : 0);
  fflush (stdout);
  run (epoll, &input, &before);

  /* The kernel closes the connections that are still open. */
  _Exit (0);
}
