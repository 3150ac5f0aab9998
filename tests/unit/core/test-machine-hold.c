/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

static const Case cases[] = {
  { "now-closed", NULL, 0, reconnect_now, STARTS, HB_STATE_CONNECTING, 10000, 0 },

  /* The new attempt gets its full time. */
  { "now-connecting", start, 9000, reconnect_now, "drop connect", HB_STATE_CONNECTING, 10000, 0 },

  { "now-open", start_open, 0, reconnect_now, LEAVES " close:1006 connect", HB_STATE_CONNECTING,
    10000, 0 },

  /* The delay ends, and the count of attempts is reset. */
  { "now-waiting", start_waiting, 0, reconnect_now,
    "notify:reconnect-at notify:state connect notify:attempt", HB_STATE_CONNECTING, 10000, 0 },

  { "later-closed", NULL, 0, reconnect_later, "", HB_STATE_CLOSED, -1, 0 },
  { "later-closing", begin_closing, 0, reconnect_later, "", HB_STATE_CLOSING, 2000, 0 },
};

static void
test_now_closing (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("reconnect_now () on a closing task makes an attempt, and cancels the pending "
                  "calls to close_async ()");

  start_closing (fixture, "close");
  reconnect_now (fixture);

  assert_effects (fixture, LEFT " close:1006 connect resolve:cancelled(close)");
  answer (fixture);
  assert_effects (fixture, OPENS_AGAIN);
}

static void
now_at_reconnect_cb (Fixture    *fixture,
                     const char *effect)
{
  if (g_str_equal (effect, "close:1006") && fixture->machine.state == HB_STATE_WAITING)
    reconnect_now (fixture);
}

static void
test_now_in_close (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("reconnect_now () in a handler for `close` ends the delay, so `reconnect` is not "
                  "emitted");

  start_open (fixture);
  fixture->handler = now_at_reconnect_cb;
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "notify:reconnect-at notify:state connect notify:attempt");
}

static void
test_now_bad_uri (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("reconnect_now () without a URI closes the task, and the error gives the reason");

  start_closing (fixture, "close");
  set_text (&fixture->machine.settings.uri, NULL);
  reconnect_now (fixture);

  assert_effects (fixture, LEFT " notify:last-error error:invalid-uri close:1006 "
                           "resolve:done(close)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_hold_open (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A hold prevents the first attempt until the release");

  hb_machine_hold (&fixture->machine);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  assert_effects (fixture, "notify:state");
  assert_state (fixture, HB_STATE_WAITING);
  assert_deadline (fixture, -1);

  advance (fixture, 100000);
  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  assert_effects (fixture, "notify:reconnect-at notify:reconnect-at " STARTS);
}

static void
test_hold_waiting (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("From a hold during the delay until the last release, no attempt is made, and "
                  "reconnect-at is -1, even if the delay changes");

  start (fixture);
  fail_attempts (fixture, 1);
  hb_machine_hold (&fixture->machine);
  assert_effects (fixture, "notify:reconnect-at");
  g_assert_cmpint (hb_machine_get_attempt_at (&fixture->machine), ==, HB_NEVER);

  hb_machine_hold (&fixture->machine);
  fixture->machine.settings.reconnect_timeout = 5000;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  advance (fixture, 10000);
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "");
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at notify:reconnect-at " STARTS);
}

static void
test_hold_short (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A release during the delay does not end the delay");

  start (fixture);
  fail_attempts (fixture, 1);
  hb_machine_hold (&fixture->machine);
  advance (fixture, 500);
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at notify:reconnect-at");

  assert_deadline (fixture, 1500);
}

static void
test_hold_twice (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Each hold needs its own release");

  hb_machine_hold (&fixture->machine);
  hb_machine_hold (&fixture->machine);
  start (fixture);
  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_WAITING);

  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  forget (fixture);
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
test_release_unheld (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A release without a hold is a mistake, and changes nothing");

  start (fixture);
  fail_attempts (fixture, 1);

  g_assert_false (hb_machine_release (&fixture->machine, fixture->now));
  assert_effects (fixture, "");
  assert_deadline (fixture, 2000);
}

static void
test_hold_link (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A hold does not affect the open link, only the attempt after it");

  start_open (fixture);
  hb_machine_hold (&fixture->machine);
  receive (fixture, "hello");
  assert_effects (fixture, "message:text");

  lose_link (fixture);
  forget (fixture);
  assert_deadline (fixture, -1);
}

static void
test_hold_now (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Neither check () nor reconnect_now () makes an attempt during a hold");

  hb_machine_hold (&fixture->machine);
  start (fixture);
  check (fixture);
  assert_effects (fixture, "");
  reconnect_now (fixture);
  forget (fixture);
  assert_state (fixture, HB_STATE_WAITING);

  hb_machine_release (&fixture->machine, fixture->now);
  forget (fixture);
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
test_hold_close (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("close () works during a hold, and a later release makes no attempt");

  hb_machine_hold (&fixture->machine);
  start (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_release (&fixture->machine, fixture->now);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_hold_request (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A hold in a handler for `connecting` holds the attempt, and the time for the "
                  "attempt begins with the release");

  start_held (fixture);
  assert_state (fixture, HB_STATE_CONNECTING);
  assert_deadline (fixture, -1);
  advance (fixture, 100000);
  assert_effects (fixture, "");

  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  assert_effects (fixture, "request");
  g_assert_true (fixture->has_requested);
  assert_deadline (fixture, 10000);
  answer (fixture);
  assert_effects (fixture, OPENS);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 1);
}

static void
test_hold_request_uri (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If the URI changes while the request is held, the release makes a new request, "
                  "for which `connecting` is emitted again");

  start_held (fixture);
  set_text (&fixture->machine.settings.uri, "ws://example.org/");
  hb_machine_release (&fixture->machine, fixture->now);

  assert_effects (fixture, "drop connect");
  g_assert_true (fixture->has_requested);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 1);
}

static void
test_hold_request_bad_uri (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("If a setting becomes invalid while the request is held, the release closes the "
                  "task");

  start_held (fixture);
  set_text (&fixture->machine.settings.origin, "a\nb");
  hb_machine_release (&fixture->machine, fixture->now);

  assert_effects (fixture, "drop notify:state notify:last-error error:invalid-argument");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_hold_request_quiet (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Neither check () nor a network change affects a held request");

  start_held (fixture);
  check (fixture);
  change_network (fixture);
  advance (fixture, 20000);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
test_hold_request_ends (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("close (), reconnect_now (), reconnect_later () and disposal end a held attempt. "
                  "If another attempt follows, it waits for the release.");

  start_held (fixture);
  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "drop notify:state");
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  start_held (fixture);
  reconnect_now (fixture);
  assert_effects (fixture, "drop notify:state");
  assert_state (fixture, HB_STATE_WAITING);
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at notify:reconnect-at " STARTS);
  g_assert_true (fixture->has_requested);
  close_with (fixture, 1000, NULL);
  forget (fixture);

  start_held (fixture);
  reconnect_later (fixture);
  assert_effects (fixture, "drop notify:state notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
  advance (fixture, 10000);
  assert_effects (fixture, "");
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at notify:reconnect-at " STARTS);
  close_with (fixture, 1000, NULL);
  forget (fixture);

  start_held (fixture);
  hb_machine_dispose (&fixture->machine, fixture->now);
  hb_machine_release (&fixture->machine, fixture->now);
  assert_effects (fixture, "");
  assert_deadline (fixture, -1);
}

static void
test_hold_request_ended (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("The metrics do not count an attempt whose request was not sent");

  start_held (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);

  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 0);
}

static void
hold_and_release_cb (Fixture    *fixture,
                     const char *effect)
{
  if (!g_str_equal (effect, "connect"))
    return;

  hb_machine_hold (&fixture->machine);
  fixture->now += hb_milliseconds (20000);
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
  hb_machine_release (&fixture->machine, fixture->now);
}

static void
test_hold_request_within (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("If a handler for `connecting` holds and releases the request, the attempt still "
                  "has its full time");

  fixture->handler = hold_and_release_cb;
  start (fixture);

  assert_state (fixture, HB_STATE_CONNECTING);
  g_assert_true (fixture->has_requested);
  assert_deadline (fixture, 10000);
}

static void
test_hold_requested (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A hold after `connecting` does not stop a request that has been sent");

  start (fixture);
  hb_machine_hold (&fixture->machine);
  assert_deadline (fixture, 10000);
  answer (fixture);
  assert_effects (fixture, OPENS);
}

static void
test_later (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("reconnect_later () treats the link or the attempt as lost, so the delays can "
                  "grow. During a delay, it does nothing.");

  fixture->machine.settings.reconnect_timeout_max = 60000;
  start_open (fixture);
  reconnect_later (fixture);
  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");

  reconnect_later (fixture);
  assert_effects (fixture, "");
  advance (fixture, 2000);
  forget (fixture);
  reconnect_later (fixture);
  assert_effects (fixture, "drop notify:state notify:http-status notify:attempt "
                           "notify:reconnect-at reconnect:2:4000");

  advance (fixture, 4000);
  answer (fixture);
  forget (fixture);
  reconnect_later (fixture);
  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:3:8000");
}

static void
test_later_limit (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("The attempt after reconnect_later () counts towards repeat-limit");

  fixture->machine.settings.repeat_limit = 0;
  start_open (fixture);
  reconnect_later (fixture);

  assert_effects (fixture, LEAVES " notify:last-error error:repeat-limit close:1006");
  g_assert_cmpstr (fixture->error, ==,
                   "No attempt to reconnect is made, because repeat-limit is 0: "
                   "the application dropped the connection");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/hold/", cases, test_case);
  add_test ("/hold/now-closing", test_now_closing);
  add_test ("/hold/now-in-close", test_now_in_close);
  add_test ("/hold/now-bad-uri", test_now_bad_uri);
  add_test ("/hold/hold-open", test_hold_open);
  add_test ("/hold/hold-waiting", test_hold_waiting);
  add_test ("/hold/hold-short", test_hold_short);
  add_test ("/hold/hold-twice", test_hold_twice);
  add_test ("/hold/release-unheld", test_release_unheld);
  add_test ("/hold/hold-link", test_hold_link);
  add_test ("/hold/hold-now", test_hold_now);
  add_test ("/hold/hold-close", test_hold_close);
  add_test ("/hold/request", test_hold_request);
  add_test ("/hold/request-uri", test_hold_request_uri);
  add_test ("/hold/request-bad-uri", test_hold_request_bad_uri);
  add_test ("/hold/request-quiet", test_hold_request_quiet);
  add_test ("/hold/request-ends", test_hold_request_ends);
  add_test ("/hold/request-ended", test_hold_request_ended);
  add_test ("/hold/request-within", test_hold_request_within);
  add_test ("/hold/requested", test_hold_requested);
  add_test ("/hold/later", test_later);
  add_test ("/hold/later-limit", test_later_limit);

  return g_test_run ();
}
