/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-turn-private.h"

#define N_TURNS  (HB_TURN_MAX_AT_ONCE + 10)
#define DEADLINE (20 * G_TIME_SPAN_SECOND)

typedef struct
{
  GMainContext *context;
  SoupSession  *session;
  SoupSession  *other;
  HbTurn        turns[N_TURNS];
  GString      *started;   /* which of the last ten attempts have started, numbered from 0 */
  guint         n_started; /* how many attempts have started, including those that have ended */
} Fixture;

static Fixture *present;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->context = g_main_context_new ();
  fixture->session = soup_session_new ();
  fixture->other = soup_session_new ();
  fixture->started = g_string_new (NULL);
  present = fixture;
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  guint i;

  for (i = 0; i < N_TURNS; i++)
    hb_turn_end (&fixture->turns[i]);

  g_assert_false (g_main_context_pending (fixture->context));
  g_string_free (fixture->started, TRUE);
  g_assert_finalize_object (fixture->session);
  g_assert_finalize_object (fixture->other);
  g_main_context_unref (fixture->context);
}

static void
run_cb (gpointer user_data)
{
  guint number = (HbTurn *) user_data - present->turns;

  present->n_started++;
  if (number < HB_TURN_MAX_AT_ONCE)
    return;

  g_assert_true (g_main_context_get_thread_default () == present->context);
  g_string_append_printf (present->started, "%u ", number - HB_TURN_MAX_AT_ONCE);
}

static void
take (Fixture     *fixture,
      guint        number,
      SoupSession *session)
{
  HbTurn *turn = &fixture->turns[number];

  if (hb_turn_take (turn, session, fixture->context, run_cb, turn))
    fixture->n_started++;
}

static void
take_all (Fixture *fixture)
{
  guint i;

  for (i = 0; i < N_TURNS; i++)
    take (fixture, i, fixture->session);

  g_assert_cmpuint (fixture->n_started, ==, HB_TURN_MAX_AT_ONCE);
}

static void
iterate (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Waiting attempts start in order, one for each attempt that has ended");

  take_all (fixture);
  iterate (fixture);
  g_assert_cmpstr (fixture->started->str, ==, "");

  hb_turn_end (&fixture->turns[5]);
  g_assert_cmpstr (fixture->started->str, ==, "");
  iterate (fixture);
  g_assert_cmpstr (fixture->started->str, ==, "0 ");

  hb_turn_end (&fixture->turns[7]);
  hb_turn_end (&fixture->turns[HB_TURN_MAX_AT_ONCE]);
  iterate (fixture);
  g_assert_cmpstr (fixture->started->str, ==, "0 1 2 ");
}

static void
test_leave (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("An attempt that ends while it waits does not start, and the next in order takes "
                  "its place");

  take_all (fixture);
  hb_turn_end (&fixture->turns[HB_TURN_MAX_AT_ONCE]);
  hb_turn_end (&fixture->turns[HB_TURN_MAX_AT_ONCE]);
  iterate (fixture);
  g_assert_cmpstr (fixture->started->str, ==, "");

  hb_turn_end (&fixture->turns[0]);
  iterate (fixture);
  g_assert_cmpstr (fixture->started->str, ==, "1 ");
}

static void
test_others (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("The limit on simultaneous attempts applies to each session separately");

  take_all (fixture);
  hb_turn_end (&fixture->turns[0]);
  take (fixture, 0, fixture->other);
  g_assert_cmpuint (fixture->n_started, ==, HB_TURN_MAX_AT_ONCE + 1);
}

static gpointer
take_elsewhere (gpointer data)
{
  Fixture *fixture = data;
  HbTurn turn = { 0 };
  gboolean runs = hb_turn_take (&turn, NULL, fixture->context, run_cb, &turn);

  hb_turn_end (&turn);

  return GINT_TO_POINTER (runs);
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  guint i;

  g_test_summary ("The limit on simultaneous attempts applies to each thread separately, even if "
                  "two threads use one context");

  for (i = 0; i < N_TURNS; i++)
    take (fixture, i, NULL);

  g_assert_cmpuint (fixture->n_started, ==, HB_TURN_MAX_AT_ONCE);
  g_assert_nonnull (g_thread_join (g_thread_new ("other", take_elsewhere, fixture)));
}

static void
test_stall (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  guint i;

  g_test_summary ("Attempts that take too long do not block the others forever. The limit then "
                  "applies to the attempts that have started since.");

  take_all (fixture);
  while (fixture->n_started < N_TURNS && g_get_monotonic_time () < deadline)
    g_main_context_iteration (fixture->context, TRUE);

  g_assert_cmpstr (fixture->started->str, ==, "0 1 2 3 4 5 6 7 8 9 ");

  for (i = 0; i < HB_TURN_MAX_AT_ONCE; i++)
    hb_turn_end (&fixture->turns[i]);
  for (i = 0; i < HB_TURN_MAX_AT_ONCE; i++)
    take (fixture, i, fixture->session);

  g_assert_cmpuint (fixture->n_started - N_TURNS, ==, HB_TURN_MAX_AT_ONCE - 10);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A session runs a limited number of attempts at the same time, and further "
                  "attempts wait");

  g_test_add ("/link/turn/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/link/turn/leave", Fixture, NULL, set_up, test_leave, tear_down);
  g_test_add ("/link/turn/others", Fixture, NULL, set_up, test_others, tear_down);
  g_test_add ("/link/turn/threads", Fixture, NULL, set_up, test_threads, tear_down);
  g_test_add ("/link/turn/stall", Fixture, NULL, set_up, test_stall, tear_down);

  return g_test_run ();
}
