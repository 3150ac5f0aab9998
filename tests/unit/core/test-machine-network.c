/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

/* While network-aware is TRUE, a network change has the effects of check (), except that it does
 * not end a delay that the server asked for, and that changes take effect at most once every five
 * seconds. */

static void
change_network (Fixture *fixture)
{
  handle_event (&fixture->machine, fixture->now, HB_EVENT_NETWORK);
}

static void
test_check_open (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("check () on an open link sends a ping at once, and waits for the answer");

  start_open (fixture);
  advance (fixture, 5000);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "ping");

  assert_deadline (fixture, 10000);
}

static void
test_check_no_heartbeat (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Without a ping timeout, check () still sends a ping, and the link is ended if "
                  "no answer arrives");

  fixture->machine.settings.ping_timeout = 0;
  start_open (fixture);
  hb_machine_check (&fixture->machine, fixture->now);
  advance (fixture, 10000);

  assert_effects (fixture, "ping " LEAVES " notify:last-error error:pong-timeout close:1006 "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
test_check_awaiting (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("While the time for the answer to a ping is running, check () sends no ping, and "
                  "does not prolong that time");

  start_open (fixture);
  advance (fixture, 20000);
  forget (fixture);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  assert_deadline (fixture, 5000);
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
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "ping");
  advance (fixture, 60000);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "ping");
  change_network (fixture);
  assert_effects (fixture, "ping");
}

static void
test_check_waiting (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("check () during the delay makes an attempt at once, and does not reset the "
                  "count of attempts");

  start_waiting (fixture);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at " STARTS);

  g_assert_cmpuint (fixture->machine.attempt, ==, 1);
}

static void
test_check_else (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("check () does nothing on a task that is closed, connecting or closing");

  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  start (fixture);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "");

  answer (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "");
}

static void
test_open (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("When the network changes, a ping is sent on an open link at once");

  start_open (fixture);
  change_network (fixture);

  assert_effects (fixture, "ping");
}

static void
test_waiting (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A network change ends a delay");

  start_waiting (fixture);
  change_network (fixture);

  assert_effects (fixture, "notify:reconnect-at " STARTS);
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

  hb_machine_check (&fixture->machine, fixture->now);
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

static void
test_closing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A network change does not affect a task that is closing");

  start_closing (fixture, NULL);
  change_network (fixture);
  assert_effects (fixture, "");

  assert_deadline (fixture, 2000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/network/check-open", test_check_open);
  add_test ("/network/check-no-heartbeat", test_check_no_heartbeat);
  add_test ("/network/check-awaiting", test_check_awaiting);
  add_test ("/network/check-unlimited", test_check_unlimited);
  add_test ("/network/check-waiting", test_check_waiting);
  add_test ("/network/check-else", test_check_else);
  add_test ("/network/open", test_open);
  add_test ("/network/waiting", test_waiting);
  add_test ("/network/retry-after", test_retry_after);
  add_test ("/network/retry-after-over", test_retry_after_over);
  add_test ("/network/burst", test_burst);
  add_test ("/network/last", test_last);
  add_test ("/network/again", test_again);
  add_test ("/network/closed", test_closed);
  add_test ("/network/reopen", test_reopen);
  add_test ("/network/unread-reply", test_unread_reply);
  add_test ("/network/held", test_held);
  add_test ("/network/closing", test_closing);

  return g_test_run ();
}
