/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

#define DIES LEAVES " notify:last-error error:pong-timeout close:1006 notify:attempt " \
             "notify:reconnect-at reconnect:1:2000"

static void
test_silence (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A silent link gets a ping, and is dropped when the time for the answer is over");

  fixture->stamped = TRUE;
  start_open (fixture);
  advance (fixture, 25000);

  assert_effects (fixture, "@15000 ping @25000 " DIES);
}

static void
test_new_ping_timeout_over (Fixture       *fixture,
                            gconstpointer  data)
{
  g_test_summary ("If the ping timeout becomes shorter than the current silence, a ping is sent at "
                  "once");

  start_open (fixture);
  advance (fixture, 10000);
  fixture->machine.settings.ping_timeout = 5000;
  advance (fixture, 0);

  assert_effects (fixture, "ping");
}

typedef struct
{
  const char *pong_message;
  HbOpcode    opcode;
  const char *payload;
  gsize       length;
  const char *expected;
} Reply;

static const Reply replies[] = {
  { "pong", HB_OPCODE_TEXT, "pong", 4, "" },
  { "pong", HB_OPCODE_TEXT, "pong!", 5, "message:text" },
  { "pong", HB_OPCODE_TEXT, "pon", 3, "message:text" },
  { "pong", HB_OPCODE_TEXT, "PONG", 4, "message:text" },
  { "pong", HB_OPCODE_TEXT, "", 0, "message:text" },
  { "pong", HB_OPCODE_TEXT, "pong\0", 5, "message:text" },
  { "pong", HB_OPCODE_BINARY, "pong", 4, "message:binary" },
  { "", HB_OPCODE_TEXT, "", 0, "" },
  { "", HB_OPCODE_TEXT, "x", 1, "message:text" },
};

static void
test_pong_message (Fixture       *fixture,
                   gconstpointer  data)
{
  guint i;

  g_test_summary ("If pong-message is set, only a text message that equals it is a reply, and a "
                  "reply is not delivered");

  start_open (fixture);
  for (i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (replies[i].payload, replies[i].length);

      set_text (&fixture->machine.settings.pong_message, replies[i].pong_message);
      handle_message (&fixture->machine, fixture->now, replies[i].opcode, bytes);
      assert_effects (fixture, replies[i].expected);
    }
}

static void
test_reply_only (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("If only the reply counts, other messages neither postpone a ping nor keep the "
                  "link open");

  fixture->machine.settings.liveness = HB_LIVENESS_REPLY;
  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  advance (fixture, 14000);
  receive (fixture, "news");
  forget (fixture);
  advance (fixture, 1000);
  assert_effects (fixture, "ping");

  receive (fixture, "news");
  forget (fixture);
  advance (fixture, 10000);
  assert_effects (fixture, DIES);
}

static void
test_reply_only_pong (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If only the reply counts and the heartbeat uses ping frames, a pong frame is "
                  "the reply, and a message is not");

  fixture->machine.settings.liveness = HB_LIVENESS_REPLY;
  fixture->machine.settings.heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  start_open (fixture);
  advance (fixture, 15000);
  receive (fixture, "news");
  assert_effects (fixture, "ping message:text");
  assert_deadline (fixture, 10000);

  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  assert_effects (fixture, "notify:latency");
  assert_deadline (fixture, 15000);
}

/* An event other than a message, and the deadline that follows from it. All times are in
 * milliseconds, and `at` counts from the opening of the link. */
typedef struct
{
  const char *name;
  HbLiveness  liveness;
  HbEventKind kind;
  guint       at;
  const char *before;   /* the effects before the event */
  int         deadline; /* after the event */
} Sign;

static const Sign signs[] = {
  /* Even an unsolicited pong frame is activity. */
  { "pong", HB_LIVENESS_ANY, HB_EVENT_PONG, 10000, "", 15000 },

  /* A slow upload must not end the link, unless only a reply counts. */
  { "writable", HB_LIVENESS_ANY, HB_EVENT_WRITABLE, 24999, "ping", 15000 },
  { "reply-only-writable", HB_LIVENESS_REPLY, HB_EVENT_WRITABLE, 10000, "", 5000 },

  /* With STEADY, activity keeps the link open, but postpones no ping. */
  { "steady-writable", HB_LIVENESS_STEADY, HB_EVENT_WRITABLE, 24000, "ping", 6000 },
};

static void
test_sign (Fixture       *fixture,
           gconstpointer  data)
{
  const Sign *sign = data;

  g_test_summary ("A pong frame always counts as activity. The property liveness decides whether a "
                  "backlog that is being sent counts too, and whether activity postpones the next "
                  "ping.");

  fixture->machine.settings.liveness = sign->liveness;
  start_open (fixture);
  advance (fixture, sign->at);
  assert_effects (fixture, sign->before);
  handle_event (&fixture->machine, fixture->now, sign->kind);
  assert_effects (fixture, "");

  assert_deadline (fixture, sign->deadline);
}

/* A link that receives a message every `feed` milliseconds, or none if `feed` is 0. All times are
 * in milliseconds. */
typedef struct
{
  const char *name;
  HbLiveness  liveness;
  guint       ping_timeout;
  guint       pong_timeout;
  guint       feed;
  const char *expected; /* the pings and the end within 60 s, with their times */
} Beat;

static const Beat beats[] = {
  { "any", HB_LIVENESS_ANY, 15000, 10000, 1000, "" },
  { "reply", HB_LIVENESS_REPLY, 15000, 10000, 1000, "ping@15000 dead@25000" },
  { "steady", HB_LIVENESS_STEADY, 15000, 10000, 1000,
    "ping@15000 ping@30000 ping@45000 ping@60000" },
  { "steady-unjudged", HB_LIVENESS_STEADY, 15000, 0, 1000,
    "ping@15000 ping@30000 ping@45000 ping@60000" },
  { "steady-off", HB_LIVENESS_STEADY, 0, 10000, 1000, "" },
  { "steady-silence", HB_LIVENESS_STEADY, 15000, 10000, 0, "ping@15000 dead@25000" },
  { "steady-silence-unjudged", HB_LIVENESS_STEADY, 20000, 0, 0,
    "ping@20000 ping@40000 ping@60000" },
  { "steady-silence-off", HB_LIVENESS_STEADY, 0, 10000, 0, "" },

  /* A later ping gives a silent server no more time. */
  { "steady-dense", HB_LIVENESS_STEADY, 4000, 10000, 0,
    "ping@4000 ping@8000 ping@12000 dead@14000" },
  { "steady-dense-life", HB_LIVENESS_STEADY, 20000, 30000, 25000,
    "ping@20000 ping@40000 ping@60000" },
};

static void
note_beat (Fixture    *fixture,
           const char *effect)
{
  const char *word = g_str_equal (effect, "ping") ? "ping"
                     : g_str_equal (effect, "error:pong-timeout") ? "dead" : NULL;

  if (word == NULL)
    return;

  g_string_append_printf (fixture->wire, "%s%s@%" G_GINT64_FORMAT,
                          fixture->wire->len > 0 ? " " : "", word,
                          (fixture->now - fixture->started_at) / G_TIME_SPAN_MILLISECOND);
  if (g_str_equal (word, "dead"))
    hb_machine_close (&fixture->machine, fixture->now, 1000, NULL, NULL, NULL);
}

static void
test_beat (Fixture       *fixture,
           gconstpointer  data)
{
  const Beat *beat = data;
  guint step = beat->feed > 0 ? beat->feed : 60000;
  guint passed;

  g_test_summary ("The property liveness decides whether a message postpones the next ping, and "
                  "whether a message keeps the link open");

  fixture->machine.settings.liveness = beat->liveness;
  fixture->machine.settings.ping_timeout = beat->ping_timeout;
  fixture->machine.settings.pong_timeout = beat->pong_timeout;
  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  fixture->handler = note_beat;

  for (passed = step; passed <= 60000; passed += step)
    {
      advance (fixture, step);
      if (beat->feed > 0)
        receive (fixture, "news");
    }

  advance (fixture, 60000 + step - passed);
  g_assert_cmpstr (fixture->wire->str, ==, beat->expected);
  fixture->handler = NULL;
  forget (fixture);
}

static void
test_steady_check (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("With steady pings, the interval starts at the last ping, whatever caused it");

  fixture->machine.settings.liveness = HB_LIVENESS_STEADY;
  start_open (fixture);
  advance (fixture, 5000);
  check (fixture);
  drain (fixture);
  receive (fixture, "news");
  assert_effects (fixture, "ping notify:latency message:text");

  assert_deadline (fixture, 15000);
}

static void
test_steady_latency (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("With steady pings, the reply that ends a silence belongs to the first ping of "
                  "this silence");

  fixture->machine.settings.liveness = HB_LIVENESS_STEADY;
  fixture->machine.settings.ping_timeout = 4000;
  start_open (fixture);
  advance (fixture, 9000);
  assert_effects (fixture, "ping ping");
  receive (fixture, "pong");
  forget (fixture);

  g_assert_cmpint (fixture->machine.latency, ==, 5000 * G_TIME_SPAN_MILLISECOND);
}

static void
test_steady_latency_slept (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("pong 1", 6);

  g_test_summary ("With steady pings, a reply that arrived during a suspend gives no latency, even "
                  "if another ping is sent before the reply is handled");

  fixture->machine.settings.liveness = HB_LIVENESS_STEADY;
  start_pinged (fixture);
  fixture->now += 20000 * G_TIME_SPAN_MILLISECOND;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_ACTIVITY);
  advance (fixture, 0);
  assert_effects (fixture, "ping");
  handle_judged (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes, HB_REPLY_YES);
  assert_effects (fixture, "");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
}

/* A message that arrives 5 s after a ping, and the pong function's decision, if any, about it */
typedef struct
{
  const char      *name;
  HbHeartbeatMode  mode;
  HbLiveness       liveness;
  const char      *pong_message;
  const char      *text;
  HbReply          reply;
  const char      *expected;
  guint            n_replies;
  gint64           deadline; /* in milliseconds after the message */
} Judged;

static const Judged judged[] = {
  { "yes", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, NULL, "pong 7", HB_REPLY_YES,
    "notify:latency", 1, 15000 },
  { "no", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, NULL, "news", HB_REPLY_NO,
    "message:text", 0, 5000 },
  { "no-any", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_ANY, NULL, "news", HB_REPLY_NO,
    "message:text", 0, 15000 },
  { "no-steady", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_STEADY, NULL, "news", HB_REPLY_NO,
    "message:text", 0, 10000 },
  { "yes-steady", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_STEADY, NULL, "pong 7", HB_REPLY_YES,
    "notify:latency", 1, 10000 },
  { "alone-no", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, "pong", "pong", HB_REPLY_NO,
    "message:text", 0, 5000 },
  { "alone-yes", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, "pong", "pong 7", HB_REPLY_YES,
    "notify:latency", 1, 15000 },
  { "unasked", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, "pong", "pong", HB_REPLY_UNJUDGED,
    "notify:latency", 1, 15000 },
  { "unasked-any", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_ANY, "pong", "news", HB_REPLY_UNJUDGED,
    "message:text", 0, 15000 },
  { "unasked-unknown", HB_HEARTBEAT_MODE_MESSAGE, HB_LIVENESS_REPLY, NULL, "news",
    HB_REPLY_UNJUDGED, "notify:latency message:text", 1, 15000 },
  { "ping-yes", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_REPLY, NULL, "pong 7", HB_REPLY_YES,
    "notify:latency", 1, 15000 },
  { "ping-no", HB_HEARTBEAT_MODE_PING, HB_LIVENESS_REPLY, NULL, "news", HB_REPLY_NO,
    "message:text", 0, 5000 },
};

static void
test_judged (Fixture       *fixture,
             gconstpointer  data)
{
  const Judged *row = data;
  g_autoptr (GBytes) bytes = g_bytes_new (row->text, strlen (row->text));

  g_test_summary ("If a pong function is set, it alone decides whether a message is a reply. "
                  "Otherwise pong-message decides. If neither is set, and pings are messages, each "
                  "message is a reply. A message that is not a reply counts as activity, unless "
                  "liveness is REPLY.");

  fixture->machine.settings.heartbeat_mode = row->mode;
  fixture->machine.settings.liveness = row->liveness;
  set_text (&fixture->machine.settings.pong_message, row->pong_message);
  start_open (fixture);
  advance (fixture, 20000);
  assert_effects (fixture, "ping");

  handle_judged (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes, row->reply);
  assert_effects (fixture, row->expected);
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, row->n_replies);
  g_assert_cmpuint (fixture->machine.metrics.messages_received,
                    ==, strstr (row->expected, "message:text") != NULL);
  assert_deadline (fixture, row->deadline);
}

static void
test_judged_long (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("pong 1", 6);

  g_test_summary ("If another ping is sent while the pong function runs, the reply gives no "
                  "latency");

  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 15000);
  hb_machine_on_pinged (&fixture->machine, fixture->now + 1);
  forget (fixture);

  handle_judged (&fixture->machine, fixture->now, HB_OPCODE_TEXT, bytes, HB_REPLY_YES);
  assert_effects (fixture, "");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, 1);
}

static void
test_latency_ping (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("If the heartbeat uses ping frames, a message counts as activity, but not as a "
                  "reply");

  fixture->machine.settings.heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  start_open (fixture);
  advance (fixture, 15010);
  receive (fixture, "news");
  assert_effects (fixture, "ping message:text");
  advance (fixture, 30);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  assert_effects (fixture, "notify:latency");

  g_assert_cmpint (fixture->machine.latency, ==, 40 * G_TIME_SPAN_MILLISECOND);
}

static void
test_latency_message (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If pings are messages, a pong frame is not a reply, and gives no latency");

  start_open (fixture);
  advance (fixture, 15010);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);

  assert_effects (fixture, "ping");
}

static void
test_latency_new_link (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("On a new link, the latency is unknown");

  start_open (fixture);
  advance (fixture, 15010);
  receive (fixture, "news");
  reconnect (fixture);

  assert_effects (fixture, "notify:state notify:ready notify:latency notify:connection "
                           "notify:protocol notify:downtime open");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
}

static void
test_latency_suspend (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If a suspend follows a ping, the reply keeps the link open, and gives no "
                  "latency");

  fixture->machine.settings.heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  start_open (fixture);
  advance (fixture, 15000);
  assert_effects (fixture, "ping");
  fixture->now += 8 * 3600 * G_TIME_SPAN_SECOND;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_ACTIVITY);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  assert_effects (fixture, "");
  g_assert_cmpint (fixture->machine.latency, ==, -1);

  advance (fixture, 15000);
  assert_effects (fixture, "ping");
  advance_late (fixture, 3600 * 1000);
  assert_effects (fixture, "ping");
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  assert_effects (fixture, "");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, 2);
  g_assert_cmpint (hb_metrics_get_latency_max (&fixture->machine.metrics), ==, -1);
  assert_deadline (fixture, 15000);
}

static void
test_new_link (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A new link gets its first ping after a full ping-timeout, even if a ping of the "
                  "old link was unanswered");

  start_open (fixture);
  advance (fixture, 24000);
  reconnect (fixture);
  forget (fixture);
  advance (fixture, 14999);
  assert_effects (fixture, "notify:attempt");

  advance (fixture, 1);
  assert_effects (fixture, "ping");
}

static void
test_late_ping (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A ping that became due during a long suspend is sent as soon as the process "
                  "resumes. Even after several intervals, only one ping is sent.");

  fixture->machine.settings.liveness = GPOINTER_TO_INT (data);
  start_open (fixture);
  advance_late (fixture, 8 * 3600 * 1000);
  assert_effects (fixture, "ping");

  receive (fixture, "good morning");
  assert_effects (fixture, "notify:latency message:text");
  assert_state (fixture, HB_STATE_OPEN);
  assert_deadline (fixture, 15000);
}

static void
test_late_often (Fixture       *fixture,
                 gconstpointer  data)
{
  guint i;

  g_test_summary ("However often a process is suspended, no tick that is more than a second late "
                  "ends the link");

  start_pinged (fixture);

  for (i = 0; i < 20; i++)
    {
      advance_late (fixture, 60000);
      assert_effects (fixture, "ping");
    }
}

static void
tick_at_pong_timeout (Fixture   *fixture,
                      HbReading  reading)
{
  start_pinged (fixture);
  fixture->now += 10 * G_TIME_SPAN_SECOND;
  handle_tick (&fixture->machine, fixture->now, reading);
}

static void
test_held_up (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If received bytes could not be read, another ping is sent, and the link is not "
                  "ended");

  tick_at_pong_timeout (fixture, HB_READING_HELD_UP);
  assert_effects (fixture, "ping");

  assert_deadline (fixture, 10000);
}

static void
test_read_later (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("If more received bytes can be read, they are read before the link is ended");

  tick_at_pong_timeout (fixture, HB_READING_LATER);
  assert_effects (fixture, "");
  receive (fixture, "news");
  forget (fixture);

  assert_deadline (fixture, 15000);
}

static void
test_read_later_again (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("The end of a link is postponed only once, even if more bytes can always be "
                  "read");

  tick_at_pong_timeout (fixture, HB_READING_LATER);
  assert_effects (fixture, "");

  handle_tick (&fixture->machine, fixture->now, HB_READING_LATER);
  assert_effects (fixture, LEAVES " notify:last-error error:pong-timeout close:1006 notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_pinged_late (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("The time for the answer and the latency are measured from the moment at which "
                  "the ping is sent");

  fixture->holds_pings = TRUE;
  start_pinged (fixture);
  advance_late (fixture, 9000);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  assert_deadline (fixture, 10000);

  advance (fixture, 30);
  receive (fixture, "pong");
  g_assert_cmpint (fixture->machine.latency, ==, 30 * G_TIME_SPAN_MILLISECOND);
  forget (fixture);
}

static void
test_pinging (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("While the application's function makes a ping, the link is not judged by that "
                  "ping, even if the function runs a main loop");

  fixture->holds_pings = TRUE;
  start_pinged (fixture);
  advance (fixture, 30000);
  assert_effects (fixture, "");
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  assert_deadline (fixture, 10000);
}

static void
test_pinging_latency (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("The latency does not include the time that the application's function takes to "
                  "make the ping, even if activity occurs during this time");

  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 15000);
  advance (fixture, 5000);
  receive (fixture, "news");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  advance (fixture, 40);
  receive (fixture, "reply");
  g_assert_cmpint (fixture->machine.latency, ==, 40 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, 1);
  forget (fixture);
}

/* Sends a ping whose reply is late, so that another ping is made after 15 s of silence. */
static void
start_late_reply (Fixture *fixture)
{
  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  advance (fixture, 15000);
  receive (fixture, "news");
  fixture->holds_pings = TRUE;
  advance (fixture, 15000);
  assert_effects (fixture, "ping message:text ping");
}

static void
test_pinging_late_reply (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("The reply to a ping counts for that ping, even if the reply comes while the "
                  "application's function makes another ping");

  start_late_reply (fixture);
  advance (fixture, 1000);
  receive (fixture, "pong");
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, 1);
  g_assert_cmpint (fixture->machine.latency, ==, 16000 * G_TIME_SPAN_MILLISECOND);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  advance (fixture, 30);
  receive (fixture, "pong");
  g_assert_cmpuint (fixture->machine.metrics.replies, ==, 2);
  g_assert_cmpint (fixture->machine.latency, ==, 30 * G_TIME_SPAN_MILLISECOND);
  forget (fixture);
}

static void
test_pinging_reading (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If reading resumes while the application's function makes a ping, the reply to "
                  "an earlier ping may have waited in the socket, so the next reply gives no "
                  "latency");

  start_late_reply (fixture);
  hb_heartbeat_on_reading (&fixture->machine.heartbeat, fixture->now);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  advance (fixture, 30);
  receive (fixture, "pong");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
  forget (fixture);
}

static void
test_pinging_steady (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("If a second ping is sent while the application's function still makes the "
                  "first, the link is judged by the second");

  fixture->machine.settings.liveness = HB_LIVENESS_STEADY;
  fixture->holds_pings = TRUE;
  start_pinged (fixture);
  advance (fixture, 15000);
  assert_effects (fixture, "ping");
  advance (fixture, 2000);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  assert_deadline (fixture, 10000);
  advance (fixture, 4000);
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  assert_deadline (fixture, 6000);
}

static void
test_pinging_withdrawn (Fixture       *fixture,
                        gconstpointer  data)
{
  HbSettings *settings = &fixture->machine.settings;

  g_test_summary ("A ping is not counted, and no reply to it is awaited, if it is not sent because "
                  "the application's function has changed the heartbeat mode on a link that is not "
                  "ready");

  settings->manual_ready = TRUE;
  settings->connect_timeout = 0;
  settings->heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  fixture->holds_pings = TRUE;
  start_pinged (fixture);
  settings->heartbeat_mode = HB_HEARTBEAT_MODE_MESSAGE;
  g_assert_false (hb_machine_on_pinged (&fixture->machine, fixture->now));
  g_assert_cmpuint (fixture->machine.metrics.pings, ==, 0);
  settings->heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  assert_deadline (fixture, 15000);
}

static void
test_pinging_closed (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A ping is neither sent nor counted if the application's function has closed the "
                  "task");

  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 15000);
  close_with (fixture, 1000, NULL);
  g_assert_false (hb_machine_on_pinged (&fixture->machine, fixture->now));
  g_assert_cmpuint (fixture->machine.metrics.pings, ==, 0);
  forget (fixture);
}

/* A change of the way in which the reply is recognized, 5 s after a ping or, if none was sent, 5 s
 * after the opening */
typedef struct
{
  const char *name;
  HbLiveness  liveness;
  gboolean    is_pinged;
  gboolean    is_making; /* the application's function still makes the ping */
  const char *expected;
  int         deadline; /* in milliseconds after the change; -1 for none */
} NewReply;

static const NewReply new_replies[] = {
  { "reply", HB_LIVENESS_REPLY, TRUE, FALSE, "ping", 5000 },
  { "reply-unpinged", HB_LIVENESS_REPLY, FALSE, FALSE, "", 10000 },
  { "reply-making", HB_LIVENESS_REPLY, TRUE, TRUE, "", -1 },
  { "any", HB_LIVENESS_ANY, TRUE, FALSE, "", 5000 },
  { "steady", HB_LIVENESS_STEADY, TRUE, FALSE, "", 5000 },
};

static void
test_new_reply (Fixture       *fixture,
                gconstpointer  data)
{
  const NewReply *row = data;

  g_test_summary ("If only the reply counts, and the way to recognize a reply changes while a sent "
                  "ping waits for its reply, another ping is sent, and the latency stays unknown");

  fixture->machine.settings.liveness = row->liveness;
  fixture->holds_pings = row->is_making;
  start_open (fixture);
  if (row->is_pinged)
    advance (fixture, 15000);
  advance (fixture, 5000);
  forget (fixture);

  hb_machine_change_reply (&fixture->machine);
  advance (fixture, 0);
  assert_effects (fixture, row->expected);
  assert_deadline (fixture, row->deadline);

  if (row->expected[0] == '\0')
    return;

  receive (fixture, "reply to either ping");
  assert_effects (fixture, "message:text");
  assert_deadline (fixture, 15000);
}

static void
test_new_reply_often (Fixture       *fixture,
                      gconstpointer  data)
{
  guint i;

  g_test_summary ("However often the way to recognize a reply changes, a link without a reply ends "
                  "after pong-timeout");

  fixture->machine.settings.liveness = HB_LIVENESS_REPLY;
  start_open (fixture);
  advance (fixture, 15000);

  for (i = 0; i < 10; i++)
    {
      advance (fixture, 999);
      hb_machine_change_reply (&fixture->machine);
    }

  advance (fixture, 0);
  forget (fixture);
  assert_deadline (fixture, 10);
  fixture->now += 10 * G_TIME_SPAN_MILLISECOND;
  hb_machine_change_reply (&fixture->machine);
  advance (fixture, 0);
  assert_effects (fixture, DIES);
}

static void
test_new_reply_pending (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("If a requested ping has not been sent when the way to recognize a reply "
                  "changes, no other ping is sent");

  fixture->machine.settings.liveness = HB_LIVENESS_REPLY;
  start_open (fixture);
  check (fixture);
  hb_machine_change_reply (&fixture->machine);
  advance (fixture, 0);
  assert_effects (fixture, "ping");
  assert_deadline (fixture, 10000);
}

static void
check_in_ping (Fixture    *fixture,
               const char *effect)
{
  /* Without this limit, a fault of the machine would make the test run forever. */
  if (g_str_equal (effect, "ping") && fixture->log->len < 100)
    check (fixture);
}

static void
test_pinging_check (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A ping function that calls check () causes no further ping, even if no ping is "
                  "judged");

  fixture->machine.settings.pong_timeout = 0;
  start_open (fixture);
  fixture->handler = check_in_ping;
  advance (fixture, 15000);
  assert_effects (fixture, "ping");

  check (fixture);
  drain (fixture);
  receive (fixture, "news");
  assert_effects (fixture, "ping notify:latency message:text");
  fixture->handler = NULL;
}

static void
check_after_ping (Fixture *fixture)
{
  hb_machine_on_pinged (&fixture->machine, fixture->now);
  check (fixture);
}

static void
test_pinging_check_nested (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("A ping function that runs a main loop and then calls check () causes no further "
                  "ping, even if another ping was sent in that loop");

  fixture->machine.settings.pong_timeout = 0;
  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 30000);
  assert_effects (fixture, "ping ping");
  check_after_ping (fixture);
  assert_effects (fixture, "");

  check_after_ping (fixture);
  assert_effects (fixture, "ping");
}

static void
test_pinging_check_ready (Fixture       *fixture,
                          gconstpointer  data)
{
  HbSettings *settings = &fixture->machine.settings;

  g_test_summary ("A ping function that starts the heartbeat again and then calls check () causes "
                  "no further ping");

  settings->manual_ready = TRUE;
  settings->connect_timeout = 0;
  settings->pong_timeout = 0;
  settings->heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 15000);
  settings->heartbeat_mode = HB_HEARTBEAT_MODE_MESSAGE;
  hb_machine_mark_ready (&fixture->machine, fixture->now);
  forget (fixture);
  check (fixture);
  assert_effects (fixture, "");

  check_after_ping (fixture);
  assert_effects (fixture, "ping");
}

static void
test_pinged_after_activity (Fixture       *fixture,
                            gconstpointer  data)
{
  g_test_summary ("If activity follows the decision to send a ping, but precedes the sending, no "
                  "answer to this ping is awaited");

  fixture->holds_pings = TRUE;
  start_open (fixture);
  advance (fixture, 15000);
  receive (fixture, "news");
  forget (fixture);
  hb_machine_on_pinged (&fixture->machine, fixture->now);

  assert_deadline (fixture, 15000);
}

static void
test_never_answered (Fixture       *fixture,
                     gconstpointer  data)
{
  static const char hint[] = "heartbeat-mode";
  guint i;

  g_test_summary ("If pings are text messages, and no ping has been answered on any link, the "
                  "error suggests another heartbeat-mode");

  for (i = 0; i < 3; i++)
    {
      gboolean is_hinted = i == 0;

      fixture->machine.settings.heartbeat_mode = i == 1 ? HB_HEARTBEAT_MODE_PING
                                                        : HB_HEARTBEAT_MODE_MESSAGE;
      reconnect_now (fixture);
      answer (fixture);
      if (i == 2)
        {
          advance (fixture, 15000);
          receive (fixture, "pong");
        }
      advance (fixture, 15000 + 10000);
      g_assert_true ((strstr (fixture->error, hint) != NULL) == is_hinted);
      forget (fixture);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-heartbeat/silence", test_silence);
  add_test ("/machine-heartbeat/new-ping-timeout-over", test_new_ping_timeout_over);
  add_test ("/machine-heartbeat/pong-message", test_pong_message);
  add_test ("/machine-heartbeat/reply-only", test_reply_only);
  add_test ("/machine-heartbeat/reply-only-pong", test_reply_only_pong);
  add_test ("/machine-heartbeat/steady-check", test_steady_check);
  add_with ("/machine-heartbeat/steady-late", GINT_TO_POINTER (HB_LIVENESS_STEADY), test_late_ping);
  add_test ("/machine-heartbeat/steady-latency", test_steady_latency);
  add_test ("/machine-heartbeat/steady-latency-slept", test_steady_latency_slept);
  add_test ("/machine-heartbeat/judged-long", test_judged_long);
  add_rows ("/machine-heartbeat/", signs, test_sign);
  add_rows ("/machine-heartbeat/beat/", beats, test_beat);
  add_rows ("/machine-heartbeat/judged/", judged, test_judged);
  add_rows ("/machine-heartbeat/new-reply/", new_replies, test_new_reply);
  add_test ("/machine-heartbeat/latency-ping", test_latency_ping);
  add_test ("/machine-heartbeat/latency-message", test_latency_message);
  add_test ("/machine-heartbeat/latency-new-link", test_latency_new_link);
  add_test ("/machine-heartbeat/latency-suspend", test_latency_suspend);
  add_test ("/machine-heartbeat/new-link", test_new_link);
  add_with ("/machine-heartbeat/late-ping", GINT_TO_POINTER (HB_LIVENESS_ANY), test_late_ping);
  add_test ("/machine-heartbeat/late-often", test_late_often);
  add_test ("/machine-heartbeat/held-up", test_held_up);
  add_test ("/machine-heartbeat/read-later", test_read_later);
  add_test ("/machine-heartbeat/read-later-again", test_read_later_again);
  add_test ("/machine-heartbeat/pinged-late", test_pinged_late);
  add_test ("/machine-heartbeat/new-reply/pending", test_new_reply_pending);
  add_test ("/machine-heartbeat/new-reply/often", test_new_reply_often);
  add_test ("/machine-heartbeat/pinging", test_pinging);
  add_test ("/machine-heartbeat/pinging-latency", test_pinging_latency);
  add_test ("/machine-heartbeat/pinging-late-reply", test_pinging_late_reply);
  add_test ("/machine-heartbeat/pinging-reading", test_pinging_reading);
  add_test ("/machine-heartbeat/pinging-steady", test_pinging_steady);
  add_test ("/machine-heartbeat/pinging-withdrawn", test_pinging_withdrawn);
  add_test ("/machine-heartbeat/pinging-closed", test_pinging_closed);
  add_test ("/machine-heartbeat/pinging-check", test_pinging_check);
  add_test ("/machine-heartbeat/pinging-check-nested", test_pinging_check_nested);
  add_test ("/machine-heartbeat/pinging-check-ready", test_pinging_check_ready);
  add_test ("/machine-heartbeat/pinged-after-activity", test_pinged_after_activity);
  add_test ("/machine-heartbeat/never-answered", test_never_answered);

  return g_test_run ();
}
