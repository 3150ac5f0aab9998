/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <libsoup/soup.h>

#include "heartbeats.h"
#include "logins.h"
#include "rates.h"
#include "recipes.h"

/* The server for the tests of the bindings and for the programs in the book. The server prints its
 * URI, and a line for each connection that reaches websocket_cb () below. The server runs until its
 * standard input ends, so it never outlives a test.
 *
 * The server never answers a handshake for /never, and answers one for /not-there with status 404.
 * In tests/apps/docs, heartbeats.c, logins.c, rates.c and recipes.c add and describe further paths
 * for the book. On all other paths, the server echoes each message except the texts in obey (). */

#define CLIENT_KEY "peer-client"

#define MAX_MESSAGE (16 * 1024 * 1024)

static guint n_clients;

typedef struct
{
  SoupMessageHeaders *headers;
  GSocket            *socket;
} Client;

static void
free_client (gpointer data)
{
  Client *client = data;

  soup_message_headers_unref (client->headers);
  g_object_unref (client->socket);
  g_free (client);
}

static gboolean
obey (SoupWebsocketConnection *connection,
      Client                  *client,
      const char              *text)
{
  g_autofree char *number = NULL;
  const char *value;

  if (g_str_equal (text, "heartbeat"))
    {
      soup_websocket_connection_send_text (connection, "pong");
    }
  else if (g_str_has_prefix (text, "header "))
    {
      value = soup_message_headers_get_one (client->headers, text + strlen ("header "));
      soup_websocket_connection_send_text (connection, value != NULL ? value : "");
    }
  else if (g_str_equal (text, "leave"))
    {
      soup_websocket_connection_close (connection, 4001, "see you");
    }
  else if (g_str_equal (text, "too big"))
    {
      soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_TOO_BIG, NULL);
    }
  else if (g_str_equal (text, "drop"))
    {
      g_socket_shutdown (client->socket, TRUE, TRUE, NULL);
    }
  else if (g_str_equal (text, "clients"))
    {
      number = g_strdup_printf ("%u", n_clients);
      soup_websocket_connection_send_text (connection, number);
    }
  else
    {
      return FALSE;
    }

  return TRUE;
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            gpointer                 user_data)
{
  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (type == SOUP_WEBSOCKET_DATA_TEXT
      && obey (connection, user_data, g_bytes_get_data (message, NULL)))
    return;

  soup_websocket_connection_send_message (connection, type, message);
}

static void
closed_cb (SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  n_clients--;
  g_object_unref (connection);
}

/* A SoupServer limits frames to 128 KiB and, in libsoup 3.8 and later, also whole messages. */
static void
raise_limits (SoupWebsocketConnection *connection)
{
  const char *limits[] = { "max-incoming-payload-size", "max-total-message-size" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (limits); i++)
    if (g_object_class_find_property (G_OBJECT_GET_CLASS (connection), limits[i]) != NULL)
      g_object_set (connection, limits[i], (guint64) MAX_MESSAGE, NULL);
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Client *client = g_new0 (Client, 1);

  client->headers = soup_message_headers_ref (soup_server_message_get_request_headers (message));
  client->socket = g_object_ref (soup_server_message_get_socket (message));
  g_object_set_data_full (G_OBJECT (connection), CLIENT_KEY, client, free_client);

  raise_limits (connection);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), client);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), NULL);
  g_object_ref (connection);
  n_clients++;

  g_print ("opened %s\n", path);
}

static void
never_cb (SoupServer        *server,
          SoupServerMessage *message,
          const char        *path,
          GHashTable        *query,
          gpointer           user_data)
{
  soup_server_message_pause (message);
}

static void
not_there_cb (SoupServer        *server,
              SoupServerMessage *message,
              const char        *path,
              GHashTable        *query,
              gpointer           user_data)
{
  soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
}

static void
add_paths (SoupServer *server)
{
  static const char *protocols[] = { "chat", NULL };

  soup_server_add_websocket_handler (server, NULL, NULL, NULL, websocket_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/ws", NULL, (char **) protocols,
                                     websocket_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/private", NULL, NULL, websocket_cb, NULL, NULL);
  soup_server_add_handler (server, "/never", never_cb, NULL, NULL);
  soup_server_add_handler (server, "/not-there", not_there_cb, NULL, NULL);
  heartbeats_add (server);
  logins_add (server);
  rates_add (server);
  recipes_add (server);
}

static gboolean
input_cb (GIOChannel   *channel,
          GIOCondition  condition,
          gpointer      user_data)
{
  g_main_loop_quit (user_data);

  return G_SOURCE_REMOVE;
}

int
main (void)
{
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  g_autoptr (GError) error = NULL;
  GSList *uris;

  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  uris = soup_server_get_uris (server);
  g_print ("ws://127.0.0.1:%d/ws\n", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);

  add_paths (server);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP | G_IO_ERR, input_cb, loop);
  g_main_loop_run (loop);

  return 0;
}
