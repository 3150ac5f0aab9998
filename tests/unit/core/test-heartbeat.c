/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-heartbeat-private.h"
#include "test-rows.h"

#define OPENED_AT (1000 * G_TIME_SPAN_SECOND)

typedef struct
{
  HbHeartbeat heartbeat;
  HbSettings  settings;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->settings.ping_timeout = 15000;
  fixture->settings.pong_timeout = 10000;
  hb_heartbeat_init (&fixture->heartbeat);
  hb_heartbeat_start (&fixture->heartbeat, OPENED_AT);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
}

static gint64
at (guint milliseconds)
{
  return OPENED_AT + hb_milliseconds (milliseconds);
}

static HbVerdict
tick (Fixture *fixture,
      guint    milliseconds)
{
  return hb_heartbeat_tick (&fixture->heartbeat, &fixture->settings, at (milliseconds), FALSE);
}

static void
on_ping (Fixture *fixture,
         guint    milliseconds)
{
  hb_heartbeat_on_ping (&fixture->heartbeat, &fixture->settings, at (milliseconds));
  hb_heartbeat_on_pinged (&fixture->heartbeat, at (milliseconds));
}

static void
on_activity (Fixture *fixture,
             guint    milliseconds)
{
  hb_heartbeat_on_activity (&fixture->heartbeat, &fixture->settings, at (milliseconds));
}

static gint64
on_reply (Fixture *fixture,
          guint    milliseconds)
{
  return hb_heartbeat_on_reply (&fixture->heartbeat, &fixture->settings, at (milliseconds));
}

static gint64
get_deadline (Fixture *fixture)
{
  return hb_heartbeat_get_deadline (&fixture->heartbeat, &fixture->settings);
}

static void
test_no_link (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Without a link, no ping is due, and a tick has no effect");

  hb_heartbeat_stop (&fixture->heartbeat);

  g_assert_cmpint (get_deadline (fixture), ==, HB_NEVER);
  g_assert_cmpint (hb_heartbeat_get_early_ping_at (&fixture->heartbeat, &fixture->settings),
                   ==, HB_NEVER);
  g_assert_cmpint (tick (fixture, 100000), ==, HB_VERDICT_WAIT);
}

static void
test_silence (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A ping is due when the link has been silent for ping-timeout");

  g_assert_cmpint (get_deadline (fixture), ==, at (15000));
  g_assert_cmpint (tick (fixture, 14000), ==, HB_VERDICT_WAIT);
  g_assert_cmpint (tick (fixture, 15000), ==, HB_VERDICT_PING);
}

static void
test_life (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Activity postpones the ping");

  on_activity (fixture, 14000);

  g_assert_cmpint (get_deadline (fixture), ==, at (29000));
  g_assert_cmpint (tick (fixture, 28000), ==, HB_VERDICT_WAIT);
  g_assert_cmpint (tick (fixture, 29000), ==, HB_VERDICT_PING);
}

/* Settings, a ping that may have been sent, and the times at which ticks act next. Times are in
 * milliseconds unless another unit is given. The last three fields count from the opening of the
 * link. */
typedef struct
{
  const char *name;
  HbLiveness  liveness;
  guint       ping_timeout;
  guint       pong_timeout;
  int         pinged_at;  /* -1 if no ping has been sent */
  gint64      earliest;   /* of the next ping, in microseconds, HB_NEVER if no ping is due */
  gint64      deadline;   /* in microseconds, HB_NEVER if none */
} Early;

static const Early earlies[] = {
  { "default", HB_LIVENESS_ANY, 15000, 10000, -1, 14062500, 15000000 },
  { "short", HB_LIVENESS_ANY, 20, 10000, -1, 18750, 20000 },
  { "shortest", HB_LIVENESS_ANY, 1, 10000, -1, 938, 1000 },
  { "as-long-as-may-be", HB_LIVENESS_ANY, 16000, 10000, -1, 15000000, 16000000 },
  { "long", HB_LIVENESS_ANY, 3600000, 10000, -1, 3599000000, 3600000000 },
  { "off", HB_LIVENESS_ANY, 0, 10000, -1, HB_NEVER, HB_NEVER },
  { "judged", HB_LIVENESS_ANY, 15000, 10000, 1000, HB_NEVER, 11000000 },

  /* An unanswered ping that check () has sent ends the link even if ping-timeout is 0. */
  { "judged-only", HB_LIVENESS_ANY, 0, 10000, 1000, HB_NEVER, 11000000 },
  { "not-judged", HB_LIVENESS_ANY, 15000, 0, 1000, 15062500, 16000000 },

  { "steady", HB_LIVENESS_STEADY, 8000, 10000, 1000, 8500000, 9000000 },
  { "steady-behind", HB_LIVENESS_STEADY, 15000, 10000, 1000, 15062500, 11000000 },
};

static void
test_early (gconstpointer data)
{
  const Early *row = data;
  Fixture fixture = { 0 };
  gint64 earliest = row->earliest == HB_NEVER ? HB_NEVER : OPENED_AT + row->earliest;
  gint64 deadline = row->deadline == HB_NEVER ? HB_NEVER : OPENED_AT + row->deadline;
  gint64 first = MIN (earliest, deadline);

  g_test_summary ("A ping may be sent up to a sixteenth of its interval early, but at most a "
                  "second early. A link is never ended early.");

  set_up (&fixture, NULL);
  fixture.settings.liveness = row->liveness;
  fixture.settings.ping_timeout = row->ping_timeout;
  fixture.settings.pong_timeout = row->pong_timeout;
  if (row->pinged_at >= 0)
    on_ping (&fixture, row->pinged_at);

  g_assert_cmpint (hb_heartbeat_get_early_ping_at (&fixture.heartbeat, &fixture.settings),
                   ==, earliest);
  g_assert_cmpint (get_deadline (&fixture), ==, deadline);
  g_assert_cmpint (hb_heartbeat_is_awaiting (&fixture.heartbeat), ==, row->pinged_at >= 0);
  if (first == HB_NEVER)
    {
      g_assert_cmpint (tick (&fixture, 1000000), ==, HB_VERDICT_WAIT);
      return;
    }

  g_assert_cmpint (hb_heartbeat_tick (&fixture.heartbeat, &fixture.settings, first - 1, FALSE),
                   ==, HB_VERDICT_WAIT);
  g_assert_cmpint (hb_heartbeat_tick (&fixture.heartbeat, &fixture.settings, first, FALSE),
                   ==, earliest < deadline ? HB_VERDICT_PING : HB_VERDICT_DEAD);
}

static void
test_life_after_ping (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Activity after a ping ends the wait for an answer, even if the activity is not "
                  "the reply");

  on_ping (fixture, 15000);
  on_activity (fixture, 16000);

  g_assert_false (hb_heartbeat_is_awaiting (&fixture->heartbeat));
  g_assert_cmpint (tick (fixture, 25000), ==, HB_VERDICT_WAIT);
  g_assert_cmpint (get_deadline (fixture), ==, at (31000));
}

static void
test_a_little_late (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A tick that is up to a second late still ends the link");

  on_ping (fixture, 15000);

  g_assert_cmpint (tick (fixture, 26000), ==, HB_VERDICT_DEAD);
}

static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("A tick that is more than a second late sends another ping instead of ending the "
                  "link");

  on_ping (fixture, 15000);
  g_assert_cmpint (tick (fixture, 26001), ==, HB_VERDICT_PING);

  on_ping (fixture, 26001);
  g_assert_cmpint (get_deadline (fixture), ==, at (36001));
  g_assert_cmpint (tick (fixture, 36001), ==, HB_VERDICT_DEAD);
}

static void
test_held_up (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If received bytes could not be read, another ping is sent, and the link is not "
                  "ended");

  on_ping (fixture, 15000);

  g_assert_cmpint (hb_heartbeat_tick (&fixture->heartbeat, &fixture->settings, at (25000), TRUE),
                   ==, HB_VERDICT_PING);
}

static void
test_held_up_early (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Even if received bytes could not be read, a tick before the earliest time for a "
                  "ping sends no ping");

  g_assert_cmpint (hb_heartbeat_tick (&fixture->heartbeat, &fixture->settings, at (14062), TRUE),
                   ==, HB_VERDICT_WAIT);
}

static void
test_settings_change (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A change of the settings takes effect at once");

  fixture->settings.ping_timeout = 5000;
  g_assert_cmpint (get_deadline (fixture), ==, at (5000));

  on_ping (fixture, 5000);
  fixture->settings.pong_timeout = 1000;
  g_assert_cmpint (get_deadline (fixture), ==, at (6000));
}

static void
test_latency (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The latency is the time from the ping to its reply");

  on_ping (fixture, 15000);

  g_assert_cmpint (on_reply (fixture, 15040), ==, 40 * G_TIME_SPAN_MILLISECOND);
}

static void
test_latency_after_life (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Other activity before the reply does not change the latency");

  on_ping (fixture, 15000);
  on_activity (fixture, 15010);

  g_assert_cmpint (on_reply (fixture, 15040), ==, 40 * G_TIME_SPAN_MILLISECOND);
}

static void
test_latency_unasked (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A reply gives no latency if no ping waits for a reply");

  g_assert_cmpint (on_reply (fixture, 100), ==, HB_LATENCY_NONE);

  on_ping (fixture, 15000);
  on_reply (fixture, 15040);
  g_assert_cmpint (on_reply (fixture, 15080), ==, HB_LATENCY_NONE);
}

static void
test_starts_afresh (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A new link starts with a full ping-timeout, and does not wait for the answer to "
                  "a ping of the old link");

  on_ping (fixture, 15000);
  hb_heartbeat_start (&fixture->heartbeat, at (20000));

  g_assert_false (hb_heartbeat_is_awaiting (&fixture->heartbeat));
  g_assert_cmpint (get_deadline (fixture), ==, at (35000));
  g_assert_cmpint (on_reply (fixture, 21000), ==, HB_LATENCY_NONE);
}

static void
test_latency_overslept (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("If the process was suspended after a ping, the reply gives no latency, even if "
                  "other activity is handled first. A reply that is handled up to a second after "
                  "pong-timeout still gives one.");

  on_ping (fixture, 15000);
  g_assert_cmpint (on_reply (fixture, 26001), ==, HB_LATENCY_UNKNOWN);

  on_ping (fixture, 41001);
  on_activity (fixture, 80000);
  g_assert_cmpint (on_reply (fixture, 80000), ==, HB_LATENCY_UNKNOWN);

  on_ping (fixture, 95000);
  g_assert_cmpint (on_reply (fixture, 106000), ==, 11 * G_TIME_SPAN_SECOND);
}

static void
test_latency_asked_again (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("If a ping before a suspend is unanswered, the next reply gives no latency even "
                  "after later pings, because this reply may belong to that ping");

  on_ping (fixture, 15000);
  on_ping (fixture, 60000);
  on_ping (fixture, 90000);
  g_assert_cmpint (on_reply (fixture, 90001), ==, HB_LATENCY_UNKNOWN);
  g_assert_cmpint (on_reply (fixture, 90040), ==, HB_LATENCY_NONE);

  on_ping (fixture, 105040);
  g_assert_cmpint (on_reply (fixture, 105080), ==, 40 * G_TIME_SPAN_MILLISECOND);
}

typedef struct
{
  HbHeartbeatMode  mode;
  const char      *text;  /* (nullable) the result of the ping function */
  const char      *bytes; /* (nullable) the value of ping-bytes */
  HbOpcode         opcode;
  const char      *expected;
} Ping;

static const Ping pings[] = {
  { HB_HEARTBEAT_MODE_MESSAGE, NULL, NULL, HB_OPCODE_TEXT, "heartbeat" },
  { HB_HEARTBEAT_MODE_MESSAGE, NULL, "bytes", HB_OPCODE_BINARY, "bytes" },
  { HB_HEARTBEAT_MODE_MESSAGE, "text", NULL, HB_OPCODE_TEXT, "text" },
  { HB_HEARTBEAT_MODE_MESSAGE, "text", "bytes", HB_OPCODE_TEXT, "text" },
  { HB_HEARTBEAT_MODE_MESSAGE, "", "bytes", HB_OPCODE_TEXT, "" },
  { HB_HEARTBEAT_MODE_MESSAGE, NULL, "", HB_OPCODE_BINARY, "" },
  { HB_HEARTBEAT_MODE_PING, NULL, NULL, HB_OPCODE_PING, "heartbeat" },
  { HB_HEARTBEAT_MODE_PING, NULL, "bytes", HB_OPCODE_PING, "bytes" },
  { HB_HEARTBEAT_MODE_PING, "text", "bytes", HB_OPCODE_PING, "text" },
};

static void
test_make_ping (Fixture       *fixture,
                gconstpointer  data)
{
  guint i;

  g_test_summary ("The ping function takes precedence over ping-bytes, and ping-bytes over "
                  "ping-message");

  fixture->settings.ping_message = (char *) "heartbeat";

  for (i = 0; i < G_N_ELEMENTS (pings); i++)
    {
      const char *bytes = pings[i].bytes;
      g_autoptr (GBytes) given = bytes != NULL ? g_bytes_new (bytes, strlen (bytes)) : NULL;
      g_autoptr (GBytes) payload = NULL;
      gsize length;
      gconstpointer made;
      HbOpcode opcode;

      fixture->settings.heartbeat_mode = pings[i].mode;
      fixture->settings.ping_bytes = given;
      payload = hb_heartbeat_make_ping (&fixture->settings, pings[i].text, &opcode);
      made = g_bytes_get_data (payload, &length);
      g_assert_cmpmem (made, length, pings[i].expected, strlen (pings[i].expected));
      g_assert_cmpint (opcode, ==, pings[i].opcode);
    }
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/heartbeat/no-link", test_no_link);
  add_test ("/heartbeat/silence", test_silence);
  test_rows_add ("/heartbeat/early/", earlies, test_early);
  add_test ("/heartbeat/life", test_life);
  add_test ("/heartbeat/life-after-ping", test_life_after_ping);
  add_test ("/heartbeat/a-little-late", test_a_little_late);
  add_test ("/heartbeat/late", test_late);
  add_test ("/heartbeat/held-up", test_held_up);
  add_test ("/heartbeat/held-up-early", test_held_up_early);
  add_test ("/heartbeat/settings-change", test_settings_change);
  add_test ("/heartbeat/latency", test_latency);
  add_test ("/heartbeat/latency-after-life", test_latency_after_life);
  add_test ("/heartbeat/latency-unasked", test_latency_unasked);
  add_test ("/heartbeat/latency-overslept", test_latency_overslept);
  add_test ("/heartbeat/latency-asked-again", test_latency_asked_again);
  add_test ("/heartbeat/starts-afresh", test_starts_afresh);
  add_test ("/heartbeat/make-ping", test_make_ping);

  return g_test_run ();
}
