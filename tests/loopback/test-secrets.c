/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"

/* Secrets in URIs, header values, protocols, payloads and close reasons, and in the answers of the
 * server */

/* SECRET is a part of each secret. ENCODED is a part of the user name and password in Base64. */
#define SECRET "s3cr3t"
#define ENCODED "YW5uYTpzM2NyM3Q"

/* The log messages that do not end the test, of every domain, as "domain: text". The domain of a
 * structured message is replaced with "structured". */
static GPtrArray *log_lines;

typedef struct
{
  Fixture    base;
  GPtrArray *texts; /* of errors and of the task's properties */
} Life;

static void
capture (const char     *domain,
         GLogLevelFlags  level,
         const char     *text,
         gpointer        user_data)
{
  /* After this function returns, GLib ends the test without printing the message. */
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
    g_printerr ("%s\n", text);
  else
    g_ptr_array_add (log_lines, g_strdup_printf ("%s: %s", domain != NULL ? domain : "", text));
}

static GLogWriterOutput
capture_structured (GLogLevelFlags   level,
                    const GLogField *fields,
                    gsize            n_fields,
                    gpointer         user_data)
{
  g_autofree char *text = g_log_writer_format_fields (level, fields, n_fields, FALSE);
  capture ("structured", level, text, NULL);

  return G_LOG_WRITER_HANDLED;
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          Life            *life)
{
  g_ptr_array_add (life->texts, g_strdup (error->message));
}

/* The settings of the application may contain secrets, so only other properties are recorded. */
static void
notify_cb (HbWebsocketTask *task,
           GParamSpec      *pspec,
           Life            *life)
{
  GValue value = G_VALUE_INIT;

  if ((pspec->flags & G_PARAM_WRITABLE) != 0)
    return;

  g_object_get_property (G_OBJECT (task), pspec->name, &value);
  g_ptr_array_add (life->texts, g_strdup_value_contents (&value));
  g_value_unset (&value);
}

static void
set_up (Life          *life,
        gconstpointer  data)
{
  SoupMessageHeaders *headers;
  g_autofree char *uri = NULL;

  log_lines = g_ptr_array_new_with_free_func (g_free);
  fixture_set_up (&life->base, "raw");
  life->texts = g_ptr_array_new_with_free_func (g_free);
  uri = g_strdup_printf ("ws://anna:" SECRET "@%s" SECRET "?token=" SECRET,
                         strstr (raw_server_get_uri (life->base.raw), "127"));
  hb_websocket_task_set_uri (life->base.task, uri);
  hb_websocket_task_set_ping_message (life->base.task, "ping-" SECRET);
  hb_websocket_task_set_pong_message (life->base.task, "pong-" SECRET);
  headers = hb_websocket_task_get_request_headers (life->base.task);
  soup_message_headers_append (headers, "Authorization", "Bearer " SECRET);
  soup_message_headers_append (headers, "Cookie", "session=" SECRET);
  soup_message_headers_append (headers, "X-Api-Key", SECRET);
  g_signal_connect (life->base.task, "error", G_CALLBACK (error_cb), life);
  g_signal_connect (life->base.task, "notify", G_CALLBACK (notify_cb), life);
}

static gboolean
has_secret (const char *text)
{
  return strstr (text, SECRET) != NULL || strstr (text, ENCODED) != NULL;
}

static gboolean
has_own_line (void)
{
  guint i;

  for (i = 0; i < log_lines->len; i++)
    {
      if (g_str_has_prefix (g_ptr_array_index (log_lines, i), "hb-websocket: task "))
        return TRUE;
    }

  return FALSE;
}

/* libsoup's log messages are an exception, because the library cannot change them. The
 * documentation says that one of them quotes an invalid close frame. */
static void
assert_has_no_secret (Life *life)
{
  guint i;

  for (i = 0; i < log_lines->len; i++)
    {
      const char *line = g_ptr_array_index (log_lines, i);

      if (has_secret (line) && g_str_has_prefix (line, "libsoup"))
        {
          g_autofree char *shown = g_strescape (line, NULL);

          g_test_message ("libsoup has logged: %s", shown);
        }
      else if (has_secret (line))
        g_error ("a secret has been logged: %s", line);
    }

  for (i = 0; i < life->texts->len; i++)
    {
      if (has_secret (g_ptr_array_index (life->texts, i)))
        g_error ("a secret was printed: %s", (char *) g_ptr_array_index (life->texts, i));
    }
}

static void
tear_down (Life          *life,
           gconstpointer  data)
{
  signal_log_forget (life->base.log);
  fixture_tear_down (&life->base, data);
  assert_has_no_secret (life);

  /* The log would have no line from the library if the log handlers of this test did not work. */
  g_assert_true (has_own_line ());
  g_ptr_array_unref (life->texts);
  g_clear_pointer (&log_lines, g_ptr_array_unref);
}

/* Messages, pings, replies and close frames in both directions */
static void
test_link (Life          *life,
           gconstpointer  data)
{
  Fixture *fixture = &life->base;
  RawPeer *peer = fixture_open_raw (fixture);
  g_autoptr (GBytes) bytes = g_bytes_new_static (SECRET, strlen (SECRET));

  assert_sends (fixture->task, "text-" SECRET);
  g_assert_true (hb_websocket_task_send_bytes (fixture->task, bytes, NULL));
  raw_peer_expect (peer, "text:text-" SECRET " binary:6");
  raw_peer_send_text (peer, "text-" SECRET);
  signal_log_expect (fixture->log, "message:text:text-" SECRET);

  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:ping-" SECRET);
  raw_peer_send_text (peer, "pong-" SECRET);
  wait_until (hb_websocket_task_get_latency (fixture->task) >= 0);
  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:ping-" SECRET);
  raw_peer_send (peer, 0x9, SECRET, strlen (SECRET));
  raw_peer_expect (peer, "pong:" SECRET);

  raw_peer_send_close (peer, 4000, "because-" SECRET);
  signal_log_expect (fixture->log, "state:waiting close:4000:because-" SECRET " reconnect:1:20");
  raw_peer_expect (peer, "close:4000:because-" SECRET);
  signal_log_expect (fixture->log, WORDS_OPEN);
  peer = raw_server_wait_peer (fixture->raw, 1);
  hb_websocket_task_close (fixture->task, 4001, "because-" SECRET);
  raw_peer_expect (peer, "close:4001:because-" SECRET);
  raw_peer_send_close (peer, 4001, NULL);
  signal_log_expect (fixture->log, "state:closing state:closed close:4001");
}

static void
assert_fails (Life       *life,
              const char *text,
              int         code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hb_websocket_task_send_text (life->base.task, text, &error));
  g_assert_error (error, HB_ERROR, code);
  error_cb (life->base.task, error, life);
}

/* The delay is longer than the test. */
static void
stay_lost (Fixture *fixture)
{
  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
}

/* A message before mark_ready (), a ping with `ping-bytes`, and queued messages */
static void
test_login (Life          *life,
            gconstpointer  data)
{
  Fixture *fixture = &life->base;
  g_autoptr (GBytes) bytes = g_bytes_new_static (SECRET, strlen (SECRET));
  RawPeer *peer;

  stay_lost (fixture);
  hb_websocket_task_set_manual_ready (fixture->task, TRUE);
  hb_websocket_task_set_ping_bytes (fixture->task, bytes);
  peer = fixture_open_raw (fixture);
  assert_sends (fixture->task, "text-" SECRET);
  g_assert_true (hb_websocket_task_send_text_with_flags (fixture->task, SECRET,
                                                         HB_SEND_FLAGS_THIS_LINK, NULL));
  raw_peer_expect (peer, "text:" SECRET);
  hb_websocket_task_mark_ready (fixture->task);
  raw_peer_expect (peer, "text:text-" SECRET);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "binary:6");
  signal_log_expect (fixture->log, "drain");
  fixture_lose_raw (fixture, peer);
  assert_sends (fixture->task, SECRET);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 10);
  assert_fails (life, SECRET, HB_ERROR_QUEUE_FULL);
  hb_websocket_task_set_queue_timeout (fixture->task, 1);
  signal_log_skip_to (fixture->log, "error:expired");
}

/* The error quotes the argument, as documented, but the log does not. */
static void
test_argument (Life          *life,
               gconstpointer  data)
{
  const char *protocols[] = { SECRET "/" SECRET, NULL };

  hb_websocket_task_set_protocols (life->base.task, protocols);
  hb_websocket_task_open (life->base.task);
  signal_log_expect (life->base.log, "error:invalid-argument");
  g_assert_true (has_secret (signal_log_get_error (life->base.log)));
  g_ptr_array_set_size (life->texts, 0);
}

static void
test_pong_timeout (Life          *life,
                   gconstpointer  data)
{
  Fixture *fixture = &life->base;
  RawPeer *peer;

  stay_lost (fixture);
  hb_websocket_task_set_pong_timeout (fixture->task, 20);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:ping-" SECRET);
  signal_log_skip_to (fixture->log, "error:pong-timeout");
}

/* @data: the server's answer to the handshake */
static void
test_answer (Life          *life,
             gconstpointer  data)
{
  raw_server_set_answer (life->base.raw, data);
  hb_websocket_task_set_compression (life->base.task, TRUE);
  hb_websocket_task_set_repeat_limit (life->base.task, 1);
  hb_websocket_task_open (life->base.task);
  signal_log_skip_to (life->base.log, "error:repeat-limit");
}

/* @data: the server's frame on an open connection */
static void
test_frame (Life          *life,
            gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (&life->base);

  stay_lost (&life->base);
  raw_peer_write_text (peer, data);
  signal_log_skip_to (life->base.log, "close:1006");
  raw_peer_forget (peer);
}

static void
test_too_big (Life          *life,
              gconstpointer  data)
{
  RawPeer *peer;

  hb_websocket_task_set_max_message_size (life->base.task, 5);
  peer = fixture_open_raw (&life->base);
  raw_peer_send_text (peer, SECRET);
  signal_log_skip_to (life->base.log, "error:message-too-big");
  wait_until (raw_peer_has_ended (peer));
  raw_peer_forget (peer);
}

static void
fail (Life       *life,
      const char *uri,
      const char *word)
{
  hb_websocket_task_set_uri (life->base.task, uri);
  hb_websocket_task_open (life->base.task);
  signal_log_skip_to (life->base.log, word);
}

/* Refused calls, and messages that are dropped from the queue */
static void
test_calls (Life          *life,
            gconstpointer  data)
{
  Fixture *fixture = &life->base;

  assert_fails (life, SECRET, HB_ERROR_CLOSED);
  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_open (fixture->task);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 10);
  assert_fails (life, SECRET "\xff", HB_ERROR_INVALID_ARGUMENT);
  assert_fails (life, SECRET SECRET, HB_ERROR_QUEUE_FULL);
  hb_websocket_task_close (fixture->task, 1006, "because-" SECRET);
  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_OLDEST);
  assert_sends (fixture->task, SECRET);
  assert_sends (fixture->task, SECRET);
  raw_server_wait_peer (fixture->raw, 0);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_skip_to (fixture->log, "error:closed");
}

static void
test_uri (Life          *life,
          gconstpointer  data)
{
  const char *uris[] = {
    "wss://anna:" SECRET "%zz@127.0.0.1/", "wss://" SECRET ":" SECRET, "wss://127.0.0.1/#" SECRET,
    "ftp://anna:" SECRET "@127.0.0.1/" SECRET, SECRET ":" SECRET, "wss:///" SECRET,
    "wss://anna:" SECRET "@/?" SECRET,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    fail (life, uris[i], "error:invalid-uri");
}

static void
drop_cb (RawPeer  *peer,
         gpointer  user_data)
{
  raw_peer_drop (peer);
}

/* The task refuses the certificate, or the server drops the connection before the handshake. */
static void
test_tls (Life          *life,
          gconstpointer  data)
{
  GTlsCertificate *certificate = certificate_get ();
  TestServer *server;
  g_autofree char *uri = NULL;
  g_autofree char *plain = NULL;

  if (!certificate_exists (certificate))
    {
      hb_websocket_task_open (life->base.task);
      return;
    }

  server = test_server_new_tls (TEST_SERVER_ECHO, certificate);
  uri = g_strdup_printf ("wss://anna:" SECRET "@%s?" SECRET,
                         strstr (test_server_get_uri (server), "127"));
  hb_websocket_task_set_repeat_limit (life->base.task, 0);
  fail (life, uri, "error:repeat-limit");
  test_server_free (server);

  raw_server_set_accepted (life->base.raw, drop_cb, NULL);
  plain = g_strdup_printf ("wss://anna:" SECRET "@%s?" SECRET,
                           strstr (raw_server_get_uri (life->base.raw), "127"));
  fail (life, plain, "error:repeat-limit");
}

/* No server listens, or the name does not exist. */
static void
test_nobody (Life          *life,
             gconstpointer  data)
{
  const char *uris[] = {
    "ws://anna:" SECRET "@127.0.0.1:1/" SECRET "?" SECRET,
    "ws://anna:" SECRET "@nobody.invalid/" SECRET "?" SECRET,
  };
  guint i;

  hb_websocket_task_set_repeat_limit (life->base.task, 0);
  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    fail (life, uris[i], "error:repeat-limit");
}

#define add(path, function, data) \
  g_test_add ("/loopback/secrets/" path, Life, data, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("No secret is in a log message, an error or a property that the task sets, "
                  "except in log messages from libsoup, and in an error that quotes an invalid "
                  "argument.");
  g_log_set_default_handler (capture, NULL);
  g_log_set_writer_func (capture_structured, NULL, NULL);

  add ("link", test_link, NULL);
  add ("login", test_login, NULL);
  add ("argument", test_argument, NULL);
  add ("pong-timeout", test_pong_timeout, NULL);
  add ("redirect", test_answer, "HTTP/1.1 302 " SECRET "\r\nContent-Length: 0\r\n"
       "Location: ws://127.0.0.1:1/" SECRET "?" SECRET "#" SECRET "\r\n\r\n");
  add ("redirect/loop", test_answer, "HTTP/1.1 302 " SECRET "\r\nContent-Length: 0\r\n"
       "Location: /" SECRET "?" SECRET "#" SECRET "\r\n\r\n");
  add ("redirect/scheme", test_answer, "HTTP/1.1 302 " SECRET "\r\nContent-Length: 0\r\n"
       "Location: ftp://anna:" SECRET "@127.0.0.1/" SECRET "?" SECRET "#" SECRET "\r\n\r\n");
  add ("redirect/user", test_answer, "HTTP/1.1 302 " SECRET "\r\nContent-Length: 0\r\n"
       "Location: ws://anna:" SECRET "@127.0.0.1/" SECRET "?" SECRET "#" SECRET "\r\n\r\n");
  add ("redirect/invalid", test_answer, "HTTP/1.1 302 " SECRET "\r\nContent-Length: 0\r\n"
       "Location: ws://[" SECRET "/" SECRET "?" SECRET "#" SECRET "\r\n\r\n");
  add ("forbidden", test_answer, "HTTP/1.1 403 " SECRET "\r\nSet-Cookie: a=" SECRET "\r\n"
       "Retry-After: " SECRET "\r\nContent-Length: 6\r\n\r\n" SECRET);
  add ("unauthorized", test_answer, "HTTP/1.1 401 " SECRET "\r\nContent-Length: 0\r\n"
       "WWW-Authenticate: Basic realm=\"" SECRET "\"\r\n\r\n");
  add ("wrong-key", test_answer, "HTTP/1.1 101 " SECRET "\r\nUpgrade: websocket\r\n"
       "Connection: Upgrade\r\nSec-WebSocket-Accept: " SECRET "\r\n\r\n");
  add ("wrong-protocol", test_answer, "HTTP/1.1 101 " SECRET "\r\nUpgrade: websocket\r\n"
       "Connection: Upgrade\r\nSec-WebSocket-Protocol: " SECRET "\r\n\r\n");
  add ("wrong-extension", test_answer, "HTTP/1.1 101 " SECRET "\r\nUpgrade: websocket\r\n"
       "Connection: Upgrade\r\n"
       "Sec-WebSocket-Extensions: permessage-deflate; \033" SECRET "\r\n\r\n");
  add ("garbage", test_answer, SECRET " " SECRET "\r\n\r\n" SECRET);
  add ("frame/reserved", test_frame, "\xf1\x06" SECRET);
  add ("frame/opcode", test_frame, "\x83\x06" SECRET);
  add ("frame/text", test_frame, "\x81\x07" SECRET "\xff");
  add ("frame/close", test_frame, "\x88\x09\x03\xe8" SECRET "\xff");
  add ("too-big", test_too_big, NULL);
  add ("calls", test_calls, NULL);
  add ("uri", test_uri, NULL);
  add ("tls", test_tls, NULL);
  add ("nobody", test_nobody, NULL);

  return g_test_run ();
}
