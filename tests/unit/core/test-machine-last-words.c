/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

/* The results of messages and flushes when the task closes, when calls are cancelled, or when the
 * queue is taken back */

static void
assert_refuses (Fixture    *fixture,
                const char *said)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (send_full (fixture, "refused", HB_SEND_FLAGS_DEFAULT, "refused", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, said));
  assert_wire (fixture, "");
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A closed task refuses messages, and the error says that the task must be opened "
                  "first");

  assert_refuses (fixture, "open it first");
  assert_effects (fixture, "");
}

static void
test_closing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A closing task refuses messages, and the error says that the task is closing");

  start_closing (fixture, NULL);

  assert_refuses (fixture, "is closing");
  assert_effects (fixture, "");
}

static void
test_flush (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A flush continues to wait when an attempt fails, until the kernel has all "
                  "messages");

  start (fixture);
  send_text (fixture, "one");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  reconnect (fixture);

  assert_effects (fixture, OPENS " transmit notify:buffered-amount drain resolve:done(flush)");
}

static void
test_flush_empty (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A flush of an empty queue completes at once, even if no link is open");

  hb_machine_flush (&fixture->machine, (gpointer) "closed");
  assert_effects (fixture, "resolve:done(closed)");

  start (fixture);
  hb_machine_flush (&fixture->machine, (gpointer) "connecting");
  assert_effects (fixture, "resolve:done(connecting)");
}

static void
test_flush_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A cancelled flush completes at once, and the messages are still sent");

  start (fixture);
  send_text (fixture, "one");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "flush");
  assert_effects (fixture, "resolve:cancelled(flush)");

  answer (fixture);
  assert_wire (fixture, "one");
  forget (fixture);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("If the call of a message is cancelled before the message is in flight, the "
                  "message is not sent");

  start (fixture);
  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "first");
  assert_effects (fixture, "resolve:cancelled(first) notify:buffered-amount");

  answer (fixture);
  assert_wire (fixture, "two");
  forget (fixture);
}

static void
test_cancelled_late (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A message in flight is still sent after its call is cancelled, and the call "
                  "waits for it");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_ticket (fixture, "one", "send");
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "send");
  assert_effects (fixture, "");

  written (fixture, 1);
  assert_effects (fixture, "resolve:done(send)");
}

static void
test_take_queue (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("The calls of messages that are taken back are cancelled, and messages in flight "
                  "are still sent");

  fixture->holds_writes = TRUE;
  fixture->room = 1;
  start_open (fixture);
  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  send_ticket (fixture, "three", "third");
  forget (fixture);

  assert_takes_back (fixture, "two three");
  assert_effects (fixture, "resolve:cancelled(second) resolve:cancelled(third) "
                           "notify:buffered-amount");
  written (fixture, 1);
  assert_effects (fixture, "resolve:done(first) notify:buffered-amount drain");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("close () sends the buffered messages before the close frame");

  fixture->room = 1;
  start_open (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  forget (fixture);
  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "notify:state notify:ready");

  fixture->room = G_MAXUINT;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  assert_effects (fixture, "transmit notify:buffered-amount drain shut-down:1000");
  assert_wire (fixture, "two");
  lose_link (fixture);
  forget (fixture);
}

static void
test_close_unwritten (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("The close frame waits until the kernel has the last message");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "one");
  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "transmit notify:state notify:ready");

  written (fixture, 1);
  assert_effects (fixture, "shut-down:1000");
  lose_link (fixture);
  forget (fixture);
}

static void
greet_and_close_cb (Fixture    *fixture,
                    const char *effect)
{
  if (!g_str_equal (effect, "open"))
    return;

  send_text (fixture, "hello");
  close_with (fixture, 1000, NULL);

  /* as in a main loop of the handler */
  drain (fixture);
  assert_wire (fixture, "hello queued");
}

static void
test_close_greeting (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("close () in a handler for `open` first sends the messages of the handler, and "
                  "then the queue, even if the handler waits for the end");

  start (fixture);
  send_text (fixture, "queued");
  forget (fixture);
  fixture->handler = greet_and_close_cb;
  answer (fixture);

  assert_effects (fixture, OPENS " transmit notify:state notify:ready notify:buffered-amount "
                           "drain shut-down:1000");
  lose_link (fixture);
  forget (fixture);
}

static void
test_close_take_queue (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If the queue is taken back while the task is closing, the close frame is sent");

  fixture->room = 0;
  start_open (fixture);
  send_text (fixture, "one");
  drain (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  assert_takes_back (fixture, "one");

  assert_effects (fixture, "notify:buffered-amount drain shut-down:1000");
  lose_link (fixture);
  forget (fixture);
}

static void
test_close_unsent (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("When close-timeout ends the link, the calls of unsent messages and the flushes "
                  "fail, and an error reports the number of these messages");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  close_with (fixture, 1000, "close");
  forget (fixture);
  advance (fixture, 2000);

  assert_effects (fixture, LEFT " notify:buffered-amount error:closed close:1006 "
                           "resolve:failed:closed(flush) resolve:failed:closed(first) "
                           "resolve:failed:closed(second) notify:buffered-amount "
                           "resolve:done(close)");
  g_assert_cmpstr (fixture->error, ==, "The task closed before 2 messages were sent");
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 2);
}

static void
test_close_unsent_connecting (Fixture       *fixture,
                              gconstpointer  data)
{
  g_test_summary ("Unsent messages are reported if the task is closed during an attempt");

  start (fixture);
  send_ticket (fixture, "one", "send");
  forget (fixture);
  close_with (fixture, 1000, NULL);

  assert_effects (fixture, "drop notify:state error:closed resolve:failed:closed(send) "
                           "notify:buffered-amount");
  g_assert_cmpstr (fixture->error, ==, "The task closed before 1 message was sent");
}

static void
test_reopen_empty (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Messages that were in the queue when the task was closed are not sent after the "
                  "next open ()");

  start (fixture);
  send_text (fixture, "old");
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_open (&fixture->machine, fixture->now, NULL);
  answer (fixture);

  assert_wire (fixture, "");
  forget (fixture);
}

static void
test_bad_uri_unsent (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Unsent messages are reported if no attempt can be made");

  start_open (fixture);
  lose_link (fixture);
  send_ticket (fixture, "one", "send");
  forget (fixture);
  set_text (&fixture->machine.settings.uri, NULL);
  advance (fixture, 2000);

  assert_effects (fixture, "notify:reconnect-at notify:state notify:last-error error:invalid-uri "
                           "error:closed resolve:failed:invalid-uri(send) notify:buffered-amount");
}

static void
test_close_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If the call of the last message is cancelled while the task is closing, the "
                  "close frame is sent");

  fixture->room = 0;
  start_open (fixture);
  send_ticket (fixture, "one", "send");
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "send");

  assert_effects (fixture, "resolve:cancelled(send) notify:buffered-amount drain shut-down:1000");
  lose_link (fixture);
  forget (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/last-words/closed", test_closed);
  add_test ("/last-words/closing", test_closing);
  add_test ("/last-words/flush", test_flush);
  add_test ("/last-words/flush-empty", test_flush_empty);
  add_test ("/last-words/flush-cancelled", test_flush_cancelled);
  add_test ("/last-words/cancelled", test_cancelled);
  add_test ("/last-words/cancelled-late", test_cancelled_late);
  add_test ("/last-words/take-queue", test_take_queue);
  add_test ("/last-words/close", test_close);
  add_test ("/last-words/close-unwritten", test_close_unwritten);
  add_test ("/last-words/close-greeting", test_close_greeting);
  add_test ("/last-words/close-take-queue", test_close_take_queue);
  add_test ("/last-words/close-unsent", test_close_unsent);
  add_test ("/last-words/close-unsent-connecting", test_close_unsent_connecting);
  add_test ("/last-words/close-cancelled", test_close_cancelled);
  add_test ("/last-words/bad-uri-unsent", test_bad_uri_unsent);
  add_test ("/last-words/reopen-empty", test_reopen_empty);

  return g_test_run ();
}
