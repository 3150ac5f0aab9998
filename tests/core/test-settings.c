/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

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
  g_test_summary ("The defaults that the JavaScript helpers have too are theirs");

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
  g_test_summary ("The other defaults are the documented ones");

  g_assert_cmpuint (fixture->settings.reconnect_timeout_max, ==, 0);
  g_assert_cmpfloat_with_epsilon (fixture->settings.reconnect_jitter, 0, 1e-9);
  g_assert_cmpuint (fixture->settings.min_uptime, ==, 5000);
  g_assert_cmpuint (fixture->settings.connect_timeout, ==, 10000);
  g_assert_cmpuint (fixture->settings.close_timeout, ==, 2000);
  g_assert_cmpuint (fixture->settings.max_message_size, ==, 16777216);
  g_assert_cmpuint (fixture->settings.max_buffered_amount, ==, 8388608);
  g_assert_cmpint (fixture->settings.overflow, ==, HB_OVERFLOW_FAIL);
  g_assert_false (fixture->settings.compression);
  g_assert_true (fixture->settings.network_aware);
  g_assert_null (fixture->settings.protocols);
  g_assert_null (fixture->settings.origin);
}

static void
test_check (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("A URI is all that an attempt needs");

  g_assert_true (hb_settings_check (&fixture->settings, &error));
  g_assert_no_error (error);
}

static void
test_check_uri (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("Without a URI there can be no attempt");

  g_clear_pointer (&fixture->settings.uri, g_free);

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_URI);
}

static void
test_check_protocols (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("A subprotocol that cannot be offered is found before an attempt");

  fixture->settings.protocols = g_strsplit ("chat,super chat", ",", -1);

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

static void
test_check_origin (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("An origin that cannot be sent is found before an attempt");

  fixture->settings.origin = g_strdup ("https://example.com\r\nX: y");

  g_assert_false (hb_settings_check (&fixture->settings, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
}

static void
test_clear_twice (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Clearing twice is harmless");

  fixture->settings.protocols = g_strsplit ("a,b", ",", -1);
  fixture->settings.origin = g_strdup ("null");
  fixture->settings.pong_message = g_strdup ("pong");
  hb_settings_clear (&fixture->settings);

  g_assert_null (fixture->settings.ping_message);
  g_assert_null (fixture->settings.protocols);
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

  return g_test_run ();
}
