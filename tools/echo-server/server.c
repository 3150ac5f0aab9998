/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "server.h"

#include "control.h"
#include "gate.h"
#include "page.h"
#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

/* Less than the usual limit on descriptors, so that the page can still be loaded */
#define MAX_CLIENTS 1000

/* The delay, in milliseconds, after a failure to accept, for example because no descriptor is
 * free */
#define ACCEPT_AGAIN 100

static void accept_next (EchoServer *self);

static void
gone_cb (EchoClient *client,
         gpointer    user_data)
{
  EchoServer *self = user_data;

  g_ptr_array_remove (self->clients, client);
}

static void
websocket_cb (SoupServer              *soup,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  EchoServer *self = user_data;
  EchoClient *client;

  client = echo_client_new (connection, soup_server_message_get_remote_address (message),
                            ++self->n_clients, &self->settings, &self->log, gone_cb, self);
  g_ptr_array_add (self->clients, client);
  echo_client_start (client, path);
}

static void
refuse (EchoServer        *self,
        SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *seconds = g_strdup_printf ("%d", self->settings.retry_after);

  if (self->settings.retry_after >= 0)
    soup_message_headers_replace (headers, "Retry-After", seconds);

  soup_server_message_set_status (message, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);

  self->n_refused++;
  echo_log_take (&self->log, ECHO_LOG_EVENT, 0, g_strdup ("refused a client"));

  if (self->settings.verbose)
    fputs ("refused a client\n", stderr);
}

/* Runs before libsoup looks for a handshake, which libsoup does only if no status is set. The page
 * is served even while connections are refused, because it has the switch that ends the refusal. */
static void
request_cb (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  EchoServer *self = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (!soup_message_headers_header_contains (headers, "Upgrade", "websocket")
      && echo_page_answer (message, path))
    return;

  if (self->settings.refuse || self->clients->len >= MAX_CLIENTS)
    refuse (self, message);
}

static gboolean
accept_again_cb (gpointer user_data)
{
  EchoServer *self = user_data;

  self->accept_id = 0;
  accept_next (self);

  return G_SOURCE_REMOVE;
}

static void
accept_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  EchoServer *self = user_data;
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (EchoGate) gate = NULL;
  g_autoptr (GError) error = NULL;

  socket = g_socket_listener_accept_socket_finish (G_SOCKET_LISTENER (object), result, NULL,
                                                   &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return;

  if (socket == NULL)
    {
      self->accept_id = g_timeout_add (ACCEPT_AGAIN, accept_again_cb, self);
      return;
    }

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  local = g_socket_get_local_address (socket, NULL);
  remote = g_socket_get_remote_address (socket, NULL);
  gate = echo_gate_new (socket);

  /* If the client has already reset the connection, the socket has no remote address. */
  if (local != NULL && remote != NULL)
    soup_server_accept_iostream (self->soup, G_IO_STREAM (gate), local, remote, NULL);

  accept_next (self);
}

static void
accept_next (EchoServer *self)
{
  g_socket_listener_accept_socket_async (self->listener, NULL, accept_cb, self);
}

void
echo_server_init (EchoServer *self)
{
  self->settings.mute_after = -1;
  self->settings.retry_after = -1;
  self->settings.limit = -1;
  self->clients = g_ptr_array_new_with_free_func ((GDestroyNotify) echo_client_free);
  echo_log_init (&self->log);
}

void
echo_server_clear (EchoServer *self)
{
  if (self->listener != NULL)
    g_socket_listener_close (self->listener);

  g_clear_handle_id (&self->accept_id, g_source_remove);
  g_clear_pointer (&self->socket, echo_socket_free);
  g_clear_pointer (&self->control, echo_control_free);
  g_clear_pointer (&self->clients, g_ptr_array_unref);
  g_clear_object (&self->soup);
  g_clear_object (&self->listener);
  g_clear_pointer (&self->settings.protocols, g_strfreev);
  g_clear_pointer (&self->settings.pong, g_free);
  g_clear_pointer (&self->settings.control, g_free);
  g_clear_pointer (&self->settings.greeting, g_free);
  g_clear_pointer (&self->settings.login, g_free);
  g_clear_pointer (&self->settings.welcome, g_free);
  echo_log_clear (&self->log);
}

/* Listens only on 127.0.0.1, because anyone who can reach the server can break its connections.
 *
 * @port: (inout): 0 for any free port; on return, the port of the server */
gboolean
echo_server_listen (EchoServer  *self,
                    guint16     *port,
                    GError     **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, *port);
  g_autoptr (GSocketAddress) effective = NULL;

  /* All clients may reconnect at the same time. A client for which the backlog has no room would
   * wait a second or longer. */
  self->listener = g_socket_listener_new ();
  g_socket_listener_set_backlog (self->listener, MAX_CLIENTS);
  if (!g_socket_listener_add_address (self->listener, wanted, G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL, &effective, error))
    return FALSE;

  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));

  self->soup = g_object_new (SOUP_TYPE_SERVER, NULL);
  soup_server_add_handler (self->soup, NULL, request_cb, self, NULL);
  soup_server_add_websocket_handler (self->soup, NULL, NULL, self->settings.protocols,
                                     websocket_cb, self, NULL);
  self->control = echo_control_new (self);
  self->socket = echo_socket_new (self->control, self->soup, *port);
  accept_next (self);

  return TRUE;
}

/* Returns: (transfer none) (nullable) */
EchoClient *
echo_server_find (EchoServer *self,
                  guint       number)
{
  guint i;

  for (i = 0; i < self->clients->len; i++)
    {
      EchoClient *client = g_ptr_array_index (self->clients, i);

      if (client->number == number)
        return client;
    }

  return NULL;
}
