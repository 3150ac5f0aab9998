/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Disposal drops the connection, completes the pending calls and emits no signal. The functions of
 * the task can still be called afterwards. */

typedef struct
{
  GAsyncResult *opened;
  GAsyncResult *closed;
  GAsyncResult *sent;
  GAsyncResult *flushed;
} Results;

static void
clear_results (Results *results)
{
  g_clear_object (&results->opened);
  g_clear_object (&results->closed);
  g_clear_object (&results->sent);
  g_clear_object (&results->flushed);
}

static void
call_async (HbWebsocketTask *task,
            Results         *results)
{
  send_async (task, "x", NULL, &results->sent);
  hb_websocket_task_flush_async (task, NULL, store_result_cb, &results->flushed);
}

static void
assert_pending (Results *results)
{
  g_assert_null (results->opened);
  g_assert_null (results->closed);
  g_assert_null (results->sent);
  g_assert_null (results->flushed);
}

static void
expect_closed_error (HbWebsocketTask *task,
                     GAsyncResult   **place,
                     Finish           finish)
{
  expect_error (task, place, finish, HB_ERROR, HB_ERROR_CLOSED);
}

static void
assert_answers (HbWebsocketTask *task)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (task);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree GParamSpec **pspecs = NULL;
  g_autoptr (GError) error = NULL;
  Results results = { 0 };
  guint n_properties;
  guint i;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (task), &n_properties);
  for (i = 0; i < n_properties; i++)
    {
      g_object_get_property (G_OBJECT (task), pspecs[i]->name, &value);
      if ((pspecs[i]->flags & G_PARAM_WRITABLE) != 0
          && (pspecs[i]->flags & G_PARAM_CONSTRUCT_ONLY) == 0)
        g_object_set_property (G_OBJECT (task), pspecs[i]->name, &value);
      g_value_unset (&value);
    }

  g_assert_nonnull (metrics);
  g_assert_nonnull (hb_websocket_task_get_request_headers (task));
  g_assert_null (hb_websocket_task_get_connection (task));
  g_assert_null (hb_websocket_task_get_protocol (task));
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (task), ==, -1);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (task), ==, 0);

  hb_websocket_task_open (task);
  hb_websocket_task_reconnect_now (task);
  hb_websocket_task_reconnect_later (task);
  hb_websocket_task_check (task);
  hb_websocket_task_hold (task);
  hb_websocket_task_release (task);
  hb_websocket_task_close (task, 1000, NULL);
  hb_websocket_task_close (task, 1006, NULL);
  hb_websocket_task_set_ping_timeout (task, 1);
  hb_websocket_task_set_ping_func (task, NULL, NULL, NULL);
  hb_websocket_task_set_reconnect_func (task, NULL, NULL, NULL);
  assert_takes_back (task, "");
  g_assert_false (hb_websocket_task_send_text (task, "x", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (hb_websocket_task_send_bytes (task, bytes, NULL));
  g_assert_false (hb_websocket_task_send_message (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                  HB_SEND_FLAGS_VOLATILE, NULL));
  assert_state (task, HB_STATE_CLOSED);

  call_async (task, &results);
  hb_websocket_task_open_async (task, NULL, store_result_cb, &results.opened);
  hb_websocket_task_close_async (task, 1000, NULL, NULL, store_result_cb, &results.closed);
  expect_closed_error (task, &results.sent, hb_websocket_task_send_message_finish);
  expect_closed_error (task, &results.opened, hb_websocket_task_open_finish);
  expect_success (task, &results.flushed, hb_websocket_task_flush_finish);
  expect_success (task, &results.closed, hb_websocket_task_close_finish);
  clear_results (&results);
}

static void
test_in_state (Fixture       *fixture,
               gconstpointer  data)
{
  HbState state = GPOINTER_TO_UINT (data);
  Results results = { 0 };

  fixture_enter (fixture, state);

  /* Makes calls that stay pending in this state. */
  if (state == HB_STATE_CONNECTING || state == HB_STATE_WAITING)
    {
      hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &results.opened);
      call_async (fixture->task, &results);
    }
  else if (state == HB_STATE_CLOSING)
    {
      hb_websocket_task_close_async (fixture->task, 1000, NULL, NULL,
                                     store_result_cb, &results.closed);
    }

  wait_idle ();
  assert_pending (&results);
  signal_log_forget (fixture->log);
  g_object_run_dispose (G_OBJECT (fixture->task));
  g_object_run_dispose (G_OBJECT (fixture->task));
  assert_state (fixture->task, HB_STATE_CLOSED);

  if (state == HB_STATE_CONNECTING || state == HB_STATE_WAITING)
    {
      expect_closed_error (fixture->task, &results.opened, hb_websocket_task_open_finish);
      expect_closed_error (fixture->task, &results.sent, hb_websocket_task_send_message_finish);
      expect_closed_error (fixture->task, &results.flushed, hb_websocket_task_flush_finish);
    }
  else if (state == HB_STATE_CLOSING)
    {
      expect_success (fixture->task, &results.closed, hb_websocket_task_close_finish);
    }

  clear_results (&results);
  signal_log_expect_quiet (fixture->log);
  g_signal_handlers_disconnect_by_data (fixture->task, fixture->log);
  assert_answers (fixture->task);
  g_object_run_dispose (G_OBJECT (fixture->task));
  wait_idle ();

  if (state == HB_STATE_CONNECTING || state == HB_STATE_OPEN)
    raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, state == HB_STATE_CLOSED ? 0 : 1);
}

/* Disposal drops the connection even if the application has a reference to it. */
static void
test_connection_is_kept (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (SoupWebsocketConnection) connection = NULL;
  RawPeer *peer = fixture_open_raw (fixture);

  connection = g_object_ref (hb_websocket_task_get_connection (fixture->task));
  g_object_run_dispose (G_OBJECT (fixture->task));
  raw_peer_expect_end (peer);
  wait_until (soup_websocket_connection_get_state (connection) == SOUP_WEBSOCKET_STATE_CLOSED);
}

/* The task is freed before it has handled a network change. */
static void
test_network_change (void)
{
  HbWebsocketTask *task = hb_websocket_task_new ("ws://127.0.0.1:1/");

  hb_websocket_task_hold (task);
  hb_websocket_task_open (task);
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
  g_assert_finalize_object (task);
  wait_idle ();
}

static void
test_with_backlog (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');

  raw_peer_pause (fixture_open_raw (fixture));
  assert_sends (fixture->task, text);
  assert_sends (fixture->task, "more");
  wait_idle ();
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), >, 0);
  g_object_run_dispose (G_OBJECT (fixture->task));
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

/* A connection that ends closes all its descriptors. */
static void
test_descriptors (Fixture       *fixture,
                  gconstpointer  data)
{
  guint n_before;
  guint i;

  fixture_open (fixture);
  n_before = count_descriptors ();

  for (i = 0; i < 30; i++)
    {
      switch (i % 3)
        {
        case 0:
          hb_websocket_task_reconnect_now (fixture->task);
          signal_log_skip_to (fixture->log, "open");
          break;
        case 1:
          fixture_close (fixture);
          fixture_open (fixture);
          break;
        default:
          test_server_drop (fixture->server);
          signal_log_skip_to (fixture->log, "open");
        }
    }

  wait_until (count_descriptors () <= n_before);
}

static void
free_cb (gpointer data)
{
  *(guint *) data += 1;
}

static void
test_functions_are_freed (void)
{
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  guint n_freed = 0;

  hb_websocket_task_set_ping_func (task, no_ping_cb, &n_freed, free_cb);
  hb_websocket_task_set_pong_func (task, no_pong_cb, &n_freed, free_cb);
  hb_websocket_task_set_reconnect_func (task, no_delay_cb, &n_freed, free_cb);
  g_object_run_dispose (G_OBJECT (task));
  g_assert_cmpuint (n_freed, ==, 3);
  g_assert_finalize_object (task);
  g_assert_cmpuint (n_freed, ==, 3);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A task can be disposed of in any state, and more than once");

  add_state_tests ("/loopback/disposal/", test_in_state);
  add_raw_test ("/loopback/disposal/connection-is-kept", test_connection_is_kept);
  g_test_add_func ("/loopback/disposal/network-change", test_network_change);
  add_raw_test ("/loopback/disposal/with-backlog", test_with_backlog);
  add_test ("/loopback/disposal/descriptors", test_descriptors);
  g_test_add_func ("/loopback/disposal/functions-are-freed", test_functions_are_freed);

  return g_test_run ();
}
