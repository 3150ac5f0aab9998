/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>

#include "certificate.h"
#include "network.h"
#include "raw-server.h"
#include "receiver.h"

/* A server in another process, which a test can kill. The server counts the text messages that it
 * has read. Each message begins with its own number. */

typedef struct
{
  RawServer   *server;
  ReceiverLog *log;
  gsize        size;
  GArray      *last;  /* for each connection, the number of its last message, plus 1 */
  guint        n_cut; /* the number of connections that opened_cb () has cut */
} Receiver;

/* The number of earlier connections that stay open. The client no longer uses those before them. */
#define KEPT 100

/* The server sends a ping after every PING_EACH messages, so that the client also sends pongs, some
 * of them between two fragments. */
#define PING_EACH 16

static void
count_message (Receiver *self,
               RawPeer  *peer,
               guint     number)
{
  guint *last = &g_array_index (self->last, guint, raw_peer_get_index (peer));

  g_assert_cmpuint (RECEIVER_LOG_SIZE (number + 1), <=, self->size);

  self->log->n_disorders += number < *last;
  *last = number + 1;
  if (self->log->n_times[number] < G_MAXUINT8)
    self->log->n_times[number]++;

  if (number % PING_EACH == 0)
    raw_peer_send (peer, 0x9, "?", 1);
}

static void
received_cb (RawPeer  *peer,
             gpointer  user_data)
{
  g_autofree char *word = raw_peer_take (peer);

  if (g_str_has_prefix (word, "ping:"))
    raw_peer_send (peer, 0xa, word + strlen ("ping:"), strlen (word + strlen ("ping:")));
  else if (g_str_has_prefix (word, "close:"))
    raw_peer_send_close (peer, 1000, NULL);
  else if (g_str_has_prefix (word, "text:"))
    count_message (user_data, peer, strtoul (raw_peer_get_beginning (peer), NULL, 10));
}

/* Cuts the previous connection if no request has been received on it. The client has dropped that
 * connection, whose TLS handshake would otherwise occupy one of GIO's few threads. */
static void
accepted_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Receiver *self = user_data;
  guint index = raw_peer_get_index (peer);
  RawPeer *previous = index > 0 ? raw_server_get_peer (self->server, index - 1) : NULL;

  if (previous != NULL && raw_peer_get_request (previous) == NULL)
    raw_peer_cut (previous);
}

static void
opened_cb (RawPeer  *peer,
           gpointer  user_data)
{
  Receiver *self = user_data;
  guint index = raw_peer_get_index (peer);

  g_array_set_size (self->last, index + 1);
  self->log->n_peers = index + 1;

  if (self->log->is_paused)
    raw_peer_pause (peer);

  for (; self->n_cut + KEPT < index; self->n_cut++)
    raw_peer_cut (raw_server_get_peer (self->server, self->n_cut));
}

static RawPeer *
get_last (Receiver *self)
{
  return raw_server_get_peer (self->server, self->log->n_peers - 1);
}

static gboolean
count_cb (gpointer user_data)
{
  Receiver *self = user_data;

  self->log->n_unread = raw_peer_count_unread (get_last (self));
  g_atomic_int_inc (&self->log->n_counts);

  return G_SOURCE_CONTINUE;
}

static gboolean
close_cb (gpointer user_data)
{
  raw_peer_cut (get_last (user_data));

  return G_SOURCE_CONTINUE;
}

static void
map_log (Receiver   *self,
         const char *path)
{
  int fd = open (path, O_RDWR | O_CLOEXEC);
  struct stat status;

  g_assert_cmpint (fstat (fd, &status), ==, 0);
  self->size = status.st_size;
  self->log = mmap (NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  g_assert_true (self->log != MAP_FAILED);
  close (fd);
}

/* The arguments are the path of the log, and `tls` or `plain`. The process ends when its parent
 * ends. */
int
main (int   argc,
      char *argv[])
{
  Receiver self = { .last = g_array_new (FALSE, TRUE, sizeof (guint)) };

  g_assert_cmpint (argc, ==, 3);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  map_log (&self, argv[1]);
  self.server = raw_server_new_at (NETWORK_SERVER,
                                   g_str_equal (argv[2], "tls") ? certificate_get () : NULL);
  raw_server_set_accepted (self.server, accepted_cb, &self);
  raw_server_set_opened (self.server, opened_cb, &self);
  raw_server_set_received (self.server, received_cb, &self);
  g_unix_signal_add (SIGUSR1, count_cb, &self);
  g_unix_signal_add (SIGTERM, close_cb, &self);
  g_atomic_int_set (&self.log->port, raw_server_get_port (self.server));

  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}
