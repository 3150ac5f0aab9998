/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <time.h>

#include "eye.h"
#include "hand.h"
#include "message-log.h"

#define N_FLOOD 20000

/* The maximum CPU time between two frames during a flood of messages, in microseconds */
#define LONGEST_FRAME (250 * 1000)

typedef struct
{
  guint  n_frames;
  gint64 last;
  gint64 longest;
} FrameTimes;

/* Returns the CPU time of this thread in microseconds. Unlike wall-clock time, it does not grow
 * while this thread waits for a processor. */
static gint64
get_processor_time (void)
{
  struct timespec time;

  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time), ==, 0);

  return time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
}

static gboolean
measure_cb (GtkWidget     *widget,
            GdkFrameClock *clock,
            gpointer       user_data)
{
  FrameTimes *times = user_data;
  gint64 now = get_processor_time ();

  if (times->n_frames++ > 0)
    times->longest = MAX (times->longest, now - times->last);
  times->last = now;

  return G_SOURCE_CONTINUE;
}

static guint64
get_n_received (MonitorFixture *self)
{
  g_autoptr (HbMetrics) metrics = hb_websocket_task_get_metrics (self->task);

  return hb_metrics_get_messages_received (metrics);
}

static void
test_flood (MonitorFixture *self,
            gconstpointer   data)
{
  FrameTimes times = { 0 };
  gint64 start, processor_start;
  guint tick_id;

  hand_open (self);
  tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self->window), measure_cb, &times, NULL);
  start = g_get_monotonic_time ();
  processor_start = get_processor_time ();
  hand_flood (self, "wave", N_FLOOD);
  wait_until (get_n_received (self) == N_FLOOD);
  g_test_message ("%.0f messages and %.1f frames a second, %.1f ms of CPU time in a frame, "
                  "%.1f ms from one frame to the next at most",
                  N_FLOOD * 1e6 / (g_get_monotonic_time () - start),
                  times.n_frames * 1e6 / (g_get_monotonic_time () - start),
                  (get_processor_time () - processor_start) / 1000.0 / times.n_frames,
                  times.longest / 1000.0);
  wait_until (eye_lists (self, "wave 20000"));
  gtk_widget_remove_tick_callback (GTK_WIDGET (self->window), tick_id);

  g_assert_cmpuint (eye_get_n_rows (self), ==, MESSAGE_LOG_CAPACITY);
  g_assert_cmpstr (eye_get_text (self->received), ==, "20000");
  g_assert_cmpint (times.longest, <, LONGEST_FRAME);
}

static void
test_following (MonitorFixture *self,
                gconstpointer   data)
{
  GtkAdjustment *adjustment =
    gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller));

  hand_open (self);
  hand_flood (self, "first", 500);
  wait_until (eye_lists (self, "first 500"));
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (self->follow)));

  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) - 3000);
  eye_await_frame (self);
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (self->follow)));
  g_assert_false (eye_lists (self, "first 500"));

  hand_flood (self, "second", 500);
  wait_until (eye_get_n_rows (self) == 1000);
  eye_await_frame (self);
  g_assert_false (eye_lists (self, "second 500"));
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (self->follow)));

  hand_click (gtk_revealer_get_child (GTK_REVEALER (self->follow)));
  wait_until (eye_lists (self, "second 500"));
  hand_flood (self, "third", 10);
  wait_until (eye_lists (self, "third 10"));
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (self->follow)));

  /* A list that becomes smaller still follows the newest message. */
  hand_make_narrow (self);
  eye_await_frame (self);
  g_assert_false (gtk_revealer_get_reveal_child (GTK_REVEALER (self->follow)));
  wait_until (eye_lists (self, "third 10"));
}

static void
test_excerpt (MonitorFixture *self,
              gconstpointer   data)
{
  GString *text = g_string_new ("a");
  guint i;

  for (i = 0; i < 100; i++)
    g_string_append (text, "한");
  hand_open (self);
  hand_write (self, text->str);
  g_string_truncate (text, 1 + 79 * strlen ("한"));
  g_string_append (text, "…");
  wait_until (eye_lists (self, text->str));
  g_string_free (text, TRUE);
}

/* tear_down () of the fixture checks that the window frees the task. */
static void
test_close (MonitorFixture *self,
            gconstpointer   data)
{
  hand_open (self);
  hand_flood (self, "wave", 5000);
  wait_until (eye_get_n_rows (self) > 0);
  gtk_window_close (GTK_WINDOW (self->window));
}

/* tear_down () checks that the waiting message does not keep the task alive. */
static void
test_close_waiting (MonitorFixture *self,
                    gconstpointer   data)
{
  hand_write_in_vain (self);
  gtk_window_close (GTK_WINDOW (self->window));
}

int
main (int   argc,
      char *argv[])
{
  monitor_fixture_init (&argc, &argv);
  g_test_summary ("The list keeps up with a flood of messages, and follows the newest one unless "
                  "the user scrolls up. A closed window frees its task.");

  monitor_fixture_add ("/monitor/messages/flood", test_flood);
  monitor_fixture_add ("/monitor/messages/following", test_following);
  monitor_fixture_add ("/monitor/messages/excerpt", test_excerpt);
  monitor_fixture_add ("/monitor/messages/close", test_close);
  monitor_fixture_add ("/monitor/messages/close-waiting", test_close_waiting);

  return g_test_run ();
}
