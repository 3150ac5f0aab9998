/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-backoff-private.h"

static void
test_constant (void)
{
  HbSettings settings = { .reconnect_timeout = 2000 };
  guint attempt;

  g_test_summary ("Without a maximum, every delay is the same, as in websocket-heartbeat-js");

  for (attempt = 1; attempt <= 100; attempt++)
    g_assert_cmpuint (hb_backoff_get_delay (&settings, attempt, 0), ==, 2000);
}

static void
test_doubles (void)
{
  HbSettings settings = { .reconnect_timeout = 500, .reconnect_timeout_max = 5000 };
  static const guint delays[] = { 500, 1000, 2000, 4000, 5000, 5000, 5000 };
  guint i;

  g_test_summary ("With a maximum, the delay doubles with each attempt until it reaches the "
                  "maximum");

  for (i = 0; i < G_N_ELEMENTS (delays); i++)
    g_assert_cmpuint (hb_backoff_get_delay (&settings, i + 1, 0), ==, delays[i]);
}

static void
test_does_not_overflow (void)
{
  HbSettings settings = { .reconnect_timeout = G_MAXUINT - 1, .reconnect_timeout_max = G_MAXUINT };

  g_test_summary ("The doubled delay does not overflow, whatever the attempt number and the "
                  "settings are");

  g_assert_cmpuint (hb_backoff_get_delay (&settings, 2, 0), ==, G_MAXUINT);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 32, 0), ==, G_MAXUINT);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 33, 0), ==, G_MAXUINT);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 65, 0), ==, G_MAXUINT);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, G_MAXUINT, 0), ==, G_MAXUINT);
}

static void
test_small_maximum (void)
{
  HbSettings settings = { .reconnect_timeout = 2000, .reconnect_timeout_max = 1000 };

  g_test_summary ("If the maximum is below the first delay, all delays are as long as the first");

  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 0), ==, 2000);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 9, 0), ==, 2000);
}

static void
test_no_wait (void)
{
  HbSettings settings = { 0 };

  g_test_summary ("A delay of 0 stays 0 without a maximum. With a maximum, the later delays grow "
                  "as if the first were 1 ms.");

  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 0), ==, 0);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 9, 0), ==, 0);

  settings.reconnect_timeout_max = 1000;
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 0), ==, 0);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 2, 0), ==, 2);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 9, 0), ==, 256);
}

static void
test_jitter (void)
{
  HbSettings settings = { .reconnect_timeout = 2000, .reconnect_jitter = 0.5 };

  g_test_summary ("The jitter shortens the delay: delay * (1 - jitter * random)");

  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 0), ==, 2000);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 0.5), ==, 1500);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 1, 1), ==, 1000);
}

static void
test_jitter_doubled (void)
{
  HbSettings settings = {
    .reconnect_timeout = 1000,
    .reconnect_timeout_max = 3000,
    .reconnect_jitter = 0.25,
  };

  g_test_summary ("The jitter applies to the doubled delay, after the maximum has limited it");

  g_assert_cmpuint (hb_backoff_get_delay (&settings, 2, 1), ==, 1500);
  g_assert_cmpuint (hb_backoff_get_delay (&settings, 9, 1), ==, 2250);
}

static void
test_jitter_bounds (void)
{
  HbSettings settings = { .reconnect_timeout = 2000, .reconnect_jitter = 1 };
  guint shortest = G_MAXUINT;
  guint longest = 0;
  guint i;

  g_test_summary ("A jitter of 1 spreads the attempts over the whole delay");

  for (i = 0; i < 1000; i++)
    {
      guint delay = hb_backoff_get_delay (&settings, 1, i / 1000.0);

      shortest = MIN (shortest, delay);
      longest = MAX (longest, delay);
    }

  g_assert_cmpuint (shortest, ==, 2);
  g_assert_cmpuint (longest, ==, 2000);
}

static void
test_no_limit (void)
{
  HbSettings settings = { .repeat_limit = -1 };

  g_test_summary ("Without a limit, the attempts never end");

  g_assert_false (hb_backoff_is_exhausted (&settings, 0));
  g_assert_false (hb_backoff_is_exhausted (&settings, G_MAXUINT));
}

static void
test_limit (void)
{
  HbSettings settings = { .repeat_limit = 3 };

  g_test_summary ("The attempts are exhausted when their number reaches the limit");

  g_assert_false (hb_backoff_is_exhausted (&settings, 2));
  g_assert_true (hb_backoff_is_exhausted (&settings, 3));
  g_assert_true (hb_backoff_is_exhausted (&settings, 4));
}

static void
test_never (void)
{
  HbSettings settings = { .repeat_limit = 0 };

  g_test_summary ("A limit of 0 forbids even the first attempt to reconnect");

  g_assert_true (hb_backoff_is_exhausted (&settings, 0));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backoff/constant", test_constant);
  g_test_add_func ("/backoff/doubles", test_doubles);
  g_test_add_func ("/backoff/does-not-overflow", test_does_not_overflow);
  g_test_add_func ("/backoff/small-maximum", test_small_maximum);
  g_test_add_func ("/backoff/no-wait", test_no_wait);
  g_test_add_func ("/backoff/jitter", test_jitter);
  g_test_add_func ("/backoff/jitter-doubled", test_jitter_doubled);
  g_test_add_func ("/backoff/jitter-bounds", test_jitter_bounds);
  g_test_add_func ("/backoff/no-limit", test_no_limit);
  g_test_add_func ("/backoff/limit", test_limit);
  g_test_add_func ("/backoff/never", test_never);

  return g_test_run ();
}
