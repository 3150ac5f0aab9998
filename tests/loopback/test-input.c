/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
expect_refusal (Fixture    *fixture,
                const char *word,
                const char *said)
{
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GError) error = NULL;

  hb_websocket_task_open (fixture->task);
  assert_state (fixture->task, HB_STATE_CLOSED);
  signal_log_expect_now (fixture->log, word);
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), said));

  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &opened);
  signal_log_expect_now (fixture->log, word);
  wait_until (opened != NULL);
  g_assert_false (hb_websocket_task_open_finish (fixture->task, opened, &error));
  g_assert_nonnull (strstr (error->message, said));

  wait_idle ();
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 0);
}

static void
test_uri (Fixture       *fixture,
          gconstpointer  data)
{
  const struct
  {
    const char *uri;
    const char *said;
  } bad[] = {
    { NULL, "is missing" },
    { "", "begin" },
    { "nonsense", "begin" },
    { "ws://[::1", "host" },
    { "ws://host:port/", "port" },
    { "ws://127.0.0.1:99999/", "port" },
    { "http://127.0.0.1/", "“http”" },
    { "ftp://127.0.0.1/", "“ftp”" },
    { "ws:///path", "no host" },
    { "ws://127.0.0.1/#part", "fragment" },
  };
  g_autofree char *good = g_strdup (hb_websocket_task_get_uri (fixture->task));
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i].uri);
      hb_websocket_task_set_uri (fixture->task, bad[i].uri);
      expect_refusal (fixture, "error:invalid-uri", bad[i].said);
    }

  hb_websocket_task_set_uri (fixture->task, good);
  fixture_open (fixture);
}

/* The scheme may be in upper case. The path and the query are sent as they are written. */
static void
test_unusual_uri (Fixture       *fixture,
                  gconstpointer  data)
{
  const char *uri = raw_server_get_uri (fixture->raw);
  g_autofree char *unusual = g_strdup_printf ("WS%schat%%20room?token=a%%2Fb&c", uri + 2);
  RawPeer *peer;

  hb_websocket_task_set_uri (fixture->task, unusual);
  peer = fixture_open_raw (fixture);
  g_assert_true (g_str_has_prefix (raw_peer_get_request (peer),
                                   "GET /chat%20room?token=a%2Fb&c HTTP/1.1\r\n"));
}

static void
test_protocols (Fixture       *fixture,
                gconstpointer  data)
{
  const char *no_token[] = { "chat", "no token", NULL };
  const char *empty[] = { "", NULL };
  const char *newline[] = { "chat\r\nX-Evil: 1", NULL };
  const char *twice[] = { "chat", "news", "chat", NULL };

  hb_websocket_task_set_protocols (fixture->task, no_token);
  expect_refusal (fixture, "error:invalid-argument", "“no token”");
  hb_websocket_task_set_protocols (fixture->task, empty);
  expect_refusal (fixture, "error:invalid-argument", "“”");
  hb_websocket_task_set_protocols (fixture->task, newline);
  expect_refusal (fixture, "error:invalid-argument", "chat\\r\\nX-Evil");
  hb_websocket_task_set_protocols (fixture->task, twice);
  expect_refusal (fixture, "error:invalid-argument", "“chat” is offered twice");
}

static void
test_origin (Fixture       *fixture,
             gconstpointer  data)
{
  hb_websocket_task_set_origin (fixture->task, "https://example.com\r\nX-Evil: 1");
  expect_refusal (fixture, "error:invalid-argument", "X-Evil");
  hb_websocket_task_set_origin (fixture->task, "https://ex\xc3\xa4mple.com");
  expect_refusal (fixture, "error:invalid-argument", "visible ASCII");
}

/* No error contains the secrets of a URI. */
static void
test_secrets (Fixture       *fixture,
              gconstpointer  data)
{
  const char *uris[] = {
    "http://user:secret@127.0.0.1/?token=secret",
    "ws://user:secret@127.0.0.1/?token=secret#secret",
    "ws://user:secret@127.0.0.1:port/?token=secret",
    "ws://user:secret@127.0.0.1:1/?token=secret",
  };
  guint i;

  hb_websocket_task_set_repeat_limit (fixture->task, 0);

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      hb_websocket_task_set_uri (fixture->task, uris[i]);
      hb_websocket_task_open (fixture->task);
      wait_until (hb_websocket_task_get_state (fixture->task) == HB_STATE_CLOSED);
      g_assert_null (strstr (signal_log_get_error (fixture->log), "secret"));
      signal_log_forget (fixture->log);
    }
}

static void
test_uri_becomes_wrong (Fixture       *fixture,
                        gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_set_uri (fixture->task, "gopher://127.0.0.1/");
  wait_idle ();
  assert_state (fixture->task, HB_STATE_OPEN);
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  assert_sends (fixture->task, "queued");
  signal_log_expect (fixture->log, "state:closed error:invalid-uri error:closed");
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 1);
}

static void
test_close_arguments (Fixture       *fixture,
                      gconstpointer  data)
{
  const guint codes[] = { 1006, 1011, 1015, 65536 + 1000, G_MAXUINT };
  g_autoptr (GAsyncResult) closed = NULL;
  RawPeer *peer = fixture_open_raw (fixture);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *said = g_strdup_printf ("%u", codes[i]);

      hb_websocket_task_close (fixture->task, codes[i], NULL);
      signal_log_expect_now (fixture->log, "error:invalid-argument");
      g_assert_nonnull (strstr (signal_log_get_error (fixture->log), said));
    }

  /* close_async () reports this error in its result, and must not emit `error` as well. */
  hb_websocket_task_close_async (fixture->task, 1006, NULL, NULL, store_result_cb, &closed);
  expect_error (fixture->task, &closed, hb_websocket_task_close_finish, HB_ERROR,
                HB_ERROR_INVALID_ARGUMENT);
  assert_state (fixture->task, HB_STATE_OPEN);
  wait_idle ();
  raw_peer_expect_quiet (peer);
}

static void
expect_bad_text (Fixture    *fixture,
                 const char *text,
                 gsize       length,
                 const char *said)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);
  g_autoptr (GAsyncResult) sent = NULL;
  GError *error = NULL;

  g_assert_false (hb_websocket_task_send_message (fixture->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                  HB_SEND_FLAGS_DEFAULT, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, said));
  g_clear_error (&error);

  hb_websocket_task_send_message_async (fixture->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, store_result_cb, &sent);
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish, HB_ERROR,
                HB_ERROR_INVALID_ARGUMENT);
}

static void
test_text (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  g_autoptr (GAsyncResult) sent = NULL;
  GError *error = NULL;
  RawPeer *peer = fixture_open_raw (fixture);

  g_assert_false (hb_websocket_task_send_text (fixture->task, "abc\xff", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "byte 3"));
  g_clear_error (&error);
  expect_bad_text (fixture, "\xc3(", 2, "byte 0");
  expect_bad_text (fixture, "a\0b\xe2\x82", 5, "byte 3");
  expect_bad_text (fixture, "\xed\xa0\x80", 3, "byte 0");

  /* No message type has the value 8 or 9. */
  g_assert_false (hb_websocket_task_send_message (fixture->task, (SoupWebsocketDataType) 9, bytes,
                                                  HB_SEND_FLAGS_DEFAULT, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "9"));
  g_clear_error (&error);
  hb_websocket_task_send_message_async (fixture->task, (SoupWebsocketDataType) 8, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, store_result_cb, &sent);
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish, HB_ERROR,
                HB_ERROR_INVALID_ARGUMENT);

  wait_idle ();
  raw_peer_expect_quiet (peer);
  assert_state (fixture->task, HB_STATE_OPEN);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
count_cb (const char     *domain,
          GLogLevelFlags  level,
          const char     *message,
          gpointer        user_data)
{
  (*(guint *) user_data)++;
}

static gboolean
is_fatal_cb (const char     *domain,
             GLogLevelFlags  level,
             const char     *message,
             gpointer        user_data)
{
  return g_strcmp0 (domain, "libsoup") != 0;
}

/* libsoup rejects an invalid header with a warning in version 3.6.6 and later, and with a critical
 * message in earlier versions. */
static void
expect_rejected (SoupMessageHeaders *headers,
                 const char         *name,
                 const char         *value)
{
  guint n_messages = 0;
  guint handler = g_log_set_handler ("libsoup", G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING
                                                | G_LOG_FLAG_FATAL, count_cb, &n_messages);

  g_test_log_set_fatal_handler (is_fatal_cb, NULL);
  soup_message_headers_append (headers, name, value);
  g_test_log_set_fatal_handler (NULL, NULL);
  g_log_remove_handler ("libsoup", handler);
  g_assert_cmpuint (n_messages, ==, 1);
}

/* Mistakes of the programmer cause only a log message of the library or of libsoup. */
static void
test_slips (Fixture       *fixture,
            gconstpointer  data)
{
  SoupMessageHeaders *headers = hb_websocket_task_get_request_headers (fixture->task);
  GError *error = NULL;

  expect_critical ("*not held*", hb_websocket_task_release (fixture->task));
  expect_critical ("*ping-message: *", hb_websocket_task_set_ping_message (fixture->task, NULL));
  expect_critical ("*ping-message: *", hb_websocket_task_set_ping_message (fixture->task, "\xff"));
  expect_critical ("*pong-message: *", hb_websocket_task_set_pong_message (fixture->task, "\xff"));
  expect_critical ("*jitter: *", hb_websocket_task_set_reconnect_jitter (fixture->task, 1.5));
  expect_critical ("*mode*", hb_websocket_task_set_heartbeat_mode (fixture->task, 7));
  expect_critical ("*liveness*", hb_websocket_task_set_liveness (fixture->task, 7));
  expect_critical ("*overflow*", hb_websocket_task_set_overflow (fixture->task, 7));
  expect_critical ("*delivery*", hb_websocket_task_set_delivery (fixture->task, 7));
  expect_critical ("*repeat-limit: *", hb_websocket_task_set_repeat_limit (fixture->task, -2));
  expect_critical ("*text != NULL*", hb_websocket_task_send_text (fixture->task, NULL, &error));
  expect_critical ("*bytes != NULL*", hb_websocket_task_send_bytes (fixture->task, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (hb_websocket_task_get_ping_message (fixture->task), ==, "heartbeat");

  /* If libsoup accepted the line breaks, they would add a header to the request. */
  expect_rejected (headers, "X-Token", "a\r\nX-Evil: 1");
  expect_rejected (headers, "X-Token: a\r\nX-Evil", "1");
  g_assert_null (strstr (raw_peer_get_request (fixture_open_raw (fixture)), "X-"));
}

static char *
bad_ping_cb (HbWebsocketTask *task,
             gpointer         user_data)
{
  return g_strdup ("\xff");
}

static void
test_bad_ping (Fixture       *fixture,
               gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_ping_func (fixture->task, bad_ping_cb, NULL, NULL);
  peer = fixture_open_raw (fixture);
  expect_critical ("*utf8*", hb_websocket_task_check (fixture->task));
  raw_peer_expect (peer, "text:heartbeat");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Mistakes of the application are reported, and nothing invalid is sent.");

  add_raw_test ("/loopback/input/uri", test_uri);
  add_raw_test ("/loopback/input/unusual-uri", test_unusual_uri);
  add_raw_test ("/loopback/input/protocols", test_protocols);
  add_raw_test ("/loopback/input/origin", test_origin);
  add_raw_test ("/loopback/input/secrets", test_secrets);
  add_raw_test ("/loopback/input/uri-becomes-wrong", test_uri_becomes_wrong);
  add_raw_test ("/loopback/input/close-arguments", test_close_arguments);
  add_raw_test ("/loopback/input/text", test_text);
  add_raw_test ("/loopback/input/slips", test_slips);
  add_raw_test ("/loopback/input/bad-ping", test_bad_ping);

  return g_test_run ();
}
