/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-private.h"
#include "hb-time-private.h"
#include "test-clock.h"

/* An alarm rings when its callback is called. Each case runs with a timer of the kernel, and with
 * the loop's own timeout, as on a system without timerfd. */

#define N_ALARMS 100
#define WAIT     (15 * G_TIME_SPAN_SECOND)
#define SPREAD   (10 * G_TIME_SPAN_MILLISECOND)

/* The maximum delay of a callback after its deadline */
#define MAX_LATENESS (125 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  HbAlarm alarm;
  gint64  wanted_at;
  gint64  early;    /* how much earlier than wanted_at the callback may be called */
  gint64  rang_at;  /* HB_NEVER until a call that is not too early */
  gint64  late;     /* the delay of that call after wanted_at, negative if it was early */
  guint   n_calls;  /* calls to the callback, whether due or not */
} Bell;

static gint64
when_wanted (gpointer  user_data,
             gint64   *earliest)
{
  Bell *self = user_data;

  if (earliest != NULL)
    *earliest = self->wanted_at - self->early;

  return self->wanted_at;
}

static void
ring_cb (gpointer user_data)
{
  Bell *self = user_data;

  self->n_calls++;
  hb_alarm_touch (&self->alarm);

  if (self->wanted_at - self->early <= test_clock_get_now ())
    {
      g_assert_true (self->alarm.may_act == (self->wanted_at != HB_AT_ONCE));
      g_assert_false (self->alarm.is_due && self->wanted_at == HB_AT_ONCE);
      g_assert_false (self->alarm.is_due && self->wanted_at > test_clock_get_now ());
      self->rang_at = test_clock_get_now ();
      self->late = self->wanted_at == HB_AT_ONCE ? 0 : self->rang_at - self->wanted_at;
      self->wanted_at = HB_NEVER;
    }
}

static void
bell_want (Bell   *self,
           gint64  wanted_at)
{
  self->wanted_at = wanted_at;
  self->rang_at = HB_NEVER;
  self->n_calls = 0;
  hb_alarm_touch (&self->alarm);
}

/* @data: whether the system has no timerfd */
static void
bell_init (Bell          *self,
           GMainContext  *context,
           gconstpointer  data)
{
  test_clock_set_without (GPOINTER_TO_INT (data));
  self->early = 0;
  hb_alarm_init (&self->alarm, when_wanted, ring_cb, self);
  hb_alarm_enter (&self->alarm, context);
  bell_want (self, HB_NEVER);
}

static void
bell_clear (Bell *self)
{
  hb_alarm_leave (&self->alarm);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bell, bell_clear)

static void
run (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

static void
jump (GMainContext *context,
      gint64        milliseconds)
{
  test_clock_jump (milliseconds);
  run (context);
}

static void
test_never_early (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gint64 waits[] = { 1, 10, 100, 1000, 20000 };
  g_auto (Bell) bell = { 0 };
  guint i;

  g_test_summary ("An alarm that must not ring early never does. Its delay is at most a 64th of "
                  "the wait, and at most an eighth of a second");
  bell_init (&bell, context, data);

  for (i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      gint64 wait = waits[i] * G_TIME_SPAN_MILLISECOND;
      gint64 wanted_at = test_clock_get_now () + wait;
      gint64 lateness = MIN (wait / 64, MAX_LATENESS);

      bell_want (&bell, wanted_at);
      run (context);
      while (bell.rang_at == HB_NEVER && test_clock_get_now () <= wanted_at + MAX_LATENESS)
        jump (context, 1);

      g_assert_cmpint (bell.rang_at, >=, wanted_at);
      g_assert_cmpint (bell.rang_at, <=, wanted_at + lateness + G_TIME_SPAN_MILLISECOND);
    }
}

static void
test_together (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GHashTable) moments = g_hash_table_new (g_int64_hash, g_int64_equal);
  gint64 begin = test_clock_get_now () + WAIT;
  gint64 end = begin + N_ALARMS * SPREAD;
  Bell bells[N_ALARMS];
  guint i;

  g_test_summary ("Alarms whose times differ only slightly ring together");

  for (i = 0; i < N_ALARMS; i++)
    {
      bell_init (&bells[i], context, data);
      bell_want (&bells[i], begin + i * SPREAD);
    }

  run (context);
  jump (context, WAIT / G_TIME_SPAN_MILLISECOND);
  while (test_clock_get_now () <= end + MAX_LATENESS)
    jump (context, 1);

  for (i = 0; i < N_ALARMS; i++)
    {
      g_assert_cmpint (bells[i].rang_at, !=, HB_NEVER);
      g_hash_table_add (moments, &bells[i].rang_at);
    }

  /* Alarms ring at the points of a grid, which are at least half of MAX_LATENESS apart. */
  g_assert_cmpuint (g_hash_table_size (moments), <=, (end - begin) / (MAX_LATENESS / 2) + 1);

  for (i = 0; i < N_ALARMS; i++)
    bell_clear (&bells[i]);
}

#define N_HERD 1000
#define EARLY  (937 * G_TIME_SPAN_MILLISECOND)
#define ROUNDS 4

static void
test_early_together (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree Bell *bells = g_new0 (Bell, N_HERD);
  gint64 start = test_clock_get_now ();
  gint64 last = 0;
  guint n_moments = 0;
  guint i;

  g_test_summary ("Many alarms that may ring early wake the loop together, and each rings within "
                  "its limits");

  for (i = 0; i < N_HERD; i++)
    {
      bell_init (&bells[i], context, data);
      bell_want (&bells[i], start + WAIT + i * WAIT / N_HERD);
      bells[i].early = EARLY;
    }

  while (test_clock_get_now () < start + (ROUNDS + 1) * WAIT)
    {
      jump (context, 5);

      for (i = 0; i < N_HERD; i++)
        if (bells[i].rang_at == test_clock_get_now ())
          {
            n_moments += last != bells[i].rang_at;
            last = bells[i].rang_at;
            g_assert_cmpint (bells[i].late, <=, MAX_LATENESS + 5 * G_TIME_SPAN_MILLISECOND);
            g_assert_cmpint (bells[i].late, >=, -EARLY);
            bell_want (&bells[i], last + WAIT);
          }
    }

  g_assert_cmpuint (n_moments, <=, ROUNDS * (WAIT / EARLY + 1));
  g_assert_cmpuint (n_moments, >=, ROUNDS);

  for (i = 0; i < N_HERD; i++)
    bell_clear (&bells[i]);
}

static void
test_sooner (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gint64 now = test_clock_get_now ();
  g_auto (Bell) bell = { 0 };

  g_test_summary ("An alarm that is set to an earlier time rings at that time");
  bell_init (&bell, context, data);
  bell_want (&bell, now + WAIT);
  run (context);

  bell_want (&bell, now + G_TIME_SPAN_SECOND);
  run (context);
  jump (context, 999);
  g_assert_cmpint (bell.rang_at, ==, HB_NEVER);
  jump (context, 1 + 1000 / 64 + 1);
  g_assert_cmpint (bell.rang_at, ==, test_clock_get_now ());
}

static void
test_later (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gint64 now = test_clock_get_now ();
  g_auto (Bell) bell = { 0 };

  g_test_summary ("An alarm that is set to a later time rings only at that time");
  bell_init (&bell, context, data);
  bell_want (&bell, now + G_TIME_SPAN_SECOND);
  run (context);

  bell_want (&bell, now + WAIT);
  run (context);
  jump (context, 2000);
  jump (context, WAIT / G_TIME_SPAN_MILLISECOND - 2000 - 1);
  g_assert_cmpuint (bell.n_calls, ==, 0);
  jump (context, 1 + MAX_LATENESS / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (bell.n_calls, ==, 1);
  g_assert_cmpint (bell.rang_at, ==, test_clock_get_now ());
}

static void
test_at_once (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (Bell) bell = { 0 };

  g_test_summary ("An alarm that is set to HB_AT_ONCE rings in the next iteration");
  bell_init (&bell, context, data);
  bell_want (&bell, test_clock_get_now () + WAIT);
  run (context);

  bell_want (&bell, HB_AT_ONCE);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpint (bell.rang_at, ==, test_clock_get_now ());
}

static void
test_taken_back (gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (Bell) bell = { 0 };

  g_test_summary ("An alarm that is set to HB_NEVER does not ring");
  bell_init (&bell, context, data);
  bell_want (&bell, test_clock_get_now () + WAIT);
  run (context);

  bell_want (&bell, HB_NEVER);
  run (context);
  jump (context, 3600 * 1000);

  g_assert_cmpint (bell.rang_at, ==, HB_NEVER);
}

#define add_test(name, function) \
  g_test_add_data_func ("/loopback/alarm/" name "/timer", GINT_TO_POINTER (FALSE), function); \
  g_test_add_data_func ("/loopback/alarm/" name "/loop", GINT_TO_POINTER (TRUE), function)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("never-early", test_never_early);
  add_test ("together", test_together);
  add_test ("early-together", test_early_together);
  add_test ("sooner", test_sooner);
  add_test ("later", test_later);
  add_test ("at-once", test_at_once);
  add_test ("taken-back", test_taken_back);

  return g_test_run ();
}
