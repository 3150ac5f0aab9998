/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

/* When the task takes in a call from another thread, the call has already returned, so only effects
 * report the outcome. */

typedef enum {
  CLOSED,
  CLOSING,
  CONNECTING,
  OPEN,
  FULL,       /* the link accepts no more messages, and one message waits */
  DISPOSED,
} Situation;

typedef struct
{
  const char *name;
  Situation   situation;
  const char *texts;      /* each word is a message, or "flush" */
  HbSendFlags flags;
  gboolean    is_sync;    /* whether no call waits for the messages */
  gboolean    is_reserved; /* whether room for the messages is reserved */
  HbOverflow  overflow;   /* for messages beyond the limit of 10 bytes */
  const char *effects;
  const char *kept;       /* the messages left in the queue */
} Row;

#define DEFAULT HB_SEND_FLAGS_DEFAULT
#define VOLATILE HB_SEND_FLAGS_VOLATILE
#define THIS_LINK HB_SEND_FLAGS_THIS_LINK

static const Row rows[] = {
  { "waits", CONNECTING, "one two", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "notify:buffered-amount notify:buffered-amount", "one two" },
  { "goes-out", OPEN, "one", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "transmit resolve:done(one)", "" },
  { "flush", OPEN, "one flush", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "transmit resolve:done(one) resolve:done(flush)", "" },
  { "volatile", OPEN, "one", VOLATILE, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "transmit resolve:done(one)", "" },
  { "volatile-not-open", CONNECTING, "one", VOLATILE, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "resolve:failed:not-open(one)", "" },
  { "volatile-blocked", FULL, "one", VOLATILE, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "resolve:failed:queue-full(one)", "old" },
  { "volatile-sync", CONNECTING, "one", VOLATILE, TRUE, FALSE, HB_OVERFLOW_FAIL, "", "" },
  { "this-link-not-open", CONNECTING, "one", THIS_LINK, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "resolve:failed:not-open(one)", "" },
  { "closed", CLOSED, "one two flush", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "resolve:failed:closed(one) resolve:failed:closed(two) resolve:failed:closed(flush) "
    "error:closed", "" },
  { "closed-sync", CLOSED, "one two", DEFAULT, TRUE, TRUE, HB_OVERFLOW_FAIL, "error:closed", "" },
  { "closing", CLOSING, "one", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "resolve:failed:closed(one) error:closed", "" },
  { "disposed", DISPOSED, "one flush", DEFAULT, FALSE, TRUE, HB_OVERFLOW_FAIL,
    "resolve:failed:closed(one) resolve:failed:closed(flush)", "" },
  { "reserved", CONNECTING, "12345 67890", DEFAULT, FALSE, TRUE, HB_OVERFLOW_FAIL,
    "notify:buffered-amount notify:buffered-amount", "12345 67890" },
  { "no-room", CONNECTING, "12345 678901", DEFAULT, FALSE, FALSE, HB_OVERFLOW_FAIL,
    "notify:buffered-amount error:queue-full resolve:failed:queue-full(678901)", "12345" },
  { "newest", CONNECTING, "12345 678901", DEFAULT, FALSE, FALSE, HB_OVERFLOW_DROP_NEWEST,
    "notify:buffered-amount error:queue-full resolve:failed:queue-full(678901)", "12345" },
  { "oldest", CONNECTING, "12345 678901", DEFAULT, FALSE, FALSE, HB_OVERFLOW_DROP_OLDEST,
    "notify:buffered-amount error:queue-full resolve:failed:queue-full(12345) "
    "notify:buffered-amount", "678901" },
};

static void
enter (Fixture   *fixture,
       Situation  situation)
{
  if (situation == CLOSED)
    return;

  if (situation == CONNECTING)
    start (fixture);
  else
    start_open (fixture);

  if (situation == CLOSING)
    close_with (fixture, 1000, NULL);
  else if (situation == DISPOSED)
    hb_machine_dispose (&fixture->machine, fixture->now);

  if (situation == FULL)
    {
      fixture->room = 0;
      send_text (fixture, "old");
    }

  drain (fixture);
  forget (fixture);
}

static void
add (Fixture    *fixture,
     HbBatch    *batch,
     const Row  *row,
     const char *text)
{
  HbOutgoing message = {
    .opcode = HB_OPCODE_TEXT,
    .ticket = row->is_sync ? NULL : (gpointer) g_intern_string (text),
    .is_volatile = row->flags == VOLATILE,
    .is_this_link = row->flags == THIS_LINK,
    .is_foreign = TRUE,
    .accepted_at = HB_NEVER,
  };

  if (strcmp (text, "flush") != 0)
    message.bytes = g_bytes_new (text, strlen (text));
  if (row->is_reserved && message.bytes != NULL)
    g_assert_true (hb_queue_reserve (&fixture->machine.outbox.queue, &message, 0));

  *(HbOutgoing *) hb_deque_push_tail (&batch->messages) = message;
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;
  g_auto (GStrv) words = g_strsplit (row->texts, " ", -1);
  HbBatch batch;
  guint i;

  g_test_summary ("The state, the flags and the room in the queue decide whether a message from "
                  "another thread is sent, queued or dropped");

  fixture->machine.settings.max_buffered_amount = 10;
  fixture->machine.settings.overflow = row->overflow;
  enter (fixture, row->situation);
  hb_batch_init (&batch);
  for (i = 0; words[i] != NULL; i++)
    add (fixture, &batch, row, words[i]);

  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
  assert_effects (fixture, row->effects);
  assert_takes_back (fixture, row->kept);
  g_assert_cmpuint (hb_amount_get (&fixture->machine.outbox.queue.buffered), ==, 0);
  drain (fixture);
  forget (fixture);
}

static const Row reserved = { .is_reserved = TRUE };
static const Row vanishing = { .flags = VOLATILE };

static void
take_in (Fixture    *fixture,
         const Row  *row,
         const char *text)
{
  HbBatch batch;

  hb_batch_init (&batch);
  add (fixture, &batch, row, text);
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
}

static void
test_seen (Fixture       *fixture,
           gconstpointer  data)
{
  HbBatch batch;

  g_test_summary ("If the notified buffered-amount includes a message that has not been taken in "
                  "yet, another notification follows when this message is written");

  enter (fixture, FULL);
  hb_batch_init (&batch);
  add (fixture, &batch, &reserved, "one");
  fixture->room = G_MAXUINT;
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  assert_effects (fixture, "transmit notify:buffered-amount drain");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->machine.outbox), ==, 3);

  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
  assert_effects (fixture, "transmit resolve:done(one) notify:buffered-amount");
}

static void
test_seen_and_dropped (Fixture       *fixture,
                       gconstpointer  data)
{
  HbBatch batch;

  g_test_summary ("If the notified buffered-amount includes a message that is dropped afterwards, "
                  "another notification follows");

  enter (fixture, FULL);
  hb_batch_init (&batch);
  add (fixture, &batch, &reserved, "one");
  g_free (take_queue (fixture));
  drain (fixture);
  close_with (fixture, 1000, NULL);
  forget (fixture);
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
  assert_effects (fixture, "resolve:failed:closed(one) error:closed notify:buffered-amount");
}

static void
test_last_volatile (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A closing task still sends the close frame if its last message is volatile and "
                  "is dropped");

  start_open (fixture);
  forget (fixture);
  fixture->room = 0;
  take_in (fixture, &vanishing, "one");
  close_with (fixture, 1000, NULL);
  assert_effects (fixture, "transmit notify:state notify:ready resolve:failed:not-open(one) "
                           "shut-down:1000");
}

static void
test_age (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("The age of a message that was taken in while queue-timeout was 0 counts from "
                  "the time at which queue-timeout is set");

  start (fixture);
  take_in (fixture, &rows[0], "one");
  advance (fixture, 3000);
  fixture->machine.settings.queue_timeout = 1000;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  advance (fixture, 999);
  g_assert_cmpuint (fixture->machine.metrics.messages_expired, ==, 0);
  advance (fixture, 1);
  g_assert_cmpuint (fixture->machine.metrics.messages_expired, ==, 1);
  forget (fixture);
}

static void
greet (Fixture    *fixture,
       const char *effect)
{
  if (strcmp (effect, "open") != 0)
    return;

  take_in (fixture, &rows[0], "foreign");
  send_text (fixture, "greeting");
}

static void
test_greeting (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("If a message from another thread is taken in while handlers for `open` run, it "
                  "is sent after the queue");

  start (fixture);
  send_text (fixture, "queued");
  fixture->handler = greet;
  answer (fixture);
  assert_wire (fixture, "greeting queued foreign");
  forget (fixture);
}

static void
take_overflow_in (Fixture    *fixture,
                  const char *accepted,
                  const char *ticket)
{
  static const Row row = { .is_reserved = TRUE };
  HbBatch batch;

  hb_batch_init (&batch);
  add (fixture, &batch, &row, accepted);
  batch.n_dropped = 3;
  batch.overflow = g_error_new_literal (HB_ERROR, HB_ERROR_QUEUE_FULL, "full");
  hb_tickets_add (&batch.overflowed, (gpointer) g_intern_string (ticket));
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
}

static void
test_no_room (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The messages for which another thread found no room are counted as dropped. "
                  "Their calls fail. Only the first overflow since the queue was last empty is "
                  "reported.");

  start (fixture);
  forget (fixture);
  take_overflow_in (fixture, "first", "one");
  assert_effects (fixture, "resolve:failed:queue-full(one) notify:buffered-amount "
                  "error:queue-full");
  g_assert_cmpuint (fixture->machine.metrics.messages_dropped, ==, 3);
  take_overflow_in (fixture, "second", "two");
  assert_effects (fixture, "resolve:failed:queue-full(two) notify:buffered-amount");

  hb_machine_dispose (&fixture->machine, fixture->now);
  forget (fixture);
  take_overflow_in (fixture, "third", "three");
  assert_effects (fixture, "resolve:failed:queue-full(three) resolve:failed:closed(third)");
}

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  HbBatch batch;

  g_test_summary ("The message of a cancelled call is removed from the queue, even if the same "
                  "batch contains the message and the cancellation");

  start (fixture);
  forget (fixture);
  hb_batch_init (&batch);
  add (fixture, &batch, &rows[0], "one");
  hb_tickets_add (&batch.cancelled, (gpointer) g_intern_string ("one"));
  hb_machine_take_in (&fixture->machine, fixture->now, &batch);
  hb_batch_clear (&batch);
  assert_takes_back (fixture, "");
  assert_effects (fixture, "notify:buffered-amount resolve:cancelled(one) "
                           "notify:buffered-amount drain resolve:none(one)");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/machine/batch/", rows, test_row);
  add_test ("/machine/batch/greeting", test_greeting);
  add_test ("/machine/batch/dropped-outside", test_no_room);
  add_test ("/machine/batch/cancel", test_cancel);
  add_test ("/machine/batch/seen", test_seen);
  add_test ("/machine/batch/seen-and-dropped", test_seen_and_dropped);
  add_test ("/machine/batch/last-volatile", test_last_volatile);
  add_test ("/machine/batch/age", test_age);

  return g_test_run ();
}
