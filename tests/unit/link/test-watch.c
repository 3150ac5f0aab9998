/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "hb-watch-private.h"

/* One source polls for what is wanted, and for nothing else. */

typedef struct
{
  GSource *watch;
  int      fds[2];  /* the first is watched */
  guint    n_calls;
} Fixture;

static gboolean
watch_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_calls++;

  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fixture->fds), ==, 0);
  fixture->watch = hb_watch_new (fixture->fds[0]);
  g_source_set_callback (fixture->watch, watch_cb, fixture, NULL);
  g_source_attach (fixture->watch, NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_source_destroy (fixture->watch);
  g_source_unref (fixture->watch);
  close (fixture->fds[0]);
  if (fixture->fds[1] >= 0)
    close (fixture->fds[1]);
}

static void
turn (void)
{
  g_main_context_iteration (NULL, FALSE);
}

/* Who does not poll in vain comes to rest. */
static void
expect_rest (void)
{
  guint n;

  for (n = 0; g_main_context_iteration (NULL, FALSE); n++)
    g_assert_cmpuint (n, <, 5);
}

static void
fill (Fixture *fixture)
{
  g_assert_cmpint (write (fixture->fds[1], "!", 1), ==, 1);
}

static void
hang_up (Fixture *fixture)
{
  close (fixture->fds[1]);
  fixture->fds[1] = -1;
}

static void
test_nothing_is_wanted (Fixture       *fixture,
                        gconstpointer  data)
{
  fill (fixture);
  hang_up (fixture);
  expect_rest ();
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  g_assert_false (hb_watch_is_ready (fixture->watch, G_IO_IN | G_IO_OUT));
}

/* It is for the reader to call whoever reads. */
static void
test_in (Fixture       *fixture,
         gconstpointer  data)
{
  hb_watch_want (fixture->watch, G_IO_IN, TRUE);
  turn ();
  g_assert_false (hb_watch_is_ready (fixture->watch, G_IO_IN));
  fill (fixture);
  turn ();
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_IN));
  g_assert_false (hb_watch_is_ready (fixture->watch, G_IO_OUT));
  g_assert_cmpuint (fixture->n_calls, ==, 0);

  hb_watch_want (fixture->watch, G_IO_IN, FALSE);
  g_assert_false (hb_watch_is_ready (fixture->watch, G_IO_IN));
  expect_rest ();
  hb_watch_want (fixture->watch, G_IO_IN, TRUE);
  turn ();
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_IN));
}

static void
test_out (Fixture       *fixture,
          gconstpointer  data)
{
  hb_watch_want (fixture->watch, G_IO_OUT, TRUE);
  turn ();
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_OUT));
  hb_watch_want (fixture->watch, G_IO_OUT, FALSE);
  expect_rest ();
}

/* Of the two that are wanted, one is no longer. */
static void
test_one_of_two (Fixture       *fixture,
                 gconstpointer  data)
{
  hb_watch_want (fixture->watch, G_IO_IN, TRUE);
  hb_watch_want (fixture->watch, G_IO_OUT, TRUE);
  turn ();
  hb_watch_want (fixture->watch, G_IO_OUT, FALSE);
  expect_rest ();
  g_assert_false (hb_watch_is_ready (fixture->watch, G_IO_OUT));
  fill (fixture);
  turn ();
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_IN));
}

static void
test_end_concerns_who_waits (Fixture       *fixture,
                             gconstpointer  data)
{
  hb_watch_want (fixture->watch, G_IO_OUT, TRUE);
  hang_up (fixture);
  turn ();
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_OUT));
  hb_watch_want (fixture->watch, G_IO_OUT, FALSE);
  expect_rest ();
  hb_watch_want (fixture->watch, G_IO_IN, TRUE);
  turn ();
  g_assert_true (hb_watch_is_ready (fixture->watch, G_IO_IN));
}

static void
test_wake (Fixture       *fixture,
           gconstpointer  data)
{
  hb_watch_wake (fixture->watch);
  hb_watch_wake (fixture->watch);
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  turn ();
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  expect_rest ();
  g_assert_cmpuint (fixture->n_calls, ==, 1);
}

static void
test_turn (Fixture       *fixture,
           gconstpointer  data)
{
  guint before = hb_watch_get_turn (fixture->watch);

  g_assert_cmpuint (before, !=, 0);
  turn ();
  g_assert_cmpuint (hb_watch_get_turn (fixture->watch), !=, before);
}

/* Who is slow to let go of it does no harm. */
static void
test_destroyed (Fixture       *fixture,
                gconstpointer  data)
{
  hb_watch_want (fixture->watch, G_IO_IN, TRUE);
  g_source_destroy (fixture->watch);
  hb_watch_want (fixture->watch, G_IO_OUT, TRUE);
  hb_watch_wake (fixture->watch);
  fill (fixture);
  expect_rest ();
  g_assert_cmpuint (fixture->n_calls, ==, 0);
}

#define add(path, function) \
  g_test_add ("/link/watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("One source polls for what is wanted, and for nothing else.");

  add ("nothing-is-wanted", test_nothing_is_wanted);
  add ("in", test_in);
  add ("out", test_out);
  add ("one-of-two", test_one_of_two);
  add ("end-concerns-who-waits", test_end_concerns_who_waits);
  add ("wake", test_wake);
  add ("turn", test_turn);
  add ("destroyed", test_destroyed);

  return g_test_run ();
}
