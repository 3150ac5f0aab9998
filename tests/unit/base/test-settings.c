/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <math.h>
#include <string.h>

#include "hb-error.h"
#include "hb-settings-private.h"

typedef struct
{
  HbSettings settings;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_settings_init (&fixture->settings);
  fixture->settings.uri = g_strdup ("wss://example.com/");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_settings_clear (&fixture->settings);
}

static void
test_helpers_defaults (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("Each default that corresponds to a setting or behaviour of "
                  "websocket-heartbeat-js has the same meaning as in that library");

  g_assert_cmpuint (fixture->settings.ping_timeout, ==, 15000);
  g_assert_cmpuint (fixture->settings.pong_timeout, ==, 10000);
  g_assert_cmpuint (fixture->settings.reconnect_timeout, ==, 2000);
  g_assert_cmpstr (fixture->settings.ping_message, ==, "heartbeat");
  g_assert_cmpint (fixture->settings.repeat_limit, ==, -1);
  g_assert_null (fixture->settings.pong_message);
  g_assert_cmpint (fixture->settings.heartbeat_mode, ==, HB_HEARTBEAT_MODE_MESSAGE);
  g_assert_cmpint (fixture->settings.liveness, ==, HB_LIVENESS_ANY);
}

static void
test_own_defaults (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("The remaining settings, except uri and ping-bytes, start with the documented "
                  "defaults");

  g_assert_cmpuint (fixture->settings.reconnect_timeout_max, ==, 0);
  g_assert_cmpfloat_with_epsilon (fixture->settings.reconnect_jitter, 0, 1e-9);
  g_assert_cmpuint (fixture->settings.min_uptime, ==, 5000);
  g_assert_cmpuint (fixture->settings.connect_timeout, ==, 10000);
  g_assert_cmpuint (fixture->settings.close_timeout, ==, 2000);
  g_assert_cmpuint (fixture->settings.max_message_size, ==, 16777216);
  g_assert_cmpuint (fixture->settings.max_buffered_amount, ==, 8388608);
  g_assert_cmpint (fixture->settings.overflow, ==, HB_OVERFLOW_FAIL);
  g_assert_cmpint (fixture->settings.delivery, ==, HB_DELIVERY_WRITTEN);
  g_assert_false (fixture->settings.compression);
  g_assert_true (fixture->settings.network_aware);
  g_assert_false (fixture->settings.manual_ready);
  g_assert_false (fixture->settings.paused);
  g_assert_cmpuint (fixture->settings.queue_timeout, ==, 0);
  g_assert_cmpuint (fixture->settings.fragment_size, ==, 32760);
  g_assert_null (fixture->settings.protocols);
  g_assert_null (fixture->settings.origin);
}

static void
test_check (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("An attempt needs only a URI");

  g_assert_true (hb_settings_check (&fixture->settings, &error));
  g_assert_no_error (error);
}

static void
test_check_uri (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("An attempt without a URI is refused");

  g_clear_pointer (&fixture->settings.uri, g_free);

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_URI);
}

static void
test_check_protocols (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("An invalid subprotocol is refused before an attempt");

  fixture->settings.protocols = g_strsplit ("chat,super chat", ",", -1);

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

static void
test_check_origin (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("An invalid origin is refused before an attempt");

  fixture->settings.origin = g_strdup ("https://example.com\r\nX: y");

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

static void
test_clear_twice (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Settings may be cleared twice");

  fixture->settings.protocols = g_strsplit ("a,b", ",", -1);
  fixture->settings.origin = g_strdup ("null");
  fixture->settings.pong_message = g_strdup ("pong");
  hb_settings_clear (&fixture->settings);

  g_assert_null (fixture->settings.ping_message);
  g_assert_null (fixture->settings.protocols);
}

static const char not_utf8[] = "\xff";
static const char * const two[] = { "chat", "news", NULL };
static const char * const none[] = { NULL };

/* The address of a value is an argument of hb_settings_set (). */
typedef union
{
  int                 number; /* also for a boolean, an enumeration or a guint */
  guint64             size;
  double              share;
  const char         *string;
  const char * const *list;
} Value;

typedef struct
{
  HbProperty property;
  Value      other;      /* allowed, and not the default */
  Value      refused[2]; /* not allowed */
  guint      n_refused;
} Case;

static const Case cases[] = {
  { HB_PROPERTY_URI, { .string = "ws://127.0.0.1/" } },
  { HB_PROPERTY_PROTOCOLS, { .list = two } },
  { HB_PROPERTY_ORIGIN, { .string = "https://example.com" } },
  { HB_PROPERTY_COMPRESSION, { .number = TRUE } },
  { HB_PROPERTY_HEARTBEAT_MODE, { .number = HB_HEARTBEAT_MODE_PING },
    { { .number = HB_HEARTBEAT_MODE_PING + 1 }, { .number = -1 } }, 2 },
  { HB_PROPERTY_LIVENESS, { .number = HB_LIVENESS_STEADY },
    { { .number = HB_LIVENESS_STEADY + 1 }, { .number = -1 } }, 2 },
  { HB_PROPERTY_PING_TIMEOUT, { .number = -1 } },
  { HB_PROPERTY_PONG_TIMEOUT, { .number = 0 } },
  { HB_PROPERTY_PING_MESSAGE, { .string = "" },
    { { .string = NULL }, { .string = not_utf8 } }, 2 },
  { HB_PROPERTY_PONG_MESSAGE, { .string = "pong" }, { { .string = not_utf8 } }, 1 },
  { HB_PROPERTY_RECONNECT_TIMEOUT, { .number = 1 } },
  { HB_PROPERTY_RECONNECT_TIMEOUT_MAX, { .number = 1 } },
  { HB_PROPERTY_RECONNECT_JITTER, { .share = 1 }, { { .share = 1.01 }, { .share = NAN } }, 2 },
  { HB_PROPERTY_REPEAT_LIMIT, { .number = G_MAXINT },
    { { .number = -2 }, { .number = G_MININT } }, 2 },
  { HB_PROPERTY_MIN_UPTIME, { .number = 1 } },
  { HB_PROPERTY_CONNECT_TIMEOUT, { .number = 1 } },
  { HB_PROPERTY_CLOSE_TIMEOUT, { .number = 1 } },
  { HB_PROPERTY_MAX_MESSAGE_SIZE, { .size = G_MAXUINT64 } },
  { HB_PROPERTY_MAX_BUFFERED_AMOUNT, { .size = 0 } },
  { HB_PROPERTY_OVERFLOW, { .number = HB_OVERFLOW_DROP_NEWEST },
    { { .number = HB_OVERFLOW_DROP_NEWEST + 1 }, { .number = -1 } }, 2 },
  { HB_PROPERTY_NETWORK_AWARE, { .number = FALSE } },
  { HB_PROPERTY_MANUAL_READY, { .number = TRUE } },
  { HB_PROPERTY_PAUSED, { .number = TRUE } },
  { HB_PROPERTY_QUEUE_TIMEOUT, { .number = 1 } },
  { HB_PROPERTY_FRAGMENT_SIZE, { .number = 0 } },
  { HB_PROPERTY_DELIVERY, { .number = HB_DELIVERY_ACKNOWLEDGED },
    { { .number = HB_DELIVERY_ACKNOWLEDGED + 1 }, { .number = -1 } }, 2 },
};

/* A GBytes cannot be a constant in the table, so another test covers its property. */
static const HbProperty others[] = { HB_PROPERTY_PING_BYTES };

/* @pointer: points to a value of the property's type */
static void
init_value (GValue        *value,
            GParamSpec    *pspec,
            gconstpointer  pointer)
{
  g_value_init (value, pspec->value_type);

  switch (G_TYPE_FUNDAMENTAL (pspec->value_type))
    {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) pointer);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const int *) pointer);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(const int *) pointer);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) pointer);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) pointer);
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const double *) pointer);
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, *(const char * const *) pointer);
      break;
    case G_TYPE_BOXED:
      g_value_set_boxed (value, *(const char * const * const *) pointer);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
assert_field (const HbSettings *settings,
              GParamSpec       *pspec,
              HbProperty        property,
              const GValue     *expected)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree char *contents = NULL;
  g_autofree char *expected_contents = g_strdup_value_contents (expected);

  init_value (&value, pspec, hb_settings_peek (settings, property));
  contents = g_strdup_value_contents (&value);
  g_assert_cmpstr (contents, ==, expected_contents);
}

static void
assert_set (HbSettings *settings,
            const Case *item,
            GParamSpec *pspec)
{
  g_auto (GValue) other = G_VALUE_INIT;

  init_value (&other, pspec, &item->other);
  g_assert_false (g_param_value_defaults (pspec, &other));
  g_assert_true (hb_settings_is_allowed (item->property, &item->other));
  g_assert_true (hb_settings_set (settings, item->property, &item->other));
  assert_field (settings, pspec, item->property, &other);
  g_assert_false (hb_settings_set (settings, item->property, &item->other));
  assert_field (settings, pspec, item->property, &other);
}

static void
test_set (Fixture       *fixture,
          gconstpointer  data)
{
  HbProperty property;
  guint n_settings = 0;
  guint i;

  g_test_summary ("Each setting starts with the default of its property. Only a different value "
                  "counts as a change.");

  g_clear_pointer (&fixture->settings.uri, g_free);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GParamSpec) pspec = NULL;

      g_test_message ("%s", hb_property_get_name (cases[i].property));
      pspec = hb_settings_new_pspec (cases[i].property, G_PARAM_READWRITE);
      g_param_spec_ref_sink (pspec);
      assert_field (&fixture->settings, pspec, cases[i].property,
                    g_param_spec_get_default_value (pspec));
      assert_set (&fixture->settings, &cases[i], pspec);
    }

  for (property = HB_PROPERTY_0; property < HB_N_PROPERTIES; property++)
    n_settings += hb_settings_has (property);

  g_assert_cmpuint (n_settings, ==, G_N_ELEMENTS (cases) + G_N_ELEMENTS (others));
}

static void
test_limits (Fixture       *fixture,
             gconstpointer  data)
{
  guint i;
  guint j;

  g_test_summary ("A value outside of the limits is refused by the settings and, unless it is a "
                  "string, by GObject");

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HbProperty property = cases[i].property;
      g_autoptr (GParamSpec) pspec = hb_settings_new_pspec (property, G_PARAM_READWRITE);

      g_test_message ("%s", hb_property_get_name (property));
      g_param_spec_ref_sink (pspec);

      for (j = 0; j < cases[i].n_refused; j++)
        {
          g_auto (GValue) refused = G_VALUE_INIT;

          g_assert_false (hb_settings_is_allowed (property, &cases[i].refused[j]));
          init_value (&refused, pspec, &cases[i].refused[j]);
          if (!G_VALUE_HOLDS_STRING (&refused))
            g_assert_true (g_param_value_validate (pspec, &refused));
        }
    }
}

static void
test_protocols (Fixture       *fixture,
                gconstpointer  data)
{
  HbSettings *settings = &fixture->settings;
  const char * const *list = none;

  g_test_summary ("An empty list of subprotocols and NULL have the same meaning");

  g_assert_cmpstrv (hb_settings_list_protocols (settings), none);
  g_assert_false (hb_settings_set (settings, HB_PROPERTY_PROTOCOLS, &list));
  list = two;
  g_assert_true (hb_settings_set (settings, HB_PROPERTY_PROTOCOLS, &list));
  g_assert_cmpstrv (hb_settings_list_protocols (settings), two);
  list = none;
  g_assert_true (hb_settings_set (settings, HB_PROPERTY_PROTOCOLS, &list));
  g_assert_null (settings->protocols);
  list = NULL;
  g_assert_false (hb_settings_set (settings, HB_PROPERTY_PROTOCOLS, &list));
}

static void
test_bytes (Fixture       *fixture,
            gconstpointer  data)
{
  HbSettings *settings = &fixture->settings;
  g_autoptr (GBytes) bytes = g_bytes_new ("\xc0\0", 2);
  g_autoptr (GBytes) same = g_bytes_new ("\xc0\0", 2);
  g_autoptr (GBytes) other = g_bytes_new ("\xc0", 1);
  GBytes *none_given = NULL;

  g_test_summary ("The setting ping-bytes starts as NULL, and its values are compared by their "
                  "contents");

  g_assert_null (settings->ping_bytes);
  g_assert_false (hb_settings_set (settings, others[0], &none_given));
  g_assert_true (hb_settings_set (settings, others[0], &bytes));
  g_assert_false (hb_settings_set (settings, others[0], &same));
  g_assert_true (hb_settings_set (settings, others[0], &other));
  g_assert_true (g_bytes_equal (settings->ping_bytes, other));
  g_assert_true (hb_settings_set (settings, others[0], &none_given));
  g_assert_null (settings->ping_bytes);
  g_assert_true (hb_settings_set (settings, others[0], &bytes));
}

static void
test_own_value (Fixture       *fixture,
                gconstpointer  data)
{
  HbSettings *settings = &fixture->settings;
  const char *end = settings->uri + strlen ("wss://");
  const gboolean truth = 2;

  g_test_summary ("A string can be replaced with a part of itself. A boolean that is not 0 is "
                  "stored as TRUE.");

  g_assert_true (hb_settings_set (settings, HB_PROPERTY_URI, &end));
  g_assert_cmpstr (settings->uri, ==, "example.com/");

  g_assert_false (hb_settings_set (settings, HB_PROPERTY_NETWORK_AWARE, &truth));
  g_assert_true (hb_settings_set (settings, HB_PROPERTY_COMPRESSION, &truth));
  g_assert_cmpint (settings->compression, ==, TRUE);
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/settings/helpers-defaults", test_helpers_defaults);
  add_test ("/settings/own-defaults", test_own_defaults);
  add_test ("/settings/check", test_check);
  add_test ("/settings/check-uri", test_check_uri);
  add_test ("/settings/check-protocols", test_check_protocols);
  add_test ("/settings/check-origin", test_check_origin);
  add_test ("/settings/clear-twice", test_clear_twice);

  add_test ("/settings/set", test_set);
  add_test ("/settings/limits", test_limits);
  add_test ("/settings/protocols", test_protocols);
  add_test ("/settings/bytes", test_bytes);
  add_test ("/settings/own-value", test_own_value);

  return g_test_run ();
}
