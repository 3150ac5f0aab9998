/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "recipes.h"

/* Paths of the peer in tests/apps/bindings, for the programs in doc/cookbook.md and doc/gtk.md. The
 * programs must react when the server ends or refuses connections:
 *
 * - /requests sends a message without an id, answers {"id":N,"method":"version"}, and drops the
 *   connection after any other method.
 * - /topics answers "subscribe X" with X and the number of the connection. The first connection is
 *   closed after its second subscription.
 * - /members accepts a client with the last ticket that GET /ticket returned. Each handshake, even
 *   a refused one, makes this ticket invalid. The first connection is dropped.
 * - /restarting drops the first connection.
 * - /refused refuses each handshake with status 403. */

#define VERSION "{\"id\":%s,\"result\":\"1.0\"}"

static guint n_topic_connections;
static guint last_ticket;
static guint last_used_ticket;

static void
drop (SoupWebsocketConnection *connection)
{
  g_io_stream_close (soup_websocket_connection_get_io_stream (connection), NULL, NULL);
}

static void
keep (SoupWebsocketConnection *connection)
{
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);
}

static char *
find (const char *text,
      const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  g_regex_match (regex, text, G_REGEX_MATCH_DEFAULT, &match);

  return g_match_info_fetch (match, 1);
}

static void
request_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message)
{
  const char *text = g_bytes_get_data (message, NULL);
  g_autofree char *id = find (text, "\"id\"\\s*:\\s*([0-9]+)");
  g_autofree char *method = find (text, "\"method\"\\s*:\\s*\"([a-z]+)\"");
  g_autofree char *answer = g_strdup_printf (VERSION, id);

  if (g_strcmp0 (method, "version") == 0)
    soup_websocket_connection_send_text (connection, answer);
  else
    drop (connection);
}

static void
requests_cb (SoupServer              *server,
             SoupServerMessage       *message,
             const char              *path,
             SoupWebsocketConnection *connection,
             gpointer                 user_data)
{
  soup_websocket_connection_send_text (connection, "{\"event\":\"started\"}");
  g_signal_connect (connection, "message", G_CALLBACK (request_cb), NULL);
  keep (connection);
}

static void
topic_cb (SoupWebsocketConnection *connection,
          SoupWebsocketDataType    type,
          GBytes                  *message,
          gpointer                 user_data)
{
  const char *text = g_bytes_get_data (message, NULL);
  g_autofree char *topic = find (text, "^subscribe ([a-z]+)$");
  guint number = GPOINTER_TO_UINT (user_data);
  guint n_topics = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (connection), "n-topics")) + 1;
  g_autofree char *answer = g_strdup_printf ("%s on connection %u", topic, number);

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  g_object_set_data (G_OBJECT (connection), "n-topics", GUINT_TO_POINTER (n_topics));
  soup_websocket_connection_send_text (connection, answer);
  if (number == 1 && n_topics == 2)
    soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
}

static void
topics_cb (SoupServer              *server,
           SoupServerMessage       *message,
           const char              *path,
           SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  n_topic_connections++;
  g_signal_connect (connection, "message", G_CALLBACK (topic_cb),
                    GUINT_TO_POINTER (n_topic_connections));
  keep (connection);
}

static void
restarting_cb (SoupServer              *server,
               SoupServerMessage       *message,
               const char              *path,
               SoupWebsocketConnection *connection,
               gpointer                 user_data)
{
  guint *n_connections = user_data;

  (*n_connections)++;
  if (*n_connections == 1)
    drop (connection);
  else
    keep (connection);
}

static void
check_ticket_cb (SoupServer        *server,
                 SoupServerMessage *message,
                 const char        *path,
                 GHashTable        *query,
                 gpointer           user_data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *value = soup_message_headers_get_one (headers, "Authorization");
  g_autofree char *expected = g_strdup_printf ("Bearer %u", last_ticket);

  if (last_used_ticket == last_ticket || g_strcmp0 (value, expected) != 0)
    soup_server_message_set_status (message, SOUP_STATUS_UNAUTHORIZED, NULL);
  last_used_ticket = last_ticket;
}

static void
ticket_cb (SoupServer        *server,
           SoupServerMessage *message,
           const char        *path,
           GHashTable        *query,
           gpointer           user_data)
{
  g_autofree char *ticket = g_strdup_printf ("%u", ++last_ticket);

  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY,
                                    ticket, strlen (ticket));
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

static void
refuse_cb (SoupServer        *server,
           SoupServerMessage *message,
           const char        *path,
           GHashTable        *query,
           gpointer           user_data)
{
  soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
}

void
recipes_add (SoupServer *server)
{
  static guint n_members;
  static guint n_restarts;

  soup_server_add_websocket_handler (server, "/requests", NULL, NULL, requests_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/topics", NULL, NULL, topics_cb, NULL, NULL);
  soup_server_add_websocket_handler (server, "/restarting", NULL, NULL, restarting_cb, &n_restarts,
                                     NULL);
  soup_server_add_websocket_handler (server, "/members", NULL, NULL, restarting_cb, &n_members,
                                     NULL);
  soup_server_add_early_handler (server, "/members", check_ticket_cb, NULL, NULL);
  soup_server_add_handler (server, "/ticket", ticket_cb, NULL, NULL);
  soup_server_add_early_handler (server, "/refused", refuse_cb, NULL, NULL);
}
