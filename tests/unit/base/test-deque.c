/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-deque-private.h"

typedef struct
{
  HbDeque deque;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  hb_deque_init (&fixture->deque, sizeof (int));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  hb_deque_clear (&fixture->deque);
}

static void
push (HbDeque *deque,
      int      first,
      int      last)
{
  for (; first <= last; first++)
    *(int *) hb_deque_push_tail (deque) = first;
}

static int
get (HbDeque *deque,
     guint    index)
{
  return *(int *) hb_deque_peek (deque, index);
}

static void
assert_content (HbDeque    *deque,
                const char *expected)
{
  g_autoptr (GString) content = g_string_new (NULL);
  guint i;

  for (i = 0; i < deque->length; i++)
    g_string_append_printf (content, i == 0 ? "%d" : " %d", get (deque, i));

  g_assert_cmpstr (content->str, ==, expected);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A new deque is empty and has allocated no memory");

  g_assert_cmpuint (fixture->deque.length, ==, 0);
  g_assert_null (hb_deque_peek (&fixture->deque, 0));
  g_assert_null (fixture->deque.elements);
}

static void
test_first_in_first_out (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("Elements leave the head in the order in which they were added to the tail");

  push (&fixture->deque, 1, 3);
  hb_deque_pop_head (&fixture->deque);
  push (&fixture->deque, 4, 4);

  assert_content (&fixture->deque, "2 3 4");
}

static void
test_peek_ends (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A peek after the last element returns NULL");

  push (&fixture->deque, 1, 3);

  g_assert_cmpint (get (&fixture->deque, 2), ==, 3);
  g_assert_null (hb_deque_peek (&fixture->deque, 3));
  g_assert_null (hb_deque_peek (&fixture->deque, G_MAXUINT));
}

static void
test_push_head (Fixture       *fixture,
                gconstpointer  data)
{
  int i;

  g_test_summary ("An element that is added to the head precedes all others");

  for (i = 0; i < 20; i++)
    *(int *) hb_deque_push_head (&fixture->deque) = i;

  assert_content (&fixture->deque, "19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0");
}

static void
test_pop_tail (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The last element can be removed from the tail");

  push (&fixture->deque, 1, 3);
  hb_deque_pop_tail (&fixture->deque);

  assert_content (&fixture->deque, "1 2");
}

static void
test_grow_wrapped (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A deque whose elements wrap around the end of the block keeps their order when "
                  "it grows");

  push (&fixture->deque, 1, 8);
  hb_deque_pop_head (&fixture->deque);
  hb_deque_pop_head (&fixture->deque);
  hb_deque_pop_head (&fixture->deque);
  push (&fixture->deque, 9, 14);

  assert_content (&fixture->deque, "4 5 6 7 8 9 10 11 12 13 14");
}

static void
test_remove (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("An element can be removed from anywhere");

  push (&fixture->deque, 1, 6);
  hb_deque_remove (&fixture->deque, 5);
  assert_content (&fixture->deque, "1 2 3 4 5");
  hb_deque_remove (&fixture->deque, 2);
  assert_content (&fixture->deque, "1 2 4 5");
  hb_deque_remove (&fixture->deque, 0);
  assert_content (&fixture->deque, "2 4 5");
}

static void
test_remove_wrapped (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("An element can be removed from a deque whose elements wrap around the end of "
                  "the block");

  push (&fixture->deque, 1, 8);
  hb_deque_pop_head (&fixture->deque);
  hb_deque_pop_head (&fixture->deque);
  push (&fixture->deque, 9, 10);
  hb_deque_remove (&fixture->deque, 5);

  assert_content (&fixture->deque, "3 4 5 6 7 9 10");
}

static void
test_remove_first (Fixture       *fixture,
                   gconstpointer  data)
{
  gpointer second;

  g_test_summary ("The removal of the first element moves no other element");

  push (&fixture->deque, 1, 6);
  second = hb_deque_peek (&fixture->deque, 1);
  hb_deque_remove (&fixture->deque, 0);

  g_assert_true (hb_deque_peek (&fixture->deque, 0) == second);
}

static void
test_keeps_small_block (Fixture       *fixture,
                        gconstpointer  data)
{
  guint8 *elements;

  g_test_summary ("A deque of few elements that becomes empty repeatedly does not allocate memory "
                  "each time");

  push (&fixture->deque, 1, 1);
  elements = fixture->deque.elements;
  hb_deque_pop_head (&fixture->deque);
  g_assert_true (fixture->deque.elements == elements);

  push (&fixture->deque, 2, 2);
  g_assert_true (fixture->deque.elements == elements);
}

static void
test_frees_large_block (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("The memory of a long backlog is freed when the deque becomes empty");

  push (&fixture->deque, 1, 2000);
  while (fixture->deque.length > 0)
    hb_deque_pop_head (&fixture->deque);

  g_assert_null (fixture->deque.elements);
  push (&fixture->deque, 1, 2);
  assert_content (&fixture->deque, "1 2");
}

static void
test_clear (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A deque can be used again after it has been cleared");

  push (&fixture->deque, 1, 9);
  hb_deque_clear (&fixture->deque);
  g_assert_cmpuint (fixture->deque.length, ==, 0);

  push (&fixture->deque, 1, 2);
  assert_content (&fixture->deque, "1 2");
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GArray) model = g_array_new (FALSE, FALSE, sizeof (int));
  int i;

  g_test_summary ("After any sequence of calls, a deque has the same contents as an array");

  for (i = 0; i < 20000; i++)
    {
      guint index = model->len > 0 ? g_test_rand_int_range (0, model->len) : 0;

      switch (model->len > 0 ? g_test_rand_int_range (0, 6) : 0)
        {
        case 0:
        case 1:
          *(int *) hb_deque_push_tail (&fixture->deque) = i;
          g_array_append_val (model, i);
          break;
        case 2:
          *(int *) hb_deque_push_head (&fixture->deque) = i;
          g_array_prepend_val (model, i);
          break;
        case 3:
          hb_deque_pop_head (&fixture->deque);
          g_array_remove_index (model, 0);
          break;
        case 4:
          hb_deque_pop_tail (&fixture->deque);
          g_array_remove_index (model, model->len - 1);
          break;
        default:
          hb_deque_remove (&fixture->deque, index);
          g_array_remove_index (model, index);
          break;
        }

      g_assert_cmpuint (fixture->deque.length, ==, model->len);
      if (model->len > 0)
        {
          index = g_test_rand_int_range (0, model->len);
          g_assert_cmpint (get (&fixture->deque, index), ==, g_array_index (model, int, index));
        }
    }
}

#define add_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/deque/empty", test_empty);
  add_test ("/deque/first-in-first-out", test_first_in_first_out);
  add_test ("/deque/peek-ends", test_peek_ends);
  add_test ("/deque/push-head", test_push_head);
  add_test ("/deque/pop-tail", test_pop_tail);
  add_test ("/deque/grow-wrapped", test_grow_wrapped);
  add_test ("/deque/remove", test_remove);
  add_test ("/deque/remove-first", test_remove_first);
  add_test ("/deque/remove-wrapped", test_remove_wrapped);
  add_test ("/deque/keeps-small-block", test_keeps_small_block);
  add_test ("/deque/frees-large-block", test_frees_large_block);
  add_test ("/deque/clear", test_clear);
  add_test ("/deque/random", test_random);

  return g_test_run ();
}
