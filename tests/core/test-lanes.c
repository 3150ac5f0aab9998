/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-lanes-private.h"

typedef struct
{
  HbLanes lanes;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_lanes_init (&fixture->lanes);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_lanes_clear (&fixture->lanes);
}

static void
push_full (Fixture    *fixture,
           const char *text,
           gboolean    greeting,
           gboolean    is_volatile,
           gpointer    ticket)
{
  HbOutgoing message = {
    .bytes = g_bytes_new (text, strlen (text)),
    .opcode = HB_OPCODE_TEXT,
    .ticket = ticket,
    .is_volatile = is_volatile,
  };

  hb_lanes_push (&fixture->lanes, &message, greeting);
}

/* Each word is a message. */
static void
push (Fixture    *fixture,
      const char *texts)
{
  g_auto (GStrv) words = g_strsplit (texts, " ", -1);
  guint i;

  for (i = 0; words[i] != NULL; i++)
    push_full (fixture, words[i], FALSE, FALSE, NULL);
}

static void
append (GString          *content,
        const HbOutgoing *message)
{
  gsize length;
  const char *text = g_bytes_get_data (message->bytes, &length);

  if (content->len > 0)
    g_string_append_c (content, ' ');
  g_string_append_len (content, text, length);
}

static void
assert_lane (HbDeque    *lane,
             const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  guint i;

  for (i = 0; i < lane->length; i++)
    append (content, hb_deque_peek (lane, i));

  g_assert_cmpstr (content->str, ==, expected);
}

static void
take (Fixture *fixture,
      guint    n_messages)
{
  for (; n_messages > 0; n_messages--)
    g_assert_nonnull (hb_lanes_take (&fixture->lanes, FALSE));
}

typedef gboolean (*Pop) (HbLanes   *self,
                         HbOutgoing *message);

static void
assert_pops (Fixture    *fixture,
             Pop         pop,
             const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  HbOutgoing message;

  while (pop (&fixture->lanes, &message))
    {
      append (content, &message);
      g_bytes_unref (message.bytes);
    }

  g_assert_cmpstr (content->str, ==, expected);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  HbOutgoing message;

  g_test_summary ("New lanes are empty, and nothing can be taken or popped");

  g_assert_true (hb_lanes_is_empty (&fixture->lanes));
  g_assert_cmpuint (hb_lanes_get_waiting (&fixture->lanes, FALSE), ==, 0);
  g_assert_null (hb_lanes_take (&fixture->lanes, FALSE));
  g_assert_false (hb_lanes_pop_written (&fixture->lanes, &message));
  g_assert_false (hb_lanes_pop_oldest (&fixture->lanes, &message));
  g_assert_false (hb_lanes_pop_volatile (&fixture->lanes, &message));
  g_assert_false (hb_lanes_pop_ticket (&fixture->lanes, fixture, &message));
}

static void
test_take (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Messages go from the queue to the link in order, and stay until they are "
                  "written");

  push (fixture, "one two three");
  take (fixture, 2);

  assert_lane (&fixture->lanes.handed, "one two");
  assert_lane (&fixture->lanes.queue, "three");
  g_assert_false (hb_lanes_is_empty (&fixture->lanes));
}

static void
test_greeting_first (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The greeting goes before the queue, even when it came later");

  push (fixture, "queued");
  push_full (fixture, "greeting", TRUE, FALSE, NULL);
  take (fixture, 2);

  assert_lane (&fixture->lanes.handed, "greeting queued");
}

static void
test_not_empty (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A message in any of the lanes is one");

  push (fixture, "handed");
  take (fixture, 1);
  g_assert_false (hb_lanes_is_empty (&fixture->lanes));

  push_full (fixture, "greeting", TRUE, FALSE, NULL);
  g_assert_false (hb_lanes_is_empty (&fixture->lanes));

  assert_pops (fixture, hb_lanes_pop_written, "handed");
  g_assert_false (hb_lanes_is_empty (&fixture->lanes));
}

static void
test_greeting_holds_back (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("While the application greets, the queue is held back");

  push (fixture, "queued");
  push_full (fixture, "greeting", TRUE, FALSE, NULL);

  g_assert_cmpuint (hb_lanes_get_waiting (&fixture->lanes, TRUE), ==, 1);
  g_assert_cmpuint (hb_lanes_get_waiting (&fixture->lanes, FALSE), ==, 2);
  g_assert_nonnull (hb_lanes_take (&fixture->lanes, TRUE));
  g_assert_null (hb_lanes_take (&fixture->lanes, TRUE));
}

static void
test_amounts (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A message counts in bytes from when it came until it is written");

  push (fixture, "1 22 333");
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 6);
  g_assert_cmpuint (fixture->lanes.handed_amount, ==, 0);

  take (fixture, 2);
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 6);
  g_assert_cmpuint (fixture->lanes.handed_amount, ==, 3);

  assert_pops (fixture, hb_lanes_pop_written, "1 22");
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 3);
  g_assert_cmpuint (fixture->lanes.handed_amount, ==, 0);
}

static void
test_take_back (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("After a loss what was handed comes first, then the greeting, then the "
                  "queue, each in order");

  push (fixture, "one two three four");
  take (fixture, 2);
  push_full (fixture, "hello", TRUE, FALSE, NULL);
  push_full (fixture, "again", TRUE, FALSE, NULL);
  hb_lanes_take_back (&fixture->lanes);

  assert_lane (&fixture->lanes.queue, "one two hello again three four");
  assert_lane (&fixture->lanes.handed, "");
  assert_lane (&fixture->lanes.greeting, "");
  g_assert_cmpuint (fixture->lanes.handed_amount, ==, 0);
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 25);
}

static void
test_take_back_twice (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Two losses in a row do not change the order");

  push (fixture, "one two three four");
  take (fixture, 3);
  hb_lanes_take_back (&fixture->lanes);
  take (fixture, 1);
  hb_lanes_take_back (&fixture->lanes);

  assert_lane (&fixture->lanes.queue, "one two three four");
}

static void
test_pop_oldest (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("The oldest that can still be dropped is the head of the queue, never what "
                  "has been handed over");

  push (fixture, "handed one two");
  take (fixture, 1);
  push_full (fixture, "greeting", TRUE, FALSE, NULL);

  assert_pops (fixture, hb_lanes_pop_oldest, "one two greeting");
  assert_lane (&fixture->lanes.handed, "handed");
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 6);
}

static void
test_pop_volatile (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Volatile messages are found wherever they wait, and the others stay");

  push (fixture, "one");
  push_full (fixture, "v1", FALSE, TRUE, NULL);
  push (fixture, "two");
  push_full (fixture, "v2", FALSE, TRUE, NULL);
  push_full (fixture, "v3", TRUE, TRUE, NULL);

  assert_pops (fixture, hb_lanes_pop_volatile, "v1 v2 v3");
  assert_lane (&fixture->lanes.queue, "one two");
  g_assert_cmpuint (fixture->lanes.n_volatile, ==, 0);
}

static void
test_pop_volatile_handed (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("A volatile message at the link is not dropped, unless the link was lost");

  push_full (fixture, "v", FALSE, TRUE, NULL);
  take (fixture, 1);
  assert_pops (fixture, hb_lanes_pop_volatile, "");

  hb_lanes_take_back (&fixture->lanes);
  assert_pops (fixture, hb_lanes_pop_volatile, "v");
}

static void
test_pop_ticket (Fixture       *fixture,
                 gconstpointer  data)
{
  HbOutgoing message;
  int queued;
  int greeting;

  g_test_summary ("A message that somebody waits for is found by it, in the queue and in the "
                  "greeting");

  push (fixture, "one");
  push_full (fixture, "mine", FALSE, FALSE, &queued);
  push_full (fixture, "hello", TRUE, FALSE, &greeting);

  g_assert_true (hb_lanes_pop_ticket (&fixture->lanes, &queued, &message));
  g_bytes_unref (message.bytes);
  g_assert_true (hb_lanes_pop_ticket (&fixture->lanes, &greeting, &message));
  g_bytes_unref (message.bytes);
  g_assert_false (hb_lanes_pop_ticket (&fixture->lanes, &queued, &message));
  assert_lane (&fixture->lanes.queue, "one");
}

static void
test_pop_ticket_handed (Fixture       *fixture,
                        gconstpointer  data)
{
  HbOutgoing message;
  int ticket;

  g_test_summary ("A message at the link cannot be taken back");

  push_full (fixture, "mine", FALSE, FALSE, &ticket);
  take (fixture, 1);

  g_assert_false (hb_lanes_pop_ticket (&fixture->lanes, &ticket, &message));
}

static void
test_clear (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Clearing frees what is in all lanes");

  push (fixture, "handed queued");
  take (fixture, 1);
  push_full (fixture, "greeting", TRUE, TRUE, NULL);
  hb_lanes_clear (&fixture->lanes);

  g_assert_true (hb_lanes_is_empty (&fixture->lanes));
  g_assert_cmpuint (fixture->lanes.buffered_amount, ==, 0);
  g_assert_cmpuint (fixture->lanes.n_volatile, ==, 0);
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/lanes/empty", test_empty);
  add_test ("/lanes/take", test_take);
  add_test ("/lanes/not-empty", test_not_empty);
  add_test ("/lanes/greeting-first", test_greeting_first);
  add_test ("/lanes/greeting-holds-back", test_greeting_holds_back);
  add_test ("/lanes/amounts", test_amounts);
  add_test ("/lanes/take-back", test_take_back);
  add_test ("/lanes/take-back-twice", test_take_back_twice);
  add_test ("/lanes/pop-oldest", test_pop_oldest);
  add_test ("/lanes/pop-volatile", test_pop_volatile);
  add_test ("/lanes/pop-volatile-handed", test_pop_volatile_handed);
  add_test ("/lanes/pop-ticket", test_pop_ticket);
  add_test ("/lanes/pop-ticket-handed", test_pop_ticket_handed);
  add_test ("/lanes/clear", test_clear);

  return g_test_run ();
}
