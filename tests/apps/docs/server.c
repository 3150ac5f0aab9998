/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <libsoup/soup.h>

#include "heartbeats.h"
#include "logins.h"
#include "rates.h"
#include "recipes.h"

/* The server that the programs of the book talk to. It prints a URI, then a line for each WebSocket
 * that opens, and serves until its standard input ends, so that it never outlives a test.
 *
 * It echoes what it receives on any path, but for the text "heartbeat", which it answers with
 * "pong". To /private it lets only those in who have the token that GET /token answers. Some paths
 * want a login first (logins.c), have a heartbeat of their own (heartbeats.c), limit the rate of
 * messages (rates.c), or end connections (recipes.c). */

#define TOKEN "fresh"

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            gpointer                 user_data)
{
  const char *text = g_bytes_get_data (message, NULL);

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (g_str_equal (text, "heartbeat"))
    soup_websocket_connection_send_text (connection, "pong");
  else
    soup_websocket_connection_send_message (connection, type, message);
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);

  g_print ("opened %s\n", path);
}

static void
private_cb (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *value = soup_message_headers_get_one (headers, "Authorization");

  if (g_strcmp0 (value, "Bearer " TOKEN) != 0)
    soup_server_message_set_status (message, SOUP_STATUS_UNAUTHORIZED, NULL);
}

static void
token_cb (SoupServer        *server,
          SoupServerMessage *message,
          const char        *path,
          GHashTable        *query,
          gpointer           user_data)
{
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC,
                                    TOKEN, strlen (TOKEN));
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
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
  g_autoslist (GUri) uris = NULL;

  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  uris = soup_server_get_uris (server);
  g_print ("ws://127.0.0.1:%d/ws\n", g_uri_get_port (uris->data));

  soup_server_add_websocket_handler (server, NULL, NULL, NULL, websocket_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/private", NULL, NULL, websocket_cb, NULL, NULL);
  soup_server_add_early_handler (server, "/private", private_cb, NULL, NULL);
  soup_server_add_handler (server, "/token", token_cb, NULL, NULL);
  heartbeats_add (server);
  logins_add (server);
  rates_add (server);
  recipes_add (server);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP | G_IO_ERR, input_cb, loop);
  g_main_loop_run (loop);

  return 0;
}
