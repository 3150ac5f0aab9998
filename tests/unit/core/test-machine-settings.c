/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"

#define LATER 500 /* ms from enter () to the change */

typedef enum {
  CONNECTING,
  OPEN,
  PINGED,
  CLOSING,
  WAITING,
  WAITING_TWICE, /* after two failures, with delays that may grow to a minute */
  ASKED_TO_WAIT, /* the server has asked for a delay of 5 s */
  OWN_DELAY,     /* the application's function has set a delay of 3 s */
  HELD,          /* waiting, and the next attempt is held */
} When;

typedef struct
{
  const char *name;
  When        when;
  HbProperty  property;
  guint       value;
  int         deadline; /* in ms after the change, -1 for none */
} Row;

static const Row rows[] = {
  { "connect-timeout", CONNECTING, HB_PROPERTY_CONNECT_TIMEOUT, 3000, 2500 },
  { "connect-timeout-none", CONNECTING, HB_PROPERTY_CONNECT_TIMEOUT, 0, -1 },
  { "connect-timeout-past", CONNECTING, HB_PROPERTY_CONNECT_TIMEOUT, 100, 0 },
  { "close-timeout", CLOSING, HB_PROPERTY_CLOSE_TIMEOUT, 9000, 8500 },
  { "ping-timeout", OPEN, HB_PROPERTY_PING_TIMEOUT, 1000, 500 },
  { "pong-timeout", PINGED, HB_PROPERTY_PONG_TIMEOUT, 20000, 19500 },
  { "min-uptime", OPEN, HB_PROPERTY_MIN_UPTIME, 900, 400 },
  { "reconnect-timeout", WAITING, HB_PROPERTY_RECONNECT_TIMEOUT, 9000, 8500 },
  { "reconnect-timeout-past", WAITING, HB_PROPERTY_RECONNECT_TIMEOUT, 40, -460 },
  { "reconnect-timeout-grown", WAITING_TWICE, HB_PROPERTY_RECONNECT_TIMEOUT, 3000, 5500 },
  { "reconnect-timeout-max", WAITING_TWICE, HB_PROPERTY_RECONNECT_TIMEOUT_MAX, 3000, 2500 },
  { "retry-after", ASKED_TO_WAIT, HB_PROPERTY_RECONNECT_TIMEOUT, 40, 4500 },
  { "retry-after-longer", ASKED_TO_WAIT, HB_PROPERTY_RECONNECT_TIMEOUT, 8000, 7500 },
  { "own-delay", OWN_DELAY, HB_PROPERTY_RECONNECT_TIMEOUT, 40, 2500 },
  { "held", HELD, HB_PROPERTY_RECONNECT_TIMEOUT, 9000, -1 },
};

static void
enter (Fixture *fixture,
       When     when)
{
  switch (when)
    {
    case CONNECTING:
      start (fixture);
      break;
    case OPEN:
      start_open (fixture);
      fixture->machine.attempt = 1; /* If it were 0, min-uptime would have no deadline. */
      break;
    case PINGED:
      start_open (fixture);
      check (fixture);
      break;
    case CLOSING:
      start_open (fixture);
      close_with (fixture, 1000, NULL);
      break;
    case WAITING_TWICE:
      fixture->machine.settings.reconnect_timeout_max = 60000;
      start (fixture);
      lose_link (fixture);
      advance (fixture, 2000);
      lose_link (fixture);
      break;
    case ASKED_TO_WAIT:
      start (fixture);
      lose_link_with (fixture, 503, 5);
      break;
    case OWN_DELAY:
      fixture->own_delay = 3000;
      start (fixture);
      lose_link (fixture);
      break;
    case WAITING:
    case HELD:
      start (fixture);
      lose_link (fixture);
      break;
    default:
      g_assert_not_reached ();
    }

  forget (fixture);
  if (when == HELD)
    hb_machine_hold (&fixture->machine);
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;

  g_test_summary ("Changing a property moves the current deadline that depends on it, but does not "
                  "shorten a delay that the server or the application has chosen");

  enter (fixture, row->when);
  fixture->now += hb_milliseconds (LATER);
  hb_machine_set (&fixture->machine, fixture->now, row->property, &row->value);
  forget (fixture);

  assert_deadline (fixture, row->deadline);
  if (row->when != HELD)
    return;

  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  forget (fixture);
  assert_deadline (fixture, row->value - LATER);
}

/* A change of a timeout 8 s after enter (). If the timeout applies, its new end is more than
 * HB_LATE before the change. */
typedef struct
{
  const char *name;
  When        when;
  gboolean    is_unready; /* the link has to be marked as ready */
  HbProperty  property;
  guint       before;
  guint       value;
  gboolean    has_ended; /* whether the change ends the link */
} Shortened;

static const Shortened shortened[] = {
  { "connect-timeout", CONNECTING, FALSE, HB_PROPERTY_CONNECT_TIMEOUT, 10000, 5000, TRUE },
  { "connect-timeout-none", CONNECTING, FALSE, HB_PROPERTY_CONNECT_TIMEOUT, 0, 5000, TRUE },
  { "connect-timeout-unready", OPEN, TRUE, HB_PROPERTY_CONNECT_TIMEOUT, 10000, 5000, TRUE },
  { "connect-timeout-ready", OPEN, FALSE, HB_PROPERTY_CONNECT_TIMEOUT, 10000, 5000, FALSE },
  { "pong-timeout", PINGED, FALSE, HB_PROPERTY_PONG_TIMEOUT, 10000, 5000, TRUE },
  { "pong-timeout-none", PINGED, FALSE, HB_PROPERTY_PONG_TIMEOUT, 0, 5000, TRUE },
  { "pong-timeout-open", OPEN, FALSE, HB_PROPERTY_PONG_TIMEOUT, 10000, 5000, FALSE },
};

static void
test_shortened (Fixture       *fixture,
                gconstpointer  data)
{
  const Shortened *row = data;

  g_test_summary ("A timeout that is set to less than the time since it began ends at once. Unlike "
                  "after a suspend, it does not start again.");

  fixture->machine.settings.manual_ready = row->is_unready;
  hb_machine_set (&fixture->machine, fixture->now, row->property, &row->before);
  enter (fixture, row->when);
  advance (fixture, 8000);
  forget (fixture);

  hb_machine_set (&fixture->machine, fixture->now, row->property, &row->value);
  advance (fixture, 0);
  g_assert_true ((strstr (fixture->log->str, "error:") != NULL) == row->has_ended);
  if (row->has_ended)
    g_assert_nonnull (strstr (fixture->log->str, hb_property_get_name (row->property)));
  forget (fixture);
}

static void
test_shortened_late (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("If a shorter timeout is set after a suspend during which the timeout has ended, "
                  "the timeout starts again");

  enter (fixture, CONNECTING);
  fixture->now += hb_milliseconds (20000);
  hb_machine_set (&fixture->machine, fixture->now, HB_PROPERTY_CONNECT_TIMEOUT,
                  &(guint) { 5000 });
  advance (fixture, 0);
  assert_effects (fixture, "");
  assert_deadline (fixture, 5000);
}

static void
test_changed_delay (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("If the current delay changes, reconnect-at is notified. A changed setting that "
                  "does not affect the delay causes no notification.");

  enter (fixture, WAITING);
  fixture->machine.settings.ping_timeout = 1;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  fixture->machine.settings.reconnect_timeout = 9000;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at");
}

static void
set_in_close_cb (Fixture    *fixture,
                 const char *effect)
{
  if (!g_str_has_prefix (effect, "close:"))
    return;

  fixture->machine.settings.reconnect_timeout = 9000;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
}

static void
test_in_close (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("If a handler for `close` changes the delay, `reconnect` passes the new delay");

  start_open (fixture);
  fixture->handler = set_in_close_cb;
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:9000 notify:reconnect-at");
}

static void
test_jitter (Fixture       *fixture,
             gconstpointer  data)
{
  gint64 deadline;

  g_test_summary ("Changing a property keeps the random number of the current delay");

  fixture->machine.settings.reconnect_jitter = 1;
  enter (fixture, WAITING);
  deadline = get_deadline (fixture);
  g_assert_cmpint (deadline, <, 2000);
  fixture->machine.settings.reconnect_timeout = 4000;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  forget (fixture);
  g_assert_cmpint (ABS (get_deadline (fixture) - 2 * deadline), <=, 2);

  fixture->machine.settings.reconnect_jitter = 0;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  forget (fixture);
  assert_deadline (fixture, 4000);
}

static void
test_limit (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("If repeat-limit is set to a number that has already been reached, the delay "
                  "ends, and the task is CLOSED");

  enter (fixture, WAITING_TWICE);
  send_ticket (fixture, "one", "send");
  forget (fixture);
  fixture->machine.settings.repeat_limit = 2;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  fixture->machine.settings.repeat_limit = 1;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at notify:state notify:last-error error:repeat-limit "
                           "error:closed resolve:failed:repeat-limit(send) notify:buffered-amount");
  g_assert_nonnull (strstr (fixture->error, "1 message"));
  g_assert_nonnull (strstr (fixture->machine.last_error->message, "after 1 attempt"));
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_limit_held (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A held first attempt does not count as failed, so a repeat-limit of 0 does not "
                  "close the task");

  hb_machine_hold (&fixture->machine);
  start (fixture);
  fixture->machine.settings.repeat_limit = 0;
  hb_machine_apply_settings (&fixture->machine, fixture->now);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_WAITING);
}

/* Settings with which no request can be sent */
typedef struct
{
  const char *name;
  const char *when; /* the effect at which the handler changes the settings */
  const char *uri;
  const char *origin;
  const char *protocol;
  const char *effects;
} Bad;

#define REFUSED "drop notify:state notify:last-error error:"

static const Bad bad[] = {
  { "state-uri", "notify:state", "http://", NULL, NULL,
    "notify:state " REFUSED "invalid-uri" },
  { "state-no-uri", "notify:state", NULL, NULL, NULL,
    "notify:state " REFUSED "invalid-uri" },
  { "state-origin", "notify:state", "ws://example.com/", "a\nb", NULL,
    "notify:state " REFUSED "invalid-argument" },
  { "state-protocol", "notify:state", "ws://example.com/", NULL, "a b",
    "notify:state " REFUSED "invalid-argument" },
  { "connecting-origin", "connect", "ws://example.com/", "a\nb", NULL,
    STARTS " " REFUSED "invalid-argument" },
  { "connecting-protocol", "connect", "ws://example.com/", NULL, "a b",
    STARTS " " REFUSED "invalid-argument" },
};

static const Bad *bad_row;

static void
set_bad_cb (Fixture    *fixture,
            const char *effect)
{
  HbSettings *settings = &fixture->machine.settings;
  const char *protocols[] = { bad_row->protocol, NULL };

  if (!g_str_equal (effect, bad_row->when))
    return;

  fixture->handler = NULL;
  set_text (&settings->uri, bad_row->uri);
  set_text (&settings->origin, bad_row->origin);
  g_strfreev (settings->protocols);
  settings->protocols = g_strdupv ((char **) protocols);
  hb_machine_apply_settings (&fixture->machine, fixture->now);
}

static void
test_bad (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("If a handler makes a setting invalid after the start of an attempt, but before "
                  "the attempt uses the setting, the task closes");

  bad_row = data;
  fixture->handler = set_bad_cb;
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, bad_row->effects);
  assert_state (fixture, HB_STATE_CLOSED);
  g_assert_false (fixture->has_requested);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 0);
}

static void
test_bad_released (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("If a setting becomes invalid after the release of a held request, but before "
                  "the request is sent, the task closes");

  start_held (fixture);
  hb_machine_release (&fixture->machine, fixture->now);
  set_text (&fixture->machine.settings.origin, "a\nb");

  assert_effects (fixture, "request " REFUSED "invalid-argument");
  g_assert_false (fixture->has_requested);
}

static void
set_uri_in_connecting_cb (Fixture    *fixture,
                          const char *effect)
{
  if (g_str_equal (effect, "connect"))
    set_text (&fixture->machine.settings.uri, "http://");
}

static void
test_next_uri (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A URI that a handler for `connecting` sets without a hold takes effect at the "
                  "next attempt");

  fixture->handler = set_uri_in_connecting_cb;
  start (fixture);
  g_assert_true (fixture->has_requested);
  answer (fixture);
  forget (fixture);
  lose_link (fixture);
  forget (fixture);
  advance (fixture, 2000);

  assert_effects (fixture, "notify:reconnect-at notify:state notify:last-error error:invalid-uri");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/settings-at-once/", rows, test_row);
  add_rows ("/settings-at-once/shortened/", shortened, test_shortened);
  add_test ("/settings-at-once/shortened-late", test_shortened_late);
  add_test ("/settings-at-once/changed-delay", test_changed_delay);
  add_test ("/settings-at-once/in-close", test_in_close);
  add_test ("/settings-at-once/jitter", test_jitter);
  add_test ("/settings-at-once/limit", test_limit);
  add_test ("/settings-at-once/limit-held", test_limit_held);
  add_test ("/settings-at-once/bad-released", test_bad_released);
  add_test ("/settings-at-once/next-uri", test_next_uri);
  add_rows ("/settings-at-once/bad/", bad, test_bad);

  return g_test_run ();
}
