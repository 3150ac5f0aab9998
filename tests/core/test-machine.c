/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"

/* What a machine does when it is opened and closed, and in which order it tells. */

static void
test_new (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("A new machine is closed, wants nothing and never ticks");

  assert_state (fixture, HB_STATE_CLOSED);
  assert_deadline (fixture, -1);
  assert_effects (fixture, "");
}

static void
test_open (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("open () starts an attempt, with the request shown before it goes out");

  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_state (fixture, HB_STATE_CONNECTING);
  assert_effects (fixture, "notify:state prepare connect");
}

static void
test_opened (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("When the server has answered, the state changes before anything is told");

  start (fixture);
  answer (fixture);

  assert_state (fixture, HB_STATE_OPEN);
  assert_effects (fixture,
                  "notify:state notify:http-status notify:connection notify:protocol open");
  g_assert_cmpuint (fixture->machine.http_status, ==, 101);
}

static void
test_open_again (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("open () changes nothing in any state but CLOSED");

  start (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  assert_effects (fixture, "");

  answer (fixture);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  assert_effects (fixture, "");

  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CLOSING);
}

static void
test_open_waiting (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("open () does not cut a wait short");

  start (fixture);
  lose_link (fixture);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_WAITING);
  assert_deadline (fixture, 2000);
}

static void
test_open_bad_uri (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("An attempt with a URI that cannot be ends CLOSED at once, and says why");

  set_text (&fixture->machine.settings.uri, "http://example.com/");
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");

  assert_effects (fixture, "error:invalid-uri resolve:failed:invalid-uri(open)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_open_mended_uri (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("After the URI was mended, open () works");

  set_text (&fixture->machine.settings.uri, NULL);
  start (fixture);
  set_text (&fixture->machine.settings.uri, "ws://example.com/");
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, STARTS);
}

static void
test_open_ticket (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("open_async () ends when the link is open and the handlers of `open` have run");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "first");
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "second");
  assert_effects (fixture, STARTS);

  answer (fixture);
  assert_effects (fixture, OPENS " resolve:done(first) resolve:done(second)");
}

static void
test_open_ticket_open (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("open_async () of a link that is open ends at once");

  start_open (fixture);
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");

  assert_effects (fixture, "resolve:done(open)");
}

static void
test_open_ticket_retries (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("open_async () goes on waiting while attempts fail");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  lose_link (fixture);
  advance (fixture, 2000);
  forget (fixture);
  answer (fixture);

  assert_effects (fixture, OPENS " resolve:done(open)");
}

static void
test_open_ticket_closed (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("open_async () fails when the task is closed before the link was open");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  close_with (fixture, 1000, NULL);

  assert_effects (fixture, "drop notify:state resolve:failed:closed(open)");
}

static void
test_open_ticket_cancelled (Fixture       *fixture,
                            gconstpointer  data)
{
  g_test_summary ("open_async () that is cancelled closes the task");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "mine");
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "other");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "mine");

  assert_effects (fixture,
                  "resolve:cancelled(mine) drop notify:state resolve:failed:closed(other)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_open_ticket_late_cancel (Fixture       *fixture,
                              gconstpointer  data)
{
  g_test_summary ("open_async () that is over cannot be cancelled any more");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  answer (fixture);
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "open");

  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_OPEN);
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  HbLoss loss = { .code = 1000, .reason = "bye" };

  g_test_summary ("close () sends a close frame and waits for the peer's, and only then is "
                  "the task CLOSED");

  start_open (fixture);
  close_with (fixture, 1000, "close");
  assert_effects (fixture, "notify:state shut-down:1000");
  assert_state (fixture, HB_STATE_CLOSING);

  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);
  assert_state (fixture, HB_STATE_CLOSED);
  assert_effects (fixture, LEAVES " close:1000 resolve:done(close)");
  g_assert_cmpstr (fixture->close_reason, ==, "bye");
  assert_deadline (fixture, -1);
}

static void
test_close_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A peer that does not answer the close frame is left when the time is over");

  start_open (fixture);
  close_with (fixture, 1000, "close");
  forget (fixture);
  assert_deadline (fixture, 2000);
  advance (fixture, 1999);
  assert_effects (fixture, "");

  advance (fixture, 1);
  assert_effects (fixture, LEAVES " close:1006 resolve:done(close)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_close_error (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "reset");
  HbLoss loss = { .code = 1006, .error = error };

  g_test_summary ("After close () the state of a link matters no more: an error of it is not "
                  "told");

  start_open (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, LEAVES " close:1006");
}

static void
test_close_connecting (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("close () of an attempt is CLOSED at once, and tells no close since nothing "
                  "had opened");

  start (fixture);
  close_with (fixture, 1000, "close");

  assert_effects (fixture, "drop notify:state resolve:done(close)");
  assert_state (fixture, HB_STATE_CLOSED);
  assert_deadline (fixture, -1);
}

static void
test_close_waiting (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("close () in the wait is CLOSED at once, and nothing is attempted later");

  start (fixture);
  lose_link (fixture);
  forget (fixture);
  close_with (fixture, 1000, "close");
  assert_effects (fixture, "notify:reconnect-at notify:state resolve:done(close)");
  g_assert_cmpint (hb_machine_get_attempt_at (&fixture->machine), ==, HB_NEVER);

  advance (fixture, 100000);
  assert_effects (fixture, "");
}

static void
test_close_closed (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("close () of a closed task is done at once");

  close_with (fixture, 1000, "close");

  assert_effects (fixture, "resolve:done(close)");
}

static void
test_close_twice (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A second close () waits for the first, and its code does not count");

  start_open (fixture);
  close_with (fixture, 1000, "first");
  close_with (fixture, 4000, "second");
  assert_effects (fixture, "notify:state shut-down:1000");

  lose_link (fixture);
  assert_effects (fixture, LEAVES " close:1006 resolve:done(first) resolve:done(second)");
}

static void
test_close_bad_code (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("A close code that may not be sent changes nothing");

  start_open (fixture);

  g_assert_false (hb_machine_close (&fixture->machine, fixture->now, 1006, NULL,
                                    (gpointer) "close", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  assert_state (fixture, HB_STATE_OPEN);
  assert_effects (fixture, "");
}

static void
test_close_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("close_async () that is cancelled stops waiting, and the closing goes on");

  start_open (fixture);
  close_with (fixture, 1000, "close");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "close");
  assert_effects (fixture, "resolve:cancelled(close)");

  lose_link (fixture);
  assert_effects (fixture, LEAVES " close:1006");
}

static void
test_open_closing (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("open () while closing changes nothing, and its call fails when the task is "
                  "closed");

  start_open (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006 resolve:failed:closed(open)");
}

static void
test_close_no_message (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("After close () nothing is delivered, as in a browser");

  start_open (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  receive (fixture, "late");

  assert_effects (fixture, "");
}

static void
test_close_no_ping (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("After close () there are no pings, even when closing takes long");

  fixture->machine.settings.close_timeout = 60000;
  start_open (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  advance (fixture, 59999);

  assert_effects (fixture, "");
}

static void
test_loss (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "broken");
  HbLoss loss = { .code = 1006, .error = error };

  g_test_summary ("A link that is lost tears down, changes the state, then tells: error, "
                  "close, reconnect");

  start_open (fixture);
  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);

  assert_state (fixture, HB_STATE_WAITING);
  assert_effects (fixture, LEAVES " error:handshake close:1006 notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_loss_by_server (Fixture       *fixture,
                     gconstpointer  data)
{
  HbLoss loss = { .code = 1001, .reason = "going away" };

  g_test_summary ("A server that closes is told with its code and reason, without an error, "
                  "and comes again");

  start_open (fixture);
  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, LEAVES " close:1001 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
  g_assert_cmpstr (fixture->close_reason, ==, "going away");
}

static void
test_loss_connecting (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "404");
  HbLoss loss = { .code = 1006, .error = error, .http_status = 404 };

  g_test_summary ("An attempt that fails tells no close, since nothing had opened");

  start (fixture);
  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, "drop notify:state notify:http-status error:handshake notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
  g_assert_cmpuint (fixture->machine.http_status, ==, 404);
}

static void
test_loss_too_big (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG, "too big");
  HbLoss loss = { .code = 1009, .error = error };

  g_test_summary ("A message that is too big ends in CLOSED, since a new link would bring it "
                  "again");

  start_open (fixture);
  hb_machine_on_lost (&fixture->machine, fixture->now, &loss);

  assert_state (fixture, HB_STATE_CLOSED);
  assert_effects (fixture, LEAVES " error:message-too-big close:1009");
  assert_deadline (fixture, -1);
}

static void
test_connect_timeout (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("An attempt that takes too long is given up and made again later");

  start (fixture);
  assert_deadline (fixture, 10000);
  advance (fixture, 9999);
  assert_effects (fixture, "");

  advance (fixture, 1);
  assert_effects (fixture, "drop notify:state error:connect-timeout notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_connect_timeout_none (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("Without a connect timeout an attempt may take for ever");

  fixture->machine.settings.connect_timeout = 0;
  start (fixture);

  assert_deadline (fixture, -1);
}

static void
test_connect_timeout_late (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("An attempt is not given up for a process that slept: it has its time once "
                  "more");

  start (fixture);
  advance_late (fixture, 11001);
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CONNECTING);

  advance (fixture, 10000);
  assert_effects (fixture, "drop notify:state error:connect-timeout notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_connect_timeout_status (Fixture       *fixture,
                             gconstpointer  data)
{
  g_test_summary ("An attempt that timed out had no answer, so the status is not that of the "
                  "one before");

  start (fixture);
  lose_link_with (fixture, 404, 0);
  advance (fixture, 2000);
  advance (fixture, 10000);
  forget (fixture);

  g_assert_cmpuint (fixture->machine.http_status, ==, 0);
}

static void
test_stale_opened (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A link that opens while nothing is attempted has no effect");

  hb_machine_on_opened (&fixture->machine, fixture->now, 101);
  assert_effects (fixture, "");

  start (fixture);
  lose_link (fixture);
  forget (fixture);
  hb_machine_on_opened (&fixture->machine, fixture->now, 101);
  assert_effects (fixture, "");
}

static void
test_stale_loss (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A link that has ended does not end again");

  start_open (fixture);
  lose_link (fixture);
  forget (fixture);
  lose_link (fixture);
  assert_effects (fixture, "");

  close_with (fixture, 1000, NULL);
  forget (fixture);
  lose_link (fixture);
  assert_effects (fixture, "");
}

static void
test_stale_traffic (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What an old link receives or has written has no effect");

  start_open (fixture);
  lose_link (fixture);
  forget (fixture);
  receive (fixture, "late");
  hb_machine_on_pong (&fixture->machine, fixture->now);
  hb_machine_on_writable (&fixture->machine, fixture->now);
  written (fixture, 1);

  assert_effects (fixture, "");
}

static void
test_message (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("\0\xff", 2);

  g_test_summary ("A text and a binary message reach the application as they are");

  start_open (fixture);
  receive (fixture, "hello");
  hb_machine_on_message (&fixture->machine, fixture->now, HB_OPCODE_BINARY, bytes);

  assert_effects (fixture, "message:text message:binary");
  g_assert_true (g_bytes_equal (fixture->message, bytes));
}

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
  g_test_summary ("While `close` is told the state says what follows, and close () there "
                  "prevents the reconnect");

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
  g_test_summary ("close () in a handler of `error` prevents the reconnect, and `close` is "
                  "still told");

  start_open (fixture);
  fixture->handler = close_at_error_cb;
  advance (fixture, 25000);

  assert_effects (fixture, "ping " LEAVES " error:pong-timeout close:1006 notify:attempt "
                           "notify:reconnect-at notify:reconnect-at notify:state");
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
  g_test_summary ("close () while a handler is told that an attempt begins prevents it: no "
                  "request is made");

  fixture->handler = close_at_state_cb;
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "notify:state drop notify:state");
  g_assert_false (fixture->has_link);
}

static void
close_at_prepare_cb (Fixture    *fixture,
                     const char *effect)
{
  if (g_str_equal (effect, "prepare"))
    close_with (fixture, 1000, NULL);
}

static void
test_close_in_connecting (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("close () while the application sees the request keeps it from going out");

  fixture->handler = close_at_prepare_cb;
  hb_machine_open (&fixture->machine, fixture->now, NULL);

  assert_effects (fixture, "notify:state prepare drop notify:state");
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
  g_test_summary ("close () in a handler of `open` says goodbye, and open_async () has succeeded");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  fixture->handler = close_at_open_cb;
  answer (fixture);

  assert_effects (fixture, OPENS " notify:state shut-down:1000 resolve:done(open)");
  lose_link (fixture);
  assert_effects (fixture, LEAVES " close:1006");
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

  assert_effects (fixture, "notify:state shut-down:1000 " LEAVES " close:1006 "
                           "resolve:done(close) notify:state prepare connect");
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("After close () and open () the counters are fresh");

  start (fixture);
  lose_link (fixture);
  advance (fixture, 2000);
  lose_link (fixture);
  forget (fixture);
  g_assert_cmpuint (fixture->machine.attempt, ==, 2);
  close_with (fixture, 1000, NULL);
  forget (fixture);

  hb_machine_open (&fixture->machine, fixture->now, NULL);
  assert_effects (fixture, STARTS " notify:attempt");
  g_assert_cmpuint (fixture->machine.attempt, ==, 0);
  answer (fixture);
  assert_effects (fixture, OPENS);
}

static void
test_new_uri (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A new URI acts at the next attempt, and the present link stays");

  start_open (fixture);
  set_text (&fixture->machine.settings.uri, "nonsense");
  receive (fixture, "hello");
  assert_effects (fixture, "message:text");

  lose_link (fixture);
  forget (fixture);
  advance (fixture, 2000);
  assert_effects (fixture, "notify:reconnect-at notify:state error:invalid-uri");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_new_connect_timeout (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("A connect timeout that changes acts on the attempt under way");

  start (fixture);
  fixture->machine.settings.connect_timeout = 3000;

  assert_deadline (fixture, 3000);
}

static void
test_new_close_timeout (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("A close timeout that changes acts on the closing under way");

  start_open (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  fixture->machine.settings.close_timeout = 500;

  assert_deadline (fixture, 500);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine/new", test_new);
  add_test ("/machine/open", test_open);
  add_test ("/machine/opened", test_opened);
  add_test ("/machine/open-again", test_open_again);
  add_test ("/machine/open-waiting", test_open_waiting);
  add_test ("/machine/open-closing", test_open_closing);
  add_test ("/machine/open-bad-uri", test_open_bad_uri);
  add_test ("/machine/open-mended-uri", test_open_mended_uri);
  add_test ("/machine/open-ticket", test_open_ticket);
  add_test ("/machine/open-ticket-open", test_open_ticket_open);
  add_test ("/machine/open-ticket-retries", test_open_ticket_retries);
  add_test ("/machine/open-ticket-closed", test_open_ticket_closed);
  add_test ("/machine/open-ticket-cancelled", test_open_ticket_cancelled);
  add_test ("/machine/open-ticket-late-cancel", test_open_ticket_late_cancel);
  add_test ("/machine/close", test_close);
  add_test ("/machine/close-timeout", test_close_timeout);
  add_test ("/machine/close-error", test_close_error);
  add_test ("/machine/close-connecting", test_close_connecting);
  add_test ("/machine/close-waiting", test_close_waiting);
  add_test ("/machine/close-closed", test_close_closed);
  add_test ("/machine/close-twice", test_close_twice);
  add_test ("/machine/close-bad-code", test_close_bad_code);
  add_test ("/machine/close-cancelled", test_close_cancelled);
  add_test ("/machine/close-no-message", test_close_no_message);
  add_test ("/machine/close-no-ping", test_close_no_ping);
  add_test ("/machine/loss", test_loss);
  add_test ("/machine/loss-by-server", test_loss_by_server);
  add_test ("/machine/loss-connecting", test_loss_connecting);
  add_test ("/machine/loss-too-big", test_loss_too_big);
  add_test ("/machine/connect-timeout", test_connect_timeout);
  add_test ("/machine/connect-timeout-none", test_connect_timeout_none);
  add_test ("/machine/connect-timeout-late", test_connect_timeout_late);
  add_test ("/machine/connect-timeout-status", test_connect_timeout_status);
  add_test ("/machine/stale-opened", test_stale_opened);
  add_test ("/machine/stale-loss", test_stale_loss);
  add_test ("/machine/stale-traffic", test_stale_traffic);
  add_test ("/machine/message", test_message);
  add_test ("/machine/close-in-close", test_close_in_close);
  add_test ("/machine/close-in-error", test_close_in_error);
  add_test ("/machine/close-in-reconnect", test_close_in_reconnect);
  add_test ("/machine/close-in-notify", test_close_in_notify);
  add_test ("/machine/close-in-connecting", test_close_in_connecting);
  add_test ("/machine/close-in-open", test_close_in_open);
  add_test ("/machine/open-in-close", test_open_in_close);
  add_test ("/machine/reopen", test_reopen);
  add_test ("/machine/new-uri", test_new_uri);
  add_test ("/machine/new-connect-timeout", test_new_connect_timeout);
  add_test ("/machine/new-close-timeout", test_new_close_timeout);

  return g_test_run ();
}
