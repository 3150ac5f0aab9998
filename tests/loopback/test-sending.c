/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
test_queue_while_down (Fixture       *fixture,
                       gconstpointer  data)
{
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "one");
  assert_sends (fixture->task, "two");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 6);
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "drain message:text:one message:text:two");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);

  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  assert_sends (fixture->task, "three");
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "drain message:text:three");
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "one two three");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 3);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_bytes_sent), ==, 11);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_received), ==, 3);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_bytes_received), ==, 11);
}

static void
authenticate_cb (HbWebsocketTask *task,
                 gpointer         user_data)
{
  assert_sends (task, "login");
  assert_sends (task, "subscribe");
}

/* The messages that an `open` handler sends arrive before queued messages. */
static void
test_greeting_goes_first (Fixture       *fixture,
                          gconstpointer  data)
{
  g_signal_connect (fixture->task, "open", G_CALLBACK (authenticate_cb), NULL);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "queued");
  signal_log_skip_to (fixture->log, "message:text:queued");
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "login subscribe queued");

  test_server_clear_received (fixture->server);
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "reconnect:1:20");
  assert_sends (fixture->task, "again");
  signal_log_skip_to (fixture->log, "message:text:again");
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "login subscribe again");
}

static void
expect_echo (Fixture               *fixture,
             SoupWebsocketDataType  type,
             GBytes                *bytes)
{
  gsize n_before = signal_log_count (fixture->log, "message:");
  g_autoptr (GError) error = NULL;

  hb_websocket_task_send_message (fixture->task, type, bytes, HB_SEND_FLAGS_DEFAULT, &error);
  g_assert_no_error (error);
  wait_until (signal_log_count (fixture->log, "message:") > n_before);
  g_assert_true (g_bytes_equal (signal_log_get_message (fixture->log), bytes));
}

static void
test_payloads (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) nuls = g_bytes_new ("a\0b\0", 4);
  g_autoptr (GBytes) binary = g_bytes_new ("\xff\x00\xfe", 3);

  fixture_open (fixture);
  expect_echo (fixture, SOUP_WEBSOCKET_DATA_TEXT, empty);
  signal_log_expect (fixture->log, "message:text:");
  expect_echo (fixture, SOUP_WEBSOCKET_DATA_BINARY, empty);
  signal_log_expect (fixture->log, "message:binary:0");
  expect_echo (fixture, SOUP_WEBSOCKET_DATA_TEXT, nuls);
  signal_log_expect (fixture->log, "message:text:a");
  expect_echo (fixture, SOUP_WEBSOCKET_DATA_BINARY, binary);
  signal_log_expect (fixture->log, "message:binary:3");

  assert_sends_bytes (fixture->task, binary);
  signal_log_expect (fixture->log, "message:binary:3");
  assert_sends (fixture->task, "ü€😀");
  signal_log_expect (fixture->log, "message:text:ü€😀");
  fixture_close (fixture);
}

/* The sizes at and around which a frame's header becomes longer, and 1 MiB */
static void
test_sizes (Fixture       *fixture,
            gconstpointer  data)
{
  const gsize sizes[] = { 125, 126, 127, 65535, 65536, 65537, 1024 * 1024 };
  guint i;

  fixture_open (fixture);

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *text = g_strnfill (sizes[i], 'x');
      g_autoptr (GBytes) bytes = g_bytes_new (text, sizes[i]);
      g_autofree char *word = g_strdup_printf ("message:text:%" G_GSIZE_FORMAT, sizes[i]);

      expect_echo (fixture, SOUP_WEBSOCKET_DATA_TEXT, bytes);
      signal_log_skip_to (fixture->log, word);
    }

  fixture_close (fixture);
}

/* A ping between two fragments is answered before the last fragment arrives. */
static void
test_fragments (Fixture       *fixture,
                gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  raw_peer_write (peer, "\x01\x03one", 5);
  raw_peer_write (peer, "\x89\x01?", 3);
  raw_peer_write (peer, "\x00\x03two", 5);
  raw_peer_expect (peer, "pong:?");
  signal_log_expect_quiet (fixture->log);
  raw_peer_write (peer, "\x80\x00", 2);
  signal_log_expect (fixture->log, "message:text:onetwo");

  raw_peer_write (peer, "\x82", 1);
  wait_idle ();
  raw_peer_write (peer, "\x02", 1);
  wait_idle ();
  raw_peer_write (peer, "a", 1);
  wait_idle ();
  raw_peer_write (peer, "b", 1);
  signal_log_expect (fixture->log, "message:binary:2");
}

typedef struct
{
  guint n_text;
  guint n_binary;
} Counts;

static void
count_text_cb (HbWebsocketTask       *task,
               SoupWebsocketDataType  type,
               GBytes                *message,
               Counts                *counts)
{
  g_assert_cmpint (type, ==, SOUP_WEBSOCKET_DATA_TEXT);
  counts->n_text++;
}

static void
count_binary_cb (HbWebsocketTask       *task,
                 SoupWebsocketDataType  type,
                 GBytes                *message,
                 Counts                *counts)
{
  g_assert_cmpint (type, ==, SOUP_WEBSOCKET_DATA_BINARY);
  counts->n_binary++;
}

static void
test_details (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GBytes) binary = g_bytes_new ("123", 3);
  Counts counts = { 0 };

  g_signal_connect (fixture->task, "message::text", G_CALLBACK (count_text_cb), &counts);
  g_signal_connect (fixture->task, "message::binary", G_CALLBACK (count_binary_cb), &counts);
  fixture_open (fixture);
  assert_sends (fixture->task, "a");
  assert_sends (fixture->task, "b");
  hb_websocket_task_send_bytes (fixture->task, binary, NULL);
  signal_log_expect (fixture->log, "message:text:a message:text:b message:binary:3");
  g_assert_cmpuint (counts.n_text, ==, 2);
  g_assert_cmpuint (counts.n_binary, ==, 1);
}

static void
test_volatile (Fixture       *fixture,
               gconstpointer  data)
{
  GError *error = NULL;

  hb_websocket_task_open (fixture->task);
  g_assert_false (hb_websocket_task_send_text_with_flags (fixture->task, "now",
                                                          HB_SEND_FLAGS_VOLATILE, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_NOT_OPEN);
  g_clear_error (&error);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);

  signal_log_expect (fixture->log, WORDS_OPEN);
  g_assert_true (hb_websocket_task_send_text_with_flags (fixture->task, "now",
                                                         HB_SEND_FLAGS_VOLATILE, &error));
  g_assert_no_error (error);
  signal_log_expect (fixture->log, "message:text:now");
  fixture_close (fixture);
}

static void
assert_queue_is_full (HbWebsocketTask *task,
                      const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hb_websocket_task_send_text (task, text, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_QUEUE_FULL);
}

static void
test_overflow (Fixture       *fixture,
               gconstpointer  data)
{
  hb_websocket_task_set_max_buffered_amount (fixture->task, 6);
  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  signal_log_expect_now (fixture->log, "state:waiting");
  assert_sends (fixture->task, "one");
  assert_sends (fixture->task, "two");

  /* The call returns the error, so the task does not emit it. */
  assert_queue_is_full (fixture->task, "six");
  signal_log_expect_quiet (fixture->log);

  /* After the first dropped message, others cause no error until the queue is empty. */
  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_NEWEST);
  assert_sends (fixture->task, "six");
  signal_log_expect_now (fixture->log, "error:queue-full");
  assert_sends (fixture->task, "ten");
  signal_log_expect_quiet (fixture->log);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 2);

  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_OLDEST);
  assert_sends (fixture->task, "new");
  assert_queue_is_full (fixture->task, "too long for it");
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 3);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 6);

  hb_websocket_task_release (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "drain message:text:two message:text:new");
  fixture_close (fixture);
}

static void
test_expiry (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GAsyncResult) sent = NULL;

  hb_websocket_task_set_queue_timeout (fixture->task, 3600000);
  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  signal_log_expect_now (fixture->log, "state:waiting");
  assert_sends (fixture->task, "one");
  send_async (fixture->task, "two", NULL, &sent);

  /* Only the task's own source can drop the messages, because no other event occurs. */
  hb_websocket_task_set_queue_timeout (fixture->task, 1);
  wait_until (sent != NULL);
  signal_log_expect_now (fixture->log, "error:expired drain");
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish,
                HB_ERROR, HB_ERROR_EXPIRED);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_expired), ==, 2);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 2);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);

  /* A message that is sent before queue-timeout has passed does not expire. */
  hb_websocket_task_set_queue_timeout (fixture->task, 60000);
  hb_websocket_task_release (fixture->task);
  assert_sends (fixture->task, "new");
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "drain message:text:new");
  fixture_close (fixture);
}

static void
test_no_limit (Fixture       *fixture,
               gconstpointer  data)
{
  hb_websocket_task_set_max_buffered_amount (fixture->task, 2);
  hb_websocket_task_open (fixture->task);
  assert_queue_is_full (fixture->task, "one");
  hb_websocket_task_set_max_buffered_amount (fixture->task, 0);
  assert_sends (fixture->task, "one");
  signal_log_skip_to (fixture->log, "message:text:one");
}

static void
test_take_queue (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;

  signal_log_watch (fixture->log, "buffered-amount");
  assert_takes_back (fixture->task, "");
  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "one");
  send_async (fixture->task, "two", NULL, &sent);
  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &flushed);
  signal_log_expect_now (fixture->log, "state:waiting buffered-amount:3 buffered-amount:6");
  assert_takes_back (fixture->task, "text:one text:two");
  signal_log_expect_now (fixture->log, "buffered-amount:0 drain");
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish,
                G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_success (fixture->task, &flushed, hb_websocket_task_flush_finish);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 2);
}

static void
test_send_async (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;
  g_autoptr (GAsyncResult) idle = NULL;

  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  send_async (fixture->task, "hello", NULL, &sent);
  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &flushed);
  wait_idle ();
  g_assert_null (sent);
  g_assert_null (flushed);
  signal_log_expect_now (fixture->log, "state:waiting");
  hb_websocket_task_release (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  signal_log_expect (fixture->log, "drain message:text:hello");
  expect_success (fixture->task, &sent, hb_websocket_task_send_message_finish);
  expect_success (fixture->task, &flushed, hb_websocket_task_flush_finish);

  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &idle);
  expect_success (fixture->task, &idle, hb_websocket_task_flush_finish);
}

/* A cancelled call to send_message_async () removes its message from the queue. A cancelled flush
 * removes none. */
static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;
  g_autoptr (GAsyncResult) late = NULL;

  hb_websocket_task_hold (fixture->task);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "kept");
  send_async (fixture->task, "never", cancellable, &sent);
  hb_websocket_task_flush_async (fixture->task, cancellable, store_result_cb, &flushed);
  g_cancellable_cancel (cancellable);
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish,
                G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_error (fixture->task, &flushed, hb_websocket_task_flush_finish,
                G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 4);

  /* A call that is cancelled before it starts sends nothing. */
  send_async (fixture->task, "never", cancellable, &late);
  expect_error (fixture->task, &late, hb_websocket_task_send_message_finish,
                G_IO_ERROR, G_IO_ERROR_CANCELLED);

  hb_websocket_task_release (fixture->task);
  signal_log_skip_to (fixture->log, "message:text:kept");
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "kept");
}

/* In CLOSED and CLOSING, the task accepts no message, so none is lost without an error. */
static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  g_autoptr (GAsyncResult) sent = NULL;
  GError *error = NULL;

  g_assert_false (hb_websocket_task_send_text (fixture->task, "x", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  g_clear_error (&error);
  send_async (fixture->task, "x", NULL, &sent);
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish,
                HB_ERROR, HB_ERROR_CLOSED);

  fixture_open (fixture);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  g_assert_false (hb_websocket_task_send_bytes (fixture->task, bytes, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  g_clear_error (&error);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

static void
test_unsent_is_reported (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;

  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "one");
  send_async (fixture->task, "two", NULL, &sent);
  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &flushed);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:connecting connecting state:closed error:closed");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "2 messages"));
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish,
                HB_ERROR, HB_ERROR_CLOSED);
  expect_error (fixture->task, &flushed, hb_websocket_task_flush_finish, HB_ERROR, HB_ERROR_CLOSED);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
test_close_sends_all (Fixture       *fixture,
                      gconstpointer  data)
{
  guint i;

  fixture_open (fixture);
  for (i = 0; i < 50; i++)
    assert_sends (fixture->task, "m");
  hb_websocket_task_close (fixture->task, 4000, "done");
  signal_log_skip_to (fixture->log, "close:4000:done");
  wait_until (test_server_get_close_code (fixture->server) == 4000);
  g_assert_cmpuint (strlen (test_server_get_received (fixture->server)), ==, 99);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The order of sent messages, the limits of the queue, and the results of the "
                  "calls that send.");

  add_test ("/loopback/sending/queue-while-down", test_queue_while_down);
  add_test ("/loopback/sending/greeting-goes-first", test_greeting_goes_first);
  add_test ("/loopback/sending/payloads", test_payloads);
  add_test ("/loopback/sending/sizes", test_sizes);
  add_raw_test ("/loopback/sending/fragments", test_fragments);
  add_test ("/loopback/sending/details", test_details);
  add_test ("/loopback/sending/volatile", test_volatile);
  add_test ("/loopback/sending/overflow", test_overflow);
  add_test ("/loopback/sending/expiry", test_expiry);
  add_test ("/loopback/sending/no-limit", test_no_limit);
  add_test ("/loopback/sending/take-queue", test_take_queue);
  add_test ("/loopback/sending/async", test_send_async);
  add_test ("/loopback/sending/cancel", test_cancel);
  add_test ("/loopback/sending/closed", test_closed);
  add_test ("/loopback/sending/unsent-is-reported", test_unsent_is_reported);
  add_test ("/loopback/sending/close-sends-all", test_close_sends_all);

  return g_test_run ();
}
