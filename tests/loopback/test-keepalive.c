/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

#define PING_AFTER 30
#define N_REPLIES  12

/* The server sends a message every FEED milliseconds. After MAX_MESSAGES messages without a
 * heartbeat, it counts the client as dropped. With a time limit instead, the test would fail on a
 * slow machine. */
#define FEED         5
#define MAX_MESSAGES 60

typedef struct
{
  const char *name;
  const char *ping_bytes; /* (nullable) the whole ping, in place of the next two fields */
  const char *ping_head;  /* the text before the number of the ping */
  const char *ping_tail;  /* the text after the number */
  const char *ping_word;  /* the start of the word that raw_peer_take () returns for a ping */
  guint8      opcode;
  const char *reply;      /* the start of the reply; the rest of the ping's word follows it */
} Server;

static const Server servers[] = {
  { "phoenix", NULL, "{\"event\":\"heartbeat\",\"ref\":\"", "\"}",
    "text:{\"event\":\"heartbeat\",\"ref\":\"", 0x1, "{\"event\":\"phx_reply\",\"ref\":\"" },
  { "discord", NULL, "{\"op\":1,\"d\":", "}", "text:{\"op\":1,\"d\":", 0x1, "{\"op\":11,\"d\":" },
  { "ocpp", NULL, "[2,\"", "\",\"Heartbeat\",{}]", "text:[2,\"", 0x1, "[3,\"" },
  { "mqtt", "\xc0", NULL, NULL, "binary:1", 0x2, "\xd0" },
};

typedef struct
{
  const Server *server;
  RawPeer      *peer;
  guint         n_unheard; /* messages since the last heartbeat */
  guint         n_pings;
  guint         n_dropped;
} Scene;

static char *
ping_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  Scene *self = user_data;

  return g_strdup_printf ("%s%u%s", self->server->ping_head, ++self->n_pings,
                          self->server->ping_tail);
}

static gboolean
pong_cb (HbWebsocketTask       *task,
         SoupWebsocketDataType  type,
         GBytes                *message,
         gpointer               user_data)
{
  Scene *self = user_data;

  return type == (SoupWebsocketDataType) self->server->opcode
         && g_str_has_prefix (g_bytes_get_data (message, NULL), self->server->reply);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Scene                 *self)
{
  g_assert_cmpstr (g_bytes_get_data (message, NULL), ==, "news");
}

static void
received_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Scene *self = user_data;
  g_autofree char *word = raw_peer_take (peer);
  g_autofree char *reply = NULL;

  g_assert_true (g_str_has_prefix (word, self->server->ping_word));
  self->n_unheard = 0;
  reply = g_strconcat (self->server->reply, word + strlen (self->server->ping_word), NULL);
  raw_peer_send (peer, self->server->opcode, reply, strlen (reply));
}

static gboolean
feed_cb (gpointer user_data)
{
  Scene *self = user_data;

  if (self->n_unheard++ < MAX_MESSAGES)
    {
      raw_peer_send_text (self->peer, "news");
      return G_SOURCE_CONTINUE;
    }

  self->n_dropped++;

  return G_SOURCE_REMOVE;
}

static void
test_server (Fixture       *fixture,
             gconstpointer  data)
{
  Scene scene = { .server = data };
  g_autoptr (GBytes) bytes = NULL;
  guint source;

  hb_websocket_task_set_liveness (fixture->task, HB_LIVENESS_STEADY);
  hb_websocket_task_set_ping_timeout (fixture->task, PING_AFTER);
  hb_websocket_task_set_pong_func (fixture->task, pong_cb, &scene, NULL);
  if (scene.server->ping_bytes != NULL)
    {
      bytes = g_bytes_new (scene.server->ping_bytes, strlen (scene.server->ping_bytes));
      hb_websocket_task_set_ping_bytes (fixture->task, bytes);
    }
  else
    {
      hb_websocket_task_set_ping_func (fixture->task, ping_cb, &scene, NULL);
    }

  g_signal_connect (fixture->task, "message", G_CALLBACK (message_cb), &scene);
  raw_server_set_received (fixture->raw, received_cb, &scene);
  scene.peer = fixture_open_raw (fixture);
  source = g_timeout_add (FEED, feed_cb, &scene);
  wait_until (scene.n_dropped > 0
              || get_metric (fixture->task, hb_metrics_get_replies) >= N_REPLIES);

  g_assert_cmpuint (scene.n_dropped, ==, 0);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_opens), ==, 1);
  g_assert_cmpint (hb_websocket_task_get_latency (fixture->task), >=, 0);
  assert_state (fixture->task, HB_STATE_OPEN);

  g_source_remove (source);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  raw_server_set_received (fixture->raw, NULL, NULL);
  g_signal_handlers_disconnect_by_data (fixture->task, &scene);
  hb_websocket_task_set_ping_func (fixture->task, NULL, NULL, NULL);
  hb_websocket_task_set_pong_func (fixture->task, NULL, NULL, NULL);
  wait_idle ();
  signal_log_forget (fixture->log);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("With liveness STEADY, a task stays connected to servers that drop a client "
                  "without a heartbeat, however much the servers send.");

  add_raw_rows ("/loopback/keepalive/", servers, test_server);

  return g_test_run ();
}
