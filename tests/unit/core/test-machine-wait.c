/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

/* The delays between attempts, and the number of attempts */

#define WAITS "drop notify:state notify:attempt notify:reconnect-at "

static void
test_for_ever (Fixture       *fixture,
               gconstpointer  data)
{
  guint i;

  g_test_summary ("By default, all delays are the same, and the attempts never end");

  start (fixture);

  for (i = 1; i <= 1000; i++)
    {
      g_assert_cmpint (fail_attempts (fixture, 1), ==, 2000);
      g_assert_cmpuint (fixture->machine.attempt, ==, i);
      advance (fixture, 2000);
    }

  assert_state (fixture, HB_STATE_CONNECTING);
  forget (fixture);
}

static void
test_arguments (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("`reconnect` passes the number of the attempt and the delay");

  fixture->machine.settings.reconnect_timeout_max = 60000;
  start (fixture);
  lose_link (fixture);
  assert_effects (fixture, WAITS "reconnect:1:2000");
  g_assert_cmpint (hb_machine_get_attempt_at (&fixture->machine),
                   ==, fixture->now + 2 * G_TIME_SPAN_SECOND);

  advance (fixture, 2000);
  assert_effects (fixture, "notify:reconnect-at " STARTS);
  g_assert_cmpint (hb_machine_get_attempt_at (&fixture->machine), ==, HB_NEVER);

  lose_link (fixture);
  assert_effects (fixture, WAITS "reconnect:2:4000");
}

static void
test_doubles (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("With a reconnect-timeout-max, the delays double until they reach it. After a "
                  "link that has lasted for min-uptime, they start again at reconnect-timeout.");

  fixture->machine.settings.reconnect_timeout = 1000;
  fixture->machine.settings.reconnect_timeout_max = 5000;
  start (fixture);
  g_assert_cmpint (fail_attempts (fixture, 3), ==, 4000);
  advance (fixture, 4000);
  g_assert_cmpint (fail_attempts (fixture, 1), ==, 5000);
  advance (fixture, 5000);
  answer (fixture);
  advance (fixture, 5000);

  g_assert_cmpint (fail_attempts (fixture, 1), ==, 1000);
}

static void
test_jitter (Fixture       *fixture,
             gconstpointer  data)
{
  gint64 shortest = G_MAXINT64;
  gint64 longest = 0;
  guint i;

  g_test_summary ("With a jitter of 0.5, the delays differ, and each is between half of "
                  "reconnect-timeout and all of it");

  fixture->machine.settings.reconnect_jitter = 0.5;
  start (fixture);

  for (i = 0; i < 200; i++)
    {
      gint64 delay = fail_attempts (fixture, 1);

      g_assert_cmpint (delay, >=, 1000);
      g_assert_cmpint (delay, <=, 2000);
      shortest = MIN (shortest, delay);
      longest = MAX (longest, delay);
      advance (fixture, delay);
    }

  g_assert_cmpint (shortest, <, 1100);
  g_assert_cmpint (longest, >, 1900);
  forget (fixture);
}

static void
test_jitter_seed (Fixture       *fixture,
                  gconstpointer  data)
{
  Fixture other = { 0 };

  g_test_summary ("Two machines with different seeds have different delays");

  fixture_set_up (&other, NULL);
  hb_machine_clear (&other.machine);
  hb_machine_init (&other.machine, 20201);
  other.machine.settings.uri = g_strdup ("ws://example.com/");
  other.machine.settings.reconnect_jitter = 1;
  fixture->machine.settings.reconnect_jitter = 1;
  start (fixture);
  start (&other);

  g_assert_cmpint (fail_attempts (fixture, 1), !=, fail_attempts (&other, 1));
  fixture_tear_down (&other, NULL);
}

static void
test_no_wait (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("With a delay of 0, the next attempt is made at once");

  fixture->machine.settings.reconnect_timeout = 0;
  start (fixture);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 0);

  assert_effects (fixture, WAITS "reconnect:1:0 notify:reconnect-at " STARTS);
}

static void
test_new_wait (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A changed reconnect-timeout applies to the next delay");

  start (fixture);
  fixture->machine.settings.reconnect_timeout = 700;
  hb_machine_apply_settings (&fixture->machine, fixture->now);

  g_assert_cmpint (fail_attempts (fixture, 1), ==, 700);
}

static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("An attempt that becomes due during a suspend is made as soon as the process "
                  "resumes");

  start_waiting (fixture);
  advance_late (fixture, 3600000);

  assert_effects (fixture, "notify:reconnect-at " STARTS);
}

static void
test_early_tick (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A tick before the end of the delay has no effect");

  start_waiting (fixture);
  advance_late (fixture, 1999);

  assert_effects (fixture, "");
}

static void
test_limit (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "no luck");
  HbLoss loss = { .code = 1006, .error = error };

  g_test_summary ("When as many attempts to reconnect have failed as repeat-limit allows, the task "
                  "is CLOSED, and the error gives the reason");

  fixture->machine.settings.repeat_limit = 2;
  start (fixture);
  fail_attempts (fixture, 2);
  advance (fixture, 2000);
  forget (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, "drop notify:state notify:last-error error:handshake "
                           "error:repeat-limit");
  assert_state (fixture, HB_STATE_CLOSED);
  assert_deadline (fixture, -1);
  g_assert_nonnull (strstr (fixture->error, "2 attempts"));
  g_assert_nonnull (strstr (fixture->error, "no luck"));
}

static void
test_limit_attempts (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The first attempt does not count towards repeat-limit");

  fixture->machine.settings.repeat_limit = 12;
  start (fixture);
  fail_attempts (fixture, 13);

  assert_state (fixture, HB_STATE_CLOSED);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 13);
}

static void
test_limit_none (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("With a repeat-limit of 0, the task is CLOSED when its link is lost");

  fixture->machine.settings.repeat_limit = 0;
  start_open (fixture);
  advance (fixture, 10000);
  lose_link (fixture);

  assert_effects (fixture, LEAVES " notify:last-error error:repeat-limit close:1006");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_limit_tickets (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("When repeat-limit is reached, the calls that open, send or flush fail, and an "
                  "error reports the number of unsent messages");

  fixture->machine.settings.repeat_limit = 0;
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  send_ticket (fixture, "one", "send");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);
  lose_link (fixture);

  assert_effects (fixture, "drop notify:state notify:last-error error:repeat-limit error:closed "
                           "resolve:failed:repeat-limit(flush) resolve:failed:repeat-limit(send) "
                           "notify:buffered-amount resolve:failed:repeat-limit(open)");
}

static void
test_limit_reopen (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("After repeat-limit has been reached, open () works again, and resets the count "
                  "of attempts");

  fixture->machine.settings.repeat_limit = 1;
  start (fixture);
  fail_attempts (fixture, 2);
  assert_state (fixture, HB_STATE_CLOSED);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  forget (fixture);

  lose_link (fixture);
  assert_effects (fixture, "drop notify:state notify:last-error notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_new_limit (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A changed repeat-limit applies to the failure of the current attempt");

  start (fixture);
  fail_attempts (fixture, 5);
  advance (fixture, 2000);
  forget (fixture);
  fixture->machine.settings.repeat_limit = 3;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CONNECTING);

  lose_link (fixture);
  assert_effects (fixture, "drop notify:state notify:last-error error:repeat-limit");
}

/* A link that opens after three failed attempts, and ends after @lasts ms */
typedef struct
{
  const char *name;
  guint       min_uptime;
  guint       lasts;
  gboolean    is_ticked; /* a tick precedes the end */
  guint       attempt;   /* before the end */
  const char *before;    /* the effects before the end */
  const char *after;     /* the effects of the end */
} Uptime;

#define RETRIES "notify:attempt notify:reconnect-at reconnect:"

static const Uptime uptimes[] = {
  { "min-uptime-short", 5000, 4999, TRUE, 3, "",
    LEAVES " close:1006 " RETRIES "4:2000" },
  { "min-uptime", 5000, 5000, TRUE, 0, "notify:attempt",
    LEAVES " close:1006 " RETRIES "1:2000" },
  { "min-uptime-no-tick", 5000, 5000, FALSE, 3, "",
    LEAVES " notify:attempt close:1006 " RETRIES "1:2000" },
  { "min-uptime-none", 0, 0, TRUE, 0, "notify:attempt",
    LEAVES " close:1006 " RETRIES "1:2000" },
};

static void
test_uptime (Fixture       *fixture,
             gconstpointer  data)
{
  const Uptime *row = data;

  g_test_summary ("A link that has lasted for min-uptime resets the count of attempts, which is "
                  "notified, even if the link is lost before the tick");

  fixture->machine.settings.min_uptime = row->min_uptime;
  start (fixture);
  fail_attempts (fixture, 3);
  advance (fixture, 2000);
  answer (fixture);
  forget (fixture);
  assert_deadline (fixture, row->min_uptime);
  if (row->is_ticked)
    advance (fixture, row->lasts);
  else
    fixture->now += hb_milliseconds (row->lasts);
  assert_effects (fixture, row->before);
  g_assert_cmpuint (fixture->machine.attempt, ==, row->attempt);

  lose_link (fixture);
  assert_effects (fixture, row->after);
}

static void
test_retry_after (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A delay that a server asks for with status 429 or 503 is respected");

  start (fixture);
  lose_link_with (fixture, 429, 30);
  assert_effects (fixture, "drop notify:state notify:http-status notify:attempt "
                           "notify:reconnect-at reconnect:1:30000");
}

/* A delay that a server asks for */
typedef struct
{
  const char *name;
  int         own_delay; /* of the application's function in ms, -1 for no function */
  guint       status;
  guint       seconds;
  int         deadline;  /* in ms */
} Asked;

static const Asked asked[] = {
  { "retry-after/429", -1, 429, 30, 30000 },
  { "retry-after/503", -1, 503, 60, 60000 },

  /* A server cannot shorten the delay. */
  { "retry-after-shorter", -1, 503, 1, 2000 },

  /* The delay is at most an hour, and no number overflows. */
  { "retry-after-long", -1, 503, 3601, 3600000 },
  { "retry-after-longest", -1, 503, G_MAXUINT, 3600000 },

  /* The application's function cannot shorten the server's delay. */
  { "own-delay-retry-after", 333, 503, 30, 30000 },
};

static void
test_asked (Fixture       *fixture,
            gconstpointer  data)
{
  const Asked *row = data;

  g_test_summary ("A delay that a server asks for with status 429 or 503 is respected up to an "
                  "hour, if it is longer than the task's own");

  fixture->own_delay = row->own_delay;
  start (fixture);
  lose_link_with (fixture, row->status, row->seconds);
  forget (fixture);
  assert_deadline (fixture, row->deadline);
}

static void
test_retry_after_other (Fixture       *fixture,
                        gconstpointer  data)
{
  static const guint statuses[] = { 0, 200, 301, 401, 403, 404, 408, 500, 502, 504 };
  guint i;

  g_test_summary ("With a status other than 429 and 503, a server cannot ask for a delay");

  start (fixture);

  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      lose_link_with (fixture, statuses[i], 30);
      forget (fixture);
      assert_deadline (fixture, 2000);
      advance (fixture, 2000);
    }

  forget (fixture);
}

static void
test_retry_after_once (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("The server's delay applies to one attempt, and the attempt after it has the "
                  "usual delay");

  start (fixture);
  lose_link_with (fixture, 503, 30);
  drain (fixture);
  advance (fixture, 30000);
  lose_link (fixture);
  forget (fixture);

  assert_deadline (fixture, 2000);
}

static void
test_own_delay (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The application's own function sets the delay, and `reconnect` passes it");

  fixture->own_delay = 333;
  start (fixture);
  lose_link (fixture);

  assert_effects (fixture, WAITS "reconnect:1:333 notify:reconnect-at");
  assert_deadline (fixture, 333);
}

static void
test_choosing (Fixture       *fixture,
               gconstpointer  data)
{
  HbEffect effect;

  g_test_summary ("While the application's function chooses the delay, no attempt is made, even if "
                  "the function runs a main loop");

  start (fixture);
  lose_link (fixture);
  while (hb_machine_pop_effect (&fixture->machine, &effect) && effect.kind != HB_EFFECT_RECONNECT)
    hb_effect_clear (&effect);

  hb_machine_on_choosing (&fixture->machine);
  assert_deadline (fixture, -1);
  hb_machine_hold (&fixture->machine);
  advance_late (fixture, 3000);
  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  forget (fixture);
  advance_late (fixture, 0);
  assert_effects (fixture, "");
  hb_machine_on_chosen (&fixture->machine);
  hb_machine_set_delay (&fixture->machine, &effect, 5000);
  assert_effects (fixture, "notify:reconnect-at");
  assert_deadline (fixture, 2000);
}

static void
test_choosing_ends (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("If the application's function starts another attempt, the delay after this "
                  "attempt ends as usual");

  start_waiting (fixture);
  hb_machine_on_choosing (&fixture->machine);
  reconnect_now (fixture);
  forget (fixture);
  lose_link (fixture);
  forget (fixture);
  assert_deadline (fixture, 2000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/wait/for-ever", test_for_ever);
  add_test ("/wait/arguments", test_arguments);
  add_test ("/wait/doubles", test_doubles);
  add_test ("/wait/jitter", test_jitter);
  add_test ("/wait/jitter-seed", test_jitter_seed);
  add_test ("/wait/no-wait", test_no_wait);
  add_test ("/wait/new-wait", test_new_wait);
  add_test ("/wait/late", test_late);
  add_test ("/wait/early-tick", test_early_tick);
  add_test ("/wait/limit", test_limit);
  add_test ("/wait/limit-attempts", test_limit_attempts);
  add_test ("/wait/limit-none", test_limit_none);
  add_test ("/wait/limit-tickets", test_limit_tickets);
  add_test ("/wait/limit-reopen", test_limit_reopen);
  add_test ("/wait/new-limit", test_new_limit);
  add_rows ("/wait/", uptimes, test_uptime);
  add_rows ("/wait/", asked, test_asked);
  add_test ("/wait/retry-after", test_retry_after);
  add_test ("/wait/retry-after-other", test_retry_after_other);
  add_test ("/wait/retry-after-once", test_retry_after_once);
  add_test ("/wait/own-delay", test_own_delay);
  add_test ("/wait/choosing", test_choosing);
  add_test ("/wait/choosing-ends", test_choosing_ends);

  return g_test_run ();
}
