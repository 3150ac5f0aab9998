/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
expect_opened (Fixture       *fixture,
               GAsyncResult **place)
{
  expect_success (fixture->task, place, hb_websocket_task_open_finish);
}

static void
expect_closed (Fixture       *fixture,
               GAsyncResult **place)
{
  expect_success (fixture->task, place, hb_websocket_task_close_finish);
}

static void
expect_cancelled (Fixture       *fixture,
                  GAsyncResult **place,
                  Finish         finish)
{
  expect_error (fixture->task, place, finish, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_open_and_close (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GAsyncResult) third = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GAsyncResult) closed_again = NULL;
  g_autoptr (GAsyncResult) closed_already = NULL;

  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &first);
  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &second);
  wait_until (first != NULL && second != NULL);
  assert_state (fixture->task, HB_STATE_OPEN);
  expect_opened (fixture, &first);
  expect_opened (fixture, &second);
  signal_log_expect_now (fixture->log, WORDS_OPEN);

  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &third);
  expect_opened (fixture, &third);

  hb_websocket_task_close_async (fixture->task, 4000, "bye", NULL, store_result_cb, &closed);
  hb_websocket_task_close_async (fixture->task, 4001, NULL, NULL, store_result_cb, &closed_again);
  wait_until (closed != NULL && closed_again != NULL);
  assert_state (fixture->task, HB_STATE_CLOSED);
  expect_closed (fixture, &closed);
  expect_closed (fixture, &closed_again);
  signal_log_expect_now (fixture->log, "state:closing state:closed close:4000:bye");

  hb_websocket_task_close_async (fixture->task, 1000, NULL, NULL, store_result_cb, &closed_already);
  expect_closed (fixture, &closed_already);
}

static void
test_open_through_failures (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GAsyncResult) opened = NULL;

  test_server_reject (fixture->server, 503, NULL);
  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &opened);
  signal_log_skip_to (fixture->log, "reconnect:2:20");
  g_assert_null (opened);
  test_server_reject (fixture->server, 0, NULL);
  expect_opened (fixture, &opened);
  signal_log_expect_now (fixture->log, WORDS_OPEN);
}

static void
test_open_without_callback (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);

  hb_websocket_task_open_async (fixture->task, NULL, NULL, NULL);
  hb_websocket_task_send_message_async (fixture->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, NULL, NULL);
  hb_websocket_task_flush_async (fixture->task, NULL, NULL, NULL);
  signal_log_skip_to (fixture->log, "message:text:x");
  hb_websocket_task_close_async (fixture->task, 1000, NULL, NULL, NULL, NULL);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

static void
test_open_ends_by_close (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GAsyncResult) opened = NULL;

  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &opened);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect_now (fixture->log, "state:connecting connecting state:closed");
  expect_error (fixture->task, &opened, hb_websocket_task_open_finish, HB_ERROR, HB_ERROR_CLOSED);
}

/* Cancels open_async () while the task connects, while it waits, and before the call. */
static void
test_cancel_open (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (GCancellable) second = g_cancellable_new ();
  g_autoptr (GAsyncResult) connecting = NULL;
  g_autoptr (GAsyncResult) waiting = NULL;
  g_autoptr (GAsyncResult) early = NULL;

  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_open_async (fixture->task, first, store_result_cb, &connecting);
  raw_server_wait_peer (fixture->raw, 0);
  g_cancellable_cancel (first);
  expect_cancelled (fixture, &connecting, hb_websocket_task_open_finish);
  signal_log_expect_now (fixture->log, "state:connecting connecting state:closed");
  raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));

  hb_websocket_task_open_async (fixture->task, second, store_result_cb, &waiting);
  raw_peer_drop (raw_server_wait_peer (fixture->raw, 1));
  signal_log_skip_to (fixture->log, "state:waiting");
  g_cancellable_cancel (second);
  expect_cancelled (fixture, &waiting, hb_websocket_task_open_finish);
  signal_log_skip_to (fixture->log, "state:closed");

  hb_websocket_task_open_async (fixture->task, second, store_result_cb, &early);
  expect_cancelled (fixture, &early, hb_websocket_task_open_finish);
  assert_state (fixture->task, HB_STATE_CLOSED);
  signal_log_expect_quiet (fixture->log);
}

static void
test_cancel_too_late (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) opened = NULL;

  hb_websocket_task_open_async (fixture->task, cancellable, store_result_cb, &opened);
  wait_until (opened != NULL);
  g_cancellable_cancel (cancellable);
  wait_idle ();
  expect_opened (fixture, &opened);
  assert_state (fixture->task, HB_STATE_OPEN);
  signal_log_expect_now (fixture->log, WORDS_OPEN);
}

/* A cancelled close_async () completes at once, but the task continues to close. */
static void
test_cancel_close (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) closed = NULL;
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_close_async (fixture->task, 1000, NULL, cancellable, store_result_cb, &closed);
  g_cancellable_cancel (cancellable);
  expect_cancelled (fixture, &closed, hb_websocket_task_close_finish);
  assert_state (fixture->task, HB_STATE_CLOSING);
  raw_peer_expect (peer, "close:1000");
  raw_peer_send_close (peer, 1000, NULL);
  signal_log_expect (fixture->log, WORDS_CLOSE);
}

static void
test_close_ends_by_reconnect (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr (GAsyncResult) closed = NULL;

  fixture_open_raw (fixture);
  hb_websocket_task_close_async (fixture->task, 1000, NULL, NULL, store_result_cb, &closed);
  hb_websocket_task_reconnect_now (fixture->task);
  expect_cancelled (fixture, &closed, hb_websocket_task_close_finish);
  signal_log_expect (fixture->log, "state:closing state:connecting close:1006 connecting");
  signal_log_expect (fixture->log, "state:open open");
  raw_peer_forget (raw_server_get_peer (fixture->raw, 0));
}

/* An asynchronous call keeps the task alive until it has completed and its result is freed. */
static void
test_calls_keep_alive (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GAsyncResult) opened = NULL;
  HbWebsocketTask *task = fixture->task;

  hb_websocket_task_open_async (task, NULL, store_result_cb, &opened);
  g_object_add_weak_pointer (G_OBJECT (task), (gpointer *) &fixture->task);
  g_object_unref (task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  wait_until (opened != NULL);
  g_assert_nonnull (fixture->task);
  expect_opened (fixture, &opened);
  g_clear_object (&opened);
  wait_until (fixture->task == NULL);
  wait_until (soup_websocket_connection_get_state (test_server_get_connection (fixture->server))
              == SOUP_WEBSOCKET_STATE_CLOSED);
}

static void
test_failed_call (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  g_test_summary ("A call that fails at once no longer holds the task, even if the GCancellable is "
                  "never triggered");

  send_async (fixture->task, "x", cancellable, &result);
  expect_error (fixture->task, &result, hb_websocket_task_send_message_finish, HB_ERROR,
                HB_ERROR_CLOSED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Asynchronous calls complete at the right time, and some calls cancel others");

  add_test ("/loopback/calls/open-and-close", test_open_and_close);
  add_test ("/loopback/calls/open-through-failures", test_open_through_failures);
  add_test ("/loopback/calls/open-without-callback", test_open_without_callback);
  add_test ("/loopback/calls/open-ends-by-close", test_open_ends_by_close);
  add_raw_test ("/loopback/calls/cancel-open", test_cancel_open);
  add_test ("/loopback/calls/cancel-too-late", test_cancel_too_late);
  add_raw_test ("/loopback/calls/cancel-close", test_cancel_close);
  add_raw_test ("/loopback/calls/close-ends-by-reconnect", test_close_ends_by_reconnect);
  add_test ("/loopback/calls/keep-alive", test_calls_keep_alive);
  add_test ("/loopback/calls/failed", test_failed_call);

  return g_test_run ();
}
