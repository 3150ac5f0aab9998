/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "effect-string.h"
#include "hb-queue-private.h"

typedef struct
{
  HbQueue queue;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_queue_init (&fixture->queue);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_queue_clear (&fixture->queue);
}

static void
push_full (Fixture    *fixture,
           const char *text,
           HbLine      line,
           gboolean    is_volatile,
           gpointer    ticket)
{
  HbOutgoing message = {
    .bytes = g_bytes_new (text, strlen (text)),
    .opcode = HB_OPCODE_TEXT,
    .ticket = ticket,
    .is_volatile = is_volatile,
  };

  g_assert_true (hb_queue_reserve (&fixture->queue, &message, 0));
  hb_queue_push (&fixture->queue, &message, line);
}

/* Adds a message to HB_LINE_WAITING for each word of @texts. */
static void
push (Fixture    *fixture,
      const char *texts)
{
  g_auto (GStrv) words = g_strsplit (texts, " ", -1);
  guint i;

  for (i = 0; words[i] != NULL; i++)
    push_full (fixture, words[i], HB_LINE_WAITING, FALSE, NULL);
}

static void
assert_line (HbDeque    *line,
             const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  guint i;

  for (i = 0; i < line->length; i++)
    add_payload (content, hb_deque_peek (line, i));

  g_assert_cmpstr (content->str, ==, expected);
}

static void
take (Fixture *fixture,
      guint    n_messages)
{
  for (; n_messages > 0; n_messages--)
    g_assert_nonnull (hb_queue_take (&fixture->queue, HB_LINE_WAITING));
}

static void
set_span (Fixture *fixture,
          guint64  begin,
          guint64  end)
{
  hb_queue_set_span (&fixture->queue, begin, end);
}

typedef gboolean (*Pop) (HbQueue    *self,
                         HbOutgoing *message);

static void
assert_pops (Fixture    *fixture,
             Pop         pop,
             const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  HbOutgoing message;

  while (pop (&fixture->queue, &message))
    {
      add_payload (content, &message);
      g_bytes_unref (message.bytes);
    }

  g_assert_cmpstr (content->str, ==, expected);
}

static void
assert_pops_written (Fixture    *fixture,
                     guint64     written,
                     const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  const HbOutgoing *message;

  while ((message = hb_queue_peek_sent (&fixture->queue, written, 0)) != NULL)
    {
      g_autoptr (GBytes) bytes = message->bytes;

      add_payload (content, message);
      hb_queue_pop_sent (&fixture->queue, g_bytes_get_size (bytes));
    }

  g_assert_cmpstr (content->str, ==, expected);
}

static void
assert_pops_volatile (Fixture    *fixture,
                      gboolean    and_this_link,
                      const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  HbDeque popped;
  guint i;

  hb_deque_init (&popped, sizeof (HbOutgoing));
  hb_queue_pop_volatile (&fixture->queue, and_this_link, &popped);

  for (i = 0; i < popped.length; i++)
    {
      const HbOutgoing *message = hb_deque_peek (&popped, i);

      add_payload (content, message);
      g_bytes_unref (message->bytes);
    }

  hb_deque_clear (&popped);
  g_assert_cmpstr (content->str, ==, expected);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  HbOutgoing message;

  g_test_summary ("A new queue is empty, and no message can be taken or popped");

  g_assert_true (hb_queue_is_empty (&fixture->queue));
  g_assert_cmpuint (hb_queue_get_n_waiting (&fixture->queue, HB_LINE_WAITING), ==, 0);
  g_assert_null (hb_queue_take (&fixture->queue, HB_LINE_WAITING));
  g_assert_null (hb_queue_peek_sent (&fixture->queue, 100, 100));
  g_assert_false (hb_queue_pop_oldest (&fixture->queue, &message));
  g_assert_false (hb_queue_pop_ticket (&fixture->queue, fixture, &message));
}

static void
test_take (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Messages are taken in order, and are then in flight");

  push (fixture, "one two three");
  take (fixture, 2);

  assert_line (&fixture->queue.in_flight, "one two");
  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "three");
  g_assert_false (hb_queue_is_empty (&fixture->queue));
}

static void
test_greeting_first (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Messages from `open` handlers precede the queue, even if they were sent later");

  push (fixture, "queued");
  push_full (fixture, "greeting", HB_LINE_GREETING, FALSE, NULL);
  take (fixture, 2);

  assert_line (&fixture->queue.in_flight, "greeting queued");
}

static void
test_not_empty (Fixture       *fixture,
                gconstpointer  data)
{
  HbLine line;

  g_test_summary ("A queue is not empty while a message waits in any line, or is in flight");

  for (line = 0; line < HB_N_LINES; line++)
    {
      push_full (fixture, "one", line, FALSE, NULL);
      g_assert_false (hb_queue_is_empty (&fixture->queue));

      take (fixture, 1);
      set_span (fixture, 0, 3);
      g_assert_false (hb_queue_is_empty (&fixture->queue));

      assert_pops_written (fixture, 3, "one");
      g_assert_true (hb_queue_is_empty (&fixture->queue));
    }
}

static void
test_greeting_holds_back (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("While handlers for `open` run, the queue waits");

  push (fixture, "queued");
  push_full (fixture, "greeting", HB_LINE_GREETING, FALSE, NULL);

  g_assert_cmpuint (hb_queue_get_n_waiting (&fixture->queue, HB_LINE_GREETING), ==, 1);
  g_assert_cmpuint (hb_queue_get_n_waiting (&fixture->queue, HB_LINE_WAITING), ==, 2);
  g_assert_nonnull (hb_queue_take (&fixture->queue, HB_LINE_GREETING));
  g_assert_null (hb_queue_take (&fixture->queue, HB_LINE_GREETING));
}

static void
test_amounts (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The bytes of a message count as buffered until the message counts as sent");

  push (fixture, "1 22 333");
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 6);
  g_assert_cmpuint (fixture->queue.in_flight_amount, ==, 0);

  take (fixture, 1);
  set_span (fixture, 0, 3);
  take (fixture, 1);
  set_span (fixture, 3, 7);
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 6);
  g_assert_cmpuint (fixture->queue.in_flight_amount, ==, 3);

  assert_pops_written (fixture, 7, "1 22");
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 3);
  g_assert_cmpuint (fixture->queue.in_flight_amount, ==, 0);

  hb_queue_release_gone (&fixture->queue);
  g_assert_cmpuint (hb_amount_get (&fixture->queue.buffered), ==, 3);
  hb_queue_release_gone (&fixture->queue);
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 3);
}

static void
test_written (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A message counts as written when the kernel has accepted the last byte of its "
                  "frame, and never before the link has the frame");

  push (fixture, "one two");
  take (fixture, 1);
  assert_pops_written (fixture, G_MAXUINT64 - 1, "");

  set_span (fixture, 0, 5);
  take (fixture, 1);
  set_span (fixture, 9, 14);
  assert_pops_written (fixture, 4, "");
  assert_pops_written (fixture, 5, "one");
  assert_pops_written (fixture, 13, "");
  assert_pops_written (fixture, 14, "two");
}

static void
test_nested_span (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("If a message is sent while another is being sent, each has the position of its "
                  "own frame");

  push (fixture, "outer inner");
  take (fixture, 2);
  set_span (fixture, 0, 7);
  set_span (fixture, 7, 14);

  assert_pops_written (fixture, 7, "");
  assert_pops_written (fixture, 14, "outer inner");
}

static void
test_take_back (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("When the link is lost, the messages that were in flight come first, then those "
                  "from `open` handlers, and then the queue. Each group keeps its order.");

  push (fixture, "one two three four");
  take (fixture, 2);
  push_full (fixture, "hello", HB_LINE_GREETING, FALSE, NULL);
  push_full (fixture, "again", HB_LINE_GREETING, FALSE, NULL);
  hb_queue_take_back (&fixture->queue);

  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "one two hello again three four");
  assert_line (&fixture->queue.in_flight, "");
  assert_line (&fixture->queue.lines[HB_LINE_GREETING], "");
  g_assert_cmpuint (fixture->queue.in_flight_amount, ==, 0);
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 25);
}

static void
test_take_back_twice (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Two losses in a row do not change the order");

  push (fixture, "one two three four");
  take (fixture, 3);
  hb_queue_take_back (&fixture->queue);
  take (fixture, 1);
  hb_queue_take_back (&fixture->queue);

  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "one two three four");
}

static void
push_at (Fixture *fixture,
         HbLine   line,
         gint64   accepted_at)
{
  HbOutgoing message = { .bytes = g_bytes_new (NULL, 0), .accepted_at = accepted_at };

  hb_queue_push (&fixture->queue, &message, line);
}

static void
test_take_back_ages (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GString) ages = g_string_new (NULL);
  HbOutgoing message;
  guint i;

  g_test_summary ("The search for expired messages goes past a returned message only if an older "
                  "message follows it");

  push_at (fixture, HB_LINE_WAITING, 1);
  push_at (fixture, HB_LINE_WAITING, 2);
  push_at (fixture, HB_LINE_GREETING, 3);
  push_at (fixture, HB_LINE_GREETING, 4);
  take (fixture, 4);
  hb_queue_take_back (&fixture->queue);

  for (i = 0; i < 4; i++)
    {
      const HbOutgoing *returned = hb_deque_peek (&fixture->queue.lines[HB_LINE_WAITING], i);

      g_string_append_printf (ages, returned->is_ahead ? "%d> " : "%d ",
                              (int) returned->accepted_at);
    }

  g_assert_cmpstr (ages->str, ==, "3> 4> 1 2 ");
  g_assert_true (hb_queue_pop_expired (&fixture->queue, 1, &message));
  g_assert_cmpint (message.accepted_at, ==, 1);
  g_bytes_unref (message.bytes);
}

static void
test_pop_oldest (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("An overflow drops the messages of the queue in order, then those from `open` "
                  "handlers, but never an unwritten message in flight");

  push (fixture, "handed one two");
  take (fixture, 1);
  push_full (fixture, "greeting", HB_LINE_GREETING, FALSE, NULL);

  assert_pops (fixture, hb_queue_pop_oldest, "one two greeting");
  assert_line (&fixture->queue.in_flight, "handed");
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 6);
}

static void
test_pop_volatile (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Volatile messages are removed from each line, and the others stay");

  push (fixture, "one");
  push_full (fixture, "v1", HB_LINE_WAITING, TRUE, NULL);
  push (fixture, "two");
  push_full (fixture, "v2", HB_LINE_WAITING, TRUE, NULL);
  push_full (fixture, "v3", HB_LINE_GREETING, TRUE, NULL);

  assert_pops_volatile (fixture, FALSE, "v3 v1 v2");
  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "one two");
  g_assert_cmpuint (fixture->queue.n_volatile, ==, 0);
}

static void
test_pop_this_link (Fixture       *fixture,
                    gconstpointer  data)
{
  HbOutgoing message = { .bytes = g_bytes_new ("link", 4), .is_this_link = TRUE };

  g_test_summary ("Messages for one link are removed when the link ends, and not before");

  push (fixture, "one");
  hb_queue_push (&fixture->queue, &message, HB_LINE_THIS_LINK);
  g_bytes_ref (message.bytes);
  hb_queue_push (&fixture->queue, &message, HB_LINE_WAITING);
  push (fixture, "two");
  take (fixture, 1);

  assert_pops_volatile (fixture, FALSE, "");
  hb_queue_take_back (&fixture->queue);
  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "link one link two");
  assert_pops_volatile (fixture, TRUE, "link link");
  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "one two");
  g_assert_cmpuint (fixture->queue.n_this_link, ==, 0);
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 6);
}

static void
test_lines (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Messages are taken line by line, and never from a line after the given one");

  push (fixture, "queued");
  push_full (fixture, "greeting", HB_LINE_GREETING, FALSE, NULL);
  push_full (fixture, "login", HB_LINE_THIS_LINK, FALSE, NULL);

  g_assert_cmpuint (hb_queue_get_n_waiting (&fixture->queue, HB_LINE_THIS_LINK), ==, 1);
  g_assert_nonnull (hb_queue_take (&fixture->queue, HB_LINE_THIS_LINK));
  g_assert_null (hb_queue_take (&fixture->queue, HB_LINE_THIS_LINK));
  g_assert_cmpuint (hb_queue_get_n_waiting (&fixture->queue, HB_LINE_WAITING), ==, 2);
  take (fixture, 2);
  assert_line (&fixture->queue.in_flight, "login greeting queued");
}

static void
test_pop_volatile_handed (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("A volatile message in flight is not dropped, unless the link is lost");

  push_full (fixture, "v", HB_LINE_WAITING, TRUE, NULL);
  take (fixture, 1);
  assert_pops_volatile (fixture, FALSE, "");

  hb_queue_take_back (&fixture->queue);
  assert_pops_volatile (fixture, FALSE, "v");
}

static void
test_pop_ticket (Fixture       *fixture,
                 gconstpointer  data)
{
  HbOutgoing message;
  int queued;
  int greeting;

  g_test_summary ("A message is found by the ticket of its call, in the queue and among the "
                  "messages from `open` handlers");

  push (fixture, "one");
  push_full (fixture, "mine", HB_LINE_WAITING, FALSE, &queued);
  push_full (fixture, "hello", HB_LINE_GREETING, FALSE, &greeting);

  g_assert_true (hb_queue_pop_ticket (&fixture->queue, &queued, &message));
  g_bytes_unref (message.bytes);
  g_assert_true (hb_queue_pop_ticket (&fixture->queue, &greeting, &message));
  g_bytes_unref (message.bytes);
  g_assert_false (hb_queue_pop_ticket (&fixture->queue, &queued, &message));
  assert_line (&fixture->queue.lines[HB_LINE_WAITING], "one");
}

static void
test_pop_ticket_handed (Fixture       *fixture,
                        gconstpointer  data)
{
  HbOutgoing message;
  int ticket;

  g_test_summary ("A message in flight is not found by the ticket of its call");

  push_full (fixture, "mine", HB_LINE_WAITING, FALSE, &ticket);
  take (fixture, 1);

  g_assert_false (hb_queue_pop_ticket (&fixture->queue, &ticket, &message));
}

static void
test_clear (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Clearing the queue frees all messages, including those in flight");

  push (fixture, "handed queued");
  take (fixture, 1);
  push_full (fixture, "greeting", HB_LINE_GREETING, TRUE, NULL);
  hb_queue_clear (&fixture->queue);

  g_assert_true (hb_queue_is_empty (&fixture->queue));
  g_assert_cmpuint (hb_queue_get_buffered (&fixture->queue), ==, 0);
  g_assert_cmpuint (fixture->queue.n_volatile, ==, 0);
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/queue/empty", test_empty);
  add_test ("/queue/take", test_take);
  add_test ("/queue/not-empty", test_not_empty);
  add_test ("/queue/greeting-first", test_greeting_first);
  add_test ("/queue/greeting-holds-back", test_greeting_holds_back);
  add_test ("/queue/amounts", test_amounts);
  add_test ("/queue/written", test_written);
  add_test ("/queue/nested-span", test_nested_span);
  add_test ("/queue/take-back", test_take_back);
  add_test ("/queue/take-back-twice", test_take_back_twice);
  add_test ("/queue/take-back-ages", test_take_back_ages);
  add_test ("/queue/pop-oldest", test_pop_oldest);
  add_test ("/queue/pop-volatile", test_pop_volatile);
  add_test ("/queue/pop-this-link", test_pop_this_link);
  add_test ("/queue/lines", test_lines);
  add_test ("/queue/pop-volatile-handed", test_pop_volatile_handed);
  add_test ("/queue/pop-ticket", test_pop_ticket);
  add_test ("/queue/pop-ticket-handed", test_pop_ticket_handed);
  add_test ("/queue/clear", test_clear);

  return g_test_run ();
}
