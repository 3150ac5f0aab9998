/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

/* The opening and closing of a machine, and the order of its signals */

static void
test_new (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("A new machine is closed, and has neither effects nor a deadline");

  assert_state (fixture, HB_STATE_CLOSED);
  assert_deadline (fixture, -1);
  assert_effects (fixture, "");
}

static void
open_task (Fixture *fixture)
{
  hb_machine_open (&fixture->machine, fixture->now, NULL);
}

static void
open_async (Fixture *fixture)
{
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
}

static void
close_async (Fixture *fixture)
{
  close_with (fixture, 1000, "close");
}

static const Case cases[] = {
  { "open", NULL, 0, open_task, "notify:state connect", HB_STATE_CONNECTING, 10000, 0 },

  /* open () changes nothing in other states. */
  { "open-again-connecting", start, 0, open_task, "", HB_STATE_CONNECTING, 10000, 0 },
  { "open-again-open", start_open, 0, open_task, "", HB_STATE_OPEN, 15000, 0 },
  { "open-waiting", start_waiting, 0, open_task, "", HB_STATE_WAITING, 2000, 1 },
  { "open-again-closing", begin_closing, 0, open_task, "", HB_STATE_CLOSING, 2000, 0 },

  { "open-ticket-open", start_open, 0, open_async, "resolve:done(open)", HB_STATE_OPEN, 15000, 0 },
  { "close-closed", NULL, 0, close_async, "resolve:done(close)", HB_STATE_CLOSED, -1, 0 },

  /* `close` is not emitted, because no link was open. */
  { "close-connecting", start, 0, close_async, "drop notify:state resolve:done(close)",
    HB_STATE_CLOSED, -1, 0 },
  { "close-waiting", start_waiting, 0, close_async,
    "notify:reconnect-at notify:state resolve:done(close)", HB_STATE_CLOSED, -1, 1 },
};

static void
check_open_cb (Fixture    *fixture,
               const char *effect)
{
  assert_state (fixture, HB_STATE_OPEN);
}

static void
test_opened (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("When the server has accepted the handshake, the state is OPEN, and properties "
                  "are notified before `open` is emitted");

  start (fixture);
  fixture->handler = check_open_cb;
  answer (fixture);

  assert_effects (fixture, OPENS);
  g_assert_cmpuint (fixture->machine.http_status, ==, 101);
}

static void
test_open_bad_uri (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("If the URI is invalid, open_async () fails, an error is emitted, and the task "
                  "stays CLOSED");

  set_text (&fixture->machine.settings.uri, "http://example.com/");
  open_async (fixture);

  assert_effects (fixture, "notify:last-error error:invalid-uri resolve:failed:invalid-uri(open)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_open_mended_uri (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("open () works again after the URI has been corrected");

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
  g_test_summary ("open_async () completes when the link is open and the handlers for `open` have "
                  "run");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "first");
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "second");
  assert_effects (fixture, STARTS);

  answer (fixture);
  assert_effects (fixture, OPENS " resolve:done(first) resolve:done(second)");
}

static void
test_open_ticket_retries (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("open_async () continues to wait while attempts fail");

  open_async (fixture);
  reconnect (fixture);

  assert_effects (fixture, OPENS " resolve:done(open)");
}

static void
test_open_ticket_closed (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("open_async () fails if the task is closed before the link is open");

  open_async (fixture);
  forget (fixture);
  close_with (fixture, 1000, NULL);

  assert_effects (fixture, "drop notify:state resolve:failed:closed(open)");
}

static void
test_open_ticket_cancelled (Fixture       *fixture,
                            gconstpointer  data)
{
  g_test_summary ("A cancelled open_async () closes the task");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "mine");
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "other");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "mine");

  assert_effects (fixture,
                  "drop resolve:cancelled(mine) notify:state resolve:failed:closed(other)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_open_ticket_late_cancel (Fixture       *fixture,
                              gconstpointer  data)
{
  g_test_summary ("An open_async () that has completed can no longer be cancelled");

  open_async (fixture);
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

  g_test_summary ("close () sends a close frame, and the task is not CLOSED until the link has "
                  "ended");

  start_open (fixture);
  close_with (fixture, 1000, "close");
  assert_effects (fixture, "notify:state notify:ready shut-down:1000");
  assert_state (fixture, HB_STATE_CLOSING);

  handle_lost (&fixture->machine, fixture->now, &loss);
  assert_state (fixture, HB_STATE_CLOSED);
  assert_effects (fixture, LEFT " close:1000 resolve:done(close)");
  g_assert_cmpstr (fixture->close_reason, ==, "bye");
  assert_deadline (fixture, -1);
}

static void
test_close_timeout (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("If the peer does not answer the close frame, the link is dropped after "
                  "close-timeout");

  start_closing (fixture, "close");
  assert_deadline (fixture, 2000);
  advance (fixture, 1999);
  assert_effects (fixture, "");

  advance (fixture, 1);
  assert_effects (fixture, LEFT " close:1006 resolve:done(close)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_close_error (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "reset");
  HbLoss loss = { .code = 1006, .error = error };

  g_test_summary ("After close (), errors of the link are not reported");

  start_closing (fixture, NULL);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, LEFT " close:1006");
}

static void
test_close_twice (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A second close_async () completes together with the first, and the second code "
                  "is ignored");

  start_open (fixture);
  close_with (fixture, 1000, "first");
  close_with (fixture, 4000, "second");
  assert_effects (fixture, "notify:state notify:ready shut-down:1000");

  lose_link (fixture);
  assert_effects (fixture, LEFT " close:1006 resolve:done(first) resolve:done(second)");
}

static void
test_close_bad_code (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("If libsoup would refuse the close code, close () fails, and the task stays "
                  "open");

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
  g_test_summary ("A cancelled close_async () completes at once, and the task continues to close");

  start_closing (fixture, "close");
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "close");
  assert_effects (fixture, "resolve:cancelled(close)");

  lose_link (fixture);
  assert_effects (fixture, LEFT " close:1006");
}

static void
test_open_closing (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("open_async () in CLOSING does not open the task again, and fails when the task "
                  "is CLOSED");

  start_closing (fixture, NULL);
  open_async (fixture);
  lose_link (fixture);

  assert_effects (fixture, LEFT " close:1006 resolve:failed:closed(open)");
}

static void
test_close_no_message (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("After close (), no message is delivered, as in a browser");

  start_closing (fixture, NULL);
  receive (fixture, "late");

  assert_effects (fixture, "");
}

static void
test_close_no_ping (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("After close (), no ping is sent, even if the closing takes a long time");

  fixture->machine.settings.close_timeout = 60000;
  start_closing (fixture, NULL);
  advance (fixture, 59999);

  assert_effects (fixture, "");
}

static void
test_message (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\xff", 2);

  g_test_summary ("A text message and a binary message reach the application with unchanged bytes");

  start_open (fixture);
  receive (fixture, "hello");
  assert_effects (fixture, "message:text");
  g_assert_true (g_bytes_equal (fixture->message, text));

  handle_message (&fixture->machine, fixture->now, HB_OPCODE_BINARY, bytes);
  assert_effects (fixture, "message:binary");
  g_assert_true (g_bytes_equal (fixture->message, bytes));
}

static void
test_reopen (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("open () after close () resets the count of attempts");

  start (fixture);
  lose_link (fixture);
  advance (fixture, 2000);
  lose_link (fixture);
  forget (fixture);
  g_assert_cmpuint (fixture->machine.attempt, ==, 2);
  close_with (fixture, 1000, NULL);
  forget (fixture);

  open_task (fixture);
  assert_effects (fixture, STARTS " notify:attempt");
  g_assert_cmpuint (fixture->machine.attempt, ==, 0);
  answer (fixture);
  assert_effects (fixture, OPENS);
}

static void
test_new_uri (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A new URI takes effect at the next attempt, and the current link stays open");

  start_open (fixture);
  set_text (&fixture->machine.settings.uri, "nonsense");
  receive (fixture, "hello");
  assert_effects (fixture, "message:text");

  lose_link (fixture);
  forget (fixture);
  advance (fixture, 2000);
  assert_effects (fixture, "notify:reconnect-at notify:state notify:last-error error:invalid-uri");
  assert_state (fixture, HB_STATE_CLOSED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine/new", test_new);
  add_rows ("/machine/", cases, test_case);
  add_test ("/machine/opened", test_opened);
  add_test ("/machine/open-closing", test_open_closing);
  add_test ("/machine/open-bad-uri", test_open_bad_uri);
  add_test ("/machine/open-mended-uri", test_open_mended_uri);
  add_test ("/machine/open-ticket", test_open_ticket);
  add_test ("/machine/open-ticket-retries", test_open_ticket_retries);
  add_test ("/machine/open-ticket-closed", test_open_ticket_closed);
  add_test ("/machine/open-ticket-cancelled", test_open_ticket_cancelled);
  add_test ("/machine/open-ticket-late-cancel", test_open_ticket_late_cancel);
  add_test ("/machine/close", test_close);
  add_test ("/machine/close-timeout", test_close_timeout);
  add_test ("/machine/close-error", test_close_error);
  add_test ("/machine/close-twice", test_close_twice);
  add_test ("/machine/close-bad-code", test_close_bad_code);
  add_test ("/machine/close-cancelled", test_close_cancelled);
  add_test ("/machine/close-no-message", test_close_no_message);
  add_test ("/machine/close-no-ping", test_close_no_ping);
  add_test ("/machine/message", test_message);
  add_test ("/machine/reopen", test_reopen);
  add_test ("/machine/new-uri", test_new_uri);

  return g_test_run ();
}
