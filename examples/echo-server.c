/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A WebSocket server to try a client on: sends every message back, and misbehaves when told to. */

#include <libsoup/soup.h>

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_FAILED 1
#define STATUS_USAGE  2

#define HEARTBEAT "heartbeat"

/* A server should bound what one message may take; the client's own bound is the same. */
#define MAX_MESSAGE (16 * 1024 * 1024)

#define SUMMARY \
  "Listens on 127.0.0.1 for WebSockets, on any path, and sends every message back."

#define DESCRIPTION                                                                              \
  "A heartbeat is a text message “heartbeat”. It counts as a message like any other.\n"          \
  "\n"                                                                                           \
  "Exit status: 0 when ended by Ctrl-C or SIGTERM, 1 when the port cannot be had, 2 when the\n"  \
  "command line was wrong.\n"                                                                    \
  "\n"                                                                                           \
  "Examples:\n"                                                                                  \
  "  echo-server --port=8080 --verbose\n"                                                        \
  "  echo-server --port=8080 --mute-after=5     a link that looks alive and is not\n"            \
  "  echo-server --port=8080 --drop-every=10    a link that breaks again and again\n"            \
  "  echo-server --port=8080 --refuse --retry-after=3\n"

typedef struct
{
  SoupServer  *soup;      /* (owned) */
  GPtrArray   *clients;   /* (owned) (element-type Client) */
  char        *pong;      /* (owned) (nullable) */
  char       **protocols; /* (owned) (nullable) */
  int          port;
  int          mute_after;
  int          drop_every;
  int          retry_after;
  guint        n_clients;
  gboolean     refuse;
  gboolean     verbose;
} Server;

typedef struct
{
  Server                  *server;
  SoupWebsocketConnection *connection; /* (owned) */
  guint                    number;
  guint                    mute_id;
  int                      n_messages;
  gboolean                 is_gone; /* mute or dropped: what still comes is not for us */
} Client;

static void tell (Client     *client,
                  const char *format,
                  ...) G_GNUC_PRINTF (2, 3);

static void
tell (Client     *client,
      const char *format,
      ...)
{
  va_list args;

  if (!client->server->verbose)
    return;

  fprintf (stderr, "client %u: ", client->number);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

static void
client_free (Client *self)
{
  g_clear_handle_id (&self->mute_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  g_free (self);
}

static void
mute_cb (gpointer user_data)
{
  Client *self = user_data;
  GSource *input = g_main_context_find_source_by_user_data (NULL, self->connection);

  self->mute_id = 0;

  if (input != NULL)
    g_source_destroy (input);
}

/* Nothing is read any more either, so that not even a ping or a close frame is answered: for the
 * client this is a host that has vanished, though the kernel here keeps the connection up. */
static void
client_mute_if_due (Client *self)
{
  int mute_after = self->server->mute_after;

  if (self->is_gone || mute_after < 0 || self->n_messages < mute_after)
    return;

  self->is_gone = TRUE;
  tell (self, "silent from now on");

  /* libsoup has no source for its input while it reads, and makes one when it is done. */
  self->mute_id = g_idle_add_once (mute_cb, self);
  g_source_set_priority (g_main_context_find_source_by_id (NULL, self->mute_id), G_PRIORITY_HIGH);
}

/* Below the WebSocket, as a router or a crash would do it: no close frame goes out. */
static void
client_drop (Client *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);

  self->is_gone = TRUE;
  tell (self, "dropped");
  g_io_stream_close (stream, NULL, NULL);
}

static gboolean
is_text (SoupWebsocketDataType  type,
         GBytes                *message,
         const char            *text)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  return type == SOUP_WEBSOCKET_DATA_TEXT
         && size == strlen (text) && memcmp (data, text, size) == 0;
}

static void
client_on_message (Client                *self,
                   SoupWebsocketDataType  type,
                   GBytes                *message)
{
  Server *server = self->server;

  if (self->is_gone)
    return;

  self->n_messages++;
  tell (self, "message %d, %s, %" G_GSIZE_FORMAT " bytes", self->n_messages,
        type == SOUP_WEBSOCKET_DATA_TEXT ? "text" : "binary", g_bytes_get_size (message));

  if (server->drop_every > 0 && self->n_messages % server->drop_every == 0)
    {
      client_drop (self);
      return;
    }

  if (server->pong != NULL && is_text (type, message, HEARTBEAT))
    soup_websocket_connection_send_text (self->connection, server->pong);
  else
    soup_websocket_connection_send_message (self->connection, type, message);

  client_mute_if_due (self);
}

static void
client_on_closed (Client *self)
{
  tell (self, "gone, code %u", soup_websocket_connection_get_close_code (self->connection));
  g_ptr_array_remove_fast (self->server->clients, self);
}

static void
websocket_cb (SoupServer              *soup,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Server *server = user_data;
  Client *client = g_new0 (Client, 1);

  client->server = server;
  client->connection = g_object_ref (connection);
  client->number = ++server->n_clients;
  g_ptr_array_add (server->clients, client);

  soup_websocket_connection_set_max_incoming_payload_size (connection, MAX_MESSAGE);
  g_signal_connect_swapped (connection, "message", G_CALLBACK (client_on_message), client);
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (client_on_closed), client);
  tell (client, "open, path %s", path);

  client_mute_if_due (client);
}

static void
refuse_cb (SoupServer        *soup,
           SoupServerMessage *message,
           const char        *path,
           GHashTable        *query,
           gpointer           user_data)
{
  Server *server = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *seconds = g_strdup_printf ("%d", server->retry_after);

  if (server->retry_after >= 0)
    soup_message_headers_replace (headers, "Retry-After", seconds);

  soup_server_message_set_status (message, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);

  if (server->verbose)
    fputs ("refused a client\n", stderr);
}

static gboolean
listen_on_port (Server  *self,
                GError **error)
{
  g_autoslist (GUri) uris = NULL;

  self->soup = g_object_new (SOUP_TYPE_SERVER, NULL);

  if (self->refuse)
    soup_server_add_handler (self->soup, NULL, refuse_cb, self, NULL);
  else
    soup_server_add_websocket_handler (self->soup, NULL, NULL, self->protocols,
                                       websocket_cb, self, NULL);

  if (!soup_server_listen_local (self->soup, self->port, SOUP_SERVER_LISTEN_IPV4_ONLY, error))
    {
      g_prefix_error (error, "Port %d cannot be had: ", self->port);
      return FALSE;
    }

  uris = soup_server_get_uris (self->soup);
  printf ("Listening on ws://127.0.0.1:%d/\n", g_uri_get_port (uris->data));
  fflush (stdout);

  return TRUE;
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);

  return G_SOURCE_CONTINUE;
}

static int
run (Server *self)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  guint interrupt_id;
  guint terminate_id;

  if (!listen_on_port (self, &error))
    {
      fprintf (stderr, "echo-server: %s\n", error->message);
      return STATUS_FAILED;
    }

  interrupt_id = g_unix_signal_add (SIGINT, quit_cb, loop);
  terminate_id = g_unix_signal_add (SIGTERM, quit_cb, loop);
  g_main_loop_run (loop);
  g_source_remove (interrupt_id);
  g_source_remove (terminate_id);

  return EXIT_SUCCESS;
}

static gboolean
check (Server  *self,
       int      argc,
       char   **argv,
       GError **error)
{
  const char *message = NULL;

  if (argc > 1)
    message = "Only options are taken, and no arguments";
  else if (self->port < 0 || self->port > G_MAXUINT16)
    message = "--port takes a number from 0 to 65535";
  else if (self->mute_after < -1)
    message = "--mute-after takes a number from 0, or -1 for never";
  else if (self->drop_every < 0)
    message = "--drop-every takes a number from 1, or 0 for never";
  else if (self->retry_after >= 0 && !self->refuse)
    message = "--retry-after needs --refuse";
  else if (self->retry_after < -1)
    message = "--retry-after takes a number of seconds from 0";

  if (message == NULL)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
parse (Server   *self,
       int       argc,
       char    **argv,
       GError  **error)
{
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &self->port,
      "Listen on this port, 0: on any that is free (0)", "PORT" },
    { "protocol", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->protocols,
      "Accept this subprotocol (may be given more than once)", "NAME" },
    { "pong", 0, 0, G_OPTION_ARG_STRING, &self->pong,
      "Answer a heartbeat with this text instead of sending it back", "TEXT" },
    { "mute-after", 0, 0, G_OPTION_ARG_INT, &self->mute_after,
      "After so many messages of a client, be silent but stay connected", "N" },
    { "drop-every", 0, 0, G_OPTION_ARG_INT, &self->drop_every,
      "At every so many messages of a client, drop it without a close frame", "N" },
    { "refuse", 0, 0, G_OPTION_ARG_NONE, &self->refuse,
      "Answer every handshake with 503 Service Unavailable", NULL },
    { "retry-after", 0, 0, G_OPTION_ARG_INT, &self->retry_after,
      "With --refuse: ask clients to wait for so long", "SECONDS" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &self->verbose,
      "Tell on standard error of every client and message", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);

  return g_option_context_parse (context, &argc, &argv, error) && check (self, argc, argv, error);
}

int
main (int    argc,
      char **argv)
{
  Server self = { .mute_after = -1, .retry_after = -1 };
  g_autoptr (GError) error = NULL;
  int status;

  setlocale (LC_ALL, "");
  self.clients = g_ptr_array_new_with_free_func ((GDestroyNotify) client_free);

  if (parse (&self, argc, argv, &error))
    {
      status = run (&self);
    }
  else
    {
      fprintf (stderr, "echo-server: %s\necho-server --help tells how to call it\n",
               error->message);
      status = STATUS_USAGE;
    }

  g_clear_pointer (&self.clients, g_ptr_array_unref);
  g_clear_object (&self.soup);
  g_clear_pointer (&self.protocols, g_strfreev);
  g_clear_pointer (&self.pong, g_free);

  return status;
}
