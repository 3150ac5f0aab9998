/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-enums.h"
#include "hb-error.h"
#include "hb-i18n-private.h"

/* A value of an enumeration, with its nick and its name in the type system */
typedef struct
{
  const char *nick;
  const char *name;
  int         value;
} Value;

static void
assert_values (GType        type,
               const Value *values,
               guint        n_values)
{
  GEnumClass *values_class = g_type_class_ref (type);
  guint i;

  g_assert_cmpuint (values_class->n_values, ==, n_values);

  for (i = 0; i < n_values; i++)
    {
      GEnumValue *value = g_enum_get_value_by_nick (values_class, values[i].nick);

      g_assert_nonnull (value);
      g_assert_cmpint (value->value, ==, values[i].value);
      g_assert_cmpstr (value->value_name, ==, values[i].name);
    }

  g_type_class_unref (values_class);
}

static void
test_state (void)
{
  static const Value values[] = {
    { "connecting", "HB_STATE_CONNECTING", 0 },
    { "open", "HB_STATE_OPEN", 1 },
    { "closing", "HB_STATE_CLOSING", 2 },
    { "closed", "HB_STATE_CLOSED", 3 },
    { "waiting", "HB_STATE_WAITING", 4 },
  };

  g_test_summary ("The first four states have the values of readyState in browsers, and WAITING "
                  "has a value of its own");

  assert_values (HB_TYPE_STATE, values, G_N_ELEMENTS (values));
}

static void
test_defaults (void)
{
  static const Value modes[] = {
    { "message", "HB_HEARTBEAT_MODE_MESSAGE", 0 },
    { "ping", "HB_HEARTBEAT_MODE_PING", 1 },
  };
  static const Value livenesses[] = {
    { "any", "HB_LIVENESS_ANY", 0 },
    { "reply", "HB_LIVENESS_REPLY", 1 },
    { "steady", "HB_LIVENESS_STEADY", 2 },
  };
  static const Value overflows[] = {
    { "fail", "HB_OVERFLOW_FAIL", 0 },
    { "drop-oldest", "HB_OVERFLOW_DROP_OLDEST", 1 },
    { "drop-newest", "HB_OVERFLOW_DROP_NEWEST", 2 },
  };
  static const Value deliveries[] = {
    { "written", "HB_DELIVERY_WRITTEN", 0 },
    { "acknowledged", "HB_DELIVERY_ACKNOWLEDGED", 1 },
  };

  g_test_summary ("In each enumeration that a setting uses, the default has the value 0");

  assert_values (HB_TYPE_HEARTBEAT_MODE, modes, G_N_ELEMENTS (modes));
  assert_values (HB_TYPE_LIVENESS, livenesses, G_N_ELEMENTS (livenesses));
  assert_values (HB_TYPE_OVERFLOW, overflows, G_N_ELEMENTS (overflows));
  assert_values (HB_TYPE_DELIVERY, deliveries, G_N_ELEMENTS (deliveries));
}

static void
test_flags (void)
{
  GFlagsClass *flags = g_type_class_ref (HB_TYPE_SEND_FLAGS);

  g_test_summary ("The flags are distinct, and none of them is set by default");

  g_assert_cmpuint (g_flags_get_value_by_nick (flags, "default")->value, ==, 0);
  g_assert_cmpuint (g_flags_get_value_by_nick (flags, "volatile")->value, ==, 1);
  g_assert_cmpuint (g_flags_get_value_by_nick (flags, "this-link")->value, ==, 2);
  g_type_class_unref (flags);
}

static void
test_error (void)
{
  static const Value values[] = {
    { "invalid-uri", "HB_ERROR_INVALID_URI", 0 },
    { "invalid-argument", "HB_ERROR_INVALID_ARGUMENT", 1 },
    { "connect-timeout", "HB_ERROR_CONNECT_TIMEOUT", 2 },
    { "handshake", "HB_ERROR_HANDSHAKE", 3 },
    { "pong-timeout", "HB_ERROR_PONG_TIMEOUT", 4 },
    { "message-too-big", "HB_ERROR_MESSAGE_TOO_BIG", 5 },
    { "closed", "HB_ERROR_CLOSED", 6 },
    { "not-open", "HB_ERROR_NOT_OPEN", 7 },
    { "queue-full", "HB_ERROR_QUEUE_FULL", 8 },
    { "repeat-limit", "HB_ERROR_REPEAT_LIMIT", 9 },
    { "message-refused", "HB_ERROR_MESSAGE_REFUSED", 10 },
    { "expired", "HB_ERROR_EXPIRED", 11 },
  };

  g_test_summary ("The errors keep their numbers, which are part of the interface");

  assert_values (HB_TYPE_ERROR, values, G_N_ELEMENTS (values));
  g_assert_cmpstr (g_quark_to_string (HB_ERROR), ==, "hb-error-quark");
}

static void
test_untranslated (void)
{
  g_test_summary ("Without a translation, a text is unchanged, in the singular and in the plural");

  g_assert_cmpstr (hb_gettext ("not a text of ours"), ==, "not a text of ours");
  g_assert_cmpstr (hb_ngettext ("one of none", "many of none", 1), ==, "one of none");
  g_assert_cmpstr (hb_ngettext ("one of none", "many of none", 2), ==, "many of none");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/types/state", test_state);
  g_test_add_func ("/types/defaults", test_defaults);
  g_test_add_func ("/types/flags", test_flags);
  g_test_add_func ("/types/error", test_error);
  g_test_add_func ("/types/untranslated", test_untranslated);

  return g_test_run ();
}
