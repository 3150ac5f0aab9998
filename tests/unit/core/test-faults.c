/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "tell.h"

/* What the JavaScript helpers are known to do wrong. Each test fails where that was carried
 * over. */

static void
test_close_in_wait (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("close () during the wait: the timer still opened a socket");

  start_open (fixture);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 1000);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  advance (fixture, 3600000);
  advance_late (fixture, 3600000);

  assert_effects (fixture, "");
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 1);
}

static void
test_old_ping (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The ping timer survived a close, and fired into the next socket");

  start_open (fixture);
  advance (fixture, 14000);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 2000);
  answer (fixture);
  forget (fixture);
  fixture->machine.attempt = 0;
  advance (fixture, 14999);

  assert_effects (fixture, "");
}

static void
test_old_ping_reopened (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("The same across close () and open ()");

  start_open (fixture);
  advance (fixture, 14000);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  forget (fixture);
  start_open (fixture);
  advance (fixture, 14999);

  assert_effects (fixture, "");
}

static void
test_old_pong (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The pong timer of the old socket closed the new one");

  start_open (fixture);
  advance (fixture, 24000);
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 500);
  hb_machine_reconnect_now (&fixture->machine, fixture->now);
  answer (fixture);
  forget (fixture);
  advance (fixture, 14999);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_OPEN);
}

static void
test_old_reply (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A ping's answer that came just before the new socket was taken for the new "
                  "one's");

  start_open (fixture);
  advance (fixture, 15000);
  hb_machine_reconnect_now (&fixture->machine, fixture->now);
  answer (fixture);
  forget (fixture);
  receive (fixture, "hello");

  assert_effects (fixture, "message:text");
  g_assert_cmpint (fixture->machine.latency, ==, -1);
}

static void
test_lock (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "thrown");
  HbLoss loss = { .code = 1006, .error = error };
  guint i;

  g_test_summary ("One attempt that failed at once locked reconnecting for ever");

  start (fixture);

  for (i = 0; i < 10; i++)
    {
      tell_lost (&fixture->machine, fixture->now, &loss);
      drain (fixture);
      advance (fixture, 2000);
      assert_state (fixture, HB_STATE_CONNECTING);
    }

  forget (fixture);
  answer (fixture);
  forget (fixture);
  assert_state (fixture, HB_STATE_OPEN);
}

static void
test_lock_settings (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("One attempt that could not even be made locked open () for ever");

  start_open (fixture);
  set_text (&fixture->machine.settings.uri, "nonsense");
  lose_link (fixture);
  drain (fixture);
  advance (fixture, 2000);
  forget (fixture);
  set_text (&fixture->machine.settings.uri, "ws://example.com/");
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, STARTS " notify:attempt");
}

static void
test_accept_and_drop (Fixture       *fixture,
                      gconstpointer  data)
{
  guint n_opens = 0;

  g_test_summary ("A server that accepts and drops at once made the limit endless");

  fixture->machine.settings.repeat_limit = 5;
  start (fixture);

  while (fixture->machine.state != HB_STATE_CLOSED && n_opens < 100)
    {
      answer (fixture);
      n_opens++;
      advance (fixture, 1000);
      lose_link (fixture);
      drain (fixture);
      advance (fixture, 2000);
    }

  forget (fixture);
  g_assert_cmpuint (n_opens, ==, 6);
}

static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  guint i;

  g_test_summary ("After close () there was no way to open again");

  for (i = 0; i < 3; i++)
    {
      start_open (fixture);
      assert_state (fixture, HB_STATE_OPEN);
      receive (fixture, "hello");
      assert_effects (fixture, "message:text");
      close_with (fixture, 1000, NULL);
      lose_link (fixture);
      forget (fixture);
      assert_state (fixture, HB_STATE_CLOSED);
    }
}

static void
test_reopen_reconnects (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("After close () and open () the task reconnects again, as it did at first");

  start_open (fixture);
  close_with (fixture, 1000, NULL);
  lose_link (fixture);
  forget (fixture);
  start_open (fixture);
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
}

static void
test_late_close (Fixture       *fixture,
                 gconstpointer  data)
{
  HbLoss loss = { .code = 1006 };

  g_test_summary ("An old socket that closed late, after the heartbeat had given it up, "
                  "started a second connection");

  start_open (fixture);
  advance (fixture, 25000);
  forget (fixture);
  tell_lost (&fixture->machine, fixture->now, &loss);
  assert_effects (fixture, "");
  advance (fixture, 100);
  tell_lost (&fixture->machine, fixture->now, &loss);
  assert_effects (fixture, "");

  advance (fixture, 1900);
  assert_effects (fixture, "notify:reconnect-at " STARTS);
  g_assert_cmpuint (fixture->machine.metrics.attempts, ==, 2);
}

static void
test_late_serial (Fixture       *fixture,
                  gconstpointer  data)
{
  guint serial;

  g_test_summary ("Each link has its own number, by which a driver knows what comes from an "
                  "old one");

  start_open (fixture);
  serial = fixture->machine.serial;
  send_text (fixture, "one");
  hb_machine_reconnect_now (&fixture->machine, fixture->now);
  g_assert_cmpuint (fixture->machine.serial, !=, serial);

  hb_machine_on_greeted (&fixture->machine, serial);
  forget (fixture);
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
test_late_greeting (Fixture       *fixture,
                    gconstpointer  data)
{
  guint serial;

  g_test_summary ("A handler of `open` that ends when its link has been replaced does not "
                  "speak for the new one");

  start_open (fixture);
  serial = fixture->machine.serial;
  hb_machine_reconnect_now (&fixture->machine, fixture->now);
  send_text (fixture, "queued");
  drain (fixture);
  tell (&fixture->machine, fixture->now, HB_EVENT_OPENED);
  hb_machine_on_greeted (&fixture->machine, serial);

  g_assert_false (hb_outbox_can_transmit (&fixture->machine.outbox));
  forget (fixture);
}

static void
test_two_links (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("close () and open () at once, before the old socket had closed, left two "
                  "of them");

  start (fixture);
  close_with (fixture, 1000, NULL);
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "drop notify:state notify:state connect");
}

static void
test_reason (Fixture       *fixture,
             gconstpointer  data)
{
  HbLoss loss = { .code = 4001, .reason = "session over" };

  g_test_summary ("A close had no reason");

  start_open (fixture);
  tell_lost (&fixture->machine, fixture->now, &loss);
  forget (fixture);

  g_assert_cmpstr (fixture->close_reason, ==, "session over");
}

static void
check_reason_cb (Fixture    *fixture,
                 const char *effect)
{
  HbEffect *next = hb_deque_peek (&fixture->machine.effects, 0);

  if (g_str_equal (effect, "notify:ready"))
    {
      g_assert_nonnull (next);
      g_assert_cmpint (next->kind, ==, HB_EFFECT_SHUT_DOWN);
      g_assert_cmpstr (next->close.reason, ==, "done");
    }
}

static void
test_own_reason (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Nor had our own close: now its code and reason go to the server");

  start_open (fixture);
  fixture->handler = check_reason_cb;
  g_assert_true (hb_machine_close (&fixture->machine, fixture->now, 4000, "done", NULL, NULL));

  assert_effects (fixture, "notify:state notify:ready shut-down:4000");
  fixture->handler = NULL;
  lose_link (fixture);
  forget (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/faults/close-in-wait", test_close_in_wait);
  add_test ("/faults/old-ping", test_old_ping);
  add_test ("/faults/old-ping-reopened", test_old_ping_reopened);
  add_test ("/faults/old-pong", test_old_pong);
  add_test ("/faults/old-reply", test_old_reply);
  add_test ("/faults/lock", test_lock);
  add_test ("/faults/lock-settings", test_lock_settings);
  add_test ("/faults/accept-and-drop", test_accept_and_drop);
  add_test ("/faults/reopen", test_reopen);
  add_test ("/faults/reopen-reconnects", test_reopen_reconnects);
  add_test ("/faults/late-close", test_late_close);
  add_test ("/faults/late-serial", test_late_serial);
  add_test ("/faults/late-greeting", test_late_greeting);
  add_test ("/faults/two-links", test_two_links);
  add_test ("/faults/reason", test_reason);
  add_test ("/faults/own-reason", test_own_reason);

  return g_test_run ();
}
