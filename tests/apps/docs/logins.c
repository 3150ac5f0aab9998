/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "logins.h"

#include <string.h>

/* Paths of the peer in tests/apps/bindings that require a login or a token, for the programs in the
 * book.
 *
 * On the paths in `rules`, the server acknowledges a login after a delay. Until then, it refuses
 * requests, so a program that does not wait for the acknowledgement fails.
 *
 * /private refuses handshakes without the token that GET /token returns. The first GET /token fails
 * with an error page that is not UTF-8. */

#define ACKNOWLEDGE_DELAY 50 /* milliseconds */

#define SALT      "salt"
#define CHALLENGE "challenge"
#define PASSWORD  "password"
#define TOKEN     "fresh"

typedef struct
{
  const char *path;
  const char *protocol;  /* (nullable) the subprotocol that the server requires */
  const char *greeting;  /* (nullable) the message that the server sends first */
  const char *login;     /* (nullable) a part of the login; is_login () explains NULL */
  const char *ack;
  const char *refusal;   /* (nullable) the message to a refused client */
  guint       code;      /* the close code for a refused client, or 0 to keep the connection */
  const char *request;   /* a part of each request that the server answers */
  const char *answer;
} Rule;

static const Rule rules[] = {
  { "/api/websocket", NULL,
    "{\"type\": \"auth_required\", \"ha_version\": \"2026.11.0\"}",
    "\"access_token\": \"secret\"",
    "{\"type\": \"auth_ok\", \"ha_version\": \"2026.11.0\"}",
    "{\"type\": \"auth_invalid\", \"message\": \"Invalid access token or password\"}", 1000,
    "\"type\": \"subscribe_events\"",
    "{\"id\": 1, \"type\": \"result\", \"success\": true, \"result\": null}" },
  { "/obs", NULL,
    "{\"op\":0,\"d\":{\"obsWebSocketVersion\":\"5.5.0\",\"rpcVersion\":1,\"authentication\":"
    "{\"challenge\":\"" CHALLENGE "\",\"salt\":\"" SALT "\"}}}",
    NULL,
    "{\"op\":2,\"d\":{\"negotiatedRpcVersion\":1}}",
    NULL, 4007,
    "\"requestType\":\"GetVersion\"",
    "{\"op\":7,\"d\":{\"requestType\":\"GetVersion\",\"requestId\":\"1\",\"requestStatus\":"
    "{\"result\":true,\"code\":100},\"responseData\":{\"obsVersion\":\"31.0.0\"}}}" },
  { "/graphql", "graphql-transport-ws",
    NULL,
    "\"type\":\"connection_init\"",
    "{\"type\":\"connection_ack\"}",
    NULL, 4401,
    "\"type\":\"subscribe\"",
    "{\"id\":\"1\",\"type\":\"next\",\"payload\":{\"data\":{\"hello\":\"world\"}}}" },
  { "/socket/websocket", NULL,
    NULL,
    "\"phx_join\"",
    "[\"1\",\"1\",\"room:lobby\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
    "[null,\"2\",\"room:lobby\",\"phx_reply\",{\"status\":\"error\",\"response\":"
    "{\"reason\":\"unmatched topic\"}}]", 0,
    "\"new_msg\"",
    "[null,null,\"room:lobby\",\"new_msg\",{\"body\":\"hello\"}]" },
};

typedef struct
{
  const Rule *rule;
  gboolean    has_login;
  gboolean    is_in;
} Visitor;

static char *
hash (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;

  g_checksum_update (checksum, (const guint8 *) text, -1);
  g_checksum_get_digest (checksum, digest, &size);

  return g_base64_encode (digest, size);
}

/* A rule whose login is NULL is that of obs-websocket 5, whose login contains a hash of the
 * password, the salt and the challenge. */
static gboolean
is_login (const Rule *rule,
          const char *text)
{
  g_autofree char *secret = hash (PASSWORD SALT);
  g_autofree char *secret_and_challenge = g_strconcat (secret, CHALLENGE, NULL);
  g_autofree char *authentication = hash (secret_and_challenge);

  return strstr (text, rule->login != NULL ? rule->login : authentication) != NULL;
}

static gboolean
acknowledge_cb (gpointer user_data)
{
  SoupWebsocketConnection *connection = user_data;
  Visitor *visitor = g_object_get_data (G_OBJECT (connection), "visitor");

  if (soup_websocket_connection_get_state (connection) == SOUP_WEBSOCKET_STATE_OPEN)
    {
      visitor->is_in = TRUE;
      soup_websocket_connection_send_text (connection, visitor->rule->ack);
    }

  return G_SOURCE_REMOVE;
}

static void
refuse (SoupWebsocketConnection *connection,
        const Rule              *rule)
{
  if (rule->refusal != NULL)
    soup_websocket_connection_send_text (connection, rule->refusal);
  if (rule->code != 0)
    soup_websocket_connection_close (connection, rule->code, "not logged in");
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            Visitor                 *visitor)
{
  const char *text = g_bytes_get_data (message, NULL);

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (visitor->is_in && strstr (text, visitor->rule->request) != NULL)
    {
      soup_websocket_connection_send_text (connection, visitor->rule->answer);
    }
  else if (!visitor->has_login && is_login (visitor->rule, text))
    {
      visitor->has_login = TRUE;
      g_timeout_add_full (G_PRIORITY_DEFAULT, ACKNOWLEDGE_DELAY, acknowledge_cb,
                          g_object_ref (connection), g_object_unref);
    }
  else
    {
      refuse (connection, visitor->rule);
    }
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Visitor *visitor = g_new0 (Visitor, 1);

  visitor->rule = user_data;
  g_object_set_data_full (G_OBJECT (connection), "visitor", visitor, g_free);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), visitor);
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);

  if (visitor->rule->greeting != NULL)
    soup_websocket_connection_send_text (connection, visitor->rule->greeting);
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
  static gboolean is_up;
  const char *text = is_up ? TOKEN : "Serveur indisponible ou surcharg\xe9";

  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC,
                                    text, strlen (text));
  soup_server_message_set_status (message, is_up ? SOUP_STATUS_OK : SOUP_STATUS_BAD_GATEWAY, NULL);
  is_up = TRUE;
}

void
logins_add (SoupServer *server)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      char *protocols[] = { (char *) rules[i].protocol, NULL };

      soup_server_add_websocket_handler (server, rules[i].path, NULL,
                                         rules[i].protocol != NULL ? protocols : NULL,
                                         websocket_cb, (gpointer) &rules[i], NULL);
    }

  soup_server_add_early_handler (server, "/private", private_cb, NULL, NULL);
  soup_server_add_handler (server, "/token", token_cb, NULL, NULL);
}
