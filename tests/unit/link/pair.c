/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/socket.h>

#include "pair.h"

static GSocket *
new_socket (int fd)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);

  return socket;
}

void
pair_set_up (Pair *self)
{
  g_autoptr (GUri) uri = g_uri_parse ("ws://127.0.0.1/", SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (GSocketConnection) stream = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  self->socket = new_socket (fds[0]);
  self->peer = new_socket (fds[1]);
  stream = g_socket_connection_factory_create_connection (self->socket);
  self->connection = soup_websocket_connection_new (G_IO_STREAM (stream), uri,
                                                    SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL,
                                                    NULL);
}

void
pair_tear_down (Pair *self)
{
  g_clear_object (&self->peer);
  g_object_run_dispose (G_OBJECT (self->connection));
  run_loop ();
  g_assert_finalize_object (self->connection);
  run_loop ();
  g_assert_finalize_object (self->socket);
}

void
pair_write (Pair       *self,
            const void *data,
            gsize       length)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_send (self->peer, data, length, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, length);
}

/* Reads all bytes that have arrived. Returns their number. */
gsize
pair_drain (Pair *self)
{
  gsize n_read = 0;
  char buffer[4096];
  gssize n;

  while ((n = g_socket_receive (self->peer, buffer, sizeof buffer, NULL, NULL)) > 0)
    n_read += n;

  return n_read;
}

/* Ends the peer's stream of bytes without a close frame. The peer can still read. */
void
pair_end (Pair *self)
{
  g_autoptr (GError) error = NULL;

  g_socket_shutdown (self->peer, FALSE, TRUE, &error);
  g_assert_no_error (error);
}

/* Runs the loop until no source is ready. */
void
run_loop (void)
{
  guint n;

  for (n = 0; g_main_context_iteration (NULL, FALSE); n++)
    g_assert_cmpuint (n, <, 10000);
}
