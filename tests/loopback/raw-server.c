/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/socket.h>

#include "raw-peer.h"
#include "reserved-port.h"
#include "test-wait.h"

/* The size of the receive buffer, in bytes. The buffer is small, so the client is blocked soon
 * after the server stops reading. */
#define RECEIVE_BUFFER 32768

typedef struct
{
  RawPeerFunc func; /* (nullable) */
  gpointer    user_data;
} Hook;

struct _RawServer
{
  GSocketService  *service;     /* (nullable) */
  GSocket         *reservation; /* of the port */
  GTlsCertificate *certificate; /* (nullable) */
  GPtrArray       *peers;
  char            *host;
  char            *uri;
  char            *answer;      /* (nullable) in place of a valid answer */
  char            *greeting;    /* (nullable) a text message that is sent with a valid answer */
  Hook             hooks[RAW_STEP_RECEIVED + 1];
  guint16          port;
  gboolean         is_deaf;     /* leaves handshakes unanswered */
};

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  RawServer *self = user_data;
  RawPeer *peer = raw_peer_new (self, self->peers->len, connection);

  g_ptr_array_add (self->peers, peer);
  raw_peer_begin (peer);

  return TRUE;
}

/* Listens on the same port each time. */
void
raw_server_start (RawServer *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (self->service);
  address = g_inet_socket_address_new_from_string (self->host, self->port);
  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, &error);
  g_assert_no_error (error);
  g_socket_bind (socket, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (socket, &error);
  g_assert_no_error (error);

  self->service = g_socket_service_new ();
  g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
}

/* Keeps existing connections open. */
void
raw_server_stop (RawServer *self)
{
  if (self->service == NULL)
    return;

  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_clear_object (&self->service);
}

static void
free_peer (gpointer data)
{
  raw_peer_free (data);
}

/* @port: 0 for a port that the system chooses */
static RawServer *
new_server (const char      *host,
            guint16          port,
            GTlsCertificate *certificate)
{
  RawServer *self = g_new0 (RawServer, 1);

  self->port = port;
  self->peers = g_ptr_array_new_with_free_func (free_peer);
  self->host = g_strdup (host);
  g_set_object (&self->certificate, certificate);
  self->reservation = reserved_port_new (host, &self->port);
  raw_server_start (self);
  self->uri = g_strdup_printf ("%s://%s:%u/", certificate != NULL ? "wss" : "ws", host, self->port);

  return self;
}

/* @host: an IPv4 address of this machine, or of the current network namespace
 * @certificate: (nullable): with its key, for TLS */
RawServer *
raw_server_new_at (const char      *host,
                   GTlsCertificate *certificate)
{
  return new_server (host, 0, certificate);
}

/* Makes a server at another IPv4 address, with the same port and certificate. */
RawServer *
raw_server_new_twin (RawServer  *self,
                     const char *host)
{
  return new_server (host, self->port, self->certificate);
}

RawServer *
raw_server_new_tls (GTlsCertificate *certificate)
{
  return raw_server_new_at ("127.0.0.1", certificate);
}

RawServer *
raw_server_new (void)
{
  return raw_server_new_tls (NULL);
}

/* Fails if the test has not taken all received messages and control frames, unless it has set a
 * function for them. */
void
raw_server_free (RawServer *self)
{
  guint i;

  for (i = 0; i < self->peers->len && self->hooks[RAW_STEP_RECEIVED].func == NULL; i++)
    raw_peer_expect_quiet (raw_server_get_peer (self, i));

  raw_server_stop (self);
  g_object_unref (self->reservation);
  g_ptr_array_unref (self->peers);
  g_clear_object (&self->certificate);
  g_free (self->host);
  g_free (self->uri);
  g_free (self->answer);
  g_free (self->greeting);
  g_free (self);
}

guint16
raw_server_get_port (RawServer *self)
{
  return self->port;
}

const char *
raw_server_get_uri (RawServer *self)
{
  return self->uri;
}

/* While the server does not answer handshakes, it does not call the function that
 * raw_server_set_requested () has set. */
void
raw_server_set_answers (RawServer *self,
                        gboolean   answers)
{
  self->is_deaf = !answers;
}

gboolean
raw_server_is_deaf (RawServer *self)
{
  return self->is_deaf;
}

void
raw_server_set_answer (RawServer  *self,
                       const char *text)
{
  g_free (self->answer);
  self->answer = g_strdup (text);
}

const char *
raw_server_get_answer (RawServer *self)
{
  return self->answer;
}

void
raw_server_set_greeting (RawServer  *self,
                         const char *text)
{
  g_free (self->greeting);
  self->greeting = g_strdup (text);
}

const char *
raw_server_get_greeting (RawServer *self)
{
  return self->greeting;
}

GTlsCertificate *
raw_server_get_certificate (RawServer *self)
{
  return self->certificate;
}

/* @func: (nullable): NULL for none */
void
raw_server_set_func (RawServer   *self,
                     RawStep      step,
                     RawPeerFunc  func,
                     gpointer     user_data)
{
  self->hooks[step] = (Hook) { func, user_data };
}

/* Returns FALSE if the test has set no function for @step. */
gboolean
raw_server_notify (RawServer *self,
                   RawStep    step,
                   RawPeer   *peer)
{
  Hook hook = self->hooks[step];

  if (hook.func == NULL)
    return FALSE;

  hook.func (peer, hook.user_data);

  return TRUE;
}

/* Counts TCP connections with and without a handshake. */
guint
raw_server_get_n_accepted (RawServer *self)
{
  return self->peers->len;
}

RawPeer *
raw_server_get_peer (RawServer *self,
                     guint      index)
{
  g_assert_cmpuint (index, <, self->peers->len);

  return g_ptr_array_index (self->peers, index);
}

/* Waits until a request has been received on connection @index. */
RawPeer *
raw_server_wait_peer (RawServer *self,
                      guint      index)
{
  wait_until (self->peers->len > index
              && raw_peer_get_request (raw_server_get_peer (self, index)) != NULL);

  return raw_server_get_peer (self, index);
}
