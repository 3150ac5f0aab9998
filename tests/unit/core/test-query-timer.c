/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-query-timer-private.h"

typedef struct
{
  const char *name;
  guint       round_trip; /* in microseconds, like all times here */
  gint64      times[6];   /* of the queries, counted from a write that is never acknowledged */
} Row;

static const Row rows[] = {
  { "unknown", 0, { 100, 300, 700, 1500, 3100, 6300 } },
  { "within the machine", 30, { 100, 300, 700, 1500, 3100, 6300 } },
  { "near", 20000, { 20000, 60000, 140000, 300000, 620000, 1260000 } },
  { "far", 600000, { 600000, 1600000, 2600000, 3600000, 4600000, 5600000 } },
  { "endless", 5000000, { 1000000, 2000000, 3000000, 4000000, 5000000, 6000000 } },
};

/* An arbitrary time */
#define START 1000000

static void
test_times (void)
{
  guint i, j;

  g_test_summary ("The first interval is a round trip, and each later one is twice as long as the "
                  "one before, but no interval is shorter than 100 microseconds or longer than one "
                  "second");

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      HbQueryTimer timer;

      g_test_message ("%s", rows[i].name);
      hb_query_timer_init (&timer, rows[i].round_trip);
      hb_query_timer_start (&timer, START);

      for (j = 0; j < G_N_ELEMENTS (rows[i].times); j++)
        {
          g_assert_cmpint (timer.at, ==, START + rows[i].times[j]);
          hb_query_timer_on_query (&timer, timer.at);
        }
    }
}

static void
test_restart (void)
{
  HbQueryTimer timer;

  g_test_summary ("When the timer starts again, the interval is as long as the current round "
                  "trip");

  hb_query_timer_init (&timer, 20000);
  hb_query_timer_start (&timer, START);
  hb_query_timer_on_query (&timer, timer.at);
  hb_query_timer_on_query (&timer, timer.at);

  timer.round_trip = 50000;
  hb_query_timer_start (&timer, START);
  g_assert_cmpint (timer.at, ==, START + 50000);
}

static void
test_late (void)
{
  HbQueryTimer timer;

  g_test_summary ("If nothing depends on an early query, the first query is made 100 ms or a "
                  "round trip after the start, whichever is longer");

  hb_query_timer_init (&timer, 20000);
  hb_query_timer_start (&timer, START);
  g_assert_cmpint (hb_query_timer_get_late (&timer), ==, START + 100000);

  timer.round_trip = 200000;
  hb_query_timer_start (&timer, START);
  g_assert_cmpint (hb_query_timer_get_late (&timer), ==, timer.at);
}

static void
test_receipt (void)
{
  HbQueryTimer timer;

  g_test_summary ("Received bytes cause a query, but at most one in each round trip");

  hb_query_timer_init (&timer, 20000);
  hb_query_timer_start (&timer, START);
  g_assert_true (hb_query_timer_on_receipt (&timer, START + 1));
  g_assert_false (hb_query_timer_on_receipt (&timer, START + 20000));
  g_assert_true (hb_query_timer_on_receipt (&timer, START + 20001));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/timer/times", test_times);
  g_test_add_func ("/timer/restart", test_restart);
  g_test_add_func ("/timer/late", test_late);
  g_test_add_func ("/timer/receipt", test_receipt);

  return g_test_run ();
}
