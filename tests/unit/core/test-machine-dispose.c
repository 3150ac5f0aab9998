/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

/* After disposal, the only effects are those that complete calls, and those that release the bytes
 * of messages, which the fixture does not log. */

static void
dispose (Fixture *fixture)
{
  hb_machine_dispose (&fixture->machine, fixture->now);
  g_assert_cmpint (hb_machine_get_attempt_at (&fixture->machine), ==, HB_NEVER);
  assert_state (fixture, HB_STATE_CLOSED);
  assert_deadline (fixture, -1);
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("Disposing of a machine that was never opened emits no signal, even if it is "
                  "done twice");

  dispose (fixture);
  dispose (fixture);

  assert_effects (fixture, "");
}

static void
test_connecting (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("Disposal ends an attempt without a signal, and open_async () fails");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  dispose (fixture);

  assert_effects (fixture, "resolve:failed:closed(open)");
}

static void
test_undrained (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "broken");
  HbLoss loss = { .code = 4000, .reason = "bye", .error = error };

  g_test_summary ("After disposal, pending signals are no longer emitted");

  start_open (fixture);
  receive (fixture, "hello");
  handle_lost (&fixture->machine, fixture->now, &loss);
  dispose (fixture);

  assert_effects (fixture, "");
  fixture->has_opened = FALSE;
}

static void
test_undrained_ticket (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("A call that had ended before disposal, but had not been reported yet, is "
                  "reported with its result");

  start_open (fixture);
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  dispose (fixture);

  assert_effects (fixture, "resolve:done(open)");
}

static void
test_open (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Disposal ends an open link without a signal, and pending calls fail");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_ticket (fixture, "handed", "first");
  drain (fixture);
  send_ticket (fixture, "queued", "second");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);
  dispose (fixture);

  assert_effects (fixture, "resolve:failed:closed(flush) resolve:failed:closed(first) "
                           "resolve:failed:closed(second)");
}

static void
test_flush (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Disposal makes a flush fail, even if all messages that the flush waits for were "
                  "only for the open link");

  fixture->holds_writes = TRUE;
  start_open (fixture);
  send_full (fixture, "text", HB_SEND_FLAGS_THIS_LINK, "send", NULL);
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  forget (fixture);
  dispose (fixture);

  assert_effects (fixture, "resolve:failed:not-open(send) resolve:failed:closed(flush)");
}

static void
test_waiting (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A task that is disposed of during a delay makes no further attempt");

  start_waiting (fixture);
  dispose (fixture);
  advance (fixture, 100000);

  assert_effects (fixture, "");
}

static void
test_closing (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If the task is disposed of while it is closing, close_async () completes "
                  "without an error");

  start_closing (fixture, "close");
  dispose (fixture);

  assert_effects (fixture, "resolve:done(close)");
}

static void
dispose_at_open_cb (Fixture    *fixture,
                    const char *effect)
{
  if (g_str_equal (effect, "open"))
    hb_machine_dispose (&fixture->machine, fixture->now);
}

static void
test_in_open (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("If a handler for `open` disposes of the task, pending calls fail, and no "
                  "message is sent");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  send_ticket (fixture, "queued", "send");
  forget (fixture);
  fixture->handler = dispose_at_open_cb;
  answer (fixture);

  assert_effects (fixture, OPENS " resolve:failed:closed(send) resolve:failed:closed(open)");
  assert_wire (fixture, "");
}

static void
dispose_at_close_cb (Fixture    *fixture,
                     const char *effect)
{
  if (g_str_equal (effect, "close:1006"))
    hb_machine_dispose (&fixture->machine, fixture->now);
}

static void
test_in_close (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Disposing of the task in a handler for `close` prevents `reconnect`");

  start_open (fixture);
  fixture->handler = dispose_at_close_cb;
  lose_link (fixture);

  assert_effects (fixture, LEAVES " close:1006");
}

static void
test_afterwards (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_test_summary ("After disposal, each call completes or fails, and no attempt starts");

  start_open (fixture);
  dispose (fixture);

  hb_machine_open (&fixture->machine, fixture->now, NULL);
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  reconnect_now (fixture);
  check (fixture);
  hb_machine_hold (&fixture->machine);
  g_assert_true (hb_machine_release (&fixture->machine, fixture->now));
  close_with (fixture, 1000, "close");
  g_assert_false (send_full (fixture, "late", HB_SEND_FLAGS_DEFAULT, "send", &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_CLOSED);
  g_assert_null (strstr (error->message, "open it"));
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  assert_takes_back (fixture, "");
  hb_machine_cancel (&fixture->machine, fixture->now, (gpointer) "nobody");

  assert_effects (fixture, "resolve:failed:closed(open) resolve:done(close) resolve:done(flush)");
  assert_state (fixture, HB_STATE_CLOSED);
}

static void
test_events (Fixture       *fixture,
             gconstpointer  data)
{
  HbLoss loss = { .code = 1006 };

  g_test_summary ("After disposal, no event of a link, of the network or of the clock has an "
                  "effect");

  start_open (fixture);
  dispose (fixture);

  handle_event (&fixture->machine, fixture->now, HB_EVENT_OPENED);
  receive (fixture, "late");
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  written (fixture, 1);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  handle_lost (&fixture->machine, fixture->now, &loss);
  change_network (fixture);
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
  hb_machine_on_greeted (&fixture->machine, fixture->machine.serial);

  assert_effects (fixture, "");
}

static void
assert_times (Fixture *fixture,
              gint64   uptime,
              gint64   downtime)
{
  g_autoptr (HbMetrics) metrics = hb_machine_get_metrics (&fixture->machine, fixture->now);

  g_assert_cmpint (hb_metrics_get_uptime (metrics), ==, uptime * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (hb_metrics_get_downtime (metrics), ==, downtime * G_TIME_SPAN_MILLISECOND);
}

static void
test_uptime (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("The uptime of the last link counts, and does not grow after disposal");

  start_open (fixture);
  advance (fixture, 3000);
  forget (fixture);
  dispose (fixture);
  advance (fixture, 60000);
  dispose (fixture);

  assert_times (fixture, 3000, 0);
}

static void
test_downtime (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("The downtime after a lost link counts, and does not grow after disposal");

  start_open (fixture);
  advance (fixture, 3000);
  lose_link (fixture);
  advance (fixture, 500);
  forget (fixture);
  dispose (fixture);
  advance (fixture, 60000);
  dispose (fixture);

  assert_times (fixture, 3000, 500);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/dispose/closed", test_closed);
  add_test ("/dispose/connecting", test_connecting);
  add_test ("/dispose/undrained", test_undrained);
  add_test ("/dispose/undrained-ticket", test_undrained_ticket);
  add_test ("/dispose/open", test_open);
  add_test ("/dispose/flush", test_flush);
  add_test ("/dispose/waiting", test_waiting);
  add_test ("/dispose/closing", test_closing);
  add_test ("/dispose/in-open", test_in_open);
  add_test ("/dispose/in-close", test_in_close);
  add_test ("/dispose/afterwards", test_afterwards);
  add_test ("/dispose/events", test_events);
  add_test ("/dispose/uptime", test_uptime);
  add_test ("/dispose/downtime", test_downtime);

  return g_test_run ();
}
