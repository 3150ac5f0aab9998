/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib-unix.h>
#include <unistd.h>

#include "counter.h"
#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-time-private.h"
#include "test-rows.h"

/* These tests use the system's clock. Each deadline is in the past or an hour away, so that the
 * speed of the computer does not matter. */

#define N_BELLS 5
#define HOUR    (3600 * G_TIME_SPAN_SECOND)

/* More iterations than any alarm needs */
#define MAX_TURNS 20

typedef struct _Bell Bell;

typedef void (*BellFunc) (Bell *self);

/* An alarm, and the number of its calls, in total and for each reason */
struct _Bell
{
  HbAlarm   alarm;
  Bell     *bells;     /* all alarms of the test */
  BellFunc  func;      /* (nullable) called in the callback */
  gint64    wanted_at;
  gint64    early;     /* how long before @wanted_at the callback may be called, in microseconds */
  guint     n_calls;
  guint     n_due;
  guint     n_acts;
  guint     n_wakes;
};

typedef struct
{
  GMainContext *context;
  Bell          bells[N_BELLS];
} Fixture;

/* The number of descriptors in the last poll of the fixture's context, and the number of polls */
static guint n_polled;
static guint n_polls;

static gint
count_poll (GPollFD *fds,
            guint    n_fds,
            gint     timeout)
{
  n_polled = n_fds;
  n_polls++;

  return g_poll (fds, n_fds, timeout);
}

static gint64
get_wanted (gpointer  user_data,
            gint64   *earliest)
{
  Bell *self = user_data;

  if (earliest != NULL && self->early > 0)
    *earliest = self->wanted_at - self->early;

  return self->wanted_at;
}

static void
ring_cb (gpointer user_data)
{
  Bell *self = user_data;

  self->n_calls++;
  self->n_due += self->alarm.is_due;
  self->n_acts += self->alarm.may_act;
  self->n_wakes += self->alarm.was_woken;
  self->wanted_at = HB_NEVER;
  if (self->func != NULL)
    self->func (self);
}

static void
bell_want (Bell   *self,
           gint64  wanted_at)
{
  self->wanted_at = wanted_at;
  hb_alarm_touch (&self->alarm);
}

static gint64
in_past (void)
{
  return hb_clock_now () - G_TIME_SPAN_SECOND;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  guint i;

  fixture->context = g_main_context_new ();
  g_main_context_set_poll_func (fixture->context, count_poll);

  for (i = 0; i < N_BELLS; i++)
    {
      Bell *bell = &fixture->bells[i];

      bell->bells = fixture->bells;
      bell->wanted_at = HB_NEVER;
      hb_alarm_init (&bell->alarm, get_wanted, ring_cb, bell);
      hb_alarm_enter (&bell->alarm, fixture->context);
    }
}

static void
turn (GMainContext *context)
{
  g_main_context_iteration (context, FALSE);
}

/* Iterates the context until it is idle. */
static void
run (GMainContext *context)
{
  guint n;

  for (n = 0; g_main_context_iteration (context, FALSE); n++)
    g_assert_cmpuint (n, <, MAX_TURNS);
}

static void
leave_all (Bell *self)
{
  guint i;

  for (i = 0; i < N_BELLS; i++)
    hb_alarm_leave (&self->bells[i].alarm);
}

/* After all alarms have left, the context polls only its own descriptor. */
static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  leave_all (fixture->bells);
  turn (fixture->context);
  g_assert_cmpuint (n_polled, <=, 1);
  g_main_context_unref (fixture->context);
}

static void
test_one_source (Fixture       *fixture,
                 gconstpointer  data)
{
  Bell bell = { .bells = NULL, .wanted_at = HB_NEVER };
  guint n_before;

  g_test_summary ("The number of alarms does not change how many descriptors the context polls");

  run (fixture->context);
  n_before = n_polled;
  hb_alarm_init (&bell.alarm, get_wanted, ring_cb, &bell);
  hb_alarm_enter (&bell.alarm, fixture->context);
  bell_want (&bell, hb_clock_now () + HOUR);
  run (fixture->context);
  g_assert_cmpuint (n_polled, ==, n_before);
  hb_alarm_leave (&bell.alarm);
}

static void
test_past (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("An alarm whose deadline has passed is called once, after a few iterations");

  bell_want (&fixture->bells[0], in_past ());
  bell_want (&fixture->bells[1], hb_clock_now () + HOUR);
  n_polls = 0;
  run (fixture->context);
  g_assert_cmpuint (n_polls, <=, 5);
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 1);
  g_assert_cmpuint (fixture->bells[0].n_due, ==, 1);
  g_assert_cmpuint (fixture->bells[1].n_calls, ==, 0);
}

static void
test_rest (Fixture       *fixture,
           gconstpointer  data)
{
  guint i;

  g_test_summary ("Alarms that are not due are not called, even if their deadlines are queried "
                  "often");

  for (i = 0; i < N_BELLS; i++)
    {
      bell_want (&fixture->bells[i], hb_clock_now () + HOUR);
      g_assert_false (g_main_context_iteration (fixture->context, FALSE));
      hb_alarm_touch (&fixture->bells[0].alarm);
      g_assert_false (g_main_context_iteration (fixture->context, FALSE));
    }

  for (i = 0; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 0);
}

static void
test_early (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 now = hb_clock_now ();
  guint i;

  g_test_summary ("An alarm that may run early is called together with one that is due. Without a "
                  "due alarm, it is not called before its deadline.");

  for (i = 0; i < 2; i++)
    {
      fixture->bells[i].early = 2 * HOUR;
      bell_want (&fixture->bells[i], now + HOUR);
    }

  bell_want (&fixture->bells[2], now + HOUR);
  run (fixture->context);
  for (i = 0; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 0);

  bell_want (&fixture->bells[3], now - G_TIME_SPAN_SECOND);
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[0].n_acts, ==, 1);
  g_assert_cmpuint (fixture->bells[1].n_acts, ==, 1);
  g_assert_cmpuint (fixture->bells[0].n_due + fixture->bells[1].n_due, ==, 0);
  g_assert_cmpuint (fixture->bells[2].n_calls, ==, 0);
  g_assert_cmpuint (fixture->bells[3].n_due, ==, 1);
}

static void
test_taken_back (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A deadline that is postponed at the last moment is not handled");

  bell_want (&fixture->bells[0], in_past ());
  turn (fixture->context);
  bell_want (&fixture->bells[0], hb_clock_now () + HOUR);
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 0);
}

static gboolean
read_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  Bell *bell = user_data;
  char c;

  g_assert_cmpint (read (fd, &c, 1), ==, 1);
  g_assert_cmpuint (bell->n_calls, ==, 0);
  bell_want (bell, hb_clock_now () + HOUR);

  return G_SOURCE_REMOVE;
}

/* @data: whether the source of the pipe is dispatched before that of the alarms */
static void
test_socket_first (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GSource) source = NULL;
  int fds[2];
  guint i;

  g_test_summary ("If a descriptor of another source was readable when the deadline passed, it is "
                  "read before the deadline is handled");

  if (GPOINTER_TO_INT (data))
    leave_all (fixture->bells);

  g_assert_cmpint (pipe (fds), ==, 0);
  source = g_unix_fd_source_new (fds[0], G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (read_cb), &fixture->bells[0], NULL);
  g_source_attach (source, fixture->context);

  for (i = 0; GPOINTER_TO_INT (data) && i < N_BELLS; i++)
    hb_alarm_enter (&fixture->bells[i].alarm, fixture->context);

  bell_want (&fixture->bells[0], in_past ());
  g_assert_cmpint (write (fds[1], "!", 1), ==, 1);
  run (fixture->context);
  g_assert_true (g_source_is_destroyed (source));
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 0);
  close (fds[0]);
  close (fds[1]);
}

static void
run_nested (Bell *self)
{
  run (g_source_get_context (g_main_current_source ()));
  g_assert_cmpuint (self->bells[1].n_calls, ==, 1);
  g_assert_cmpuint (self->bells[2].n_calls, ==, 1);
  g_assert_cmpuint (self->bells[3].n_calls, ==, 1);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  gint64 first = in_past ();

  g_test_summary ("A main loop in a callback calls the other alarms that are due or have been "
                  "woken, and calls each of them once");

  fixture->bells[0].func = run_nested;
  bell_want (&fixture->bells[0], first);
  bell_want (&fixture->bells[1], first);
  bell_want (&fixture->bells[2], HB_AT_ONCE);
  hb_alarm_wake (&fixture->bells[3].alarm);
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 1);
  g_assert_cmpuint (fixture->bells[1].n_due, ==, 1);
  g_assert_cmpuint (fixture->bells[3].n_wakes, ==, 1);

  bell_want (&fixture->bells[3], HB_AT_ONCE);
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[3].n_calls, ==, 2);
  g_assert_cmpuint (fixture->bells[3].n_wakes, ==, 1);
}

static void
leave_and_enter (Bell *self)
{
  GMainContext *context = g_source_get_context (g_main_current_source ());

  leave_all (self);
  hb_alarm_enter (&self->bells[1].alarm, context);
}

static void
run_nested_and_leave (Bell *self)
{
  self->bells[1].func = leave_all;
  run (g_source_get_context (g_main_current_source ()));
}

/* A function that the callback of the first alarm calls while all alarms are due */
typedef struct
{
  const char *name;
  BellFunc    func;
  guint       n_calls; /* calls to the second alarm */
} Removal;

static const Removal removals[] = {
  { "all", leave_all, 0 },
  { "and-enter", leave_and_enter, 1 },
  { "nested", run_nested_and_leave, 1 },
};

static void
test_removal (Fixture       *fixture,
              gconstpointer  data)
{
  const Removal *row = data;
  gint64 first = in_past ();
  guint i;

  g_test_summary ("A callback may remove any alarm, including its own, and a removed alarm is not "
                  "called again");

  for (i = 0; i < N_BELLS; i++)
    bell_want (&fixture->bells[i], first + i);

  fixture->bells[0].func = row->func;
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 1);
  g_assert_cmpuint (fixture->bells[1].n_calls, ==, row->n_calls);
  for (i = 2; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 0);
}

/* Puts each alarm into a different state. */
static void
prepare_to_leave (Fixture *fixture)
{
  bell_want (&fixture->bells[0], hb_clock_now () + HOUR);
  bell_want (&fixture->bells[1], in_past ());
  turn (fixture->context);
  bell_want (&fixture->bells[2], HB_AT_ONCE);
  hb_alarm_wake (&fixture->bells[3].alarm);
}

static void
test_any_order (Fixture       *fixture,
                gconstpointer  data)
{
  guint n, i;

  g_test_summary ("Alarms may leave in any order and in any state, and may enter again");

  for (n = 0; n < N_BELLS * N_BELLS; n++)
    {
      prepare_to_leave (fixture);
      for (i = 0; i < N_BELLS; i++)
        hb_alarm_leave (&fixture->bells[(n + i * (1 + n / N_BELLS)) % N_BELLS].alarm);
      leave_all (fixture->bells);

      for (i = 0; i < N_BELLS; i++)
        {
          fixture->bells[i].wanted_at = HB_NEVER;
          hb_alarm_enter (&fixture->bells[i].alarm, fixture->context);
        }
    }

  for (i = 0; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 0);

  run (fixture->context);
}

static void
test_contexts (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GMainContext) other = g_main_context_new ();
  Bell bell = { .bells = NULL, .wanted_at = in_past () };

  g_test_summary ("An alarm is called only in its own context");

  hb_alarm_init (&bell.alarm, get_wanted, ring_cb, &bell);
  hb_alarm_enter (&bell.alarm, other);
  bell_want (&fixture->bells[0], in_past ());
  run (fixture->context);
  g_assert_cmpuint (fixture->bells[0].n_calls, ==, 1);
  g_assert_cmpuint (bell.n_calls, ==, 0);
  run (other);
  g_assert_cmpuint (bell.n_calls, ==, 1);
  hb_alarm_leave (&bell.alarm);
}

/* Only a leak checker can detect data that the context keeps. */
static void
test_never_iterated (Fixture       *fixture,
                     gconstpointer  data)
{
  guint i;

  g_test_summary ("A context that is never iterated keeps no data of alarms that have left");

  for (i = 0; i < 100; i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      Bell bell = { .bells = NULL, .wanted_at = in_past () };

      hb_alarm_init (&bell.alarm, get_wanted, ring_cb, &bell);
      hb_alarm_enter (&bell.alarm, context);
      hb_alarm_wake (&bell.alarm);
      hb_alarm_leave (&bell.alarm);
    }
}

/* Takes longer than the callbacks of all alarms may take in one iteration. */
static void
work (Bell *self)
{
  gint64 until = g_get_monotonic_time () + 5 * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < until)
    ;

  bell_want (self, HB_AT_ONCE);
}

static void
test_fair (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GSource) other = NULL;
  guint n_others = 0, i;

  g_test_summary ("Alarms whose callbacks take a long time are called in turn, and other sources "
                  "are dispatched in between");

  other = counter_attach (fixture->context, G_PRIORITY_DEFAULT, &n_others);

  for (i = 0; i < N_BELLS; i++)
    {
      fixture->bells[i].func = work;
      bell_want (&fixture->bells[i], HB_AT_ONCE);
    }

  for (i = 0; i < 3 * N_BELLS; i++)
    turn (fixture->context);

  for (i = 0; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 3);

  g_assert_cmpuint (n_others, ==, 3 * N_BELLS);
  g_source_destroy (other);
  for (i = 0; i < N_BELLS; i++)
    fixture->bells[i].func = NULL;
}

#define N_WAKES 1000

/* An alarm that another thread has woken @n_asked times. @n_seen is that number at the last
 * callback. */
typedef struct
{
  HbAlarm alarm;
  int     n_asked; /* (atomic) */
  int     n_seen;
} Sleeper;

static gint64
never (gpointer  user_data,
       gint64   *earliest)
{
  return HB_NEVER;
}

static void
see_cb (gpointer user_data)
{
  Sleeper *self = user_data;

  g_assert_true (self->alarm.was_woken);
  self->n_seen = g_atomic_int_get (&self->n_asked);
}

static gpointer
wake_thread (gpointer data)
{
  Sleeper *self = data;
  guint i;

  for (i = 0; i < N_WAKES; i++)
    {
      g_atomic_int_inc (&self->n_asked);
      hb_alarm_wake (&self->alarm);
    }

  return NULL;
}

static void
test_wake (Fixture       *fixture,
           gconstpointer  data)
{
  Sleeper sleepers[N_BELLS] = { 0 };
  GThread *threads[N_BELLS];
  guint i;

  g_test_summary ("An alarm that another thread wakes is called, even if its main loop is waiting "
                  "in a poll");

  for (i = 0; i < N_BELLS; i++)
    {
      hb_alarm_init (&sleepers[i].alarm, never, see_cb, &sleepers[i]);
      hb_alarm_enter (&sleepers[i].alarm, fixture->context);
      threads[i] = g_thread_new ("wake", wake_thread, &sleepers[i]);
    }

  for (i = 0; i < N_BELLS; i++)
    while (sleepers[i].n_seen < N_WAKES)
      g_main_context_iteration (fixture->context, TRUE);

  for (i = 0; i < N_BELLS; i++)
    {
      g_thread_join (threads[i]);
      hb_alarm_leave (&sleepers[i].alarm);
    }
}

static gpointer
live_in_thread (gpointer data)
{
  guint i;

  for (i = 0; i < 100; i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      Bell bells[2] = { { .wanted_at = in_past () }, { .wanted_at = HB_AT_ONCE } };
      guint j;

      for (j = 0; j < 2; j++)
        {
          hb_alarm_init (&bells[j].alarm, get_wanted, ring_cb, &bells[j]);
          hb_alarm_enter (&bells[j].alarm, context);
        }

      run (context);

      for (j = 0; j < 2; j++)
        {
          g_assert_cmpuint (bells[j].n_calls, ==, 1);
          hb_alarm_leave (&bells[j].alarm);
        }
    }

  return NULL;
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  GThread *threads[N_BELLS];
  guint i;

  g_test_summary ("Alarms in the contexts of several threads do not affect each other");

  for (i = 0; i < N_BELLS; i++)
    threads[i] = g_thread_new ("context", live_in_thread, NULL);

  for (i = 0; i < N_BELLS; i++)
    g_thread_join (threads[i]);
}

static gpointer
enter_and_leave (gpointer data)
{
  GMainContext *context = data;
  Bell bell = { .wanted_at = HB_NEVER };

  hb_alarm_init (&bell.alarm, get_wanted, ring_cb, &bell);
  hb_alarm_enter (&bell.alarm, context);
  hb_alarm_leave (&bell.alarm);

  return NULL;
}

static void
enter_from_outside (Bell *self)
{
  GMainContext *context = g_source_get_context (g_main_current_source ());

  g_thread_join (g_thread_new ("outside", enter_and_leave, context));
}

static void
test_other_thread_runs (Fixture       *fixture,
                        gconstpointer  data)
{
  guint i;

  g_test_summary ("If another thread adds an alarm to a running context and removes the alarm "
                  "again, the other alarms are still called");

  for (i = 0; i < N_BELLS; i++)
    bell_want (&fixture->bells[i], HB_AT_ONCE);

  fixture->bells[0].func = enter_from_outside;
  run (fixture->context);
  for (i = 0; i < N_BELLS; i++)
    g_assert_cmpuint (fixture->bells[i].n_calls, ==, 1);
}

#define add(path, function, data) \
  g_test_add ("/loop/schedule/" path, Fixture, data, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("one-source", test_one_source, NULL);
  add ("past", test_past, NULL);
  add ("rest", test_rest, NULL);
  add ("early", test_early, NULL);
  add ("taken-back", test_taken_back, NULL);
  add ("socket-first/after", test_socket_first, GINT_TO_POINTER (FALSE));
  add ("socket-first/before", test_socket_first, GINT_TO_POINTER (TRUE));
  add ("nested", test_nested, NULL);
  test_rows_add_with ("/loop/schedule/removal/", removals, Fixture, set_up,
                      test_removal, tear_down);
  add ("any-order", test_any_order, NULL);
  add ("contexts", test_contexts, NULL);
  add ("never-iterated", test_never_iterated, NULL);
  add ("other-thread-runs", test_other_thread_runs, NULL);
  add ("fair", test_fair, NULL);
  add ("wake", test_wake, NULL);
  add ("threads", test_threads, NULL);

  return g_test_run ();
}
