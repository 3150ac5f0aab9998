/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
test_protocols (Fixture       *fixture,
                gconstpointer  data)
{
  const char *offered[] = { "chat.v2", "chat.v1", NULL };
  const char *known[] = { "chat.v1", "news", NULL };

  test_server_set_protocols (fixture->server, known);
  hb_websocket_task_set_protocols (fixture->task, offered);
  g_assert_null (hb_websocket_task_get_protocol (fixture->task));
  fixture_open (fixture);
  g_assert_cmpstr (test_server_get_header (fixture->server, "Sec-WebSocket-Protocol"), ==,
                   "chat.v2, chat.v1");
  g_assert_cmpstr (hb_websocket_task_get_protocol (fixture->task), ==, "chat.v1");
  fixture_close (fixture);
  g_assert_null (hb_websocket_task_get_protocol (fixture->task));
}

typedef struct
{
  const char *name;
  const char *offered;  /* separated by commas; "" for an empty list */
  const char *header;   /* (nullable) the sent value, NULL for no header */
  const char *answer;   /* the lines that choose subprotocols, "" for no choice */
  const char *protocol; /* (nullable) "" for none, NULL if the attempt fails */
} ProtocolCase;

#define CHOOSES(protocol) "Sec-WebSocket-Protocol: " protocol "\r\n"
#define NOT_OFFERED       "not offered"

static const ProtocolCase protocols[] = {
  { "empty", "", NULL, "", "" },
  { "empty/chosen", "", NULL, CHOOSES ("chat"), NULL },
  { "none-chosen", "chat", "chat", "", "" },
  { "chosen", "chat,news", "chat, news", CHOOSES ("news"), "news" },
  { "case", "chat", "chat", CHOOSES ("CHAT"), NULL },
  { "case/offered", "chat,CHAT", "chat, CHAT", CHOOSES ("CHAT"), "CHAT" },
  { "other", "chat", "chat", CHOOSES ("news"), NULL },
  { "part", "chat.v2", "chat.v2", CHOOSES ("chat"), NULL },
  { "all", "chat,news", "chat, news", CHOOSES ("chat, news"), NULL },
  { "twice", "chat,news", "chat, news", CHOOSES ("chat") CHOOSES ("news"), NULL },
};

static void
assert_offers (RawPeer    *peer,
               const char *header)
{
  const char *request = raw_peer_get_request (peer);
  g_autofree char *line = g_strdup_printf ("\r\nSec-WebSocket-Protocol: %s\r\n", header);

  if (header == NULL)
    g_assert_null (strstr (request, "Sec-WebSocket-Protocol"));
  else
    g_assert_nonnull (strstr (request, line));
}

static void
test_protocol (Fixture       *fixture,
               gconstpointer  data)
{
  const ProtocolCase *row = data;
  g_auto (GStrv) offered = g_strsplit (row->offered, ",", -1);

  g_test_summary ("The server may choose only one of the offered subprotocols, with the same "
                  "upper-case and lower-case letters, even if libsoup accepts another choice. An "
                  "empty list offers none");

  raw_server_set_requested (fixture->raw, raw_peer_accept_with_cb, (char *) row->answer);
  hb_websocket_task_set_protocols (fixture->task, (const char * const *) offered);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_open (fixture->task);

  if (row->protocol != NULL)
    {
      signal_log_expect (fixture->log, WORDS_OPEN);
      g_assert_cmpstr (hb_websocket_task_get_protocol (fixture->task), ==,
                       row->protocol[0] != '\0' ? row->protocol : NULL);
    }
  else
    {
      signal_log_expect (fixture->log, "state:connecting connecting "
                         "state:closed error:handshake error:repeat-limit");
      g_assert_nonnull (strstr (signal_log_get_error (fixture->log), NOT_OFFERED));
      g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, 101);
    }

  assert_offers (raw_server_wait_peer (fixture->raw, 0), row->header);
}

static void
test_origin (Fixture       *fixture,
             gconstpointer  data)
{
  fixture_open (fixture);
  g_assert_null (test_server_get_header (fixture->server, "Origin"));
  hb_websocket_task_set_origin (fixture->task, "https://example.com");
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpstr (test_server_get_header (fixture->server, "Origin"), ==, "https://example.com");
}

static void
test_request_headers (Fixture       *fixture,
                      gconstpointer  data)
{
  SoupMessageHeaders *headers = hb_websocket_task_get_request_headers (fixture->task);

  soup_message_headers_append (headers, "X-Token", "first");
  soup_message_headers_append (headers, "X-List", "a");
  soup_message_headers_append (headers, "X-List", "b");
  fixture_open (fixture);
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "first");
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-List"), ==, "a, b");

  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "first");

  soup_message_headers_replace (headers, "X-Token", "second");
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "second");
}

static void
add_token_cb (HbWebsocketTask *task,
              SoupMessage     *message,
              guint           *n)
{
  g_autofree char *token = g_strdup_printf ("token-%u", ++*n);

  soup_message_headers_replace (soup_message_get_request_headers (message), "X-Token", token);
}

static void
test_connecting (Fixture       *fixture,
                 gconstpointer  data)
{
  guint n = 0;

  g_signal_connect (fixture->task, "connecting", G_CALLBACK (add_token_cb), &n);
  fixture_open (fixture);
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "token-1");
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "token-2");
}

static void
test_compression (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *text = g_strnfill (300000, 'z');
  SoupWebsocketConnection *connection;

  fixture_open (fixture);
  g_assert_null (test_server_get_header (fixture->server, "Sec-WebSocket-Extensions"));
  connection = hb_websocket_task_get_connection (fixture->task);

  /* With its own stream, the library adds an extension, which the server does not see. With
   * compression, this extension takes the place of permessage-deflate. */
  g_assert_cmpuint (g_list_length (soup_websocket_connection_get_extensions (connection)), ==,
                    has_stream ? 1 : 0);
  fixture_close (fixture);

  hb_websocket_task_set_compression (fixture->task, TRUE);
  fixture_open (fixture);
  g_assert_true (g_str_has_prefix (test_server_get_header (fixture->server,
                                                           "Sec-WebSocket-Extensions"),
                                   "permessage-deflate"));
  connection = hb_websocket_task_get_connection (fixture->task);
  g_assert_cmpuint (g_list_length (soup_websocket_connection_get_extensions (connection)), ==, 1);
  assert_sends (fixture->task, text);
  signal_log_expect (fixture->log, "message:text:300000");
  assert_sends (fixture->task, "short");
  assert_sends (fixture->task, "");
  signal_log_expect (fixture->log, "message:text:short message:text:");
  fixture_close (fixture);

  hb_websocket_task_set_compression (fixture->task, FALSE);
  fixture_open (fixture);
  g_assert_null (test_server_get_header (fixture->server, "Sec-WebSocket-Extensions"));
  fixture_close (fixture);
}

static void
test_compression_meanwhile (Fixture       *fixture,
                            gconstpointer  data)
{
  g_test_summary ("Compression may be turned on during an attempt. The session has libsoup's "
                  "feature for extensions from the start, because libsoup before 3.6.6 would free "
                  "a feature that is added during a request");

  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_open (fixture->task);
  raw_server_wait_peer (fixture->raw, 0);
  raw_server_set_answers (fixture->raw, TRUE);
  hb_websocket_task_set_compression (fixture->task, TRUE);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");

  g_assert_nonnull (strstr (raw_peer_get_request (raw_server_wait_peer (fixture->raw, 2)),
                            "permessage-deflate"));
  fixture_close_raw (fixture, raw_server_wait_peer (fixture->raw, 2));
}

static void
answer_late_cb (RawPeer  *peer,
                gpointer  n_interim)
{
  guint i;

  for (i = 0; i < GPOINTER_TO_UINT (n_interim); i++)
    raw_peer_write_text (peer, "HTTP/1.1 103 Early Hints\r\n\r\n");

  raw_peer_accept (peer);
}

static void
test_interim (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A server may send 100 interim responses before the connection opens, but not "
                  "101");

  raw_server_set_requested (fixture->raw, answer_late_cb, GUINT_TO_POINTER (100));
  fixture_close_raw (fixture, fixture_open_raw (fixture));

  raw_server_set_requested (fixture->raw, answer_late_cb, GUINT_TO_POINTER (101));
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:closed error:handshake error:repeat-limit");
}

static void
write_refusal_cb (RawPeer  *peer,
                  gpointer  user_data)
{
  raw_peer_write_text (peer, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\npage");
}

static void
assert_get_cb (SoupMessage *request,
               guint       *n)
{
  g_assert_cmpstr (soup_message_get_method (request), ==, "GET");
  ++*n;
}

static void
watch_request_cb (HbWebsocketTask *task,
                  SoupMessage     *request,
                  guint           *n)
{
  g_signal_connect (request, "got-informational", G_CALLBACK (assert_get_cb), n);
  g_signal_connect (request, "got-headers", G_CALLBACK (assert_get_cb), n);
  g_signal_connect (request, "got-body", G_CALLBACK (assert_get_cb), n);
  g_signal_connect (request, "finished", G_CALLBACK (assert_get_cb), n);
}

static void
test_method (Fixture       *fixture,
             gconstpointer  data)
{
  guint n = 0;

  g_test_summary ("Handlers for the signals of the request see the method with which it was sent");

  raw_server_set_requested (fixture->raw, write_refusal_cb, NULL);
  g_signal_connect (fixture->task, "connecting", G_CALLBACK (watch_request_cb), &n);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:repeat-limit");
  g_assert_cmpuint (n, ==, 4);
}

/* A challenge and the number of connections that the client needs */
typedef struct
{
  const char *name;
  GType     (*get_feature)  (void); /* (nullable) a feature of the session */
  const char *body;                 /* of the challenge */
  guint       n_connections;
} KeepCase;

static const KeepCase keeps[] = {
  { "empty-body", NULL, "", 1 },
  { "body", NULL, "page", 2 },
  { "ntlm", soup_auth_ntlm_get_type, "page", 1 },
  { "negotiate", soup_auth_negotiate_get_type, "page", 1 },
};

static void
challenge_cb (RawPeer  *peer,
              gpointer  user_data)
{
  const char *body = user_data;
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 401 Unauthorized\r\n"
                                             "WWW-Authenticate: Basic realm=\"realm\"\r\n"
                                             "Content-Length: %zu\r\n\r\n%s",
                                             strlen (body), body);

  if (strstr (raw_peer_get_request (peer), "\r\nAuthorization: ") == NULL)
    raw_peer_write_text (peer, answer);
  else
    raw_peer_accept (peer);
}

static void
test_keeps_connection (Fixture       *fixture,
                       gconstpointer  data)
{
  const KeepCase *keep = data;
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autofree char *uri = NULL;

  g_test_summary ("A response whose body is not empty ends its connection, unless the session has "
                  "an authentication that belongs to the connection");

  uri = g_strdup_printf ("ws://anna:s3cret@127.0.0.1:%u/", raw_server_get_port (fixture->raw));
  if (keep->get_feature != NULL)
    soup_session_add_feature_by_type (session, keep->get_feature ());

  raw_server_set_requested (fixture->raw, challenge_cb, (char *) keep->body);
  hb_websocket_task_set_uri (fixture->task, uri);
  hb_websocket_task_set_session (fixture->task, session);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, keep->n_connections);
}

static void
test_other_uri (Fixture       *fixture,
                gconstpointer  data)
{
  TestServer *other = test_server_new (TEST_SERVER_ECHO);

  fixture_open (fixture);
  hb_websocket_task_set_uri (fixture->task, test_server_get_uri (other));
  wait_idle ();
  assert_state (fixture->task, HB_STATE_OPEN);
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpuint (test_server_get_n_opened (fixture->server), ==, 1);
  g_assert_cmpuint (test_server_get_n_opened (other), ==, 1);
  fixture_close (fixture);
  test_server_free (other);
}

static gboolean
fetched_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  hb_websocket_task_release (fixture->task);

  return G_SOURCE_REMOVE;
}

static void
hold_cb (HbWebsocketTask *task,
         SoupMessage     *message,
         gpointer         user_data)
{
  Fixture *fixture = user_data;
  const char *there = test_server_get_uri (fixture->server);
  g_autoptr (GUri) uri = g_uri_parse (there, SOUP_HTTP_URI_FLAGS, NULL);

  hb_websocket_task_hold (task);
  soup_message_set_uri (message, uri);
  soup_message_headers_replace (soup_message_get_request_headers (message), "X-Token", "fetched");
  g_idle_add (fetched_cb, fixture);
}

/* A handler may give the request another URI. The hold may be longer than connect-timeout. If the
 * URI of the task has changed when the hold is released, the task makes a new request. */
static void
test_held_request (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *uri = g_strconcat (hb_websocket_task_get_uri (fixture->task), "?again", NULL);
  gulong handler;

  hb_websocket_task_set_uri (fixture->task, "ws://127.0.0.1:1/");
  handler = g_signal_connect (fixture->task, "connecting", G_CALLBACK (hold_cb), fixture);
  fixture_open (fixture);
  g_assert_cmpstr (test_server_get_header (fixture->server, "X-Token"), ==, "fetched");
  fixture_close (fixture);
  g_signal_handler_disconnect (fixture->task, handler);

  handler = g_signal_connect_swapped (fixture->task, "connecting",
                                      G_CALLBACK (hb_websocket_task_hold), fixture->task);
  hb_websocket_task_set_connect_timeout (fixture->task, 20);
  hb_websocket_task_open (fixture->task);
  wait_pass (60);
  signal_log_expect (fixture->log, "state:connecting connecting");
  g_signal_handler_disconnect (fixture->task, handler);
  hb_websocket_task_set_connect_timeout (fixture->task, 10000);
  hb_websocket_task_set_uri (fixture->task, uri);
  hb_websocket_task_release (fixture->task);
  signal_log_expect (fixture->log, "connecting state:open open");
  fixture_close (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The request of the handshake, and the negotiated options.");

  add_test ("/loopback/handshake/protocols", test_protocols);
  add_raw_rows ("/loopback/handshake/protocol/", protocols, test_protocol);
  add_test ("/loopback/handshake/origin", test_origin);
  add_test ("/loopback/handshake/request-headers", test_request_headers);
  add_test ("/loopback/handshake/connecting", test_connecting);
  add_test ("/loopback/handshake/held-request", test_held_request);
  add_test ("/loopback/handshake/compression", test_compression);
  add_raw_test ("/loopback/handshake/compression-meanwhile", test_compression_meanwhile);
  add_raw_test ("/loopback/handshake/interim", test_interim);
  add_raw_test ("/loopback/handshake/method", test_method);
  add_raw_rows ("/loopback/handshake/keeps-connection/", keeps, test_keeps_connection);
  add_test ("/loopback/handshake/other-uri", test_other_uri);

  return g_test_run ();
}
