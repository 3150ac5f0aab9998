/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"
#include "machine-events.h"

/* The delivery is WRITTEN, the default. */

static void
assert_refuses (Fixture     *fixture,
                HbSendFlags  flags,
                HbError      code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (send_full (fixture, "refused", flags, "refused", &error));
  g_assert_error (error, HB_ERROR, (int) code);
  assert_wire (fixture, "");
}

static void
test_open (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("On an open link, a message is sent at once");

  start_open (fixture);
  send_ticket (fixture, "hello", "send");

  assert_effects (fixture, "transmit resolve:done(send)");
  assert_wire (fixture, "hello");
}

static void
test_at_once (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  HbOutgoing message = { .bytes = bytes, .opcode = HB_OPCODE_TEXT };

  g_test_summary ("A message causes no effect if the caller transmits it");

  start_open (fixture);
  g_assert_true (hb_machine_send (&fixture->machine, fixture->now, &message, NULL, NULL));
  assert_effects (fixture, "");
  assert_wire (fixture, "");

  g_assert_nonnull (hb_machine_take_message (&fixture->machine, fixture->now));
  g_assert_false (hb_machine_can_transmit (&fixture->machine));
  handle_sent (&fixture->machine, fixture->now, &(HbSpan) { 0, 2, 2 });
  assert_effects (fixture, "");
}

typedef struct
{
  const char  *name;
  gboolean     is_open;
  gboolean     is_blocked;
  gboolean     is_second;
  gboolean     manual_ready;
  gboolean     is_this_link;
  gboolean     is_volatile;
  gboolean     is_direct;
  const char  *effects; /* the effects of hb_machine_send () */
} DirectCase;

static const DirectCase direct_cases[] = {
  { "open", TRUE, FALSE, FALSE, FALSE, FALSE, FALSE, TRUE, "" },
  { "volatile", TRUE, FALSE, FALSE, FALSE, FALSE, TRUE, TRUE, "" },
  { "connecting", FALSE, FALSE, FALSE, FALSE, FALSE, FALSE, FALSE,
    "notify:buffered-amount" },
  { "blocked", TRUE, TRUE, FALSE, FALSE, FALSE, FALSE, FALSE, "notify:buffered-amount" },
  { "second", TRUE, FALSE, TRUE, FALSE, FALSE, FALSE, FALSE, "" },
  { "not-ready", TRUE, FALSE, FALSE, TRUE, FALSE, FALSE, FALSE,
    "notify:buffered-amount" },
  { "this-link", TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, TRUE, "" },
};

static void
test_direct (Fixture       *fixture,
             gconstpointer  data)
{
  const DirectCase *direct_case = data;
  HbMachine *machine = &fixture->machine;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  HbOutgoing first = { .bytes = bytes, .opcode = HB_OPCODE_TEXT };
  HbOutgoing message = {
    .bytes = bytes,
    .ticket = (gpointer) "send",
    .opcode = HB_OPCODE_BINARY,
    .is_this_link = direct_case->is_this_link,
    .is_volatile = direct_case->is_volatile,
  };
  gboolean is_direct = FALSE;

  g_test_summary ("A message is sent without waiting in the queue if the link is open, writable "
                  "and ready, and no other message precedes it. A THIS_LINK message is also sent "
                  "before the link is ready.");

  machine->settings.manual_ready = direct_case->manual_ready;
  if (direct_case->is_open)
    start_open (fixture);
  else
    start (fixture);
  forget (fixture);

  if (direct_case->is_blocked)
    handle_event (machine, fixture->now, HB_EVENT_BLOCKED);
  if (direct_case->is_second)
    g_assert_true (hb_machine_send (machine, fixture->now, &first, NULL, NULL));

  g_assert_true (hb_machine_send (machine, fixture->now, &message, &is_direct, NULL));
  g_assert_cmpint (is_direct, ==, direct_case->is_direct);

  assert_effects (fixture, direct_case->effects);
  if (!is_direct)
    return;

  g_assert_false (hb_machine_can_transmit (machine));
  g_assert_cmpuint (hb_outbox_get_buffered (&machine->outbox), ==, 5);

  hb_machine_on_sent_directly (machine, fixture->now, &message, &(HbSpan) { 0, 2, 2 }, TRUE);
  assert_effects (fixture, "resolve:done(send)");
  g_assert_cmpuint (hb_outbox_get_buffered (&machine->outbox), ==, 0);
  g_assert_cmpuint (machine->metrics.messages_sent, ==, 1);
}

typedef struct
{
  const char *name;
  HbSpan      span;
  gboolean    is_writable;
  const char *effects;
  const char *resent; /* the message that is sent on the next link */
} DirectEndCase;

static const DirectEndCase direct_end_cases[] = {
  { "written", { 0, 2, 2 }, TRUE, "resolve:done(send)", "" },
  { "gathered", { 0, 2, 0 }, TRUE, "", "hello" },
  { "in-part", { 0, 2, 1 }, FALSE, "notify:buffered-amount", "hello" },
  { "failed", { 0, 0, 0 }, FALSE, "notify:buffered-amount", "hello" },
};

static void
test_direct_end (Fixture       *fixture,
                 gconstpointer  data)
{
  const DirectEndCase *end_case = data;
  HbMachine *machine = &fixture->machine;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
  HbOutgoing message = { .bytes = bytes, .ticket = (gpointer) "send", .opcode = HB_OPCODE_TEXT };
  gboolean is_direct = FALSE;

  g_test_summary ("If the link is lost, a message that was sent directly is sent again, unless the "
                  "kernel has all of it");

  start_open (fixture);
  g_assert_true (hb_machine_send (machine, fixture->now, &message, &is_direct, NULL));
  g_assert_true (is_direct);
  hb_machine_on_sent_directly (machine, fixture->now, &message, &end_case->span,
                               end_case->is_writable);
  assert_effects (fixture, end_case->effects);

  reconnect (fixture);
  drain (fixture);
  assert_wire (fixture, end_case->resent);
  forget (fixture);
}

static void
test_together (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("While an effect that transmits messages is pending, further messages cause no "
                  "other effect");

  start_open (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  send_text (fixture, "three");

  assert_effects (fixture, "transmit");
  assert_wire (fixture, "one two three");
}

static void
test_connecting (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Messages are kept until the link is open, and then sent in order");

  start (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  assert_effects (fixture, "notify:buffered-amount notify:buffered-amount");

  answer (fixture);
  assert_effects (fixture, OPENS " transmit notify:buffered-amount drain");
  assert_wire (fixture, "one two");
}

static void
test_invalid_text (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("\xff", 1);
  HbOutgoing message = { .bytes = bytes, .opcode = HB_OPCODE_TEXT };
  g_autoptr (GError) error = NULL;

  g_test_summary ("A text that is not UTF-8 is refused, but the same bytes are accepted as a "
                  "binary message");

  start_open (fixture);
  g_assert_false (hb_machine_send (&fixture->machine, fixture->now, &message, NULL, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT);
  assert_effects (fixture, "");

  message.opcode = HB_OPCODE_BINARY;
  g_assert_true (hb_machine_send (&fixture->machine, fixture->now, &message, NULL, NULL));
  g_assert_true (hb_machine_can_transmit (&fixture->machine));
}

static void
greet_cb (Fixture    *fixture,
          const char *effect)
{
  if (g_str_equal (effect, "open"))
    {
      send_text (fixture, "hello");
      send_text (fixture, "subscribe");
    }
}

static void
test_greeting (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Messages from a handler for `open` are sent before those in the queue");

  start (fixture);
  send_text (fixture, "queued");
  send_text (fixture, "later");
  fixture->handler = greet_cb;
  answer (fixture);

  assert_wire (fixture, "hello subscribe queued later");
  forget (fixture);
}

static void
test_greeting_again (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("On each link, messages from handlers for `open` precede the queue, including "
                  "the messages that were in flight on the previous link");

  fixture->handler = greet_cb;
  fixture->holds_writes = TRUE;
  start (fixture);
  send_text (fixture, "queued");
  answer (fixture);
  written (fixture, 3);
  forget (fixture);
  send_text (fixture, "one");
  assert_wire (fixture, "one");
  reconnect (fixture);

  assert_wire (fixture, "hello subscribe one");
  forget (fixture);
}

static void
test_greeting_ticket (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If handlers for `open` have sent messages, the queue is sent before "
                  "open_async () completes");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  send_text (fixture, "queued");
  fixture->handler = greet_cb;
  forget (fixture);
  answer (fixture);

  assert_effects (fixture, OPENS " transmit resolve:done(open) notify:buffered-amount drain");
}

static void
test_unwritten (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("On the next link, messages that the kernel had not accepted are sent in order, "
                  "before those that were queued after them");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  send_text (fixture, "three");
  assert_wire (fixture, "one two three");
  written (fixture, 1);
  lose_link (fixture);
  send_text (fixture, "four");
  drain (fixture);
  advance (fixture, 2000);
  answer (fixture);

  assert_wire (fixture, "two three four");
  forget (fixture);
}

static void
test_unwritten_often (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("If several links are lost one after another, each message is still written once "
                  "and in order");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  assert_wire (fixture, "one two");
  reconnect (fixture);
  send_text (fixture, "three");
  assert_wire (fixture, "one two three");
  written (fixture, 1);
  reconnect (fixture);
  assert_wire (fixture, "two three");
  reconnect (fixture);
  written (fixture, 2);

  assert_wire (fixture, "two three");
  forget (fixture);
  g_assert_cmpuint (fixture->machine.metrics.messages_sent, ==, 3);
  g_assert_true (hb_queue_is_empty (&fixture->machine.outbox.queue));
}

static void
test_lost_before_transmit (Fixture       *fixture,
                           gconstpointer  data)
{
  HbLoss loss = { .code = 1006 };

  g_test_summary ("If a link is lost before a message is sent, the message is sent on the next "
                  "link");

  start_open (fixture);
  send_text (fixture, "one");
  handle_lost (&fixture->machine, fixture->now, &loss);
  assert_wire (fixture, "");
  advance (fixture, 2000);
  answer (fixture);

  assert_wire (fixture, "one");
  forget (fixture);
}

static void
test_unwritten_ticket (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a message must be sent again, the call that sent it continues to wait");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_ticket (fixture, "hello", "send");
  drain (fixture);
  reconnect (fixture);
  assert_effects (fixture, OPENS_AGAIN " transmit");

  written (fixture, 1);
  assert_effects (fixture, "resolve:done(send) notify:buffered-amount drain");
}

static void
test_full_link (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("When a full link has room again, the remaining messages are sent. "
                  "buffered-amount is notified at each step, and `drain` is emitted at the end.");

  fixture->room = 2;
  start_open (fixture);
  send_text (fixture, "one");
  send_text (fixture, "two");
  send_text (fixture, "three");
  assert_effects (fixture, "transmit notify:buffered-amount notify:buffered-amount");
  assert_wire (fixture, "one two");

  fixture->room = G_MAXUINT;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  assert_effects (fixture, "transmit notify:buffered-amount drain");
  assert_wire (fixture, "three");
}

static void
test_ping_first (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A ping does not wait for the messages of a backlog");

  fixture->room = 0;
  start_open (fixture);
  send_text (fixture, "one");
  drain (fixture);
  forget (fixture);
  advance (fixture, 15000);

  assert_effects (fixture, "ping");
  assert_wire (fixture, "");
}

static void
test_overflow (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A message is refused while the queue has no room for it, and is accepted "
                  "afterwards");

  fixture->machine.settings.max_buffered_amount = 10;
  start (fixture);
  send_text (fixture, "1234567");
  assert_refuses (fixture, HB_SEND_FLAGS_DEFAULT, HB_ERROR_QUEUE_FULL);

  answer (fixture);
  send_text (fixture, "refused");
  assert_wire (fixture, "1234567 refused");
  forget (fixture);
}

typedef struct
{
  const char *name;
  HbOverflow  overflow;
  const char *effects; /* the effects of a third message, which does not fit */
  const char *sent;    /* the messages that are sent when the link opens */
} OverflowCase;

static const OverflowCase overflow_cases[] = {
  { "oldest", HB_OVERFLOW_DROP_OLDEST,
    "error:queue-full resolve:failed:queue-full(first) notify:buffered-amount", "two new" },
  { "newest", HB_OVERFLOW_DROP_NEWEST,
    "error:queue-full resolve:failed:queue-full(third)", "one two" },
};

static void
test_overflow_drops (Fixture       *fixture,
                     gconstpointer  data)
{
  const OverflowCase *overflow_case = data;

  g_test_summary ("With DROP_OLDEST, the newest messages remain, and with DROP_NEWEST, the oldest. "
                  "These messages are sent when the link opens.");

  fixture->machine.settings.max_buffered_amount = 6;
  fixture->machine.settings.overflow = overflow_case->overflow;
  start (fixture);
  send_ticket (fixture, "one", "first");
  send_ticket (fixture, "two", "second");
  forget (fixture);
  send_ticket (fixture, "new", "third");
  assert_effects (fixture, overflow_case->effects);

  answer (fixture);
  assert_wire (fixture, overflow_case->sent);
  forget (fixture);
}

static void
test_volatile_not_open (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("Without an open link, a volatile message is refused, and not kept for the next "
                  "link");

  start (fixture);
  assert_refuses (fixture, HB_SEND_FLAGS_VOLATILE, HB_ERROR_NOT_OPEN);

  lose_link (fixture);
  forget (fixture);
  assert_refuses (fixture, HB_SEND_FLAGS_VOLATILE, HB_ERROR_NOT_OPEN);
}

static void
test_volatile_lost (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A volatile message is not sent again after a loss");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "one");
  send_full (fixture, "now", HB_SEND_FLAGS_VOLATILE, "send", NULL);
  assert_wire (fixture, "one now");
  forget (fixture);
  lose_link (fixture);
  assert_effects (fixture, LEAVES " resolve:failed:not-open(send) notify:buffered-amount "
                           "close:1006 notify:attempt notify:reconnect-at reconnect:1:2000");

  advance (fixture, 2000);
  answer (fixture);
  assert_wire (fixture, "one");
  forget (fixture);
}

static void
test_reconnect_now (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("reconnect_now () keeps the buffered messages, including those in flight");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_text (fixture, "one");
  forget (fixture);
  reconnect_now (fixture);
  answer (fixture);

  assert_wire (fixture, "one");
  forget (fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-send/open", test_open);
  add_test ("/machine-send/at-once", test_at_once);
  add_rows ("/machine-send/direct/", direct_cases, test_direct);
  add_rows ("/machine-send/direct-end/", direct_end_cases, test_direct_end);
  add_test ("/machine-send/together", test_together);
  add_test ("/machine-send/connecting", test_connecting);
  add_test ("/machine-send/invalid-text", test_invalid_text);
  add_test ("/machine-send/greeting", test_greeting);
  add_test ("/machine-send/greeting-again", test_greeting_again);
  add_test ("/machine-send/greeting-ticket", test_greeting_ticket);
  add_test ("/machine-send/unwritten", test_unwritten);
  add_test ("/machine-send/unwritten-often", test_unwritten_often);
  add_test ("/machine-send/unwritten-ticket", test_unwritten_ticket);
  add_test ("/machine-send/lost-before-transmit", test_lost_before_transmit);
  add_test ("/machine-send/full-link", test_full_link);
  add_test ("/machine-send/ping-first", test_ping_first);
  add_test ("/machine-send/overflow", test_overflow);
  add_rows ("/machine-send/overflow-", overflow_cases, test_overflow_drops);
  add_test ("/machine-send/volatile-not-open", test_volatile_not_open);
  add_test ("/machine-send/volatile-lost", test_volatile_lost);
  add_test ("/machine-send/reconnect-now", test_reconnect_now);

  return g_test_run ();
}
