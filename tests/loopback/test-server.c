/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "reserved-port.h"
#include "test-server.h"

struct _TestServer
{
  SoupServer         *soup;
  GSocketService     *service;     /* (nullable) NULL while the server is stopped */
  GTlsCertificate    *certificate; /* (nullable) */
  GSocket            *reservation; /* keeps the port for this server */
  GPtrArray          *sockets;     /* of all connections since the start */
  GPtrArray          *connections; /* of SoupWebsocketConnection, from the oldest to the newest */
  SoupMessageHeaders *headers;     /* (nullable) the headers of the last request */
  GString            *received;
  char               *uri;
  char               *retry_after; /* (nullable) */
  char               *close_data;  /* (nullable) the reason in the client's close frame */
  TestServerMode      mode;
  guint               close_code;
  guint               status;      /* of a rejection, or 0 to accept */
  guint16             port;
  guint               n_requests;
  guint               n_opened;
};

static void
message_cb (SoupWebsocketConnection *connection,
            int                      type,
            GBytes                  *message,
            gpointer                 user_data)
{
  TestServer *self = user_data;
  gsize length;
  const char *data = g_bytes_get_data (message, &length);

  if (self->received->len > 0)
    g_string_append_c (self->received, ' ');

  if (type == SOUP_WEBSOCKET_DATA_TEXT && length < 100)
    g_string_append_len (self->received, data, length);
  else
    g_string_append_printf (self->received, "%" G_GSIZE_FORMAT, length);

  /* The client may have disconnected. Sending would then print a critical message, which would end
   * the test. */
  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (self->mode == TEST_SERVER_PONG && length == 9 && memcmp (data, "heartbeat", length) == 0)
    soup_websocket_connection_send_text (connection, "pong");
  else if (self->mode == TEST_SERVER_ECHO || self->mode == TEST_SERVER_PONG)
    soup_websocket_connection_send_message (connection, type, message);
}

static void
closed_cb (SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  TestServer *self = user_data;

  self->close_code = soup_websocket_connection_get_close_code (connection);
  g_free (self->close_data);
  self->close_data = g_strdup (soup_websocket_connection_get_close_data (connection));
}

/* A SoupServer limits each frame to 128 KiB. In libsoup 3.8 and later, it also limits each
 * message. */
static void
lift_limits (SoupWebsocketConnection *connection)
{
  const char *limits[] = { "max-incoming-payload-size", "max-total-message-size" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (limits); i++)
    if (g_object_class_find_property (G_OBJECT_GET_CLASS (connection), limits[i]) != NULL)
      g_object_set (connection, limits[i], G_GUINT64_CONSTANT (0), NULL);
}

/* No handler is connected to `error`, because the tests check the errors of the client. A mute
 * connection reads nothing, because its source is destroyed. */
static void
websocket_cb (SoupServer              *soup,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  TestServer *self = user_data;
  GSource *input;

  self->n_opened++;
  g_ptr_array_add (self->connections, g_object_ref (connection));
  lift_limits (connection);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), self);

  if (self->mode != TEST_SERVER_MUTE)
    return;

  input = g_main_context_find_source_by_user_data (g_main_context_get_thread_default (),
                                                   connection);
  g_assert_nonnull (input);
  g_source_destroy (input);
}

static void
copy_header (const char *name,
             const char *value,
             gpointer    user_data)
{
  soup_message_headers_append (user_data, name, value);
}

static void
request_cb (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  TestServer *self = user_data;

  self->n_requests++;
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  self->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  soup_message_headers_foreach (soup_server_message_get_request_headers (message),
                                copy_header, self->headers);

  if (self->status == 0)
    return;

  soup_server_message_set_status (message, self->status, NULL);
  if (self->retry_after != NULL)
    soup_message_headers_append (soup_server_message_get_response_headers (message),
                                 "Retry-After", self->retry_after);
}

static void
end_connection (gpointer data)
{
  g_signal_handlers_disconnect_matched (data, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, message_cb, NULL);
  g_signal_handlers_disconnect_matched (data, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, closed_cb, NULL);
  g_object_run_dispose (data);
  g_object_unref (data);
}

/* Replaces libsoup's own listener. In libsoup 3.2, that listener leaks a reference to each socket,
 * which would hide leaks of hb-websocket. */
static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  TestServer *self = user_data;
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GIOStream) stream = G_IO_STREAM (g_object_ref (connection));
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GError) error = NULL;

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_ptr_array_add (self->sockets, g_object_ref (socket));

  if (self->certificate != NULL)
    {
      g_object_unref (stream);
      stream = g_tls_server_connection_new (G_IO_STREAM (connection), self->certificate, &error);
      g_assert_no_error (error);
    }

  soup_server_accept_iostream (self->soup, stream, local, remote, &error);
  g_assert_no_error (error);

  return TRUE;
}

/* Listens on the same port each time, so that a client reconnects to the same server. */
void
test_server_start (TestServer *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (self->service);
  address = g_inet_socket_address_new_from_string ("127.0.0.1", self->port);
  self->service = g_socket_service_new ();
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address,
                                 G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                 NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
}

static void
stop_reading (gpointer data,
              gpointer user_data)
{
  if (!g_socket_is_closed (data))
    g_socket_shutdown (data, TRUE, FALSE, NULL);
}

/* Has the effect of the end of the server's process. */
void
test_server_stop (TestServer *self)
{
  if (self->service != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->service, self);
      g_socket_service_stop (self->service);
      g_socket_listener_close (G_SOCKET_LISTENER (self->service));
      g_clear_object (&self->service);
    }

  /* soup_server_disconnect () would wait for a TLS handshake in another thread. That handshake
   * would wait for the client in this thread, so neither would end. A shutdown of the socket ends
   * the handshake. */
  g_ptr_array_foreach (self->sockets, stop_reading, NULL);
  soup_server_disconnect (self->soup);
  g_ptr_array_set_size (self->connections, 0);
  g_ptr_array_set_size (self->sockets, 0);
}

TestServer *
test_server_new_tls (TestServerMode   mode,
                     GTlsCertificate *certificate)
{
  TestServer *self = g_new0 (TestServer, 1);

  self->mode = mode;
  self->soup = soup_server_new (NULL, NULL);
  g_set_object (&self->certificate, certificate);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->connections = g_ptr_array_new_with_free_func (end_connection);
  self->received = g_string_new (NULL);
  soup_server_add_early_handler (self->soup, "/", request_cb, self, NULL);
  soup_server_add_websocket_handler (self->soup, "/", NULL, NULL, websocket_cb, self, NULL);
  self->reservation = reserved_port_new ("127.0.0.1", &self->port);
  test_server_start (self);
  self->uri = g_strdup_printf ("%s://127.0.0.1:%u/", certificate != NULL ? "wss" : "ws",
                               self->port);

  return self;
}

TestServer *
test_server_new (TestServerMode mode)
{
  return test_server_new_tls (mode, NULL);
}

void
test_server_free (TestServer *self)
{
  test_server_stop (self);
  g_object_unref (self->reservation);
  g_assert_finalize_object (self->soup);
  g_clear_object (&self->certificate);
  g_ptr_array_unref (self->connections);
  g_ptr_array_unref (self->sockets);
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  g_string_free (self->received, TRUE);
  g_free (self->uri);
  g_free (self->retry_after);
  g_free (self->close_data);
  g_free (self);
}

const char *
test_server_get_uri (TestServer *self)
{
  return self->uri;
}

/* Only a connection that opens in the mode TEST_SERVER_MUTE is mute. */
void
test_server_set_mode (TestServer     *self,
                      TestServerMode  mode)
{
  self->mode = mode;
}

void
test_server_set_protocols (TestServer         *self,
                           const char * const *protocols)
{
  soup_server_add_websocket_handler (self->soup, "/", NULL, (char **) protocols,
                                     websocket_cb, self, NULL);
}

/* @status: the HTTP status of the rejections, or 0 to accept requests again
 * @retry_after: (nullable): the value of the header Retry-After */
void
test_server_reject (TestServer *self,
                    guint       status,
                    const char *retry_after)
{
  self->status = status;
  g_free (self->retry_after);
  self->retry_after = g_strdup (retry_after);
}

guint
test_server_get_n_requests (TestServer *self)
{
  return self->n_requests;
}

guint
test_server_get_n_opened (TestServer *self)
{
  return self->n_opened;
}

/* Returns: (nullable): NULL if the last request did not have the header */
const char *
test_server_get_header (TestServer *self,
                        const char *name)
{
  return soup_message_headers_get_list (self->headers, name);
}

/* Returns: the newest connection */
SoupWebsocketConnection *
test_server_get_connection (TestServer *self)
{
  g_assert_cmpuint (self->connections->len, >, 0);

  return g_ptr_array_index (self->connections, self->connections->len - 1);
}

/* Returns the received messages, separated by spaces. Binary messages, and text messages of 100
 * bytes or more, are replaced with their sizes. */
const char *
test_server_get_received (TestServer *self)
{
  return self->received->str;
}

void
test_server_clear_received (TestServer *self)
{
  g_string_truncate (self->received, 0);
}

guint
test_server_get_close_code (TestServer *self)
{
  return self->close_code;
}

const char *
test_server_get_close_data (TestServer *self)
{
  return self->close_data;
}

/* Closes the newest connection's socket without a close frame. */
void
test_server_drop (TestServer *self)
{
  SoupWebsocketConnection *connection = test_server_get_connection (self);
  g_autoptr (GError) error = NULL;

  g_io_stream_close (soup_websocket_connection_get_io_stream (connection), NULL, &error);
  g_assert_no_error (error);
  g_ptr_array_remove_index (self->connections, self->connections->len - 1);
}
