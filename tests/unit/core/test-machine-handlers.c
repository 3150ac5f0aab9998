/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"

/* Calls in handlers of the application */

static void
close_at_close_cb (Fixture    *fixture,
                   const char *effect)
{
  if (g_str_has_prefix (effect, "close:"))
    {
      assert_state (fixture, HB_STATE_WAITING);
      close_with (fixture, 1000, NULL);
    }
}

static void
test_close_in_close (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("While `close` is emitted, the state is the next one already, and close () "
                  "there prevents the reconnect");

  start_open (fixture);
  fixture->handler = close_at_close_cb;
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006 notify:attempt notify:reconnect-at "
                           "notify:reconnect-at notify:state");
  assert_state (fixture, HB_STATE_CLOSED);
  advance (fixture, 100000);
}

static void
close_at_error_cb (Fixture    *fixture,
                   const char *effect)
{
  if (g_str_has_prefix (effect, "error:"))
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_error (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("close () in a handler of `error` prevents the reconnect, and `close` is still "
                  "emitted");

  start_open (fixture);
  fixture->handler = close_at_error_cb;
  advance (fixture, 25000);

  assert_effects (fixture, "ping " LEAVES " notify:last-error error:pong-timeout close:1006 "
                           "notify:attempt notify:reconnect-at notify:reconnect-at notify:state");
  assert_state (fixture, HB_STATE_CLOSED);
  advance (fixture, 100000);
}

static void
close_at_reconnect_cb (Fixture    *fixture,
                       const char *effect)
{
  if (g_str_has_prefix (effect, "reconnect:"))
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_reconnect (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("close () in a handler of `reconnect` prevents it");

  start (fixture);
  fixture->handler = close_at_reconnect_cb;
  lose_link (fixture);

  assert_effects (fixture, "drop notify:state notify:attempt notify:reconnect-at reconnect:1:2000 "
                           "notify:reconnect-at notify:state");
  advance (fixture, 100000);
  assert_effects (fixture, "");
}

static void
close_at_state_cb (Fixture    *fixture,
                   const char *effect)
{
  if (g_str_equal (effect, "notify:state") && fixture->machine.state != HB_STATE_CLOSED)
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_notify (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("close () in a handler of the change to CONNECTING prevents the attempt: no "
                  "request is made");

  fixture->handler = close_at_state_cb;
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "notify:state drop notify:state");
  g_assert_false (fixture->has_link);
}

static void
close_at_connect_cb (Fixture    *fixture,
                     const char *effect)
{
  if (g_str_equal (effect, "connect"))
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_connecting (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("close () while the application sees the request keeps it from going out");

  fixture->handler = close_at_connect_cb;
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "notify:state connect drop notify:state");
  g_assert_false (fixture->has_link);
}

static void
close_at_open_cb (Fixture    *fixture,
                  const char *effect)
{
  if (g_str_equal (effect, "open"))
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_open (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("close () in a handler of `open` sends a close frame, and open_async () has "
                  "succeeded");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  fixture->handler = close_at_open_cb;
  answer (fixture);

  assert_effects (fixture, OPENS " notify:state notify:ready shut-down:1000 resolve:done(open)");
  lose_link (fixture);
  assert_effects (fixture, LEFT " close:1006");
}

static void
reopen_at_close_cb (Fixture    *fixture,
                    const char *effect)
{
  if (g_str_has_prefix (effect, "close:") && fixture->machine.state == HB_STATE_CLOSED)
    hb_machine_open (&fixture->machine, fixture->now, NULL);
}

static void
test_open_in_close (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("open () in a handler of `close` starts again");

  start_open (fixture);
  fixture->handler = reopen_at_close_cb;
  close_with (fixture, 1000, "close");
  lose_link (fixture);

  assert_effects (fixture, "notify:state notify:ready shut-down:1000 " LEFT " close:1006 "
                           "resolve:done(close) " STARTS);
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
send_at_resolve_cb (Fixture    *fixture,
                    const char *effect)
{
  if (g_str_equal (effect, "resolve:done(first)"))
    send_text (fixture, "second");
}

static void
test_send_in_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If buffered-amount is read while a message is sent before its notification, a "
                  "notification follows when that message has been sent too");

  fixture->keeps = TRUE;
  start (fixture);
  send_ticket (fixture, "first", "first");
  answer (fixture);
  forget (fixture);
  fixture->handler = send_at_resolve_cb;
  written (fixture, 1);
  assert_effects (fixture, "resolve:done(first) notify:buffered-amount drain transmit");

  written (fixture, 1);
  assert_effects (fixture, "notify:buffered-amount");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->machine.outbox), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-handlers/close-in-close", test_close_in_close);
  add_test ("/machine-handlers/close-in-error", test_close_in_error);
  add_test ("/machine-handlers/close-in-reconnect", test_close_in_reconnect);
  add_test ("/machine-handlers/close-in-notify", test_close_in_notify);
  add_test ("/machine-handlers/close-in-connecting", test_close_in_connecting);
  add_test ("/machine-handlers/close-in-open", test_close_in_open);
  add_test ("/machine-handlers/open-in-close", test_open_in_close);
  add_test ("/machine-handlers/send-in-callback", test_send_in_callback);

  return g_test_run ();
}
