/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"
#include "site.h"

/* GLib 2.80 and later versions read G_MESSAGES_DEBUG only once, so the test uses
 * g_log_set_debug_enabled () instead. */

/* A task reports a missed deadline only if it was missed by more than MIN_LATE milliseconds. The
 * main loop is blocked for BLOCKED microseconds. */
#define LATE     ": a deadline passed "
#define MIN_LATE 1000
#define BLOCKED  1100000

#define MIB (1024 * 1024)

#define LINES_REQUEST \
  "open () called\n" \
  "state CONNECTING\n" \
  "request to ws://127.0.0.1:PORT\n"

#define LINES_OPEN \
  LINES_REQUEST \
  "state OPEN\n" \
  "ready\n" \
  "HTTP status 101\n"

#define LINES_CLOSE \
  "close () called, code 1000\n" \
  "state CLOSING\n" \
  "close frame, code 1000\n" \
  "the server has closed the connection, code 1000\n" \
  "connection dropped\n" \
  "state CLOSED\n" \
  "close, code 1000\n"

#define LINES_LOST \
  "connection dropped\n" \
  "state WAITING\n"

#define LINES_AGAIN \
  "attempt 1 in N ms\n" \
  "state CONNECTING\n" \
  "request to ws://127.0.0.1:PORT, attempt 1\n" \
  "state OPEN\n" \
  "ready\n"

#define LINES_RECONNECT \
  "reconnect_now () called\n" \
  "connection dropped\n" \
  "state CONNECTING\n" \
  "close, code 1006\n" \
  "request to ws://127.0.0.1:PORT\n" \
  "state OPEN\n" \
  "ready\n"

typedef struct
{
  const char *name;
  void      (*act)   (Fixture *fixture);
  const char *lines;
} Situation;

/* The debug messages of this test's tasks, one per line. Placeholders such as PORT replace the
 * parts that differ from run to run, and the texts of errors. */
static GString *lines;

static gboolean expects_late;

/* The number of the task that printed the last line */
static guint task_number;

/* On a busy machine, a task may miss a deadline unexpectedly, and then print the line of its ping
 * again. */
static void
add_line (const char *line)
{
  gboolean is_late = g_str_has_prefix (line, "a deadline passed");

  if ((is_late && !expects_late) || g_str_has_suffix (lines->str, line))
    return;

  g_string_append (lines, line);
}

static void
line_cb (const char     *domain,
         GLogLevelFlags  level,
         const char     *text,
         gpointer        user_data)
{
  g_autoptr (GRegex) number = g_regex_new ("[0-9.]+(?= ms)|(?<=acknowledged: )[0-9]+", 0, 0,
                                           NULL);
  g_autoptr (GRegex) message = g_regex_new ("(?<=[A-Z]: ).*", 0, 0, NULL);
  g_autoptr (GRegex) port = g_regex_new ("(?<=127.0.0.1:)[0-9]+", 0, 0, NULL);
  g_autofree char *line = NULL;
  g_autofree char *without_port = NULL;
  g_autofree char *without_number = NULL;
  g_autofree char *without_message = NULL;
  char *end;

  g_assert_true (g_str_has_prefix (text, "task "));
  task_number = g_ascii_strtoull (text + strlen ("task "), &end, 10);
  g_assert_true (g_str_has_prefix (end, ": "));

  if (g_str_has_prefix (end, LATE))
    g_assert_cmpint (g_ascii_strtoll (end + strlen (LATE), NULL, 10), >=, MIN_LATE);

  without_port = g_regex_replace_literal (port, end + strlen (": "), -1, 0, "PORT", 0, NULL);
  without_number = g_regex_replace_literal (number, without_port, -1, 0, "N", 0, NULL);
  without_message = g_regex_replace_literal (message, without_number, -1, 0, "TEXT", 0, NULL);
  line = g_strconcat (without_message, "\n", NULL);
  add_line (line);
}

/* Drops the debug messages of other libraries, which are turned on too and are not valid TAP. */
static GLogWriterOutput
write_cb (GLogLevelFlags   level,
          const GLogField *fields,
          gsize            n_fields,
          gpointer         user_data)
{
  return (level & G_LOG_LEVEL_DEBUG) != 0
         ? G_LOG_WRITER_HANDLED
         : g_log_writer_default (level, fields, n_fields, user_data);
}

static void
assert_lines (const char *expected)
{
  g_assert_cmpstr (lines->str, ==, expected);
  g_string_truncate (lines, 0);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  lines = g_string_new (NULL);
  expects_late = FALSE;
  g_log_set_debug_enabled (TRUE);
  fixture_set_up (fixture, "raw");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_log_set_debug_enabled (FALSE);
  signal_log_forget (fixture->log);
  fixture_tear_down (fixture, data);
  g_string_free (lines, TRUE);
}

static void
test_situation (Fixture       *fixture,
                gconstpointer  data)
{
  const Situation *situation = data;

  situation->act (fixture);
  assert_lines (situation->lines);
}

static RawPeer *
open_raw (Fixture *fixture)
{
  RawPeer *peer = fixture_open_raw (fixture);

  assert_lines (LINES_OPEN);

  return peer;
}

/* The delay is longer than the test. */
static void
stay_lost (Fixture *fixture)
{
  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
}

static void
open_and_close (Fixture *fixture)
{
  fixture_close_raw (fixture, fixture_open_raw (fixture));
}

static void
miss_close_frame (Fixture *fixture)
{
  RawPeer *peer;

  hb_websocket_task_set_close_timeout (fixture->task, 20);
  peer = open_raw (fixture);
  hb_websocket_task_close (fixture->task, 4001, "reason");
  raw_peer_expect (peer, "close:4001:reason");
  signal_log_skip_to (fixture->log, "close:1006");
}

static void
close_by_peer (Fixture *fixture)
{
  RawPeer *peer = open_raw (fixture);

  raw_peer_send_close (peer, 4000, "reason");
  raw_peer_expect (peer, "close:4000:reason");
  signal_log_skip_to (fixture->log, "open");
}

static void
end_by_peer (Fixture *fixture)
{
  fixture_lose_raw (fixture, open_raw (fixture));
  signal_log_skip_to (fixture->log, "open");
}

static void
ping (Fixture *fixture)
{
  RawPeer *peer = open_raw (fixture);

  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "ping:heartbeat");
  raw_peer_send (peer, 0xa, "heartbeat", strlen ("heartbeat"));
  wait_until (hb_websocket_task_get_latency (fixture->task) >= 0);
}

static void
miss_pong (Fixture *fixture)
{
  RawPeer *peer;

  stay_lost (fixture);
  hb_websocket_task_set_pong_timeout (fixture->task, 20);
  peer = open_raw (fixture);
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  raw_peer_expect (peer, "text:heartbeat");
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
}

static void
miss_deadline (Fixture *fixture)
{
  RawPeer *peer = open_raw (fixture);

  expects_late = TRUE;
  hb_websocket_task_set_ping_timeout (fixture->task, 20);
  g_usleep (BLOCKED);
  raw_peer_expect (peer, "text:heartbeat");
}

static void
change_network (Fixture *fixture)
{
  RawPeer *peer;

  hb_websocket_task_set_network_aware (fixture->task, TRUE);
  peer = open_raw (fixture);
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
  raw_peer_expect (peer, "text:heartbeat");
}

static void
refuse_connection (Fixture *fixture)
{
  raw_server_set_answer (fixture->raw, "HTTP/1.1 503 Later\r\nRetry-After: 7\r\n"
                                       "Content-Length: 0\r\n\r\n");
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:7000");
}

static void
time_out (Fixture *fixture)
{
  stay_lost (fixture);
  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_set_connect_timeout (fixture->task, 20);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
}

static void
cancel_opening (Fixture *fixture)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_open_async (fixture->task, cancellable, store_result_cb, &result);
  wait_until (raw_server_get_n_accepted (fixture->raw) == 1);
  g_cancellable_cancel (cancellable);
  wait_until (result != NULL);
  g_assert_false (hb_websocket_task_open_finish (fixture->task, result, NULL));
  signal_log_forget (fixture->log);
}

static void
reach_repeat_limit (Fixture *fixture)
{
  raw_server_set_answer (fixture->raw, "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n");
  hb_websocket_task_set_repeat_limit (fixture->task, 1);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:repeat-limit");
}

static void
pass_min_uptime (Fixture *fixture)
{
  hb_websocket_task_set_min_uptime (fixture->task, 1);
  fixture_lose_raw (fixture, open_raw (fixture));
  signal_log_skip_to (fixture->log, "open");
  wait_until (hb_websocket_task_get_attempt (fixture->task) == 0);
}

static void
redirect (Fixture *fixture)
{
  g_autoptr (GString) location = g_string_new ("ws://");
  Site *here = site_new (NULL);
  Site *there = site_new (NULL);

  g_string_append_printf (location, "%spath?query", site_get_authority (there));
  site_redirect (here, 302, location->str);
  hb_websocket_task_set_uri (fixture->task, site_get_uri (here));
  fixture_open (fixture);
  g_object_set_data_full (G_OBJECT (fixture->task), "here", here, (GDestroyNotify) site_free);
  g_object_set_data_full (G_OBJECT (fixture->task), "there", there, (GDestroyNotify) site_free);
}

static void
log_in (Fixture *fixture)
{
  hb_websocket_task_set_manual_ready (fixture->task, TRUE);
  fixture_open_raw (fixture);
  hb_websocket_task_mark_ready (fixture->task);
}

static void
miss_login (Fixture *fixture)
{
  stay_lost (fixture);
  hb_websocket_task_set_manual_ready (fixture->task, TRUE);
  fixture_open_raw (fixture);
  hb_websocket_task_set_connect_timeout (fixture->task, 1);
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
}

static void
hold_request (Fixture *fixture)
{
  g_signal_connect (fixture->task, "connecting", G_CALLBACK (hb_websocket_task_hold), NULL);
  hb_websocket_task_open (fixture->task);
  hb_websocket_task_release (fixture->task);
  signal_log_skip_to (fixture->log, "open");
}

static void
start_again (Fixture *fixture)
{
  open_raw (fixture);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");
}

static void
give_up (Fixture *fixture)
{
  open_raw (fixture);
  hb_websocket_task_reconnect_later (fixture->task);
  signal_log_skip_to (fixture->log, "open");
}

static void
receive_too_much (Fixture *fixture)
{
  RawPeer *peer;

  hb_websocket_task_set_max_message_size (fixture->task, 5);
  peer = open_raw (fixture);
  raw_peer_send_text (peer, "123456");
  signal_log_skip_to (fixture->log, "error:message-too-big");
  raw_peer_expect (peer, "close:1009");
}

/* A paused task stops reading when 1 MiB waits. The application receives the first message, so only
 * the second one waits. */
static void
stop_reading (Fixture *fixture)
{
  RawPeer *peer = open_raw (fixture);
  g_autofree char *data = g_malloc0 (MIB);
  GAsyncResult *result = NULL;

  hb_websocket_task_receive_async (fixture->task, NULL, store_result_cb, &result);
  raw_peer_send (peer, 0x2, data, MIB);
  wait_until (result != NULL);
  g_object_unref (result);
  raw_peer_send (peer, 0x2, data, MIB);
  wait_until (strstr (lines->str, "stopped") != NULL);
  hb_websocket_task_set_paused (fixture->task, FALSE);
  signal_log_skip_to (fixture->log, "message:binary:1048576");
  wait_until (strstr (lines->str, "continued") != NULL);
}

static void
drop_messages (Fixture *fixture)
{
  fixture_enter (fixture, HB_STATE_CONNECTING);
  g_string_truncate (lines, 0);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 10);
  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_OLDEST);
  assert_sends (fixture->task, "message1");
  assert_sends (fixture->task, "message2");
  hb_websocket_task_set_queue_timeout (fixture->task, 1);
  signal_log_skip_to (fixture->log, "error:expired");
}

static gpointer
send_in_thread (gpointer task)
{
  g_assert_false (hb_websocket_task_send_text (task, "message", NULL));

  return NULL;
}

static void
refuse_messages (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  fixture_enter (fixture, HB_STATE_CONNECTING);
  g_string_truncate (lines, 0);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 5);
  g_assert_false (hb_websocket_task_send_text (fixture->task, "message", &error));
  g_assert_false (hb_websocket_task_send_text (fixture->task, "message", NULL));
  send_async (fixture->task, "message", NULL, &result);
  g_thread_join (g_thread_new ("sender", send_in_thread, fixture->task));
  wait_until (result != NULL);
  g_object_unref (result);
}

static void
close_with_queue (Fixture *fixture)
{
  fixture_enter (fixture, HB_STATE_CONNECTING);
  g_string_truncate (lines, 0);
  assert_sends (fixture->task, "message");
  hb_websocket_task_close (fixture->task, 1000, NULL);
}

/* The text of an error about an argument or the URI may quote the invalid value, which may be
 * secret, so only the code of the error is in the debug message. */
static void
open_wrongly (Fixture *fixture)
{
  hb_websocket_task_set_uri (fixture->task, "ftp://host/");
  hb_websocket_task_open (fixture->task);
}

/* The server does not read from the first connection, so its kernel acknowledges only a part of the
 * messages. */
static void
send_again (Fixture *fixture)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (MIB), MIB / 100);
  RawPeer *peer;
  guint i;

  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);
  peer = open_raw (fixture);
  raw_peer_pause (peer);
  for (i = 0; i < 100; i++)
    hb_websocket_task_send_bytes (fixture->task, bytes, NULL);

  wait_idle ();
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "drain");
  raw_peer_forget (raw_server_wait_peer (fixture->raw, 1));
}

static const Situation situations[] = {
  { "open", open_and_close,
    LINES_OPEN
    LINES_CLOSE },
  { "close-timeout", miss_close_frame,
    "close () called, code 4001\n"
    "state CLOSING\n"
    "close frame, code 4001\n"
    "close-timeout has expired: N ms\n"
    "connection dropped\n"
    "state CLOSED\n"
    "close, code 1006\n" },
  { "closed-by-server", close_by_peer,
    "the server has closed the connection, code 4000\n"
    LINES_LOST
    "close, code 4000\n"
    LINES_AGAIN },
  { "ended-by-server", end_by_peer,
    "the server has ended the connection without a valid close frame\n"
    LINES_LOST
    "close, code 1006\n"
    LINES_AGAIN },
  { "ping", ping,
    "the property heartbeat-mode has changed\n"
    "check () called\n"
    "ping, as a ping frame\n"
    "reply to the ping after N ms\n" },
  { "pong-timeout", miss_pong,
    "the property ping-timeout has changed\n"
    "ping, as a message\n"
    "pong-timeout has expired: N ms\n"
    LINES_LOST
    "error PONG_TIMEOUT: TEXT\n"
    "close, code 1006\n"
    "attempt 1 in N ms\n" },
  { "late", miss_deadline,
    "the property ping-timeout has changed\n"
    "a deadline passed N ms ago: the process was suspended, stopped or busy\n"
    "ping, as a message\n" },
  { "network", change_network,
    "the network has changed\n"
    "ping, as a message\n" },
  { "refused", refuse_connection,
    LINES_REQUEST
    "the attempt has failed\n"
    LINES_LOST
    "HTTP status 503\n"
    "error HANDSHAKE: TEXT\n"
    "attempt 1 in N ms, not before the time of Retry-After\n" },
  { "connect-timeout", time_out,
    LINES_REQUEST
    "connect-timeout has expired: N ms\n"
    LINES_LOST
    "error CONNECT_TIMEOUT: TEXT\n"
    "attempt 1 in N ms\n" },
  { "cancelled", cancel_opening,
    LINES_REQUEST
    "a call was cancelled\n"
    "connection dropped\n"
    "state CLOSED\n" },
  { "repeat-limit", reach_repeat_limit,
    LINES_REQUEST
    "the attempt has failed\n"
    LINES_LOST
    "HTTP status 404\n"
    "error HANDSHAKE: TEXT\n"
    "attempt 1 in N ms\n"
    "state CONNECTING\n"
    "request to ws://127.0.0.1:PORT, attempt 1\n"
    "the attempt has failed\n"
    "connection dropped\n"
    "state CLOSED\n"
    "error HANDSHAKE: TEXT\n"
    "error REPEAT_LIMIT: TEXT\n" },
  { "min-uptime", pass_min_uptime,
    "the server has ended the connection without a valid close frame\n"
    LINES_LOST
    "close, code 1006\n"
    LINES_AGAIN
    "min-uptime has passed: attempts are counted from 0 again\n" },
  { "redirect", redirect,
    LINES_REQUEST
    "another request to ws://127.0.0.1:PORT, after HTTP status 302\n"
    "state OPEN\n"
    "ready\n"
    "HTTP status 101\n" },
  { "ready", log_in,
    LINES_REQUEST
    "state OPEN\n"
    "HTTP status 101\n"
    "not ready until mark_ready () is called\n"
    "mark_ready () called\n"
    "ready\n" },
  { "not-ready", miss_login,
    LINES_REQUEST
    "state OPEN\n"
    "HTTP status 101\n"
    "not ready until mark_ready () is called\n"
    "the property connect-timeout has changed\n"
    "connect-timeout has expired: N ms\n"
    LINES_LOST
    "error CONNECT_TIMEOUT: TEXT\n"
    "close, code 1006\n"
    "attempt 1 in N ms\n" },
  { "hold", hold_request,
    LINES_REQUEST
    "hold () called\n"
    "release () called\n"
    "request released\n"
    "state OPEN\n"
    "ready\n"
    "HTTP status 101\n" },
  { "reconnect-now", start_again,
    LINES_RECONNECT },
  { "sent-again", send_again,
    LINES_RECONNECT
    "messages sent again, because they were not acknowledged: N\n" },
  { "reconnect-later", give_up,
    "reconnect_later () called\n"
    LINES_LOST
    "close, code 1006\n"
    LINES_AGAIN },
  { "max-message-size", receive_too_much,
    "the connection has failed\n"
    "connection dropped\n"
    "state CLOSED\n"
    "error MESSAGE_TOO_BIG: TEXT\n"
    "close, code 1006\n" },
  { "paused", stop_reading,
    "paused by receive_async ()\n"
    "reading stopped, because received messages wait\n"
    "the property paused has changed\n"
    "reading continued\n" },
  { "dropped", drop_messages,
    "the property max-buffered-amount has changed\n"
    "the property overflow has changed\n"
    "messages dropped: 1\n"
    "error QUEUE_FULL: TEXT\n"
    "the property queue-timeout has changed\n"
    "messages dropped by queue-timeout: 1\n"
    "error EXPIRED: TEXT\n" },
  { "not-accepted", refuse_messages,
    "the property max-buffered-amount has changed\n"
    "message not accepted, QUEUE_FULL: TEXT\n"
    "message not accepted\n"
    "message not accepted, QUEUE_FULL: TEXT\n"
    "message not accepted\n" },
  { "unsent", close_with_queue,
    "close () called, code 1000\n"
    "messages dropped: 1\n"
    "connection dropped\n"
    "state CLOSED\n"
    "error CLOSED: TEXT\n" },
  { "uri", open_wrongly,
    "open () called\n"
    "error INVALID_URI\n" },
};

static void
ignore_cb (HbWebsocketTask *task,
           GError          *error,
           gpointer         user_data)
{
}

static void
test_tasks (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (HbWebsocketTask) other = hb_websocket_task_new ("ftp://host/");
  guint number;

  g_test_summary ("Each line contains the number of its task");

  g_signal_connect (other, "error", G_CALLBACK (ignore_cb), NULL);
  hb_websocket_task_open (other);
  number = task_number;
  fixture_open_raw (fixture);
  g_assert_cmpuint (task_number, !=, number);
  hb_websocket_task_open (other);
  g_assert_cmpuint (task_number, ==, number);
}

static void
test_last_reference (Fixture       *fixture,
                     gconstpointer  data)
{
  HbState state;

  g_test_summary ("A task that is disposed of before it is closed prints one line");

  for (state = HB_STATE_CONNECTING; state <= HB_STATE_WAITING; state++)
    {
      Fixture in_state = { 0 };

      fixture_set_up (&in_state, "raw");
      fixture_enter (&in_state, state);
      g_string_truncate (lines, 0);
      g_object_run_dispose (G_OBJECT (in_state.task));
      assert_lines (state == HB_STATE_CLOSED
                    ? ""
                    : "The task was disposed of before it was closed, so it has ended. A task "
                      "is disposed of when its last reference is dropped. Keep the task in a "
                      "variable as long as you need it\n");
      g_object_run_dispose (G_OBJECT (in_state.task));
      assert_lines ("");
      fixture_tear_down (&in_state, "raw");
    }
}

static void
test_unwanted (Fixture       *fixture,
               gconstpointer  data)
{
  RawPeer *peer;

  g_test_summary ("At each attempt and each ping, the task queries whether debug messages are "
                  "turned on. If not, it logs nothing until the next query.");

  g_log_set_debug_enabled (FALSE);
  peer = fixture_open_raw (fixture);
  assert_sends (fixture->task, "message");
  raw_peer_expect (peer, "text:message");
  raw_peer_send_text (peer, "answer");
  signal_log_expect (fixture->log, "message:text:answer");
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:heartbeat");
  fixture_lose_raw (fixture, peer);
  assert_lines ("");

  g_log_set_debug_enabled (TRUE);
  signal_log_skip_to (fixture->log, "open");
  assert_lines ("request to ws://127.0.0.1:PORT, attempt 1\n"
                "state OPEN\n"
                "ready\n");

  peer = raw_server_wait_peer (fixture->raw, 1);
  g_log_set_debug_enabled (FALSE);
  hb_websocket_task_check (fixture->task);
  raw_peer_expect (peer, "text:heartbeat");
  g_string_truncate (lines, 0);
  fixture_lose_raw (fixture, peer);
  signal_log_skip_to (fixture->log, "open");
  assert_lines ("");
}

int
main (int   argc,
      char *argv[])
{
  g_unsetenv ("G_MESSAGES_DEBUG");
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The debug messages of a task.");
  g_log_set_writer_func (write_cb, NULL, NULL);
  g_log_set_handler ("hb-websocket", G_LOG_LEVEL_DEBUG, line_cb, NULL);

  test_rows_add_with ("/loopback/trace/", situations, Fixture, set_up, test_situation, tear_down);
  g_test_add ("/loopback/trace/tasks", Fixture, NULL, set_up, test_tasks, tear_down);
  g_test_add ("/loopback/trace/last-reference", Fixture, NULL, set_up, test_last_reference,
              tear_down);
  g_test_add ("/loopback/trace/unwanted", Fixture, NULL, set_up, test_unwanted, tear_down);

  return g_test_run ();
}
