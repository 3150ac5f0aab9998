/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-websocket.h"

static void
test_enums (void)
{
  const GType enums[] = {
    HB_TYPE_STATE, HB_TYPE_HEARTBEAT_MODE, HB_TYPE_LIVENESS, HB_TYPE_OVERFLOW, HB_TYPE_DELIVERY,
    HB_TYPE_ERROR,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (enums); i++)
    g_assert_true (G_TYPE_IS_ENUM (enums[i]));

  g_assert_true (G_TYPE_IS_FLAGS (HB_TYPE_SEND_FLAGS));

  /* The first four values are those of the readyState of a browser's WebSocket. */
  g_assert_cmpint (HB_STATE_CONNECTING, ==, 0);
  g_assert_cmpint (HB_STATE_OPEN, ==, 1);
  g_assert_cmpint (HB_STATE_CLOSING, ==, 2);
  g_assert_cmpint (HB_STATE_CLOSED, ==, 3);
}

static void
test_error_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (HB_ERROR), ==, "hb-error-quark");
}

static void
test_task_is_final (void)
{
  g_assert_true (G_TYPE_IS_FINAL (HB_TYPE_WEBSOCKET_TASK));
  g_assert_false (G_TYPE_IS_ABSTRACT (HB_TYPE_WEBSOCKET_TASK));
}

static void
test_metrics (void)
{
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  HbMetrics *metrics = hb_websocket_task_get_metrics (task);
  HbMetrics *copy = g_boxed_copy (HB_TYPE_METRICS, metrics);

  g_assert_true (G_TYPE_IS_BOXED (HB_TYPE_METRICS));
  g_assert_true (copy != metrics);
  g_assert_cmpuint (hb_metrics_get_attempts (copy), ==, 0);
  g_assert_cmpuint (hb_metrics_get_bytes_sent (copy), ==, 0);
  g_assert_cmpint (hb_metrics_get_latency_min (copy), ==, -1);
  g_assert_cmpint (hb_metrics_get_latency_max (copy), ==, -1);
  g_assert_cmpint (hb_metrics_get_latency_mean (copy), ==, -1);
  g_boxed_free (HB_TYPE_METRICS, copy);
  hb_metrics_free (metrics);
  g_assert_finalize_object (task);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            GString               *log)
{
  g_assert_true (HB_IS_WEBSOCKET_TASK (task));
  g_string_append_printf (log, "%d:%s ", type, (const char *) g_bytes_get_data (message, NULL));
}

/* The data comes first, because g_signal_connect_swapped () swaps it with the task. */
static void
swapped_cb (GString               *log,
            SoupWebsocketDataType  type,
            GBytes                *message,
            HbWebsocketTask       *task)
{
  message_cb (task, type, message, log);
}

/* `message` has two marshallers of its own: one for the arguments of g_signal_emit (), and one for
 * the GValues of g_signal_emitv (), which bindings use. */
static void
test_message_handlers (void)
{
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  guint id = g_signal_lookup ("message", HB_TYPE_WEBSOCKET_TASK);
  g_autoptr (GBytes) message = g_bytes_new_static ("hi", 3);
  g_autoptr (GString) log = g_string_new (NULL);
  GValue values[3] = { G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT };
  guint i;

  g_signal_connect (task, "message", G_CALLBACK (message_cb), log);
  g_signal_connect_swapped (task, "message::text", G_CALLBACK (swapped_cb), log);

  g_signal_emit (task, id, g_quark_from_static_string ("text"), SOUP_WEBSOCKET_DATA_TEXT, message);
  g_signal_emit (task, id, g_quark_from_static_string ("binary"), SOUP_WEBSOCKET_DATA_BINARY,
                 message);
  g_assert_cmpstr (log->str, ==, "1:hi 1:hi 2:hi ");

  g_value_init_from_instance (&values[0], task);
  g_value_init (&values[1], SOUP_TYPE_WEBSOCKET_DATA_TYPE);
  g_value_set_enum (&values[1], SOUP_WEBSOCKET_DATA_TEXT);
  g_value_init (&values[2], G_TYPE_BYTES);
  g_value_set_boxed (&values[2], message);
  g_string_truncate (log, 0);
  g_signal_emitv (values, id, g_quark_from_static_string ("text"), NULL);
  g_assert_cmpstr (log->str, ==, "1:hi 1:hi ");

  for (i = 0; i < G_N_ELEMENTS (values); i++)
    g_value_unset (&values[i]);

  g_assert_finalize_object (task);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The types, the error domain and the marshallers that bindings use.");

  g_test_add_func ("/loopback/types/enums", test_enums);
  g_test_add_func ("/loopback/types/error-domain", test_error_domain);
  g_test_add_func ("/loopback/types/task-is-final", test_task_is_final);
  g_test_add_func ("/loopback/types/metrics", test_metrics);
  g_test_add_func ("/loopback/types/message-handlers", test_message_handlers);

  return g_test_run ();
}
