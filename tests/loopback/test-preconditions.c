/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

#define refuses(call) expect_critical ("*HB_IS_WEBSOCKET_TASK (self)*", call)
#define refuses_nothing(call) expect_critical ("*self != NULL*", call)
#define refuses_value(property, call) expect_critical (property ": the value is *", call)

#define get(name) hb_websocket_task_get_ ## name (object)
#define set(name, value) hb_websocket_task_set_ ## name (object, value)

static HbWebsocketTask *
new_stranger (void)
{
  return (HbWebsocketTask *) g_object_new (G_TYPE_OBJECT, NULL);
}

static void
test_getters (void)
{
  HbWebsocketTask *object = new_stranger ();

  refuses (g_assert_null (get (session)));
  refuses (g_assert_null (get (uri)));
  refuses (g_assert_null (get (protocols)));
  refuses (g_assert_null (get (origin)));
  refuses (g_assert_false (get (compression)));
  refuses (g_assert_cmpint (get (heartbeat_mode), ==, 0));
  refuses (g_assert_cmpint (get (liveness), ==, 0));
  refuses (g_assert_cmpuint (get (ping_timeout), ==, 0));
  refuses (g_assert_cmpuint (get (pong_timeout), ==, 0));
  refuses (g_assert_null (get (ping_message)));
  refuses (g_assert_null (get (pong_message)));
  refuses (g_assert_cmpuint (get (reconnect_timeout), ==, 0));
  refuses (g_assert_cmpuint (get (reconnect_timeout_max), ==, 0));
  refuses (g_assert_cmpfloat_with_epsilon (get (reconnect_jitter), 0, 1e-9));
  refuses (g_assert_cmpint (get (repeat_limit), ==, 0));
  refuses (g_assert_cmpuint (get (min_uptime), ==, 0));
  refuses (g_assert_cmpuint (get (connect_timeout), ==, 0));
  refuses (g_assert_cmpuint (get (close_timeout), ==, 0));
  refuses (g_assert_cmpuint (get (max_message_size), ==, 0));
  refuses (g_assert_cmpuint (get (max_buffered_amount), ==, 0));
  refuses (g_assert_cmpint (get (overflow), ==, 0));
  refuses (g_assert_cmpint (get (delivery), ==, 0));
  refuses (g_assert_false (get (network_aware)));
  refuses (g_assert_false (get (manual_ready)));
  refuses (g_assert_false (get (paused)));
  refuses (g_assert_null (get (ping_bytes)));
  refuses (g_assert_cmpuint (get (queue_timeout), ==, 0));
  refuses (g_assert_cmpuint (get (fragment_size), ==, 0));
  refuses (g_assert_cmpint (get (state), ==, HB_STATE_CLOSED));
  refuses (g_assert_null (get (connection)));
  refuses (g_assert_null (get (protocol)));
  refuses (g_assert_cmpuint (get (attempt), ==, 0));
  refuses (g_assert_cmpint (get (reconnect_at), ==, -1));
  refuses (g_assert_cmpuint (get (buffered_amount), ==, 0));
  refuses (g_assert_cmpint (get (latency), ==, -1));
  refuses (g_assert_cmpint (get (downtime), ==, 0));
  refuses (g_assert_cmpuint (get (http_status), ==, 0));
  refuses (g_assert_null (get (last_error)));
  refuses (g_assert_false (get (ready)));
  refuses (g_assert_null (get (metrics)));
  refuses (g_assert_null (get (request_headers)));
  g_object_unref (object);
}

static void
test_setters (void)
{
  HbWebsocketTask *object = new_stranger ();

  refuses (set (session, NULL));
  refuses (set (uri, NULL));
  refuses (set (protocols, NULL));
  refuses (set (origin, NULL));
  refuses (set (compression, TRUE));
  refuses (set (heartbeat_mode, HB_HEARTBEAT_MODE_PING));
  refuses (set (liveness, HB_LIVENESS_REPLY));
  refuses (set (ping_timeout, 1));
  refuses (set (pong_timeout, 1));
  refuses (set (ping_message, "ping"));
  refuses (set (pong_message, "pong"));
  refuses (set (reconnect_timeout, 1));
  refuses (set (reconnect_timeout_max, 1));
  refuses (set (reconnect_jitter, 1));
  refuses (set (repeat_limit, 1));
  refuses (set (min_uptime, 1));
  refuses (set (connect_timeout, 1));
  refuses (set (close_timeout, 1));
  refuses (set (max_message_size, 1));
  refuses (set (max_buffered_amount, 1));
  refuses (set (overflow, HB_OVERFLOW_DROP_OLDEST));
  refuses (set (delivery, HB_DELIVERY_ACKNOWLEDGED));
  refuses (set (network_aware, FALSE));
  refuses (set (manual_ready, TRUE));
  refuses (set (paused, TRUE));
  refuses (set (ping_bytes, NULL));
  refuses (set (queue_timeout, 1));
  refuses (set (fragment_size, 1));
  refuses (hb_websocket_task_set_ping_func (object, NULL, NULL, NULL));
  refuses (hb_websocket_task_set_pong_func (object, NULL, NULL, NULL));
  refuses (hb_websocket_task_set_reconnect_func (object, NULL, NULL, NULL));
  g_object_unref (object);
}

static void
test_values (void)
{
  HbWebsocketTask *object = hb_websocket_task_new (NULL);

  refuses_value ("heartbeat-mode", set (heartbeat_mode, HB_HEARTBEAT_MODE_PING + 1));
  refuses_value ("ping-message", set (ping_message, NULL));
  refuses_value ("ping-message", g_object_set (object, "ping-message", NULL, NULL));
  refuses_value ("pong-message", set (pong_message, "\xff"));
  refuses_value ("reconnect-jitter", set (reconnect_jitter, 1.5));
  refuses_value ("repeat-limit", set (repeat_limit, -2));
  g_assert_cmpint (get (heartbeat_mode), ==, HB_HEARTBEAT_MODE_MESSAGE);
  g_assert_cmpstr (get (ping_message), ==, "heartbeat");
  g_assert_null (get (pong_message));
  g_assert_cmpfloat_with_epsilon (get (reconnect_jitter), 0, 1e-9);
  g_assert_cmpint (get (repeat_limit), ==, -1);

  expect_critical ("*SOUP_IS_SESSION (session)*", set (session, (SoupSession *) object));
  g_assert_null (get (session));

  g_assert_finalize_object (object);
}

static void
unexpected_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
test_calls (void)
{
  HbWebsocketTask *object = new_stranger ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hi", 2);

  refuses (hb_websocket_task_open (object));
  refuses (hb_websocket_task_open_async (object, NULL, unexpected_cb, NULL));
  refuses (hb_websocket_task_close (object, 1000, NULL));
  refuses (hb_websocket_task_close_async (object, 1000, NULL, NULL, unexpected_cb, NULL));
  refuses (hb_websocket_task_reconnect_now (object));
  refuses (hb_websocket_task_reconnect_later (object));
  refuses (hb_websocket_task_check (object));
  refuses (hb_websocket_task_mark_ready (object));
  refuses (hb_websocket_task_hold (object));
  refuses (hb_websocket_task_release (object));
  refuses (g_assert_false (hb_websocket_task_can_acknowledge (object)));
  refuses (g_assert_false (hb_websocket_task_send_text (object, "hi", NULL)));
  refuses (g_assert_false (hb_websocket_task_send_text_with_flags (object, "hi",
                                                                   HB_SEND_FLAGS_DEFAULT, NULL)));
  refuses (g_assert_false (hb_websocket_task_send_bytes (object, bytes, NULL)));
  refuses (g_assert_false (hb_websocket_task_send_message (object, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                           HB_SEND_FLAGS_DEFAULT, NULL)));
  refuses (hb_websocket_task_send_message_async (object, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                 HB_SEND_FLAGS_DEFAULT, NULL, unexpected_cb,
                                                 NULL));
  refuses (hb_websocket_task_flush_async (object, NULL, unexpected_cb, NULL));
  refuses (g_assert_null (hb_websocket_task_take_queue (object)));
  refuses (hb_websocket_task_receive_async (object, NULL, unexpected_cb, NULL));
  g_object_unref (object);
}

static void
test_finish (void)
{
  HbWebsocketTask *object = new_stranger ();
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  g_autoptr (GTask) result = g_task_new (task, NULL, NULL, NULL);

  refuses (g_assert_false (hb_websocket_task_open_finish (object, NULL, NULL)));
  refuses (g_assert_false (hb_websocket_task_close_finish (object, NULL, NULL)));
  refuses (g_assert_false (hb_websocket_task_send_message_finish (object, NULL, NULL)));
  refuses (g_assert_false (hb_websocket_task_flush_finish (object, NULL, NULL)));
  refuses (g_assert_null (hb_websocket_task_receive_finish (object, NULL, NULL)));

  /* The result does not have the source tag of open_async (). */
  expect_critical ("*g_async_result_is_tagged*",
                   g_assert_false (hb_websocket_task_open_finish (task, G_ASYNC_RESULT (result),
                                                                  NULL)));

  g_clear_object (&result);
  g_object_unref (object);
  g_assert_finalize_object (task);
}

/* The functions of the metrics, except hb_metrics_free (), refuse NULL. */
static void
test_metrics (void)
{
  refuses_nothing (g_assert_null (hb_metrics_copy (NULL)));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_messages_sent (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_bytes_sent (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_messages_received (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_bytes_received (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_messages_dropped (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_messages_expired (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_messages_resent (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_attempts (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_opens (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_pings (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_replies (NULL), ==, 0));
  refuses_nothing (g_assert_cmpuint (hb_metrics_get_pong_timeouts (NULL), ==, 0));
  refuses_nothing (g_assert_cmpint (hb_metrics_get_latency_min (NULL), ==, -1));
  refuses_nothing (g_assert_cmpint (hb_metrics_get_latency_max (NULL), ==, -1));
  refuses_nothing (g_assert_cmpint (hb_metrics_get_latency_mean (NULL), ==, -1));
  refuses_nothing (g_assert_cmpint (hb_metrics_get_uptime (NULL), ==, 0));
  refuses_nothing (g_assert_cmpint (hb_metrics_get_downtime (NULL), ==, 0));
}

static void
test_version (void)
{
  g_assert_nonnull (hb_check_version (HB_MAJOR_VERSION - 1, 0, 0));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A call with an invalid object or value prints a critical message, and has no "
                  "effect.");

  g_test_add_func ("/loopback/preconditions/getters", test_getters);
  g_test_add_func ("/loopback/preconditions/setters", test_setters);
  g_test_add_func ("/loopback/preconditions/values", test_values);
  g_test_add_func ("/loopback/preconditions/calls", test_calls);
  g_test_add_func ("/loopback/preconditions/finish", test_finish);
  g_test_add_func ("/loopback/preconditions/metrics", test_metrics);
  g_test_add_func ("/loopback/preconditions/version", test_version);

  return g_test_run ();
}
