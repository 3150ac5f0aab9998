/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#include <sys/socket.h>
#include <unistd.h>

#include "counter.h"
#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-time-private.h"
#include "hb-watch-private.h"

/* Most tests run with few watches and with many, because the context may poll many watches in
 * another way. */

#define N_PLUGS 5

/* The maximum number of iterations until the context is idle */
#define MAX_TURNS 5

typedef struct _Plug Plug;

typedef void (*PlugFunc) (Plug *self);

/* A pair of sockets, with a watch on the first */
struct _Plug
{
  HbWatch      *watch;
  Plug         *plugs;    /* the array of the test */
  PlugFunc      func;     /* (nullable) called in each callback */
  GMainContext *context;
  int           fds[2];   /* the second is -1 once closed */
  guint         n_calls;
  guint         n_in;     /* calls in which the socket was readable */
  GIOCondition  ready;    /* in the last call */
};

typedef struct
{
  GMainContext *context;
  Plug          plugs[N_PLUGS];
  Plug         *crowd;    /* other watches, whose sockets stay idle */
  guint         n_crowd;
} Fixture;

/* The number of descriptors in the last poll of the fixture's context */
static guint n_polled;

static gint
count_poll (GPollFD *fds,
            guint    n_fds,
            gint     timeout)
{
  n_polled = n_fds;

  return g_poll (fds, n_fds, timeout);
}

static void
plug_cb (GIOCondition ready,
         gpointer     user_data)
{
  Plug *self = user_data;

  g_assert_true (g_main_context_get_thread_default () == self->context);
  self->n_calls++;
  self->n_in += (ready & G_IO_IN) != 0;
  self->ready = ready;
  if (self->func != NULL)
    self->func (self);
}

static void
plug_open (Plug         *self,
           Plug         *plugs,
           GMainContext *context)
{
  self->plugs = plugs;
  self->context = context;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, self->fds), ==, 0);
  self->watch = hb_watch_new (self->fds[0], plug_cb, self);
  hb_watch_enter (self->watch, context);
}

static void
plug_close (Plug *self)
{
  hb_watch_leave (self->watch);
  hb_watch_unref (self->watch);
  close (self->fds[0]);
  if (self->fds[1] >= 0)
    close (self->fds[1]);
}

static void
plug_fill (Plug *self)
{
  g_assert_cmpint (write (self->fds[1], "!", 1), ==, 1);
}

static void
plug_drain (Plug *self)
{
  char c;

  g_assert_cmpint (read (self->fds[0], &c, 1), ==, 1);
}

static void
plug_hang_up (Plug *self)
{
  close (self->fds[1]);
  self->fds[1] = -1;
}

/* @data: the number of watches in the crowd */
static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  guint i;

  fixture->context = g_main_context_new ();
  g_main_context_set_poll_func (fixture->context, count_poll);

  for (i = 0; i < N_PLUGS; i++)
    plug_open (&fixture->plugs[i], fixture->plugs, fixture->context);

  fixture->n_crowd = GPOINTER_TO_UINT (data);
  fixture->crowd = g_new0 (Plug, fixture->n_crowd);
  for (i = 0; i < fixture->n_crowd; i++)
    {
      plug_open (&fixture->crowd[i], fixture->crowd, fixture->context);
      hb_watch_want (fixture->crowd[i].watch, G_IO_IN, TRUE);
    }
}

static void
turn (Fixture *fixture)
{
  g_main_context_iteration (fixture->context, FALSE);
}

/* Iterates until no source is ready. If the poll reported a condition that no watch wants, a source
 * would stay ready. */
static void
rest (Fixture *fixture)
{
  guint n;

  for (n = 0; g_main_context_iteration (fixture->context, FALSE); n++)
    g_assert_cmpuint (n, <, MAX_TURNS);
}

/* After all watches have left, the context polls only its own descriptor. */
static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  guint i;

  for (i = 0; i < N_PLUGS; i++)
    plug_close (&fixture->plugs[i]);

  for (i = 0; i < fixture->n_crowd; i++)
    {
      g_assert_cmpuint (fixture->crowd[i].n_calls, ==, 0);
      plug_close (&fixture->crowd[i]);
    }

  turn (fixture);
  g_assert_cmpuint (n_polled, <=, 1);
  g_main_context_unref (fixture->context);
  g_free (fixture->crowd);
}

static void
test_nothing_is_wanted (Fixture       *fixture,
                        gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("A ready socket causes no callback if the watch does not want the condition");

  plug_fill (plug);
  plug_hang_up (plug);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 0);
}

static void
test_in (Fixture       *fixture,
         gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("The callback of a readable socket runs in each iteration until the socket is "
                  "read, but only while the watch wants input");

  hb_watch_want (plug->watch, G_IO_IN, TRUE);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 0);
  plug_fill (plug);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
  g_assert_cmpuint (plug->ready, ==, G_IO_IN);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 2);

  hb_watch_want (plug->watch, G_IO_IN, FALSE);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 2);
  hb_watch_want (plug->watch, G_IO_IN, TRUE);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 3);

  plug_drain (plug);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 3);
}

static void
test_out (Fixture       *fixture,
          gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("The callback of a writable socket runs only while the watch wants output");

  hb_watch_want (plug->watch, G_IO_OUT, TRUE);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
  g_assert_cmpuint (plug->ready, ==, G_IO_OUT);
  hb_watch_want (plug->watch, G_IO_OUT, FALSE);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
}

static void
test_one_of_two (Fixture       *fixture,
                 gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("A watch that wants two conditions can stop wanting one of them");

  hb_watch_want (plug->watch, G_IO_IN | G_IO_OUT, TRUE);
  turn (fixture);
  g_assert_cmpuint (plug->ready, ==, G_IO_OUT);
  hb_watch_want (plug->watch, G_IO_OUT, FALSE);
  rest (fixture);
  plug_fill (plug);
  turn (fixture);
  g_assert_cmpuint (plug->ready, ==, G_IO_IN);
}

static void
test_end (Fixture       *fixture,
          gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("The end of a connection is reported as the condition that the watch wants");

  hb_watch_want (plug->watch, G_IO_OUT, TRUE);
  plug_hang_up (plug);
  turn (fixture);
  g_assert_cmpuint (plug->ready, ==, G_IO_OUT);
  hb_watch_want (plug->watch, G_IO_OUT, FALSE);
  rest (fixture);
  hb_watch_want (plug->watch, G_IO_IN, TRUE);
  turn (fixture);
  g_assert_cmpuint (plug->ready, ==, G_IO_IN);
}

static void
test_wake (Fixture       *fixture,
           gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("The callback of a woken watch runs once, in the next iteration");

  hb_watch_wake (plug->watch);
  hb_watch_wake (plug->watch);
  g_assert_cmpuint (plug->n_calls, ==, 0);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
  g_assert_cmpuint (plug->ready, ==, 0);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
}

static void
test_turn (Fixture       *fixture,
           gconstpointer  data)
{
  HbWatch *watch = fixture->plugs[0].watch;
  guint before = hb_watch_get_turn (watch);

  g_test_summary ("hb_watch_get_turn () returns a number that changes with each iteration, or 0 if "
                  "the watch belongs to no context");

  g_assert_cmpuint (before, !=, 0);
  turn (fixture);
  g_assert_cmpuint (hb_watch_get_turn (watch), !=, before);
  hb_watch_leave (watch);
  g_assert_cmpuint (hb_watch_get_turn (watch), ==, 0);
}

static void
test_left (Fixture       *fixture,
           gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];

  g_test_summary ("A watch that has left its context is never called, and may enter again");

  hb_watch_want (plug->watch, G_IO_IN, TRUE);
  plug_fill (plug);
  hb_watch_wake (plug->watch);
  hb_watch_leave (plug->watch);
  hb_watch_leave (plug->watch);
  hb_watch_want (plug->watch, G_IO_OUT, TRUE);
  hb_watch_wake (plug->watch);
  rest (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 0);

  hb_watch_enter (plug->watch, fixture->context);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 1);
  g_assert_cmpuint (plug->ready, ==, G_IO_IN | G_IO_OUT);
}

static void
test_few_descriptors (Fixture       *fixture,
                      gconstpointer  data)
{
  guint i;

  g_test_summary ("The context polls few descriptors even with many watches, if the system has "
                  "epoll");

  for (i = 0; i < N_PLUGS; i++)
    hb_watch_want (fixture->plugs[i].watch, G_IO_IN, TRUE);

#ifndef HAVE_EPOLL
  if (fixture->n_crowd > 0)
    {
      g_test_skip ("needs epoll_create1()");
      return;
    }
#endif

  turn (fixture);
  g_assert_cmpuint (n_polled, <=, N_PLUGS + 3);
}

static void
run_nested (Plug *self)
{
  guint i;

  hb_watch_want (self->watch, G_IO_IN, FALSE);
  while (g_main_context_iteration (self->context, FALSE))
    ;

  for (i = 1; i < N_PLUGS; i++)
    g_assert_cmpuint (self->plugs[i].n_calls, ==, 1);
}

static void
fill_all (Fixture *fixture)
{
  guint i;

  for (i = 0; i < N_PLUGS; i++)
    {
      fixture->plugs[i].func = plug_drain;
      hb_watch_want (fixture->plugs[i].watch, G_IO_IN, TRUE);
      plug_fill (&fixture->plugs[i]);
    }
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  guint i;

  g_test_summary ("A main loop in the callback of one watch calls each of the other watches once, "
                  "although all were ready at the same time");

  fill_all (fixture);
  fixture->plugs[0].func = run_nested;
  hb_watch_wake (fixture->plugs[0].watch);
  rest (fixture);
  for (i = 0; i < N_PLUGS; i++)
    g_assert_cmpuint (fixture->plugs[i].n_calls, ==, 1);
}

static void
leave_all (Plug *self)
{
  guint i;

  for (i = 0; i < N_PLUGS; i++)
    hb_watch_leave (self->plugs[i].watch);
}

static void
leave_and_enter (Plug *self)
{
  leave_all (self);
  plug_drain (&self->plugs[1]);
  hb_watch_enter (self->plugs[1].watch, self->context);
}

static void
run_nested_and_leave (Plug *self)
{
  hb_watch_want (self->watch, G_IO_IN, FALSE);
  self->plugs[1].func = leave_all;
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

/* A function that the callback of the first watch calls while all of fixture->plugs are readable */
typedef struct
{
  const char *name;
  PlugFunc    func;
  guint       n_calls; /* calls to the second watch */
} Removal;

static const Removal removals[] = {
  { "all", leave_all, 0 },
  { "and-enter", leave_and_enter, 0 },
  { "nested", run_nested_and_leave, 1 },
};

static void
test_removal (Fixture       *fixture,
              gconstpointer  data)
{
  guint i, j;

  g_test_summary ("A callback may remove any watch, including its own, and a removed watch is not "
                  "called again");

  for (i = 0; i < G_N_ELEMENTS (removals); i++)
    {
      for (j = 0; j < N_PLUGS; j++)
        {
          plug_close (&fixture->plugs[j]);
          fixture->plugs[j] = (Plug) { .fds = { 0 } };
          plug_open (&fixture->plugs[j], fixture->plugs, fixture->context);
        }

      fill_all (fixture);
      fixture->plugs[0].func = removals[i].func;
      hb_watch_wake (fixture->plugs[0].watch);
      hb_watch_wake (fixture->plugs[1].watch);
      rest (fixture);
      g_assert_cmpuint (fixture->plugs[0].n_calls, ==, 1);
      g_assert_cmpuint (fixture->plugs[1].n_calls, ==, removals[i].n_calls);
      for (j = 2; j < N_PLUGS; j++)
        g_assert_cmpuint (fixture->plugs[j].n_calls, ==, 0);
    }
}

/* Takes longer than the callbacks of all watches may take in one iteration. */
static void
work (Plug *self)
{
  gint64 until = g_get_monotonic_time () + 5 * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < until)
    ;
}

static void
test_fair (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GSource) other = NULL;
  guint n_others = 0, i;

  g_test_summary ("Watches whose callbacks take a long time are called in turn, and other sources "
                  "are dispatched in between");

  other = counter_attach (fixture->context, G_PRIORITY_DEFAULT, &n_others);

  fill_all (fixture);
  for (i = 0; i < N_PLUGS; i++)
    fixture->plugs[i].func = work;

  for (i = 0; i < 3 * N_PLUGS; i++)
    turn (fixture);

  for (i = 0; i < N_PLUGS; i++)
    g_assert_cmpuint (fixture->plugs[i].n_calls, ==, 3);

  g_assert_cmpuint (n_others, ==, 3 * N_PLUGS);
  g_source_destroy (other);
}

/* A deadline that has passed, and the sockets that must be read before it is handled */
typedef struct
{
  HbAlarm  alarm;
  Plug    *plugs;
  gint64   at;
} Deadline;

static gint64
get_deadline (gpointer  user_data,
              gint64   *earliest)
{
  return ((Deadline *) user_data)->at;
}

static void
deadline_cb (gpointer user_data)
{
  Deadline *self = user_data;
  guint i;

  for (i = 0; i < N_PLUGS; i++)
    g_assert_cmpuint (self->plugs[i].n_calls, >, 0);

  self->at = HB_NEVER;
}

static void
work_and_drain (Plug *self)
{
  work (self);
  plug_drain (self);
}

static void
test_before_deadline (Fixture       *fixture,
                      gconstpointer  data)
{
  Deadline deadline = { .plugs = fixture->plugs, .at = hb_clock_now () - G_TIME_SPAN_SECOND };
  guint i, n;

  g_test_summary ("All sockets that were readable when a deadline passed are read before it is "
                  "handled, even if this takes several iterations");

  hb_alarm_init (&deadline.alarm, get_deadline, deadline_cb, &deadline);
  hb_alarm_enter (&deadline.alarm, fixture->context);
  fill_all (fixture);
  for (i = 0; i < N_PLUGS; i++)
    fixture->plugs[i].func = work_and_drain;

  for (n = 0; deadline.at != HB_NEVER; n++)
    {
      g_assert_cmpuint (n, <, 4 * N_PLUGS);
      turn (fixture);
    }

  hb_alarm_leave (&deadline.alarm);
}

#define N_STEPS 2000

static void
change_one (Plug *self)
{
  switch (g_test_rand_int_range (0, 4))
    {
    case 0:
      hb_watch_want (self->watch, G_IO_IN, TRUE);
      break;
    case 1:
      hb_watch_want (self->watch, G_IO_IN, FALSE);
      break;
    case 2:
      hb_watch_leave (self->watch);
      break;
    default:
      hb_watch_leave (self->watch);
      hb_watch_enter (self->watch, self->context);
    }
}

static void
change_any (Plug *self)
{
  change_one (&self->plugs[g_test_rand_int_range (0, N_PLUGS)]);
  if (g_test_rand_int_range (0, 8) == 0)
    while (g_main_context_iteration (self->context, FALSE))
      if (g_test_rand_bit ())
        break;
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  guint step, i;

  g_test_summary ("After any sequence of changes to watches, a watch is called if and only if a "
                  "condition that it wants is ready");

  for (i = 0; i < N_PLUGS; i++)
    plug_fill (&fixture->plugs[i]);

  for (step = 0; step < N_STEPS; step++)
    {
      gboolean is_quiet = g_test_rand_bit ();

      for (i = 0; i < N_PLUGS; i++)
        {
          change_one (&fixture->plugs[i]);
          fixture->plugs[i].func = is_quiet ? NULL : change_any;
          fixture->plugs[i].n_in = 0;
        }

      /* On a slow computer, an iteration may handle only one watch. */
      for (i = 0; i < (is_quiet ? N_PLUGS : 1); i++)
        turn (fixture);

      for (i = 0; is_quiet && i < N_PLUGS; i++)
        {
          HbWatch *watch = fixture->plugs[i].watch;
          gboolean is_expected = watch->schedule != NULL && (watch->wanted & G_IO_IN) != 0;

          g_assert_cmpint (fixture->plugs[i].n_in > 0, ==, is_expected);
        }
    }
}

/* Opens the plugs one by one. After each, checks the plug in the middle of those that are open. */
static void
open_and_fill (Fixture *fixture,
               Plug    *plugs,
               guint    n_plugs)
{
  guint i;

  for (i = 0; i < n_plugs; i++)
    {
      plug_open (&plugs[i], plugs, fixture->context);
      plugs[i].func = plug_drain;
      hb_watch_want (plugs[i].watch, G_IO_IN, TRUE);
      plug_fill (&plugs[i / 2]);
      turn (fixture);
      g_assert_cmpuint (plugs[i / 2].n_calls, ==, 1 + i % 2);
    }
}

static void
test_grow_and_shrink (Fixture       *fixture,
                      gconstpointer  data)
{
  Plug plugs[200] = { 0 };
  guint round, i;

  g_test_summary ("No socket is forgotten when the number of watches grows and shrinks repeatedly");

  for (round = 0; round < 2; round++)
    {
      open_and_fill (fixture, plugs, G_N_ELEMENTS (plugs));

      for (i = 0; i < G_N_ELEMENTS (plugs); i++)
        {
          Plug *last = &plugs[G_N_ELEMENTS (plugs) - 1];
          guint n_before = last->n_calls;

          plug_fill (last);
          rest (fixture);
          g_assert_cmpuint (last->n_calls, ==, n_before + 1);
          plug_close (&plugs[i]);
          plugs[i].n_calls = 0;
        }
    }
}

static void
test_closed_early (Fixture       *fixture,
                   gconstpointer  data)
{
  Plug *plug = &fixture->plugs[0];
  int copy = dup (plug->fds[0]);

  g_test_summary ("A watch that has left is not called, even if the program has closed its socket "
                  "by mistake and a copy of the socket, for example in a child process, is open");

  hb_watch_want (plug->watch, G_IO_IN, TRUE);
  close (plug->fds[0]);
  plug->fds[0] = copy;
  hb_watch_leave (plug->watch);
  plug_fill (plug);
  turn (fixture);
  g_assert_cmpuint (plug->n_calls, ==, 0);
}

#ifdef CAN_WRAP_EPOLL

/* With the linker's option --wrap, calls to epoll_ctl () reach __wrap_epoll_ctl (), and
 * __real_epoll_ctl () is the function of the C library. */
int __real_epoll_ctl (int                 set,
                      int                 operation,
                      int                 fd,
                      struct epoll_event *event);
int __wrap_epoll_ctl (int                 set,
                      int                 operation,
                      int                 fd,
                      struct epoll_event *event);

/* The number of sockets that can still be added to epoll sets */
static int n_left = G_MAXINT;

int
__wrap_epoll_ctl (int                 set,
                  int                 operation,
                  int                 fd,
                  struct epoll_event *event)
{
  if (operation == EPOLL_CTL_ADD && g_atomic_int_add (&n_left, -1) <= 0)
    {
      errno = ENOSPC;
      return -1;
    }

  return __real_epoll_ctl (set, operation, fd, event);
}

/* @data: the number of sockets that __wrap_epoll_ctl () adds before it fails */
static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  Plug plugs[100] = { 0 };
  guint i;

  g_test_summary ("If the kernel refuses to add a socket to an epoll set, the context polls all "
                  "sockets itself, and misses none");

  g_atomic_int_set (&n_left, GPOINTER_TO_INT (data));
  open_and_fill (fixture, plugs, G_N_ELEMENTS (plugs));

  turn (fixture);
  g_assert_cmpuint (n_polled, >=, G_N_ELEMENTS (plugs));
  for (i = 0; i < G_N_ELEMENTS (plugs); i++)
    plug_close (&plugs[i]);

  g_atomic_int_set (&n_left, G_MAXINT);
}

/* Makes no crowd, because @data has a different meaning in test_refused (). */
static void
set_up_alone (Fixture       *fixture,
              gconstpointer  data)
{
  set_up (fixture, GUINT_TO_POINTER (0));
}

#endif

/* Only a leak checker can detect data that the context keeps. */
static void
test_never_iterated (Fixture       *fixture,
                     gconstpointer  data)
{
  guint i;

  g_test_summary ("A context that is never iterated keeps no data of watches that have left");

  for (i = 0; i < 100; i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      Plug plug = { .fds = { 0 } };

      plug_open (&plug, &plug, context);
      hb_watch_want (plug.watch, G_IO_IN, TRUE);
      hb_watch_wake (plug.watch);
      plug_close (&plug);
    }
}

static gpointer
live_in_thread (gpointer data)
{
  guint i, j;

  for (i = 0; i < 20; i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      Plug plugs[80] = { 0 };

      for (j = 0; j < G_N_ELEMENTS (plugs); j++)
        {
          plug_open (&plugs[j], plugs, context);
          plugs[j].func = plug_drain;
          hb_watch_want (plugs[j].watch, G_IO_IN, TRUE);
          plug_fill (&plugs[j]);
        }

      while (g_main_context_iteration (context, FALSE))
        ;

      for (j = 0; j < G_N_ELEMENTS (plugs); j++)
        {
          g_assert_cmpuint (plugs[j].n_calls, ==, 1);
          plug_close (&plugs[j]);
        }
    }

  return NULL;
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  GThread *threads[3];
  guint i;

  g_test_summary ("Watches in the contexts of several threads do not affect each other");

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("context", live_in_thread, NULL);

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

#define add_with(path, function, n) \
  g_test_add ("/loop/watch/" path, Fixture, GUINT_TO_POINTER (n), set_up, function, tear_down)
#define add(path, function) \
  add_with ("few/" path, function, 0); \
  add_with ("many/" path, function, 100)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("nothing-is-wanted", test_nothing_is_wanted);
  add ("in", test_in);
  add ("out", test_out);
  add ("one-of-two", test_one_of_two);
  add ("end", test_end);
  add ("wake", test_wake);
  add ("turn", test_turn);
  add ("left", test_left);
  add ("few-descriptors", test_few_descriptors);
  add ("nested", test_nested);
  add ("removal", test_removal);
  add ("fair", test_fair);
  add ("before-deadline", test_before_deadline);
  add ("random", test_random);
  add ("closed-early", test_closed_early);
  add_with ("grow-and-shrink", test_grow_and_shrink, 0);
#ifdef CAN_WRAP_EPOLL
  g_test_add ("/loop/watch/refused/first", Fixture, GINT_TO_POINTER (0), set_up_alone,
              test_refused, tear_down);
  g_test_add ("/loop/watch/refused/later", Fixture, GINT_TO_POINTER (60), set_up_alone,
              test_refused, tear_down);
#endif

  add_with ("never-iterated", test_never_iterated, 0);
  add_with ("threads", test_threads, 0);

  return g_test_run ();
}
