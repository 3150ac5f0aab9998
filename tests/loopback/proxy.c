/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "proxy.h"
#include "test-wait.h"

struct _Proxy
{
  GSocketService *service;
  GCancellable   *cancellable;
  GPtrArray      *requests;      /* the heads of all requests */
  char           *authorization; /* (nullable) the line that each request must have, with CRLFs */
  char           *answer;        /* (nullable) the answer to all requests, in place of a tunnel */
  guint           n_clients;
  guint16         port;
};

/* A connection of a client. Each pending operation holds a reference. */
typedef struct
{
  Proxy            *proxy;
  GIOStream        *stream;
  GDataInputStream *input;
  GIOStream        *server; /* (nullable) the connection at the other end of the tunnel */
  GString          *head;
} Client;

#define NEEDS_PASSWORD "HTTP/1.1 407 Proxy Authentication Required\r\n" \
                       "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"
#define ESTABLISHED    "HTTP/1.1 200 Connection established\r\n\r\n"

static void read_line (Client *self);

static void
free_client (gpointer data)
{
  Client *self = data;

  g_io_stream_close (self->stream, NULL, NULL);
  if (self->server != NULL)
    g_io_stream_close (self->server, NULL, NULL);

  self->proxy->n_clients--;
  g_clear_object (&self->input);
  g_clear_object (&self->server);
  g_object_unref (self->stream);
  g_string_free (self->head, TRUE);
}

static void
unref_client (Client *self)
{
  g_rc_box_release_full (self, free_client);
}

/* Ends the other direction of the tunnel too. */
static void
spliced_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Client *self = user_data;

  g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)),
                     TRUE, TRUE, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->server)),
                     TRUE, TRUE, NULL);
  unref_client (self);
}

static void
splice (Client       *self,
        GIOStream    *to,
        GInputStream *from)
{
  g_output_stream_splice_async (g_io_stream_get_output_stream (to), from,
                                G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT,
                                self->proxy->cancellable, spliced_cb, g_rc_box_acquire (self));
}

static void
say (Client     *self,
     const char *answer)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), answer, strlen (answer),
                             NULL, NULL, NULL);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Client *self = user_data;
  GSocketConnection *server;

  server = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, NULL);
  if (server != NULL)
    {
      self->server = G_IO_STREAM (server);
      say (self, ESTABLISHED);
      splice (self, self->server, G_INPUT_STREAM (self->input));
      splice (self, self->stream, g_io_stream_get_input_stream (self->server));
    }

  unref_client (self);
}

static void
tunnel (Client *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_auto (GStrv) words = g_strsplit (self->head->str, " ", 3);
  g_autofree char *own = g_strdup_printf ("127.0.0.1:%u", self->proxy->port);

  /* A request for a tunnel to the proxy itself would be an error in the client. */
  g_assert_cmpstr (words[1], !=, own);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_to_host_async (client, words[1], 443, self->proxy->cancellable,
                                         connected_cb, g_rc_box_acquire (self));
}

static void
answer_request (Client *self)
{
  Proxy *proxy = self->proxy;
  gboolean is_connect = g_str_has_prefix (self->head->str, "CONNECT ");

  g_ptr_array_add (proxy->requests, g_strdup (self->head->str));

  if (proxy->authorization != NULL && strstr (self->head->str, proxy->authorization) == NULL)
    say (self, NEEDS_PASSWORD);
  else if (proxy->answer != NULL)
    say (self, proxy->answer);
  else
    g_assert_true (is_connect);

  if (proxy->answer == NULL && is_connect
      && (proxy->authorization == NULL || strstr (self->head->str, proxy->authorization) != NULL))
    tunnel (self);
  else
    read_line (self);
}

static void
line_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Client *self = user_data;
  g_autofree char *line = NULL;

  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  if (line != NULL)
    {
      g_string_append_printf (self->head, "%s\r\n", line);
      if (*line != '\0')
        read_line (self);
      else
        answer_request (self);
    }

  unref_client (self);
}

static void
read_line (Client *self)
{
  if (g_str_has_suffix (self->head->str, "\r\n\r\n"))
    g_string_truncate (self->head, 0);

  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, self->proxy->cancellable,
                                       line_cb, g_rc_box_acquire (self));
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  Client *self = g_rc_box_new0 (Client);

  self->proxy = user_data;
  self->proxy->n_clients++;
  self->stream = g_object_ref (G_IO_STREAM (connection));
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (self->stream));
  g_data_input_stream_set_newline_type (self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  self->head = g_string_new (NULL);
  read_line (self);
  unref_client (self);

  return TRUE;
}

Proxy *
proxy_new (void)
{
  Proxy *self = g_new0 (Proxy, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;

  self->requests = g_ptr_array_new_with_free_func (g_free);
  self->cancellable = g_cancellable_new ();
  self->service = g_socket_service_new ();
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);

  return self;
}

void
proxy_free (Proxy *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_cancellable_cancel (self->cancellable);
  wait_until (self->n_clients == 0);
  g_object_unref (self->service);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->requests);
  g_free (self->authorization);
  g_free (self->answer);
  g_free (self);
}

/* @user_info: (nullable): the user and the password, separated by a colon */
char *
proxy_make_uri (Proxy      *self,
                const char *user_info)
{
  return g_strdup_printf ("http://%s%s127.0.0.1:%u", user_info != NULL ? user_info : "",
                          user_info != NULL ? "@" : "", self->port);
}

/* @user_info: (nullable): as for proxy_make_uri () */
void
proxy_use (Proxy       *self,
           SoupSession *session,
           const char  *user_info)
{
  g_autofree char *uri = proxy_make_uri (self, user_info);
  g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (uri, NULL);

  soup_session_set_proxy_resolver (session, resolver);
}

/* Makes the proxy require the login @user_info from now on. */
void
proxy_require (Proxy      *self,
               const char *user_info)
{
  g_autofree char *encoded = NULL;

  encoded = g_base64_encode ((const guchar *) user_info, strlen (user_info));
  g_free (self->authorization);
  self->authorization = g_strdup_printf ("\r\nProxy-Authorization: Basic %s\r\n", encoded);
}

/* @answer: the answer to all requests, except those that lack a required login */
void
proxy_set_answer (Proxy      *self,
                  const char *answer)
{
  g_free (self->answer);
  self->answer = g_strdup (answer);
}

guint
proxy_get_n_requests (Proxy *self)
{
  return self->requests->len;
}

const char *
proxy_get_request (Proxy *self,
                   guint  index)
{
  g_assert_cmpuint (index, <, self->requests->len);

  return g_ptr_array_index (self->requests, index);
}
