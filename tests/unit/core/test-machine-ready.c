/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

/* A link whose server requires certain messages, such as a login, before all others. The link is
 * open, but becomes ready only when the application calls mark_ready () or sets manual-ready to
 * FALSE. In the summaries, a "mark" is a call to mark_ready (). */

#define OPENS_UNREADY  "notify:state notify:http-status notify:connection notify:protocol open"
#define LEAVES_UNREADY "drop notify:state notify:connection notify:protocol"
#define FAILS          "notify:attempt notify:reconnect-at "

static gboolean
is_ready (Fixture *fixture)
{
  return hb_machine_get_status (&fixture->machine).is_ready;
}

static void
mark (Fixture *fixture)
{
  hb_machine_mark_ready (&fixture->machine, fixture->now);
}

static void
set_manual (Fixture  *fixture,
            gboolean  manual_ready)
{
  fixture->machine.settings.manual_ready = manual_ready;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
}

static void
start_manual (Fixture *fixture)
{
  set_manual (fixture, TRUE);
  start (fixture);
}

static void
start_unready (Fixture *fixture)
{
  set_manual (fixture, TRUE);
  start_open (fixture);
}

static void
send_this_link (Fixture    *fixture,
                const char *text,
                const char *ticket)
{
  g_autoptr (GError) error = NULL;

  send_full (fixture, text, HB_SEND_FLAGS_THIS_LINK, ticket, &error);
  g_assert_no_error (error);
}

static void
test_opens (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A link is open before it is ready, and `ready` is notified when it becomes "
                  "ready");

  start_manual (fixture);
  answer (fixture);
  assert_effects (fixture, OPENS_UNREADY);
  g_assert_false (is_ready (fixture));

  mark (fixture);
  assert_effects (fixture, "notify:ready");
  g_assert_true (is_ready (fixture));

  mark (fixture);
  assert_effects (fixture, "");

  lose_link (fixture);
  assert_effects (fixture, LEAVES " close:1006 " FAILS "reconnect:1:2000");
  g_assert_false (is_ready (fixture));
}

static void
test_unready_again (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Each link needs its own mark, and `ready` is not notified when a link that was "
                  "never ready is lost");

  start_unready (fixture);
  mark (fixture);
  reconnect (fixture);
  forget (fixture);
  g_assert_false (is_ready (fixture));

  lose_link (fixture);
  assert_effects (fixture, LEAVES_UNREADY " close:1006 " FAILS "reconnect:2:2000");
}

static void
greet (Fixture    *fixture,
       const char *effect)
{
  if (strcmp (effect, "open") != 0)
    return;

  send_text (fixture, "subscribe");
  send_this_link (fixture, "login", NULL);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Before the mark, only THIS_LINK messages are sent. After it, the messages of "
                  "`open` handlers precede the queue.");

  fixture->handler = greet;
  start_manual (fixture);
  send_text (fixture, "queued");
  answer (fixture);
  send_text (fixture, "last");
  assert_wire (fixture, "login");

  send_this_link (fixture, "answer", NULL);
  assert_wire (fixture, "answer");

  mark (fixture);
  assert_wire (fixture, "subscribe queued last");
  forget (fixture);
}

static void
test_order_ready (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("On a ready link, a THIS_LINK message follows the messages in the queue");

  start_unready (fixture);
  mark (fixture);
  fixture->room = 1;
  send_text (fixture, "one");
  send_text (fixture, "two");
  send_this_link (fixture, "three", NULL);
  assert_wire (fixture, "one");

  fixture->room = G_MAXUINT;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  assert_wire (fixture, "two three");
  forget (fixture);
}

static void
mark_in_open (Fixture    *fixture,
              const char *effect)
{
  greet (fixture, effect);
  if (strcmp (effect, "open") == 0)
    mark (fixture);
}

static void
test_mark_in_open (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("After a mark in a handler for `open`, the messages of the handler still precede "
                  "the queue");

  fixture->handler = mark_in_open;
  start_manual (fixture);
  send_text (fixture, "queued");
  answer (fixture);
  assert_wire (fixture, "login subscribe queued");
  forget (fixture);
}

static void
be_connecting (Fixture *fixture)
{
  start_manual (fixture);
}

static void
be_waiting (Fixture *fixture)
{
  start_manual (fixture);
  lose_link (fixture);
}

static void
be_ready (Fixture *fixture)
{
  start_unready (fixture);
  mark (fixture);
}

static void
be_closing (Fixture *fixture)
{
  start_unready (fixture);
  close_with (fixture, 1000, NULL);
}

static void
be_blocked (Fixture *fixture)
{
  start_unready (fixture);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_BLOCKED);
}

static void
be_backlogged (Fixture *fixture)
{
  start_unready (fixture);
  send_text (fixture, "queued");
}

static void
be_closed (Fixture *fixture)
{
  set_manual (fixture, TRUE);
}

#define ACCEPTED (-1)
#define VOLATILE HB_SEND_FLAGS_VOLATILE
#define THIS_LINK HB_SEND_FLAGS_THIS_LINK

typedef struct
{
  const char *name;
  void      (*be) (Fixture *fixture);
  HbSendFlags flags;
  int         error;   /* the code of the error, or ACCEPTED */
  const char *wire;    /* the messages that are sent at once */
} SendCase;

static const SendCase send_cases[] = {
  { "closed", be_closed, THIS_LINK, HB_ERROR_CLOSED, "" },
  { "connecting", be_connecting, THIS_LINK, HB_ERROR_NOT_OPEN, "" },
  { "connecting-volatile", be_connecting, VOLATILE | THIS_LINK, HB_ERROR_NOT_OPEN, "" },
  { "waiting", be_waiting, THIS_LINK, HB_ERROR_NOT_OPEN, "" },
  { "closing", be_closing, THIS_LINK, HB_ERROR_CLOSED, "" },
  { "unready", start_unready, THIS_LINK, ACCEPTED, "x" },
  { "unready-volatile", start_unready, VOLATILE, HB_ERROR_NOT_OPEN, "" },
  { "unready-both", start_unready, VOLATILE | THIS_LINK, ACCEPTED, "x" },
  { "unready-plain", start_unready, HB_SEND_FLAGS_DEFAULT, ACCEPTED, "" },
  { "backlogged", be_backlogged, THIS_LINK, ACCEPTED, "x" },
  { "backlogged-volatile", be_backlogged, VOLATILE, HB_ERROR_NOT_OPEN, "" },
  { "backlogged-both", be_backlogged, VOLATILE | THIS_LINK, ACCEPTED, "x" },
  { "blocked", be_blocked, THIS_LINK, ACCEPTED, "" },
  { "blocked-both", be_blocked, VOLATILE | THIS_LINK, HB_ERROR_QUEUE_FULL, "" },
  { "ready", be_ready, THIS_LINK, ACCEPTED, "x" },
  { "ready-volatile", be_ready, VOLATILE, ACCEPTED, "x" },
  { "ready-both", be_ready, VOLATILE | THIS_LINK, ACCEPTED, "x" },
};

static void
test_send (Fixture       *fixture,
           gconstpointer  data)
{
  const SendCase *test = data;
  g_autoptr (GError) error = NULL;

  g_test_summary ("The flags of a message and the state decide whether it is refused, queued, or "
                  "sent at once");

  test->be (fixture);
  forget (fixture);
  send_full (fixture, "x", test->flags, NULL, &error);

  if (test->error == ACCEPTED)
    g_assert_no_error (error);
  else
    g_assert_error (error, HB_ERROR, test->error);

  assert_wire (fixture, test->wire);
  forget (fixture);
}

typedef struct
{
  const char *name;
  void      (*be) (Fixture *fixture);
  gboolean    takes;    /* whether the link accepts the login, which is never written */
} DropCase;

static const DropCase drop_cases[] = {
  { "unready", start_unready, TRUE },
  { "unready-blocked", be_blocked, FALSE },
  { "ready", be_ready, TRUE },
};

static void
test_drops (Fixture       *fixture,
            gconstpointer  data)
{
  const DropCase *test = data;

  g_test_summary ("When a link ends, THIS_LINK messages that are not written are dropped, their "
                  "calls fail, and ordinary messages are kept");

  test->be (fixture);
  forget (fixture);
  fixture->holds_writes = TRUE;
  send_this_link (fixture, "login", "login");
  send_ticket (fixture, "kept", "kept");
  drain (fixture);
  g_assert_cmpint (strstr (fixture->wire->str, "login") != NULL, ==, test->takes);
  forget (fixture);

  lose_link (fixture);
  drain (fixture);
  g_assert_nonnull (strstr (fixture->log->str, "resolve:failed:not-open(login)"));
  g_assert_null (strstr (fixture->log->str, "kept"));
  forget (fixture);

  set_manual (fixture, FALSE);
  fixture->holds_writes = FALSE;
  advance (fixture, 2000);
  answer (fixture);
  assert_wire (fixture, "kept");
  forget (fixture);
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 1);
}

static void
test_drops_many (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("If THIS_LINK messages are dropped, the other messages in the queue keep their "
                  "order");

  start_unready (fixture);
  mark (fixture);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_BLOCKED);
  send_text (fixture, "1");
  send_this_link (fixture, "a", NULL);
  send_text (fixture, "2");
  send_this_link (fixture, "b", NULL);
  send_text (fixture, "3");
  lose_link (fixture);
  assert_takes_back (fixture, "1 2 3");
  forget (fixture);
}

static void
test_overflow (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("An overflow drops the oldest ordinary message, even if a login is older");

  fixture->machine.settings.max_buffered_amount = 6;
  fixture->machine.settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  be_blocked (fixture);
  send_this_link (fixture, "ab", NULL);
  send_text (fixture, "cd");
  send_text (fixture, "ef");
  send_text (fixture, "gh");
  assert_takes_back (fixture, "ab ef gh");
  forget (fixture);
}

static void
tick_over (Fixture *fixture)
{
  advance (fixture, 16000);
}

typedef struct
{
  const char      *name;
  void           (*act) (Fixture *fixture);
  HbHeartbeatMode  mode;
  const char      *expected;
} PingCase;

static const PingCase ping_cases[] = {
  { "tick-message", tick_over, HB_HEARTBEAT_MODE_MESSAGE, "" },
  { "tick-ping", tick_over, HB_HEARTBEAT_MODE_PING, "ping" },
  { "check-message", check, HB_HEARTBEAT_MODE_MESSAGE, "" },
  { "check-ping", check, HB_HEARTBEAT_MODE_PING, "ping" },
  { "network-message", change_network, HB_HEARTBEAT_MODE_MESSAGE, "" },
  { "network-ping", change_network, HB_HEARTBEAT_MODE_PING, "ping" },
};

static void
test_ping (Fixture       *fixture,
           gconstpointer  data)
{
  const PingCase *test = data;

  g_test_summary ("Before the mark, only ping frames are sent as a heartbeat. After it, ping "
                  "messages are sent too.");

  fixture->machine.settings.connect_timeout = 0;
  fixture->machine.settings.heartbeat_mode = test->mode;
  start_unready (fixture);
  test->act (fixture);
  assert_effects (fixture, test->expected);

  receive (fixture, "alive");
  mark (fixture);
  forget (fixture);
  advance (fixture, 5000);
  test->act (fixture);
  assert_effects (fixture, "ping");
}

static void
test_beat_begins (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("The first ping message is due ping-timeout after the mark, and an earlier ping "
                  "frame does not end the link");

  fixture->machine.settings.connect_timeout = 0;
  fixture->machine.settings.heartbeat_mode = HB_HEARTBEAT_MODE_PING;
  start_unready (fixture);
  check (fixture);
  assert_effects (fixture, "ping");
  fixture->machine.settings.heartbeat_mode = HB_HEARTBEAT_MODE_MESSAGE;
  assert_deadline (fixture, -1);
  advance (fixture, 60000);

  mark (fixture);
  forget (fixture);
  assert_deadline (fixture, 15000);
  advance (fixture, 15000);
  assert_effects (fixture, "ping");
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The time for an attempt lasts from the request to the mark");

  start_manual (fixture);
  advance (fixture, 4000);
  answer (fixture);
  forget (fixture);
  assert_deadline (fixture, 6000);

  advance (fixture, 5999);
  assert_effects (fixture, "");
  advance (fixture, 1);
  assert_effects (fixture, LEAVES_UNREADY " notify:last-error error:connect-timeout close:1006 "
                  FAILS "reconnect:1:2000");
  g_assert_nonnull (strstr (fixture->error, "10000 ms"));
}

static void
test_timeout_off (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("With a connect-timeout of 0, a link may wait for its mark forever. After the "
                  "mark, connect-timeout has no effect.");

  fixture->machine.settings.connect_timeout = 0;
  start_unready (fixture);
  assert_deadline (fixture, -1);
  fixture->machine.settings.connect_timeout = 10000;
  assert_deadline (fixture, 10000);
  mark (fixture);
  forget (fixture);
  assert_deadline (fixture, 15000);
}

static void
test_timeout_late (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("The time for the mark starts again after a suspend, and if a handler prevents "
                  "reading. If bytes are still to be read, they are read before the link ends.");

  start_unready (fixture);
  advance_late (fixture, 20000);
  assert_effects (fixture, "");
  assert_deadline (fixture, 10000);

  fixture->now += hb_milliseconds (10000);
  handle_tick (&fixture->machine, fixture->now, HB_READING_HELD_UP);
  assert_effects (fixture, "");
  assert_deadline (fixture, 10000);

  fixture->now += hb_milliseconds (10000);
  handle_tick (&fixture->machine, fixture->now, HB_READING_LATER);
  assert_effects (fixture, "");
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
  drain (fixture);
  g_assert_nonnull (strstr (fixture->log->str, "error:connect-timeout"));
  forget (fixture);
}

static void
test_backs_off (Fixture       *fixture,
                gconstpointer  data)
{
  static const guint delays[] = { 1000, 2000, 4000 };
  guint i;

  g_test_summary ("If a server accepts connections but refuses each login, the delays grow, and "
                  "the attempts end at repeat-limit");

  fixture->machine.settings.reconnect_timeout = 1000;
  fixture->machine.settings.reconnect_timeout_max = 60000;
  fixture->machine.settings.min_uptime = 500;
  fixture->machine.settings.repeat_limit = 3;
  start_manual (fixture);

  for (i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      answer (fixture);
      advance (fixture, 700);
      lose_by_peer (fixture, 1008, FALSE);
      forget (fixture);
      g_assert_cmpuint (fixture->machine.attempt, ==, i + 1);
      assert_deadline (fixture, delays[i]);
      advance (fixture, delays[i]);
    }

  answer (fixture);
  forget (fixture);
  lose_by_peer (fixture, 1008, FALSE);
  assert_effects (fixture, LEAVES_UNREADY " notify:last-error error:repeat-limit close:1008");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_settles (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The count of attempts is reset when a link has been ready for min-uptime");

  fixture->machine.settings.connect_timeout = 0;
  start_manual (fixture);
  reconnect (fixture);
  advance (fixture, 60000);
  forget (fixture);
  g_assert_cmpuint (fixture->machine.attempt, ==, 1);

  mark (fixture);
  forget (fixture);
  assert_deadline (fixture, 5000);
  advance (fixture, 4999);
  assert_effects (fixture, "");
  advance (fixture, 1);
  assert_effects (fixture, "notify:attempt");
}

static void
test_normal_end (Fixture       *fixture,
                 gconstpointer  data)
{
  gboolean marks = GPOINTER_TO_INT (data);

  g_test_summary ("With a repeat-limit of 0, a normal close is an error only if the link was never "
                  "ready");

  fixture->machine.settings.repeat_limit = 0;
  start_unready (fixture);
  if (marks)
    mark (fixture);
  forget (fixture);

  lose_by_peer (fixture, 1000, FALSE);
  assert_effects (fixture, marks ? LEAVES " close:1000"
                  : LEAVES_UNREADY " notify:last-error error:repeat-limit close:1000");
}

static void
test_calls (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("open_async () waits only until the link is open. flush_async () waits until the "
                  "link is ready and the messages are written.");

  set_manual (fixture, TRUE);
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  send_text (fixture, "queued");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  answer (fixture);
  assert_effects (fixture, "notify:buffered-amount " OPENS_UNREADY " resolve:done(open)");

  mark (fixture);
  assert_effects (fixture, "transmit notify:ready notify:buffered-amount drain "
                  "resolve:done(flush)");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("close () does not wait for the mark. The task sends the close frame, and "
                  "reports the messages that waited for the mark.");

  start_unready (fixture);
  send_ticket (fixture, "one", "one");
  send_text (fixture, "two");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);

  close_with (fixture, 1000, "close");
  assert_effects (fixture, "notify:state error:closed resolve:failed:closed(flush) "
                  "resolve:failed:closed(one) notify:buffered-amount shut-down:1000");
  g_assert_nonnull (strstr (fixture->error, "2 messages"));

  lose_by_peer (fixture, 1000, FALSE);
  assert_effects (fixture, LEFT " close:1000 resolve:done(close)");
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 2);
}

static void
test_close_after_login (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("close () sends THIS_LINK messages before the close frame, and does not drop "
                  "them");

  start_unready (fixture);
  fixture->holds_writes = TRUE;
  send_this_link (fixture, "login", "login");
  send_text (fixture, "queued");
  forget (fixture);

  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "notify:state error:closed notify:buffered-amount");
  written (fixture, 1);
  assert_effects (fixture, "resolve:done(login) notify:buffered-amount drain shut-down:1000");
  lose_by_peer (fixture, 1000, FALSE);
  assert_effects (fixture, LEFT " close:1000");
}

static void
test_close_empty (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("close () on a link that is not ready reports no error if no message waits");

  start_unready (fixture);
  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "notify:state shut-down:1000");
}

static void
test_mark_in_vain (Fixture       *fixture,
                   gconstpointer  data)
{
  void (*be) (Fixture *fixture) = data;

  g_test_summary ("A mark has no effect if no link is open, if the task is closing, or if the link "
                  "is already ready");

  be (fixture);
  forget (fixture);
  mark (fixture);
  assert_effects (fixture, "");
}

static void
test_mark_too_early (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A mark before the link is open has no effect on this link");

  start_manual (fixture);
  mark (fixture);
  answer (fixture);
  assert_effects (fixture, OPENS_UNREADY);
}

static void
test_set_off (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("When manual-ready becomes FALSE, a link that waits for its mark becomes ready");

  start_unready (fixture);
  send_text (fixture, "queued");
  forget (fixture);
  set_manual (fixture, FALSE);
  assert_effects (fixture, "transmit notify:ready notify:buffered-amount drain");
}

static void
test_set_on (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("When manual-ready becomes TRUE, a ready link remains ready, and the next link "
                  "needs a mark");

  start_open (fixture);
  set_manual (fixture, TRUE);
  g_assert_true (is_ready (fixture));
  reconnect (fixture);
  g_assert_false (is_ready (fixture));
  forget (fixture);
}

static void
test_refusal (Fixture       *fixture,
              gconstpointer  data)
{
  guint i;

  g_test_summary ("A message during which the peer ends every link is detected even if a login is "
                  "sent before it");

  start_unready (fixture);
  send_text (fixture, "poison");

  for (i = 1; i <= 3; i++)
    {
      fixture->holds_writes = TRUE;
      send_this_link (fixture, "login", NULL);
      drain (fixture);
      written (fixture, 1);
      mark (fixture);
      drain (fixture);
      forget (fixture);
      lose_by_peer (fixture, 1006, TRUE);
      drain (fixture);
      g_assert_true ((strstr (fixture->log->str, "message-refused") != NULL) == (i == 3));
      advance (fixture, 2000);
      answer (fixture);
      forget (fixture);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-ready/opens", test_opens);
  add_test ("/machine-ready/unready-again", test_unready_again);
  add_test ("/machine-ready/order", test_order);
  add_test ("/machine-ready/order-ready", test_order_ready);
  add_test ("/machine-ready/mark-in-open", test_mark_in_open);
  add_rows ("/machine-ready/send/", send_cases, test_send);
  add_rows ("/machine-ready/drops/", drop_cases, test_drops);
  add_test ("/machine-ready/drops-many", test_drops_many);
  add_test ("/machine-ready/overflow", test_overflow);
  add_rows ("/machine-ready/ping/", ping_cases, test_ping);
  add_test ("/machine-ready/beat-begins", test_beat_begins);
  add_test ("/machine-ready/timeout", test_timeout);
  add_test ("/machine-ready/timeout-off", test_timeout_off);
  add_test ("/machine-ready/timeout-late", test_timeout_late);
  add_test ("/machine-ready/backs-off", test_backs_off);
  add_test ("/machine-ready/settles", test_settles);
  add_with ("/machine-ready/normal-end", GINT_TO_POINTER (TRUE), test_normal_end);
  add_with ("/machine-ready/early-end", GINT_TO_POINTER (FALSE), test_normal_end);
  add_test ("/machine-ready/calls", test_calls);
  add_test ("/machine-ready/close", test_close);
  add_test ("/machine-ready/close-after-login", test_close_after_login);
  add_test ("/machine-ready/close-empty", test_close_empty);
  add_with ("/machine-ready/mark-in-vain/closed", be_closed, test_mark_in_vain);
  add_with ("/machine-ready/mark-in-vain/connecting", be_connecting, test_mark_in_vain);
  add_with ("/machine-ready/mark-in-vain/waiting", be_waiting, test_mark_in_vain);
  add_with ("/machine-ready/mark-in-vain/closing", be_closing, test_mark_in_vain);
  add_with ("/machine-ready/mark-in-vain/ready", be_ready, test_mark_in_vain);
  add_with ("/machine-ready/mark-in-vain/not-manual", start_open, test_mark_in_vain);
  add_test ("/machine-ready/mark-too-early", test_mark_too_early);
  add_test ("/machine-ready/set-off", test_set_off);
  add_test ("/machine-ready/set-on", test_set_on);
  add_test ("/machine-ready/refusal", test_refusal);

  return g_test_run ();
}
