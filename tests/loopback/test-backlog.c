/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

#define SIZE (64 * 1024)

/* More messages than the kernel can buffer */
#define N_MESSAGES 100

/* The server identifies messages by their sizes, so each message has a size of its own. */
static void
send_numbered (Fixture *fixture,
               guint    number)
{
  g_autofree char *payload = g_strnfill (SIZE + number, 'x');
  g_autoptr (GBytes) bytes = g_bytes_new (payload, SIZE + number);

  assert_sends_bytes (fixture->task, bytes);
}

static guint
take_number (RawPeer *peer)
{
  g_autofree char *word = raw_peer_take (peer);
  guint64 size;

  g_assert_true (g_str_has_prefix (word, "binary:"));
  g_assert_true (g_ascii_string_to_unsigned (word + 7, 10, SIZE, SIZE + N_MESSAGES, &size, NULL));

  return size - SIZE;
}

static void
expect_numbers (RawPeer *peer,
                guint    first,
                guint    end)
{
  for (; first < end; first++)
    g_assert_cmpuint (take_number (peer), ==, first);
}

static RawPeer *
open_and_fill (Fixture *fixture)
{
  RawPeer *peer = fixture_open_raw (fixture);
  guint i;

  raw_peer_pause (peer);
  for (i = 0; i < N_MESSAGES; i++)
    send_numbered (fixture, i);
  wait_idle ();
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), >, SIZE);
  signal_log_expect_quiet (fixture->log);

  /* The kernel's send queue must stay short, because the task cannot take bytes back from it. */
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), <, N_MESSAGES / 5);

  return peer;
}

static void
test_all_arrives_in_order (Fixture       *fixture,
                           gconstpointer  data)
{
  RawPeer *peer = open_and_fill (fixture);

  raw_peer_resume (peer);
  expect_numbers (peer, 0, N_MESSAGES);
  signal_log_expect (fixture->log, "drain");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, N_MESSAGES);
  fixture_close_raw (fixture, peer);
}

static void
expect_rest (Fixture *fixture,
             guint    first)
{
  RawPeer *peer = raw_server_wait_peer (fixture->raw, 1);

  expect_numbers (peer, first, N_MESSAGES);
  signal_log_expect (fixture->log, "drain");
  fixture_close_raw (fixture, peer);
}

/* Messages that were not completely written are sent on the next connection, without a gap. */
static void
test_next_link_goes_on (Fixture       *fixture,
                        gconstpointer  data)
{
  guint first;

  raw_peer_reset (open_and_fill (fixture));
  signal_log_skip_to (fixture->log, "reconnect:1:20");
  first = get_metric (fixture->task, hb_metrics_get_messages_sent);
  g_assert_cmpuint (first, <, N_MESSAGES);
  signal_log_expect (fixture->log, WORDS_OPEN);
  expect_rest (fixture, first);
}

static void
test_reconnect_now_keeps (Fixture       *fixture,
                          gconstpointer  data)
{
  guint first;

  open_and_fill (fixture);
  first = get_metric (fixture->task, hb_metrics_get_messages_sent);
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  expect_rest (fixture, first);
}

/* Messages that are not sent within close-timeout are reported as unsent. */
static void
test_unsent_at_close (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *text = NULL;
  guint n_sent;

  open_and_fill (fixture);
  hb_websocket_task_set_close_timeout (fixture->task, 40);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing state:closed error:closed close:1006");
  n_sent = get_metric (fixture->task, hb_metrics_get_messages_sent);
  g_test_message ("%u messages were sent before this error: %s", n_sent,
                  signal_log_get_error (fixture->log));
  text = g_strdup_printf (" %u messages", N_MESSAGES - n_sent);
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), text));
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==,
                    N_MESSAGES - n_sent);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
test_close_sends_backlog (Fixture       *fixture,
                          gconstpointer  data)
{
  RawPeer *peer = open_and_fill (fixture);

  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect_now (fixture->log, "state:closing");
  raw_peer_resume (peer);
  expect_numbers (peer, 0, N_MESSAGES);
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, "drain state:closed close:1000");
}

/* take_queue () leaves the messages in flight, which are still sent. */
static void
test_take_while_closing (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer = open_and_fill (fixture);
  g_autoptr (GPtrArray) taken = NULL;

  hb_websocket_task_close (fixture->task, 1000, NULL);
  taken = hb_websocket_task_take_queue (fixture->task);
  g_assert_cmpuint (taken->len, >, 0);
  raw_peer_resume (peer);
  expect_numbers (peer, 0, N_MESSAGES - taken->len);
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing drain state:closed close:1000");
}

static void
test_flush_waits (Fixture       *fixture,
                  gconstpointer  data)
{
  RawPeer *peer = open_and_fill (fixture);
  g_autoptr (GAsyncResult) flushed = NULL;

  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &flushed);
  wait_idle ();
  g_assert_null (flushed);
  raw_peer_resume (peer);
  expect_success (fixture->task, &flushed, hb_websocket_task_flush_finish);
  expect_numbers (peer, 0, N_MESSAGES);
  signal_log_expect (fixture->log, "drain");
}

static void
test_volatile_is_refused (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("now", 3);
  g_autoptr (GError) error = NULL;

  open_and_fill (fixture);
  g_assert_false (hb_websocket_task_send_message (fixture->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                  HB_SEND_FLAGS_VOLATILE, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_QUEUE_FULL);
}

/* The server's close frame ends the connection, although the client's close frame cannot be
 * sent. */
static void
test_close_frame_of_the_server (Fixture       *fixture,
                                gconstpointer  data)
{
  RawPeer *peer = open_and_fill (fixture);
  gint64 start = g_get_monotonic_time ();

  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
  raw_peer_send_close (peer, 1001, "restart");
  signal_log_expect (fixture->log, "state:waiting close:1001:restart reconnect:1:60000");
  g_assert_cmpint (signal_log_get_time (fixture->log) - start, <, 4 * G_TIME_SPAN_SECOND);
}

static void
test_dead_peer_is_noticed (Fixture       *fixture,
                           gconstpointer  data)
{
  hb_websocket_task_set_ping_timeout (fixture->task, 50);
  hb_websocket_task_set_pong_timeout (fixture->task, 50);
  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
  open_and_fill (fixture);
  signal_log_expect (fixture->log, "state:waiting error:pong-timeout close:1006 reconnect:1:60000");
}

static gboolean
read_some_cb (gpointer user_data)
{
  RawPeer *peer = user_data;
  guint n_frames = raw_peer_get_n_frames (peer);

  raw_peer_resume (peer);
  wait_until (raw_peer_get_n_frames (peer) != n_frames);
  raw_peer_pause (peer);

  return G_SOURCE_CONTINUE;
}

/* The server sends nothing. Whenever it reads, the client's kernel accepts more data, which counts
 * as activity. */
static void
test_slow_upload_lives (Fixture       *fixture,
                        gconstpointer  data)
{
  RawPeer *peer;
  guint source;

  hb_websocket_task_set_ping_timeout (fixture->task, 100);
  hb_websocket_task_set_pong_timeout (fixture->task, 100);
  peer = open_and_fill (fixture);
  source = g_timeout_add (15, read_some_cb, peer);
  wait_pass (500);
  g_source_remove (source);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_expect_quiet (fixture->log);
  raw_peer_forget (peer);
}

static void
answer_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           gpointer               user_data)
{
  assert_sends (task, "answer");
}

static void
test_answer_to_last_words (Fixture       *fixture,
                           gconstpointer  data)
{
  static const char last_words[] = "\x81\x02hi\x88\x02\x03\xe8";
  RawPeer *peer = fixture_open_raw (fixture);

  g_test_summary ("An answer that the kernel accepted before the task read the server's close "
                  "frame is not sent again");

  g_signal_connect (fixture->task, "message", G_CALLBACK (answer_cb), NULL);
  raw_peer_write (peer, last_words, sizeof last_words - 1);
  signal_log_skip_to (fixture->log, "open");
  raw_peer_expect (peer, "text:answer close:1000");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 1);

  peer = raw_server_wait_peer (fixture->raw, 1);
  assert_sends (fixture->task, "next");
  raw_peer_expect (peer, "text:next");
  fixture_close_raw (fixture, peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("While a server does not read, messages wait. Each is then sent once, or the "
                  "task reports its loss");

  add_raw_test ("/loopback/backlog/all-arrives-in-order", test_all_arrives_in_order);
  add_raw_test ("/loopback/backlog/next-link-goes-on", test_next_link_goes_on);
  add_raw_test ("/loopback/backlog/reconnect-now-keeps", test_reconnect_now_keeps);
  add_raw_test ("/loopback/backlog/unsent-at-close", test_unsent_at_close);
  add_raw_test ("/loopback/backlog/close-sends-backlog", test_close_sends_backlog);
  add_raw_test ("/loopback/backlog/take-while-closing", test_take_while_closing);
  add_raw_test ("/loopback/backlog/flush-waits", test_flush_waits);
  add_raw_test ("/loopback/backlog/volatile-is-refused", test_volatile_is_refused);
  add_raw_test ("/loopback/backlog/close-frame-of-the-server", test_close_frame_of_the_server);
  add_raw_test ("/loopback/backlog/dead-peer-is-noticed", test_dead_peer_is_noticed);
  add_raw_test ("/loopback/backlog/slow-upload-lives", test_slow_upload_lives);
  add_raw_test ("/loopback/backlog/answer-to-last-words", test_answer_to_last_words);

  return g_test_run ();
}
