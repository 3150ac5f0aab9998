/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "effect-string.h"
#include "machine-fixture.h"
#include "machine-events.h"

/* Messages that the peer must acknowledge
 *
 * Each row has a script of steps, and their results: the outcomes of calls, errors, the signal
 * `drain`, close frames and, last in each step, the messages that the link gets, as ">message". The
 * steps "buffered" and "resent" add a number, and "take" adds the messages that it returns, in
 * brackets. In both strings, "|" separates groups of steps. */

/* A step is a word for a call, an event or a setting. "a:one" sends the message "one" in a call
 * that is also named "one". The letters before the colon, which may be combined, are "a" for a
 * message that must be acknowledged, "w" for one that need only be written, "v" for a volatile one,
 * "t" for one that is only for this link, and "o" for one from another thread. */
typedef struct
{
  const char *name;
  const char *steps;
  const char *expected;
} Row;

static const Row rows[] = {
  { "sent", "a:one | written | acknowledged", ">one | | done(one)" },
  { "sent-written", "w:one | written", ">one | done(one)" },
  { "link-cannot", "cannot a:one | written", ">one | done(one)" },
  { "part-of-it", "a:one written | part-acknowledged | acknowledged", ">one | | done(one)" },
  { "written-not-reported", "a:one | written-and-acknowledged", ">one | done(one)" },
  { "flush", "a:one flush | written | acknowledged", ">one | | done(one) done(flush)" },
  { "flush-after-written", "a:one written flush | acknowledged",
    ">one | done(one) done(flush)" },
  { "order", "a:one w:two written written | acknowledged", ">one >two | done(one) done(two)" },
  { "change-of-mode", "w:one a:two written | written | acknowledged acknowledged",
    ">one >two done(one) | | done(two)" },
  { "other-thread", "ao:one | written | acknowledged", ">one | | done(one)" },
  { "buffered-amount", "a:one buffered written buffered acknowledged buffered",
    ">one 3 3 done(one) 0" },
  { "drain", "block a:one | unblock written | acknowledged", "| >one | done(one) drain" },
  { "no-drain", "a:one written acknowledged", ">one done(one)" },

  { "loss", "a:one a:two written written acknowledged | lose open | written acknowledged",
    ">one >two done(one) | >two | done(two) drain" },
  { "loss-of-part", "a:one a:two written | lose open", ">one >two | >one >two" },
  { "loss-and-queue", "a:one written block a:two | lose open", ">one | >one >two" },
  { "loss-twice", "a:one written lose open | written lose open | written acknowledged",
    ">one >one | >one | done(one) drain" },
  { "loss-of-written", "a:one w:two written written | lose open", ">one >two | done(two) >one" },
  { "loss-of-modes", "a:one w:two a:three w:four written written written | lose open",
    ">one >two >three >four | done(two) >one >three >four" },
  { "reconnect-now", "a:one written | reconnect open", ">one | >one" },
  { "greeting-first", "a:one written greet lose | open", ">one | >hello >one" },

  { "resent", "a:one written lose open resent written acknowledged resent",
    ">one >one 1 done(one) drain 1" },
  { "resent-part", "a:one lose open resent", ">one >one 0" },
  { "resent-not", "a:one written lose resent", ">one 0" },

  { "volatile", "av:one written | acknowledged", ">one | done(one)" },
  { "volatile-lost", "av:one written | lose open", ">one | failed:not-open(one)" },
  { "volatile-meanwhile", "a:one written av:two", ">one >two" },
  { "volatile-after-backlog", "block a:one unblock written | av:two", ">one | >two" },
  { "this-link", "at:one written | acknowledged", ">one | done(one)" },
  { "this-link-lost", "at:one written | lose open", ">one | failed:not-open(one)" },

  { "cancel", "a:one written cancel:one | acknowledged", ">one | done(one)" },
  { "cancel-lost", "a:one written cancel:one | lose open", ">one | cancelled(one)" },
  { "cancel-other", "a:one a:two written written cancel:two | lose open",
    ">one >two | cancelled(two) >one" },
  { "cancel-part", "a:one cancel:one | lose open", ">one | >one" },
  { "cancel-waiting", "a:one written lose | cancel:one open", ">one | cancelled(one) drain" },
  { "cancel-flush", "a:one written flush | cancel:flush", ">one | cancelled(flush)" },

  { "take", "a:one written block a:two | take | acknowledged",
    ">one | [two] cancelled(two) | done(one) drain" },
  { "take-lost", "a:one written take | lose open", ">one [] | cancelled(one)" },
  { "take-part", "a:one take | lose open", ">one [] | >one" },
  { "take-waiting", "a:one written lose | take open", ">one | [one] cancelled(one) drain" },

  { "fail", "limit:6 a:one a:two written written | a:six", ">one >two | refused(six)" },
  { "fail-later", "limit:6 a:one a:two written written acknowledged a:six",
    ">one >two done(one) >six" },
  { "drop-newest", "limit:6 drop-newest a:one a:two written written | a:six",
    ">one >two | error:queue-full failed:queue-full(six)" },
  { "drop-oldest", "limit:6 drop-oldest a:one a:two written written | a:six | lose open",
    ">one >two | error:queue-full failed:queue-full(one) >six | >two >six" },
  { "drop-oldest-first", "limit:6 drop-oldest a:one written block a:two | a:six | lose open",
    ">one | error:queue-full failed:queue-full(one) | >two >six" },
  { "drop-oldest-of-modes", "limit:6 drop-oldest a:one w:two written written | a:six",
    ">one >two | error:queue-full failed:queue-full(one) done(two) >six" },
  { "drop-oldest-completes", "limit:6 drop-oldest a:one w:two written written | a:twelve",
    ">one >two | error:queue-full failed:queue-full(one) done(two) >twelve" },
  { "drop-oldest-part", "limit:6 drop-oldest a:one a:two | a:six", ">one >two | refused(six)" },

  { "timeout", "timeout:1000 a:one written wait:5000 | acknowledged", ">one | done(one)" },
  { "timeout-lost", "timeout:1000 a:one written wait:5000 | lose wait:0",
    ">one | error:expired failed:expired(one) drain" },

  { "close", "a:one written | close | end:1000",
    ">one | shut-down | error:closed failed:closed(one) done(close)" },
  { "close-acknowledged", "a:one written close | acknowledged | end:1000",
    ">one shut-down | done(one) | done(close)" },
  { "close-waits-for-written", "a:one a:two written close | written | acknowledged",
    ">one >two | shut-down | done(one)" },
  { "close-timeout", "a:one written close | wait:2000",
    ">one shut-down | error:closed failed:closed(one) done(close)" },
  { "close-waiting", "a:one written lose | close",
    ">one | error:closed failed:closed(one) done(close)" },
  { "limit", "repeat-limit:0 a:one written | lose",
    ">one | error:repeat-limit error:closed failed:repeat-limit(one)" },
  { "dispose", "a:one written flush | dispose", ">one | failed:closed(flush) failed:closed(one)" },
  { "not-ready", "a:one written manual lose open | ready", ">one | >one" },

  /* The peer ends links during a message, or after it. */
  { "refusal", "a:one end-within:1006 open end-within:1006 open | end-within:1006",
    ">one >one >one | error:message-refused failed:message-refused(one) drain" },
  { "refusal-behind", "a:one a:two written end-within:1006 open written end-within:1006 open "
                      "written | end-within:1006 | open",
    ">one >two >one >two >one >two | error:message-refused failed:message-refused(two) | >one" },
  { "no-refusal", "a:one written end:1006 open written end:1006 open written end:1006 open written "
                  "| end:1006 | open",
    ">one >one >one >one | | >one" },
  { "too-big-behind", "a:one a:two written | end-within:1009 | open",
    ">one >two | error:message-refused failed:message-refused(two) | >one" },
  { "too-big-unknown", "a:one written | end:1009 | open",
    ">one | error:message-refused | >one" },

  /* The peer resets links before it acknowledges the first message in flight. */
  { "resets", "a:one a:two reset:9 | reset:1",
    ">one >two error:handshake >one >two | "
    "error:handshake error:message-refused failed:message-refused(one) >two" },
  { "resets-within", "a:one a:two reset-within:9 | reset-within:1",
    ">one >two error:handshake >one >two | "
    "error:handshake error:message-refused failed:message-refused(one) >two" },
  { "resets-apart", "a:one reset:9 | written acknowledged a:two reset:9 | reset:1",
    ">one error:handshake >one | done(one) drain >two error:handshake >two | "
    "error:handshake error:message-refused failed:message-refused(two) drain" },

  { "resets-and-ends",
    "a:one reset:2 | end-within:1006 open end-within:1006 open | end-within:1006",
    ">one error:handshake >one | >one >one | "
    "error:message-refused failed:message-refused(one) drain" },

  /* On each link except the first, a handler for `open` sends a message that precedes the queue. */
  { "refusal-cut-greeting",
    "w:one greet end-within:1006 open | end-within:1006 open | written written end-within:1006 "
    "open | end-within:1006 open | written written end-within:1006",
    ">one >hello >one | >hello >hello >one | >hello >one | >hello >hello >one | "
    "error:message-refused failed:message-refused(one) drain" },
  { "refusal-greeting",
    "a:one greet end-within:1006 open | written end-within:1006 open | "
    "written acknowledged written acknowledged end-within:1006",
    ">one >hello >one | >hello >hello >one | "
    "error:message-refused failed:message-refused(one) drain" },
  { "resets-greeting", "a:poison greet lose open | reset-read:11 | reset-read:9 | reset-read:1",
    ">poison >hello >poison | error:handshake error:message-refused >hello >poison >hello | "
    "error:handshake >poison >hello | "
    "error:handshake error:message-refused failed:message-refused(poison) drain >poison >hello" },
  { "hold", "a:one greet lose open reset:1 | av:two w:three buffered | written buffered | "
            "acknowledged | written written written acknowledged acknowledged w:four | "
            "written a:five lose open",
    ">one >hello >one error:handshake >hello | refused(two) 18 | 18 | >hello >one >three | "
    "done(one) done(three) drain >four | done(four) >five >hello >five" },
  { "hold-close", "a:one greet lose open reset:1 close | written acknowledged | written written",
    ">one >hello >one error:handshake >hello | >hello >one | shut-down" },
  { "hold-reopen", "a:one greet lose open reset:1 | lose close | reconnect w:two open",
    ">one >hello >one error:handshake >hello | error:closed failed:closed(one) done(close) | "
    ">hello >two" },
  { "hold-drop", "a:one greet lose open reset:1 limit:13 drop-oldest written | a:six",
    ">one >hello >one error:handshake >hello | error:queue-full >hello >one >six" },

  /* On the later links, the messages of a login, if any, precede the queue. */
  { "hold-login",
    "a:one manual lose open at:hello reset:1 | at:again ready | written | acknowledged",
    ">one >hello failed:not-open(hello) error:handshake | >again | | done(again) >one" },
  { "hold-no-login", "a:one manual lose open at:hello reset:1 | ready",
    ">one >hello failed:not-open(hello) error:handshake | >one" },
};

/* Moves the results from the fixture to @log, and removes the other effects. */
static void
collect (Fixture *fixture,
         GString *log)
{
  g_auto (GStrv) effects = NULL;
  g_auto (GStrv) messages = NULL;
  guint i;

  drain (fixture);
  effects = g_strsplit (fixture->log->str, " ", -1);
  messages = g_strsplit (fixture->wire->str, " ", -1);
  g_string_truncate (fixture->log, 0);
  g_string_truncate (fixture->wire, 0);

  for (i = 0; effects[i] != NULL; i++)
    {
      if (g_str_has_prefix (effects[i], "resolve:"))
        add_word (log, effects[i] + strlen ("resolve:"));
      else if (g_str_has_prefix (effects[i], "error:") || g_str_equal (effects[i], "drain"))
        add_word (log, effects[i]);
      else if (g_str_has_prefix (effects[i], "shut-down"))
        add_word (log, "shut-down");
    }

  for (i = 0; messages[i] != NULL; i++)
    {
      g_autofree char *message = g_strconcat (">", messages[i], NULL);

      if (*messages[i] != '\0')
        add_word (log, message);
    }
}

static void
send_outside (Fixture    *fixture,
              const char *text,
              HbDelivery  delivery)
{
  HbBatch batch;

  hb_batch_init (&batch);
  *(HbOutgoing *) hb_deque_push_tail (&batch.messages) = (HbOutgoing) {
    .bytes = g_bytes_new (text, strlen (text)),
    .ticket = (gpointer) text,
    .opcode = HB_OPCODE_TEXT,
    .delivery = delivery,
    .is_foreign = TRUE,
  };
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
}

/* @how: the letters before the colon */
static void
send_as (Fixture    *fixture,
         GString    *log,
         const char *how,
         const char *text)
{
  g_autoptr (GError) error = NULL;
  HbSendFlags flags = HB_SEND_FLAGS_DEFAULT;

  fixture->machine.settings.delivery = strchr (how, 'a') != NULL ? HB_DELIVERY_ACKNOWLEDGED
                                                                 : HB_DELIVERY_WRITTEN;
  if (strchr (how, 'v') != NULL)
    flags |= HB_SEND_FLAGS_VOLATILE;
  if (strchr (how, 't') != NULL)
    flags |= HB_SEND_FLAGS_THIS_LINK;

  if (strchr (how, 'o') != NULL)
    send_outside (fixture, text, fixture->machine.settings.delivery);
  else if (!send_full (fixture, text, flags, text, &error))
    {
      g_autofree char *refusal = g_strdup_printf ("refused(%s)", text);

      g_assert_error (error, HB_ERROR, HB_ERROR_QUEUE_FULL);
      add_word (log, refusal);
    }
}

static void
greet_cb (Fixture    *fixture,
          const char *effect)
{
  if (g_str_equal (effect, "open"))
    send_text (fixture, "hello");
}

static void
write_number (GString *log,
              guint64  number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  add_word (log, text);
}

/* Returns whether the step was taken. take_step_of_link () takes the other steps that have no
 * argument. */
static gboolean
take_step (Fixture    *fixture,
           GString    *log,
           const char *step)
{
  HbMachine *machine = &fixture->machine;

  if (g_str_equal (step, "written"))
    written (fixture, 1);
  else if (g_str_equal (step, "acknowledged"))
    acknowledged (fixture, 1);
  else if (g_str_equal (step, "part-acknowledged"))
    handle_acknowledged (machine, fixture->now, fixture->acknowledged + 1, 0);
  else if (g_str_equal (step, "written-and-acknowledged"))
    handle_acknowledged (machine, fixture->now, fixture->acknowledged + 2, 0);
  else if (g_str_equal (step, "lose"))
    lose_link (fixture);
  else if (g_str_equal (step, "reconnect"))
    hb_machine_reconnect_now (machine, fixture->now);
  else if (g_str_equal (step, "dispose"))
    hb_machine_dispose (machine, fixture->now);
  else if (g_str_equal (step, "close"))
    close_with (fixture, 1000, "close");
  else if (g_str_equal (step, "flush"))
    hb_machine_flush (machine, (gpointer) g_intern_string ("flush"));
  else if (g_str_equal (step, "ready"))
    hb_machine_mark_ready (machine, fixture->now);
  else if (g_str_equal (step, "manual"))
    machine->settings.manual_ready = TRUE;
  else if (g_str_equal (step, "greet"))
    fixture->handler = greet_cb;
  else if (g_str_equal (step, "drop-newest"))
    machine->settings.overflow = HB_OVERFLOW_DROP_NEWEST;
  else if (g_str_equal (step, "drop-oldest"))
    machine->settings.overflow = HB_OVERFLOW_DROP_OLDEST;
  else if (g_str_equal (step, "buffered"))
    write_number (log, hb_machine_get_status (machine).buffered_amount);
  else if (g_str_equal (step, "resent"))
    write_number (log, machine->metrics.messages_resent);
  else if (g_str_equal (step, "|"))
    add_word (log, step);
  else
    return FALSE;

  return TRUE;
}

static gboolean
take_step_of_link (Fixture    *fixture,
                   GString    *log,
                   const char *step)
{
  g_autofree char *taken = NULL;
  g_autofree char *entry = NULL;

  if (g_str_equal (step, "cannot"))
    {
      fixture->cannot_acknowledge = TRUE;
      reconnect (fixture);
      forget (fixture);
    }
  else if (g_str_equal (step, "block"))
    {
      fixture->room = 0;
      handle_event (&fixture->machine, fixture->now, HB_EVENT_BLOCKED);
    }
  else if (g_str_equal (step, "unblock"))
    {
      fixture->room = G_MAXUINT;
      handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
    }
  else if (g_str_equal (step, "open"))
    {
      fixture->room = G_MAXUINT;
      if (fixture->machine.state == HB_STATE_WAITING)
        advance (fixture, 2000);
      answer (fixture);
    }
  else if (g_str_equal (step, "take"))
    {
      taken = take_queue (fixture);
      entry = g_strdup_printf ("[%s]", taken);
      add_word (log, entry);
    }
  else
    {
      return FALSE;
    }

  return TRUE;
}

/* The events on a link before the peer resets it */
typedef enum {
  WRITTEN, /* All messages are written. */
  WITHIN,  /* Only the first and a part of the second are written. */
  READ,    /* Like WRITTEN, but the peer acknowledges messages until "poison" is in flight. */
} Before;

static gboolean
is_in_flight (Fixture    *fixture,
              const char *text)
{
  const HbOutgoing *message;
  guint i;

  for (i = 0; (message = hb_deque_peek (&fixture->machine.outbox.queue.in_flight, i)) != NULL; i++)
    {
      if (g_bytes_get_size (message->bytes) == strlen (text)
          && memcmp (g_bytes_get_data (message->bytes, NULL), text, strlen (text)) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Resets @n consecutive links, and opens another after each. Only the last reset is logged, so that
 * the rows stay short. */
static void
reset (Fixture *fixture,
       GString *log,
       guint    n,
       Before   before)
{
  g_autoptr (GError) error = NULL;
  HbLoss loss = { .code = 1006, .by_peer = TRUE };

  error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "reset");
  loss.error = error;
  collect (fixture, log);

  for (; n > 0; n--)
    {
      written (fixture, before == WITHIN ? 1 : G_MAXUINT / 2);
      if (before == WITHIN)
        handle_progress (&fixture->machine, fixture->now, fixture->written + 1);
      while (before == READ && !is_in_flight (fixture, "poison"))
        {
          acknowledged (fixture, G_MAXUINT / 2);
          drain (fixture);
          g_assert_cmpuint (fixture->machine.outbox.queue.in_flight.length, >, 0);
          written (fixture, G_MAXUINT / 2);
        }
      handle_lost (&fixture->machine, fixture->now, &loss);

      if (n > 1)
        forget (fixture);
      advance (fixture, 2000);
      answer (fixture);
      if (n > 1)
        forget (fixture);
    }
}

static void
take_step_with (Fixture    *fixture,
                GString    *log,
                const char *step,
                const char *argument)
{
  HbSettings *settings = &fixture->machine.settings;
  guint number = strtoul (argument, NULL, 10);

  if (g_str_equal (step, "limit"))
    settings->max_buffered_amount = number;
  else if (g_str_equal (step, "repeat-limit"))
    settings->repeat_limit = (int) number;
  else if (g_str_equal (step, "timeout"))
    settings->queue_timeout = number;
  else if (g_str_equal (step, "wait"))
    advance (fixture, number);
  else if (g_str_equal (step, "end"))
    lose_by_peer (fixture, number, FALSE);
  else if (g_str_equal (step, "end-within"))
    lose_by_peer (fixture, number, TRUE);
  else if (g_str_equal (step, "reset"))
    reset (fixture, log, number, WRITTEN);
  else if (g_str_equal (step, "reset-within"))
    reset (fixture, log, number, WITHIN);
  else if (g_str_equal (step, "reset-read"))
    reset (fixture, log, number, READ);
  else if (g_str_equal (step, "cancel"))
    hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) g_intern_string (argument));
  else
    send_as (fixture, log, step, g_intern_string (argument));
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;
  g_auto (GStrv) steps = g_strsplit (row->steps, " ", -1);
  g_autoptr (GString) log = g_string_new (NULL);
  guint i;

  g_test_summary ("Calls, events and settings have the expected results for messages that the peer "
                  "must acknowledge");

  fixture->holds_writes = TRUE;
  start_open (fixture);

  for (i = 0; steps[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (steps[i], ":", 2);

      if (parts[1] != NULL)
        take_step_with (fixture, log, parts[0], parts[1]);
      else if (!take_step (fixture, log, steps[i]))
        g_assert_true (take_step_of_link (fixture, log, steps[i]));

      collect (fixture, log);
    }

  g_assert_cmpstr (log->str, ==, row->expected);
}

/* The time until the first query for acknowledgements while the round-trip time is not known, in
 * microseconds: SOON if they are needed soon, otherwise LATE */
#define SOON 100
#define LATE 100000

static void
assert_asks_in (Fixture *fixture,
                gint64   time)
{
  g_assert_cmpint (hb_machine_get_deadline (&fixture->machine) - fixture->now, ==, time);
}

static void
test_questions (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The link is soon queried for acknowledgements if a call waits, or if another "
                  "thread might find the queue full. After the last acknowledgement, no query "
                  "follows.");

  fixture->holds_writes = TRUE;
  fixture->machine.settings.delivery = HB_DELIVERY_ACKNOWLEDGED;
  fixture->machine.settings.max_buffered_amount = 8;
  fixture->machine.settings.ping_timeout = 0;
  start_open (fixture);
  assert_deadline (fixture, -1);

  send_text (fixture, "one");
  drain (fixture);
  assert_deadline (fixture, -1);
  g_assert_false (hb_machine_needs_time (&fixture->machine, 0, FALSE));
  g_assert_true (hb_machine_needs_time (&fixture->machine, 1, FALSE));
  written (fixture, 1);
  assert_asks_in (fixture, LATE);
  g_assert_false (hb_machine_needs_time (&fixture->machine, 2, FALSE));
  g_assert_true (hb_machine_needs_time (&fixture->machine, 1, TRUE));

  send_text (fixture, "2");
  drain (fixture);
  assert_asks_in (fixture, SOON);
  written (fixture, 1);
  acknowledged (fixture, 1);
  assert_asks_in (fixture, LATE);

  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  assert_asks_in (fixture, SOON);
  acknowledged (fixture, 1);
  assert_deadline (fixture, -1);
  assert_effects (fixture, "transmit transmit resolve:done(flush)");

  send_ticket (fixture, "3", "three");
  drain (fixture);
  written (fixture, 1);
  assert_asks_in (fixture, SOON);
  handle_acknowledged (&fixture->machine, fixture->now, fixture->acknowledged + 1, 5 * SOON);
  assert_asks_in (fixture, 5 * SOON);
  acknowledged (fixture, 1);
  assert_deadline (fixture, -1);
  assert_effects (fixture, "transmit resolve:done(three)");

  reconnect (fixture);
  send_text (fixture, "4");
  forget (fixture);
  written (fixture, 1);
  assert_asks_in (fixture, LATE);
}

static void
test_ticks (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("When the driver has queried the link, a tick only plans the next query. "
                  "Received bytes need not be read before this tick.");

  fixture->holds_writes = TRUE;
  fixture->machine.settings.delivery = HB_DELIVERY_ACKNOWLEDGED;
  start_open (fixture);
  send_ticket (fixture, "one", "one");
  drain (fixture);
  written (fixture, 1);
  assert_asks_in (fixture, SOON);
  forget (fixture);

  fixture->now += SOON;
  g_assert_false (hb_machine_is_link_due (&fixture->machine, fixture->now));
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
  assert_effects (fixture, "");
  assert_asks_in (fixture, 2 * SOON);

  fixture->now = hb_machine_get_early_ping_at (&fixture->machine);
  g_assert_false (hb_machine_is_link_due (&fixture->machine, fixture->now));
  fixture->now = fixture->machine.heartbeat.last_activity + hb_milliseconds (15000);
  g_assert_true (hb_machine_is_link_due (&fixture->machine, fixture->now));

  acknowledged (fixture, 1);
  assert_effects (fixture, "resolve:done(one)");
}

static void
test_forgets (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Messages that were dropped when the task closed do not make a later link read "
                  "acknowledgements");

  fixture->machine.settings.delivery = HB_DELIVERY_ACKNOWLEDGED;
  start_open (fixture);
  lose_link (fixture);
  send_text (fixture, "one");
  fixture->machine.settings.delivery = HB_DELIVERY_WRITTEN;
  g_assert_true (hb_machine_needs_acknowledgements (&fixture->machine));

  close_with (fixture, 1000, NULL);
  forget (fixture);
  g_assert_false (hb_machine_needs_acknowledgements (&fixture->machine));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/machine-delivery/", rows, test_row);
  add_test ("/machine-delivery/questions", test_questions);
  add_test ("/machine-delivery/ticks", test_ticks);
  add_test ("/machine-delivery/forgets", test_forgets);

  return g_test_run ();
}
