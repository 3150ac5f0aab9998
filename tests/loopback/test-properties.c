/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *n)
{
  *n += 1;
}

typedef struct
{
  const char *name;
  const char *first;  /* the default from g_strdup_value_contents (), except for a double */
  const char *second; /* (nullable) another value for set_from_string (), NULL if read-only */
} Property;

static const Property properties[] = {
  { "session", "NULL", "new" },
  { "uri", "NULL", "ws://127.0.0.1/" },
  { "origin", "NULL", "https://example.com" },
  { "compression", "FALSE", "TRUE" },
  { "heartbeat-mode", "((HbHeartbeatMode) HB_HEARTBEAT_MODE_MESSAGE)", "1" },
  { "liveness", "((HbLiveness) HB_LIVENESS_ANY)", "1" },
  { "ping-timeout", "15000", "1" },
  { "pong-timeout", "10000", "1" },
  { "ping-message", "\"heartbeat\"", "ping" },
  { "pong-message", "NULL", "pong" },
  { "reconnect-timeout", "2000", "1" },
  { "reconnect-timeout-max", "0", "1" },
  { "reconnect-jitter", "0", "0.5" },
  { "repeat-limit", "-1", "12" },
  { "min-uptime", "5000", "1" },
  { "connect-timeout", "10000", "1" },
  { "close-timeout", "2000", "1" },
  { "max-message-size", "16777216", "1" },
  { "max-buffered-amount", "8388608", "1" },
  { "overflow", "((HbOverflow) HB_OVERFLOW_FAIL)", "2" },
  { "network-aware", "TRUE", "FALSE" },
  { "manual-ready", "FALSE", "TRUE" },
  { "paused", "FALSE", "TRUE" },
  { "ping-bytes", "NULL", "ping" },
  { "queue-timeout", "0", "1" },
  { "fragment-size", "32760", "1" },
  { "delivery", "((HbDelivery) HB_DELIVERY_WRITTEN)", "1" },
  { "state", "((HbState) HB_STATE_CLOSED)", NULL },
  { "connection", "NULL", NULL },
  { "protocol", "NULL", NULL },
  { "attempt", "0", NULL },
  { "reconnect-at", "-1", NULL },
  { "buffered-amount", "0", NULL },
  { "latency", "-1", NULL },
  { "downtime", "0", NULL },
  { "http-status", "0", NULL },
  { "last-error", "NULL", NULL },
  { "ready", "FALSE", NULL },
};

static void
set_from_string (GValue     *value,
                 const char *string)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_STRING:
      g_value_set_string (value, string);
      break;
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, strcmp (string, "TRUE") == 0);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, atoi (string));
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, atoi (string));
      break;
    case G_TYPE_INT:
      g_value_set_int (value, atoi (string));
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, atoi (string));
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, g_ascii_strtod (string, NULL));
      break;
    case G_TYPE_BOXED:
      g_value_take_boxed (value, g_bytes_new (string, strlen (string)));
      break;
    case G_TYPE_OBJECT:
      g_value_take_object (value, g_object_new (G_VALUE_TYPE (value), NULL));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
assert_is_first (HbWebsocketTask *task,
                 const Property  *property,
                 GValue          *value)
{
  g_autofree char *contents = NULL;

  g_object_get_property (G_OBJECT (task), property->name, value);

  /* Some locales use another decimal separator, so a double is not compared as text. */
  if (G_VALUE_HOLDS_DOUBLE (value))
    {
      g_assert_cmpfloat_with_epsilon (g_value_get_double (value), 0, 1e-9);
      return;
    }

  contents = g_strdup_value_contents (value);
  g_assert_cmpstr (contents, ==, property->first);
}

static void
assert_may_be_set (HbWebsocketTask *task,
                   const Property  *property,
                   GType            type)
{
  g_autofree char *signal = g_strconcat ("notify::", property->name, NULL);
  g_auto (GValue) second = G_VALUE_INIT;
  g_auto (GValue) got = G_VALUE_INIT;
  g_autofree char *second_contents = NULL;
  g_autofree char *got_contents = NULL;
  guint n_notified = 0;

  g_signal_connect (task, signal, G_CALLBACK (count_cb), &n_notified);
  g_value_init (&second, type);
  set_from_string (&second, property->second);

  g_object_set_property (G_OBJECT (task), property->name, &second);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_set_property (G_OBJECT (task), property->name, &second);
  g_assert_cmpuint (n_notified, ==, 1);

  g_object_get_property (G_OBJECT (task), property->name, &got);
  second_contents = g_strdup_value_contents (&second);
  got_contents = g_strdup_value_contents (&got);
  g_assert_cmpstr (got_contents, ==, second_contents);
  g_signal_handlers_disconnect_by_data (task, &n_notified);
}

static void
test_each (void)
{
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (task),
                                                        properties[i].name);
      g_auto (GValue) value = G_VALUE_INIT;
      gboolean writable;

      g_test_message ("%s", properties[i].name);
      g_assert_nonnull (pspec);
      assert_is_first (task, &properties[i], &value);
      g_assert_true (g_param_value_defaults (pspec, &value));

      writable = (pspec->flags & G_PARAM_WRITABLE) != 0
                 && (pspec->flags & G_PARAM_CONSTRUCT_ONLY) == 0;
      g_assert_cmpint (writable, ==, properties[i].second != NULL);
      if (writable)
        assert_may_be_set (task, &properties[i], pspec->value_type);
    }

  g_assert_finalize_object (task);
}

static gboolean
is_in_table (const char *name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (properties); i++)
    if (strcmp (properties[i].name, name) == 0)
      return TRUE;

  return FALSE;
}

/* `protocols` is a list, so the table does not contain it. */
static void
test_none_is_missing (void)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (HB_TYPE_WEBSOCKET_TASK);
  g_autofree GParamSpec **pspecs = NULL;
  guint n_properties;
  guint i;

  pspecs = g_object_class_list_properties (G_OBJECT_CLASS (klass), &n_properties);
  for (i = 0; i < n_properties; i++)
    if (!is_in_table (pspecs[i]->name))
      g_assert_cmpstr (pspecs[i]->name, ==, "protocols");
}

static void
test_protocols (void)
{
  HbWebsocketTask *task = hb_websocket_task_new (NULL);
  const char *offered[] = { "chat", "news", NULL };
  const char *none[] = { NULL };
  guint n_notified = 0;
  g_auto (GStrv) got = NULL;
  g_auto (GStrv) first = NULL;

  g_signal_connect (task, "notify::protocols", G_CALLBACK (count_cb), &n_notified);
  g_assert_cmpstrv (hb_websocket_task_get_protocols (task), none);
  g_object_get (task, "protocols", &first, NULL);
  g_assert_cmpstrv (first, none);
  hb_websocket_task_set_protocols (task, none);
  g_assert_cmpuint (n_notified, ==, 0);
  hb_websocket_task_set_protocols (task, offered);
  hb_websocket_task_set_protocols (task, offered);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_cmpstrv (hb_websocket_task_get_protocols (task), offered);
  g_object_get (task, "protocols", &got, NULL);
  g_assert_cmpstrv (got, offered);
  g_object_set (task, "protocols", none, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
  hb_websocket_task_set_protocols (task, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_cmpstrv (hb_websocket_task_get_protocols (task), none);

  g_assert_finalize_object (task);
}

#define assert_accessors(task, name, type, other, assertion) \
  G_STMT_START { \
    type first_ = hb_websocket_task_get_ ## name (task); \
    hb_websocket_task_set_ ## name (task, other); \
    assertion (hb_websocket_task_get_ ## name (task), ==, other); \
    hb_websocket_task_set_ ## name (task, first_); \
    assertion (hb_websocket_task_get_ ## name (task), ==, first_); \
  } G_STMT_END

static void
assert_string_accessors (HbWebsocketTask  *task,
                         const char     *(*getter) (HbWebsocketTask *),
                         void            (*setter) (HbWebsocketTask *,
                                                    const char      *))
{
  g_autofree char *first = g_strdup (getter (task));

  setter (task, "other");
  g_assert_cmpstr (getter (task), ==, "other");
  setter (task, first);
  g_assert_cmpstr (getter (task), ==, first);
}

static void
test_accessors (void)
{
  HbWebsocketTask *task = hb_websocket_task_new ("ws://127.0.0.1/");
  g_autoptr (GBytes) bytes = g_bytes_new ("ping", 4);

  assert_string_accessors (task, hb_websocket_task_get_uri, hb_websocket_task_set_uri);
  assert_string_accessors (task, hb_websocket_task_get_origin, hb_websocket_task_set_origin);
  assert_string_accessors (task, hb_websocket_task_get_ping_message,
                           hb_websocket_task_set_ping_message);
  assert_string_accessors (task, hb_websocket_task_get_pong_message,
                           hb_websocket_task_set_pong_message);
  assert_accessors (task, compression, gboolean, TRUE, g_assert_cmpint);
  assert_accessors (task, heartbeat_mode, HbHeartbeatMode, HB_HEARTBEAT_MODE_PING, g_assert_cmpint);
  assert_accessors (task, liveness, HbLiveness, HB_LIVENESS_REPLY, g_assert_cmpint);
  assert_accessors (task, ping_timeout, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, pong_timeout, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, reconnect_timeout, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, reconnect_timeout_max, guint, 1u, g_assert_cmpuint);
  hb_websocket_task_set_reconnect_jitter (task, 0.25);
  g_assert_cmpfloat_with_epsilon (hb_websocket_task_get_reconnect_jitter (task), 0.25, 1e-9);
  assert_accessors (task, repeat_limit, int, 0, g_assert_cmpint);
  assert_accessors (task, min_uptime, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, connect_timeout, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, close_timeout, guint, 1u, g_assert_cmpuint);
  assert_accessors (task, max_message_size, guint64, 1u, g_assert_cmpuint);
  assert_accessors (task, max_buffered_amount, guint64, 1u, g_assert_cmpuint);
  assert_accessors (task, overflow, HbOverflow, HB_OVERFLOW_DROP_NEWEST, g_assert_cmpint);
  assert_accessors (task, delivery, HbDelivery, HB_DELIVERY_ACKNOWLEDGED, g_assert_cmpint);
  assert_accessors (task, network_aware, gboolean, FALSE, g_assert_cmpint);
  assert_accessors (task, manual_ready, gboolean, TRUE, g_assert_cmpint);
  assert_accessors (task, paused, gboolean, TRUE, g_assert_cmpint);
  hb_websocket_task_set_ping_bytes (task, bytes);
  g_assert_true (g_bytes_equal (hb_websocket_task_get_ping_bytes (task), bytes));
  hb_websocket_task_set_ping_bytes (task, NULL);
  g_assert_null (hb_websocket_task_get_ping_bytes (task));
  assert_accessors (task, queue_timeout, guint, 1, g_assert_cmpuint);
  assert_accessors (task, fragment_size, guint, 1, g_assert_cmpuint);
  g_assert_finalize_object (task);
}

/* The order of a task's notifications and signals */
static void
test_notifications (Fixture       *fixture,
                    gconstpointer  data)
{
  signal_log_watch (fixture->log, "connection");
  signal_log_watch (fixture->log, "protocol");
  signal_log_watch (fixture->log, "attempt");
  signal_log_watch (fixture->log, "http-status");
  signal_log_watch (fixture->log, "buffered-amount");
  signal_log_watch (fixture->log, "ready");

  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, "state:connecting connecting buffered-amount:5 "
                     "state:open ready:TRUE http-status:101 connection:object protocol:NULL open "
                     "buffered-amount:0 drain message:text:hello");
  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting ready:FALSE connection:NULL protocol:NULL "
                     "close:1006 attempt:1 reconnect:1:20");
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:open ready:TRUE connection:object protocol:NULL open");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closing ready:FALSE state:closed connection:NULL "
                     "protocol:NULL close:1000");
}

/* `reconnect-at` is notified when an attempt is scheduled, when a hold of that attempt begins or
 * ends, and when the task leaves the state WAITING, here because the task is closed. An application
 * that shows a countdown relies on this. */
static void
test_reconnect_at (Fixture       *fixture,
                   gconstpointer  data)
{
  gint64 at;

  fixture_open (fixture);
  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
  signal_log_watch (fixture->log, "reconnect-at");
  test_server_drop (fixture->server);
  signal_log_skip_to (fixture->log, "reconnect:1:60000");
  g_assert_cmpuint (signal_log_count (fixture->log, "reconnect-at:"), ==, 1);
  at = hb_websocket_task_get_reconnect_at (fixture->task);
  g_assert_cmpint (at, >, g_get_monotonic_time () + 50 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (at, <=, g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND);
  hb_websocket_task_hold (fixture->task);
  signal_log_expect_now (fixture->log, "reconnect-at:-1");
  hb_websocket_task_release (fixture->task);
  g_assert_cmpuint (signal_log_count (fixture->log, "reconnect-at:"), ==, 3);
  signal_log_forget (fixture->log);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_skip_to (fixture->log, "reconnect-at:-1");
  signal_log_forget (fixture->log);
}

static void
change_network (void)
{
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", FALSE);
}

/* While a connection is open, a network change has the effect of check (), even if the network
 * becomes unavailable. */
static void
test_network_aware (Fixture       *fixture,
                    gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_set_pong_timeout (fixture->task, 0);
  change_network ();
  raw_peer_expect (peer, "text:heartbeat");

  /* Further changes cause another check only after five seconds. */
  change_network ();
  change_network ();
  wait_idle ();
  raw_peer_expect_quiet (peer);
}

static void
test_network_wakes (Fixture       *fixture,
                    gconstpointer  data)
{
  fixture_enter (fixture, HB_STATE_WAITING);
  change_network ();
  signal_log_expect (fixture->log, WORDS_OPEN);
}

static void
test_network_unaware (Fixture       *fixture,
                      gconstpointer  data)
{
  RawPeer *peer = fixture_open_raw (fixture);

  hb_websocket_task_set_network_aware (fixture->task, FALSE);
  change_network ();
  wait_idle ();
  raw_peer_expect_quiet (peer);

  hb_websocket_task_set_network_aware (fixture->task, TRUE);
  change_network ();
  raw_peer_expect (peer, "text:heartbeat");

  /* A closed task ignores network changes. */
  raw_peer_drop (peer);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
  change_network ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The default of each property, one notification for each change, and the effect "
                  "of network changes.");

  g_test_add_func ("/loopback/properties/each", test_each);
  g_test_add_func ("/loopback/properties/none-is-missing", test_none_is_missing);
  g_test_add_func ("/loopback/properties/protocols", test_protocols);
  g_test_add_func ("/loopback/properties/accessors", test_accessors);
  add_test ("/loopback/properties/notifications", test_notifications);
  add_test ("/loopback/properties/reconnect-at", test_reconnect_at);
  add_raw_test ("/loopback/properties/network-aware", test_network_aware);
  add_raw_test ("/loopback/properties/network-wakes", test_network_wakes);
  add_raw_test ("/loopback/properties/network-unaware", test_network_unaware);

  return g_test_run ();
}
