/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "heartbeats.h"

#include <string.h>

/* Paths of the peer in tests/apps/bindings, each with a heartbeat of its own, for the programs in
 * the book. On each path, the server sends a message every FEED_INTERVAL, so a client that
 * postpones its pings while messages arrive never sends a ping. */

#define FEED_INTERVAL 100 /* milliseconds */

/* Stands for the part of a ping that the reply repeats. */
#define REF "%s"

typedef struct
{
  SoupWebsocketDataType type;
  gsize                 size;
  const char           *data;
} Packet;

#define TEXT(text)   { SOUP_WEBSOCKET_DATA_TEXT, sizeof text - 1, text }
#define BINARY(data) { SOUP_WEBSOCKET_DATA_BINARY, sizeof data - 1, data }

typedef struct
{
  const char *path;
  const char *protocol;  /* (nullable) */
  Packet      greeting;  /* empty for none */
  Packet      login;     /* the first bytes of a login, empty for none */
  Packet      ack;
  Packet      ping;      /* the first bytes of a ping */
  const char *ref;       /* (nullable) the text before the part that the reply repeats */
  Packet      reply;
  Packet      feed;
} Rule;

static const Rule rules[] = {
  { .path = "/live/websocket",
    .ping = TEXT ("{\"topic\":\"phoenix\",\"event\":\"heartbeat\""),
    .ref = "\"ref\":\"",
    .reply = TEXT ("{\"event\":\"phx_reply\",\"payload\":{\"response\":{},\"status\":\"ok\"},"
                   "\"ref\":\"" REF "\",\"topic\":\"phoenix\"}"),
    .feed = TEXT ("{\"event\":\"diff\",\"payload\":{},\"ref\":null,\"topic\":\"lv:1\"}") },
  { .path = "/gateway",
    .greeting = TEXT ("{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":300}}"),
    .ping = TEXT ("{\"op\":1,\"d\":"),
    .reply = TEXT ("{\"t\":null,\"s\":null,\"op\":11,\"d\":null}"),
    .feed = TEXT ("{\"t\":\"TYPING_START\",\"s\":1,\"op\":0,\"d\":{}}") },
  { .path = "/mqtt",
    .protocol = "mqtt",
    .login = BINARY ("\x10\x0e\0\x04MQTT\x04\x02"),
    .ack = BINARY ("\x20\x02\0\0"),
    .ping = BINARY ("\xc0\0"),
    .reply = BINARY ("\xd0\0"),
    .feed = BINARY ("\x30\x03\0\x01t") },
};

static void
send_packet (SoupWebsocketConnection *connection,
             const Packet            *packet)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (packet->data, packet->size);

  if (packet->size > 0)
    soup_websocket_connection_send_message (connection, packet->type, bytes);
}

static gboolean
begins_with (GBytes                *message,
             SoupWebsocketDataType  type,
             const Packet          *packet)
{
  return packet->size > 0 && type == packet->type
         && g_bytes_get_size (message) >= packet->size
         && memcmp (g_bytes_get_data (message, NULL), packet->data, packet->size) == 0;
}

static void
reply (SoupWebsocketConnection *connection,
       const Rule              *rule,
       const char              *ping)
{
  const char *begin = rule->ref != NULL ? strstr (ping, rule->ref) : NULL;
  g_autofree char *ref = NULL;
  g_autoptr (GString) text = NULL;

  if (rule->ref == NULL)
    {
      send_packet (connection, &rule->reply);
      return;
    }

  if (begin == NULL)
    return;

  begin += strlen (rule->ref);
  ref = g_strndup (begin, strcspn (begin, "\""));
  text = g_string_new (rule->reply.data);
  g_string_replace (text, REF, ref, 1);
  soup_websocket_connection_send_text (connection, text->str);
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType    type,
            GBytes                  *message,
            gpointer                 user_data)
{
  const Rule *rule = user_data;

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;

  if (begins_with (message, type, &rule->ping))
    reply (connection, rule, g_bytes_get_data (message, NULL));
  else if (begins_with (message, type, &rule->login))
    send_packet (connection, &rule->ack);
}

static gboolean
feed_cb (gpointer user_data)
{
  SoupWebsocketConnection *connection = user_data;
  const Rule *rule = g_object_get_data (G_OBJECT (connection), "rule");

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return G_SOURCE_REMOVE;

  send_packet (connection, &rule->feed);

  return G_SOURCE_CONTINUE;
}

static void
websocket_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  const Rule *rule = user_data;

  g_object_set_data (G_OBJECT (connection), "rule", user_data);
  g_signal_connect (connection, "message", G_CALLBACK (message_cb), user_data);
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);

  send_packet (connection, &rule->greeting);
  g_timeout_add_full (G_PRIORITY_DEFAULT, FEED_INTERVAL, feed_cb,
                      g_object_ref (connection), g_object_unref);
}

void
heartbeats_add (SoupServer *server)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      char *protocols[] = { (char *) rules[i].protocol, NULL };

      soup_server_add_websocket_handler (server, rules[i].path, NULL,
                                         rules[i].protocol != NULL ? protocols : NULL,
                                         websocket_cb, (gpointer) &rules[i], NULL);
    }
}
