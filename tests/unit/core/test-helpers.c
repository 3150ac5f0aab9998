/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "tell.h"

/* What the JavaScript helpers promise, with their own numbers: who moves from them finds the same
 * events at the same times, here in milliseconds since the link was open. */

static void
start_clock (Fixture *fixture)
{
  start_open (fixture);
  fixture->stamped = TRUE;
}

static void
test_defaults (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Nothing set: a ping after 15000 of silence, the loss 10000 later, an "
                  "attempt 2000 after that");

  start_clock (fixture);
  advance (fixture, 30000);

  assert_effects (fixture, "@15000 ping @25000 " LEAVES " notify:last-error error:pong-timeout "
                           "close:1006 notify:attempt notify:reconnect-at reconnect:1:2000 @27000 "
                           "notify:reconnect-at " STARTS);
  g_assert_cmpstr (fixture->machine.settings.ping_message, ==, "heartbeat");
}

static void
test_any_message (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Any message after the ping keeps the link, and puts the next ping 15000 off");

  start_clock (fixture);
  advance (fixture, 20000);
  receive (fixture, "anything");
  advance (fixture, 15000);
  receive (fixture, "anything");
  advance (fixture, 14999);

  assert_effects (fixture, "@15000 ping @20000 notify:latency message:text "
                           "@35000 ping notify:latency message:text");
}

static void
test_last_life (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The loss is 25000 after the last life, wherever that was");

  start_clock (fixture);
  advance (fixture, 7000);
  receive (fixture, "last");
  advance (fixture, 25000);

  assert_effects (fixture, "@7000 message:text @22000 ping @32000 " LEAVES " notify:last-error "
                           "error:pong-timeout close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
}

static void
test_server_close (Fixture       *fixture,
                   gconstpointer  data)
{
  HbLoss loss = { .code = 1000, .reason = "bye" };

  g_test_summary ("A server's close is followed by a reconnect 2000 later, and the same "
                  "handlers hear of it all");

  start_clock (fixture);
  advance (fixture, 6000);
  tell_lost (&fixture->machine, fixture->now, &loss);
  advance (fixture, 2000);
  answer (fixture);
  receive (fixture, "hello again");

  assert_effects (fixture, "@6000 " LEAVES " close:1000 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000 @8000 notify:reconnect-at " STARTS " "
                           OPENS_AGAIN " message:text");
}

static void
test_retries (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Attempts that fail are made again every 2000, without a limit");

  fixture->stamped = TRUE;
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  lose_link (fixture);
  advance (fixture, 2000);
  lose_link (fixture);
  advance (fixture, 2000);

  assert_effects (fixture, STARTS " drop notify:state notify:attempt notify:reconnect-at "
                           "reconnect:1:2000 "
                           "@2000 notify:reconnect-at " STARTS " drop notify:state "
                           "notify:attempt notify:reconnect-at reconnect:2:2000 "
                           "@4000 notify:reconnect-at " STARTS);
}

static void
test_repeat_limit (Fixture       *fixture,
                   gconstpointer  data)
{
  guint i;

  g_test_summary ("repeatLimit: after as many attempts there is no more");

  fixture->machine.settings.repeat_limit = 3;
  start (fixture);

  for (i = 0; i < 10; i++)
    {
      lose_link (fixture);
      drain (fixture);
      advance (fixture, 2000);
    }

  forget (fixture);
  assert_state (fixture, HB_STATE_CLOSED);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 4);
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  HbLoss loss = { .code = 1000 };

  g_test_summary ("task.close () stops for good");

  start_clock (fixture);
  advance (fixture, 1000);
  close_with (fixture, 1000, NULL);
  drain (fixture);
  tell_lost (&fixture->machine, fixture->now, &loss);
  advance (fixture, 1000000);

  assert_effects (fixture, "@1000 notify:state notify:ready shut-down:1000 " LEFT " close:1000");
}

static void
test_opts (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("opts that change while the task runs act from then on");

  start_clock (fixture);
  advance (fixture, 1000);
  fixture->machine.settings.ping_timeout = 4000;
  fixture->machine.settings.pong_timeout = 3000;
  fixture->machine.settings.reconnect_timeout = 500;
  advance (fixture, 6500);

  assert_effects (fixture, "@4000 ping @7000 " LEAVES " notify:last-error error:pong-timeout "
                           "close:1006 notify:attempt notify:reconnect-at reconnect:1:500 @7500 "
                           "notify:reconnect-at " STARTS);
}

static void
test_heart_check (Fixture       *fixture,
                  gconstpointer  data)
{
  guint i;

  g_test_summary ("heartCheck: a ping every 10000, only \"pong\" counts and is not seen, 12 "
                  "retries, 5000 apart");

  fixture->machine.settings.ping_timeout = 10000;
  fixture->machine.settings.liveness = HB_LIVENESS_REPLY;
  fixture->machine.settings.reconnect_timeout = 5000;
  fixture->machine.settings.repeat_limit = 12;
  set_text (&fixture->machine.settings.pong_message, "pong");
  start_clock (fixture);

  advance (fixture, 10000);
  receive (fixture, "pong");
  advance (fixture, 9000);
  receive (fixture, "news");
  advance (fixture, 1000);
  receive (fixture, "news");
  advance (fixture, 10000);
  assert_effects (fixture, "@10000 ping notify:latency @19000 message:text @20000 ping "
                           "message:text @30000 " LEAVES " notify:last-error error:pong-timeout "
                           "close:1006 notify:attempt notify:reconnect-at reconnect:1:5000");

  for (i = 0; i < 20; i++)
    {
      advance (fixture, 5000);
      lose_link (fixture);
    }

  forget (fixture);
  assert_state (fixture, HB_STATE_CLOSED);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 13);
}

static void
test_ready_state (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("readyState: the states that a browser's WebSocket has too have its numbers");

  g_assert_cmpint (fixture->machine.state, ==, 3);
  start (fixture);
  g_assert_cmpint (fixture->machine.state, ==, 0);
  answer (fixture);
  g_assert_cmpint (fixture->machine.state, ==, 1);
  close_with (fixture, 1000, NULL);
  g_assert_cmpint (fixture->machine.state, ==, 2);
  lose_link (fixture);
  g_assert_cmpint (fixture->machine.state, ==, 3);
  forget (fixture);
  start (fixture);
  lose_link (fixture);
  g_assert_cmpint (fixture->machine.state, ==, 4);
  forget (fixture);
}

static void
test_queue (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("app.js: what is sent while the link is not open goes out when it is, in order");

  start_open (fixture);
  lose_link (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  drain (fixture);
  advance (fixture, 2000);
  send_text (fixture, "three");
  assert_wire (fixture, "");
  answer (fixture);

  assert_wire (fixture, "one two three");
  forget (fixture);
}

static void
test_on_show (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("onShow: connect if neither open nor connecting, and no second connection else");

  hb_machine_open (&fixture->machine, fixture->now, NULL);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, STARTS);

  lose_link (fixture);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  hb_machine_check (&fixture->machine, fixture->now);
  assert_effects (fixture, "notify:reconnect-at " STARTS);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/helpers/defaults", test_defaults);
  add_test ("/helpers/any-message", test_any_message);
  add_test ("/helpers/last-life", test_last_life);
  add_test ("/helpers/server-close", test_server_close);
  add_test ("/helpers/retries", test_retries);
  add_test ("/helpers/repeat-limit", test_repeat_limit);
  add_test ("/helpers/close", test_close);
  add_test ("/helpers/opts", test_opts);
  add_test ("/helpers/heart-check", test_heart_check);
  add_test ("/helpers/ready-state", test_ready_state);
  add_test ("/helpers/queue", test_queue);
  add_test ("/helpers/on-show", test_on_show);

  return g_test_run ();
}
