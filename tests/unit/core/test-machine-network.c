/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

/* While network-aware is TRUE, a network change has the effects of check (), except that it does
 * not end a delay that the server asked for, and that changes take effect at most once every five
 * seconds. */

static const Case cases[] = {
  { "check-open", start_open, 5000, check, "ping", HB_STATE_OPEN, 10000, 0 },

  /* check () does not prolong the time for the reply to a ping. */
  { "check-awaiting", start_open, 20000, check, "", HB_STATE_OPEN, 5000, 0 },

  /* The count of attempts is not reset. */
  { "check-waiting", start_waiting, 0, check, "notify:reconnect-at " STARTS, HB_STATE_CONNECTING,
    10000, 1 },

  { "check-closed", NULL, 0, check, "", HB_STATE_CLOSED, -1, 0 },
  { "check-connecting", start, 0, check, "", HB_STATE_CONNECTING, 10000, 0 },
  { "check-closing", begin_closing, 0, check, "", HB_STATE_CLOSING, 2000, 0 },
  { "open", start_open, 0, change_network, "ping", HB_STATE_OPEN, 10000, 0 },
  { "waiting", start_waiting, 0, change_network, "notify:reconnect-at " STARTS,
    HB_STATE_CONNECTING, 10000, 1 },
  { "closing", begin_closing, 0, change_network, "", HB_STATE_CLOSING, 2000, 0 },
};

static void
test_check_no_heartbeat (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Without a ping timeout, check () still sends a ping, and the link is ended if "
                  "no answer arrives");

  fixture->machine.settings.ping_timeout = 0;
  start_open (fixture);
  check (fixture);
  advance (fixture, 10000);

  assert_effects (fixture, "ping " LEAVES " notify:last-error error:pong-timeout close:1006 "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
test_check_unlimited (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Without a pong timeout, check () and a network change cause a ping even "
                  "if an earlier ping is unanswered");

  fixture->machine.settings.ping_timeout = 0;
  fixture->machine.settings.pong_timeout = 0;
  start_open (fixture);
  check (fixture);
  assert_effects (fixture, "ping");
  advance (fixture, 60000);
  check (fixture);
  assert_effects (fixture, "ping");
  change_network (fixture);
  assert_effects (fixture, "ping");
}

static void
test_retry_after (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A network change does not end a delay that the server asked for, but "
                  "check () does");

  start (fixture);
  lose_link_with (fixture, 503, 30);
  forget (fixture);
  change_network (fixture);
  advance (fixture, 10000);
  assert_effects (fixture, "");

  check (fixture);
  assert_effects (fixture, "notify:reconnect-at " STARTS);
}

static void
test_retry_after_over (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("After the delay that the server asked for, a network change ends the rest of a "
                  "longer delay");

  start (fixture);
  lose_link_with (fixture, 503, 1);
  forget (fixture);
  advance (fixture, 1000);
  change_network (fixture);

  assert_effects (fixture, "notify:reconnect-at " STARTS);
}

static void
test_burst (Fixture       *fixture,
            gconstpointer  data)
{
  guint i;

  g_test_summary ("Of many network changes within five seconds, the first takes effect at "
                  "once, and all others together at the end of the five seconds");

  set_text (&fixture->machine.settings.pong_message, "pong");
  start_open (fixture);
  fixture->stamped = TRUE;

  for (i = 0; i < 40; i++)
    {
      change_network (fixture);
      handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
      advance (fixture, 100);
    }

  advance (fixture, 10000);
  assert_effects (fixture, "ping @5000 ping");
}

static void
test_last (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("A change less than five seconds after another takes effect at the end of the "
                  "five seconds, even if the link is lost in between");

  fixture->machine.settings.reconnect_timeout = 60000;
  start_open (fixture);
  change_network (fixture);
  advance (fixture, 1000);
  lose_link (fixture);
  change_network (fixture);
  forget (fixture);
  assert_deadline (fixture, 4000);

  advance (fixture, 4000);
  assert_effects (fixture, "notify:reconnect-at " STARTS);
}

static void
test_connecting (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A change during an attempt that fails takes effect after the failure, once its "
                  "handlers have run. If the attempt succeeds, the change has no effect");

  fixture->machine.settings.reconnect_timeout = 60000;
  start (fixture);
  change_network (fixture);
  change_network (fixture);
  assert_effects (fixture, "");
  assert_deadline (fixture, 10000);
  lose_link (fixture);
  forget (fixture);
  assert_state (fixture, HB_STATE_WAITING);
  assert_deadline (fixture, 0);

  advance (fixture, 0);
  assert_effects (fixture, "notify:reconnect-at " STARTS);

  change_network (fixture);
  answer (fixture);
  forget (fixture);
  advance (fixture, 5000);
  assert_effects (fixture, "notify:attempt");
}

static void
test_unready (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A change before the link is ready takes effect when the attempt fails, or when "
                  "the link is ready");

  fixture->machine.settings.reconnect_timeout = 60000;
  fixture->machine.settings.manual_ready = TRUE;
  start_open (fixture);
  change_network (fixture);
  assert_effects (fixture, "");
  assert_deadline (fixture, 10000);
  advance (fixture, 10000);
  assert_effects (fixture, "drop notify:state notify:connection notify:protocol notify:last-error "
                           "error:connect-timeout close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:60000 notify:reconnect-at " STARTS);

  answer (fixture);
  forget (fixture);
  change_network (fixture);
  hb_machine_mark_ready (&fixture->machine, fixture->now);
  forget (fixture);
  advance (fixture, 5000);
  assert_effects (fixture, "ping notify:attempt");
}

static void
test_again (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("After five seconds without a change, the next change again takes effect at "
                  "once");

  start_open (fixture);
  change_network (fixture);
  receive (fixture, "life");
  forget (fixture);
  advance (fixture, 5000);
  change_network (fixture);

  assert_effects (fixture, "ping");
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A network change while the task is closed has no effect, even after the task is "
                  "opened");

  change_network (fixture);
  assert_effects (fixture, "");
  assert_deadline (fixture, -1);

  start_open (fixture);
  assert_deadline (fixture, 15000);
  change_network (fixture);
  assert_effects (fixture, "ping");
}

static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A change that waits for the end of the five seconds is forgotten when the task "
                  "is closed and opened");

  start_open (fixture);
  change_network (fixture);
  change_network (fixture);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  forget (fixture);
  assert_deadline (fixture, -1);

  start_open (fixture);
  assert_deadline (fixture, 15000);
}

static void
test_unread_reply (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A network change never ends a link, because the reply to a ping may be in the "
                  "socket, unread");

  start_pinged (fixture);
  fixture->now += 10 * G_TIME_SPAN_SECOND;
  change_network (fixture);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_OPEN);
}

static void
test_held (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("A network change does not end a hold");

  hb_machine_hold (&fixture->machine);
  start (fixture);
  change_network (fixture);
  advance (fixture, 10000);

  assert_effects (fixture, "");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/network/", cases, test_case);
  add_test ("/network/check-no-heartbeat", test_check_no_heartbeat);
  add_test ("/network/check-unlimited", test_check_unlimited);
  add_test ("/network/retry-after", test_retry_after);
  add_test ("/network/retry-after-over", test_retry_after_over);
  add_test ("/network/burst", test_burst);
  add_test ("/network/last", test_last);
  add_test ("/network/connecting", test_connecting);
  add_test ("/network/unready", test_unready);
  add_test ("/network/again", test_again);
  add_test ("/network/closed", test_closed);
  add_test ("/network/reopen", test_reopen);
  add_test ("/network/unread-reply", test_unread_reply);
  add_test ("/network/held", test_held);

  return g_test_run ();
}
