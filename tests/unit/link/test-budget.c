/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-budget-private.h"
#include "test-rows.h"

/* All times are in microseconds. */
typedef struct
{
  const char *name;
  gint64      delivery; /* the time that each delivery takes */
  gint64      interval; /* from the end of a delivery to the start of the next */
  gint64      spent_at; /* the total time of deliveries that spends the budget, 0 for never */
} Case;

/* An eighth of each interval is subtracted from the busy time. In the second case, four intervals
 * pass before the budget is spent, so deliveries may take 40 microseconds longer. */
static const Case cases[] = {
  { "flood", 1000, 0, 4001 },
  { "flood-with-polls", 1000, 80, 4041 },
  { "one-long-delivery", 10000, 1000, 4001 },
  { "occasional", 500, 8000, 0 },
  { "balance", 1000, 8000, 0 },
};

/* Returns the total time of deliveries when the budget is first spent, or 0 if 100 deliveries do
 * not spend it. */
static gint64
find_spent_at (const Case *test)
{
  HbBudget budget = HB_BUDGET_INIT;
  gint64 now = 1000000;
  gint64 busy = 0;
  guint i;

  for (i = 0; i < 100; i++)
    {
      gint64 t;

      hb_budget_begin (&budget, now);
      for (t = 1; t <= test->delivery; t++)
        {
          busy++;
          if (hb_budget_is_spent (&budget, now + t))
            return busy;
        }

      now += test->delivery;
      hb_budget_end (&budget, now);
      now += test->interval;
    }

  return 0;
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;

  g_assert_cmpint (find_spent_at (test), ==, test->spent_at);
}

/* libsoup also reads outside a delivery. The budget must not count as spent then. */
static void
test_without_delivery (void)
{
  HbBudget budget = HB_BUDGET_INIT;

  g_assert_false (hb_budget_is_spent (&budget, 1000000));
  hb_budget_begin (&budget, 1000000);
  hb_budget_end (&budget, 2000000);
  g_assert_false (hb_budget_is_spent (&budget, 3000000));
}

static void
test_renewed (void)
{
  HbBudget budget = HB_BUDGET_INIT;

  hb_budget_begin (&budget, 1000000);
  hb_budget_end (&budget, 1005000);
  hb_budget_begin (&budget, 1005000);
  g_assert_true (hb_budget_is_spent (&budget, 1005000));
  hb_budget_renew (&budget);
  g_assert_false (hb_budget_is_spent (&budget, 1009000));
  g_assert_true (hb_budget_is_spent (&budget, 1009001));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The budget of a reader is spent when its deliveries have kept the loop busy for "
                  "too long");

  test_rows_add ("/link/budget/", cases, test_case);
  g_test_add_func ("/link/budget/without-delivery", test_without_delivery);
  g_test_add_func ("/link/budget/renewed", test_renewed);

  return g_test_run ();
}
