/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "machine-fixture.h"
#include "machine-events.h"

static void
test_loss (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "broken");
  HbLoss loss = { .code = 1006, .error = error };

  g_test_summary ("A lost link is dropped, then the state changes, and then `error`, `close` and "
                  "`reconnect` are emitted");

  start_open (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_state (fixture, HB_STATE_WAITING);
  assert_effects (fixture, LEAVES " notify:last-error error:handshake close:1006 notify:attempt "
                           "notify:reconnect-at reconnect:1:2000");
}

static void
test_loss_by_server (Fixture       *fixture,
                     gconstpointer  data)
{
  HbLoss loss = { .code = 1001, .reason = "going away", .by_peer = TRUE };

  g_test_summary ("If the server closes the link, `close` passes the code and the reason, no error "
                  "is emitted, and an attempt follows");

  start_open (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, LEAVES " close:1001 notify:attempt notify:reconnect-at "
                           "reconnect:1:2000");
  g_assert_cmpstr (fixture->close_reason, ==, "going away");
}

static void
test_loss_connecting (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "404");
  HbLoss loss = { .code = 1006, .error = error, .http_status = 404 };

  g_test_summary ("A failed attempt emits no `close`, because no link was open");

  start (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_effects (fixture, "drop notify:state notify:http-status notify:last-error "
                           "error:handshake notify:attempt notify:reconnect-at reconnect:1:2000");
  g_assert_cmpuint (fixture->machine.http_status, ==, 404);
}

static void
test_loss_too_big (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG, "too big");
  HbLoss loss = { .code = 1009, .error = error };

  g_test_summary ("A received message that is too big closes the task, because the next link would "
                  "probably end in the same way");

  start_open (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_state (fixture, HB_STATE_CLOSED);
  assert_effects (fixture, LEAVES " notify:last-error error:message-too-big close:1009");
  assert_deadline (fixture, -1);
}

static void
test_permanent (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, "not ws");
  HbLoss loss = { .code = 1006, .error = error, .http_status = 501, .is_permanent = TRUE };

  g_test_summary ("A failure that every attempt would repeat closes the task, whatever "
                  "repeat-limit is");

  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  forget (fixture);
  handle_lost (&fixture->machine, fixture->now, &loss);

  assert_state (fixture, HB_STATE_CLOSED);
  assert_effects (fixture, "drop notify:state notify:http-status notify:last-error "
                           "error:handshake resolve:failed:handshake(open)");
  assert_deadline (fixture, -1);
}

static void
lose_at_open_cb (Fixture    *fixture,
                 const char *effect)
{
  g_autoptr (GError) error = g_error_new_literal (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG, "too big");
  HbLoss loss = { .code = 1009, .error = error };

  if (g_str_equal (effect, "open"))
    handle_lost (&fixture->machine, fixture->now, &loss);
}

static void
test_loss_too_big_waiters (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("If a received message is too big, all calls that wait fail with "
                  "HB_ERROR_MESSAGE_TOO_BIG, even if `open` is still being emitted");

  fixture->handler = lose_at_open_cb;
  hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
  send_ticket (fixture, "one", "send");
  hb_machine_flush (&fixture->machine, (gpointer) "flush");
  drain (fixture);
  forget (fixture);
  answer (fixture);

  assert_effects (fixture, OPENS " " LEAVES " notify:buffered-amount notify:last-error "
                           "error:message-too-big error:closed close:1009 "
                           "resolve:failed:message-too-big(flush) "
                           "resolve:failed:message-too-big(send) notify:buffered-amount "
                           "resolve:failed:message-too-big(open)");
}

static void
test_last_error (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("last-error is the error with which the last attempt or link ended. The property "
                  "is reset when a link opens.");

  start (fixture);
  advance (fixture, 10000);
  g_assert_error (fixture->machine.last_error, HB_ERROR, HB_ERROR_CONNECT_TIMEOUT);
  advance (fixture, 2000);
  forget (fixture);
  answer (fixture);
  assert_effects (fixture, "notify:state notify:ready notify:http-status notify:last-error "
                           "notify:connection notify:protocol open");
  g_assert_no_error (fixture->machine.last_error);

  lose_by_peer (fixture, 1001, FALSE);
  forget (fixture);
  g_assert_no_error (fixture->machine.last_error);
  fixture->machine.settings.repeat_limit = 2;
  advance (fixture, 2000 + 10000);
  g_assert_error (fixture->machine.last_error, HB_ERROR, HB_ERROR_REPEAT_LIMIT);
  g_assert_cmpstr (fixture->machine.last_error->message, ==,
                   "Gave up after 2 attempts to reconnect: No WebSocket was open after 10000 ms");
  forget (fixture);
}

/* A call that ends an attempt after an earlier attempt has timed out */
typedef struct
{
  const char *name;
  void      (*call) (HbMachine *self,
                     gint64     now);
  gboolean    is_failure; /* the attempt counts as failed */
} AttemptEnd;

static void
close_now (HbMachine *self,
           gint64     now)
{
  g_assert_true (hb_machine_close (self, now, 1000, NULL, NULL, NULL));
}

static const AttemptEnd attempt_ends[] = {
  { "reconnect-later", hb_machine_reconnect_later, TRUE },
  { "reconnect-now", hb_machine_reconnect_now, FALSE },
  { "close", close_now, FALSE },
};

static void
test_last_error_of_attempt (Fixture       *fixture,
                            gconstpointer  data)
{
  const AttemptEnd *row = data;

  g_test_summary ("An attempt that the application makes fail has no error. If the application "
                  "ends an attempt in another way, last-error is not changed.");

  start (fixture);
  advance (fixture, 10000 + 2000);
  forget (fixture);
  row->call (&fixture->machine, fixture->now);
  g_assert_true ((fixture->machine.last_error == NULL) == row->is_failure);
  drain (fixture);
  g_assert_true ((strstr (fixture->log->str, "notify:last-error") != NULL) == row->is_failure);

  fixture->machine.settings.repeat_limit = 1;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  g_assert_true (g_error_matches (fixture->machine.last_error, HB_ERROR, HB_ERROR_REPEAT_LIMIT)
                 == row->is_failure);
  if (row->is_failure)
    g_assert_cmpstr (fixture->machine.last_error->message, ==,
                     "Gave up after 1 attempt to reconnect: "
                     "the application dropped the connection");
  forget (fixture);
}

/* The end of the only link of a task */
typedef struct
{
  const char *name;
  guint       code;
  gboolean    is_later; /* repeat-limit is set after the end */
  const char *says;     /* a part of the error's message, NULL if no error is emitted */
} OnlyEnd;

static const OnlyEnd only_ends[] = {
  { "normal", 1000, FALSE, NULL },
  { "going-away", 1001, FALSE, "because repeat-limit is 0: the server closed the connection" },
  { "no-code", 1005, FALSE, "because repeat-limit is 0: the server closed the connection" },
  { "dropped", 1006, FALSE, "because repeat-limit is 0: the server closed the connection" },
  { "later", 1001, TRUE, "because repeat-limit is 0: the server closed the connection" },
};

static void
test_only_link (Fixture       *fixture,
                gconstpointer  data)
{
  const OnlyEnd *end = data;

  g_test_summary ("With a repeat-limit of 0, a normal close is not an error. Any other end by the "
                  "peer is an error, whose message names repeat-limit.");

  if (!end->is_later)
    fixture->machine.settings.repeat_limit = 0;
  start_open (fixture);
  lose_by_peer (fixture, end->code, FALSE);
  drain (fixture);
  fixture->machine.settings.repeat_limit = 0;
  hb_machine_apply_settings (&fixture->machine, fixture->now);
  drain (fixture);

  assert_state (fixture, HB_STATE_CLOSED);
  g_assert_true ((strstr (fixture->log->str, "error:") != NULL) == (end->says != NULL));
  if (end->says != NULL)
    g_assert_nonnull (strstr (fixture->error, end->says));
  forget (fixture);
}

static void
test_connect_timeout (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("An attempt that takes longer than connect-timeout is ended, and another follows "
                  "after a delay");

  start (fixture);
  assert_deadline (fixture, 10000);
  advance (fixture, 9999);
  assert_effects (fixture, "");

  advance (fixture, 1);
  assert_effects (fixture, "drop notify:state notify:last-error error:connect-timeout "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
test_connect_timeout_none (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("Without a connect timeout, an attempt may take forever");

  fixture->machine.settings.connect_timeout = 0;
  start (fixture);

  assert_deadline (fixture, -1);
}

static void
test_connect_timeout_late (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("After a suspend of the process, an attempt is not ended, and gets its full time "
                  "again");

  start (fixture);
  advance_late (fixture, 11001);
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CONNECTING);

  advance (fixture, 10000);
  assert_effects (fixture, "drop notify:state notify:last-error error:connect-timeout "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
test_connect_timeout_a_little_late (Fixture       *fixture,
                                    gconstpointer  data)
{
  g_test_summary ("A tick that is up to a second late still ends an attempt");

  start (fixture);
  advance_late (fixture, 11000);

  assert_effects (fixture, "drop notify:state notify:last-error error:connect-timeout "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
take_time_cb (Fixture    *fixture,
              const char *effect)
{
  if (!g_str_equal (effect, "connect"))
    return;

  assert_deadline (fixture, -1);
  fixture->now += hb_milliseconds (20000);
  handle_tick (&fixture->machine, fixture->now, HB_READING_DONE);
}

static void
test_connect_timeout_request (Fixture       *fixture,
                              gconstpointer  data)
{
  g_test_summary ("The time for an attempt counts from the moment at which its request is sent, "
                  "however long handlers for `connecting` take");

  fixture->handler = take_time_cb;
  start (fixture);
  assert_state (fixture, HB_STATE_CONNECTING);
  g_assert_true (fixture->has_requested);
  assert_deadline (fixture, 10000);
}

static void
test_connect_timeout_turn (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("The time for an attempt does not run while the request waits for its turn");

  start (fixture);
  hb_machine_await_turn (&fixture->machine);
  assert_deadline (fixture, -1);
  advance (fixture, 20000);
  assert_state (fixture, HB_STATE_CONNECTING);

  handle_event (&fixture->machine, fixture->now, HB_EVENT_TURN);
  assert_deadline (fixture, 10000);
  advance (fixture, 10000);
  assert_effects (fixture, "drop notify:state notify:last-error error:connect-timeout "
                           "notify:attempt notify:reconnect-at reconnect:1:2000");
}

static void
test_connect_timeout_turn_lost (Fixture       *fixture,
                                gconstpointer  data)
{
  g_test_summary ("If an attempt that waits for its turn is replaced, the time for the new attempt "
                  "starts at once");

  start (fixture);
  hb_machine_await_turn (&fixture->machine);
  reconnect_now (fixture);
  assert_effects (fixture, "drop connect");
  assert_deadline (fixture, 10000);
}

static void
test_connect_timeout_turn_late (Fixture       *fixture,
                                gconstpointer  data)
{
  g_test_summary ("If the opening of the link is reported before the attempt's turn, the time for "
                  "a login starts with the opening");

  fixture->machine.settings.manual_ready = TRUE;
  start (fixture);
  hb_machine_await_turn (&fixture->machine);
  advance (fixture, 20000);
  answer (fixture);
  advance (fixture, 10000);
  assert_state (fixture, HB_STATE_WAITING);
  forget (fixture);
}

static void
test_connect_timeout_status (Fixture       *fixture,
                             gconstpointer  data)
{
  g_test_summary ("A timed-out attempt has received no response, so http-status is 0, and not the "
                  "status of the previous attempt");

  start (fixture);
  lose_link_with (fixture, 404, 0);
  advance (fixture, 2000);
  advance (fixture, 10000);
  forget (fixture);

  g_assert_cmpuint (fixture->machine.http_status, ==, 0);
}

static void
test_stale_opened (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("The event that a link has opened has no effect if no attempt is in progress");

  handle_event (&fixture->machine, fixture->now, HB_EVENT_OPENED);
  assert_effects (fixture, "");

  start_waiting (fixture);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_OPENED);
  assert_effects (fixture, "");
}

static void
test_stale_loss (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("The end of a link is handled only once");

  start_open (fixture);
  lose_link (fixture);
  forget (fixture);
  lose_link (fixture);
  assert_effects (fixture, "");

  close_with (fixture, 1000, NULL);
  forget (fixture);
  lose_link (fixture);
  assert_effects (fixture, "");
}

static void
test_stale_traffic (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Events of a link have no effect after its end");

  start_open (fixture);
  lose_link (fixture);
  forget (fixture);
  receive (fixture, "late");
  handle_event (&fixture->machine, fixture->now, HB_EVENT_PONG);
  handle_event (&fixture->machine, fixture->now, HB_EVENT_WRITABLE);
  written (fixture, 1);

  assert_effects (fixture, "");
}

/* Passes events of the link with @serial, which another link has replaced, to the machine. */
static void
handle_events_of (Fixture *fixture,
                  guint    serial)
{
  HbMachine *machine = &fixture->machine;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("late", strlen ("late"));
  HbLoss loss = { .code = 1001, .by_peer = TRUE };
  HbEvent events[] = {
    { .kind = HB_EVENT_TURN },
    { .kind = HB_EVENT_OPENED },
    { .kind = HB_EVENT_MESSAGE, .message.opcode = HB_OPCODE_TEXT, .message.bytes = bytes },
    { .kind = HB_EVENT_PROGRESS, .written = G_MAXUINT },
    { .kind = HB_EVENT_ACKNOWLEDGED, .acknowledged.position = G_MAXUINT },
    { .kind = HB_EVENT_BLOCKED },
    { .kind = HB_EVENT_LOST, .loss = &loss },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (events); i++)
    {
      events[i].serial = serial;
      g_assert_false (hb_machine_would_deliver (machine, &events[i]));
      if (events[i].kind == HB_EVENT_MESSAGE)
        g_assert_false (hb_machine_deliver (machine, fixture->now, &events[i]));
      hb_machine_handle (machine, fixture->now, &events[i]);
    }

  hb_machine_on_sent (machine, fixture->now, serial, &(HbSpan) { 0 }, FALSE);
}

static void
test_stale_serial (Fixture       *fixture,
                   gconstpointer  data)
{
  guint serial;

  g_test_summary ("Events of an earlier link have no effect while another link is connecting or "
                  "open");

  start_open (fixture);
  serial = fixture->machine.serial;
  lose_link (fixture);
  advance (fixture, 2000);
  hb_machine_await_turn (&fixture->machine);
  forget (fixture);
  handle_events_of (fixture, serial);
  assert_effects (fixture, "");
  assert_state (fixture, HB_STATE_CONNECTING);
  assert_deadline (fixture, -1);

  fixture->holds_writes = TRUE;
  answer (fixture);
  send_ticket (fixture, "one", "one");
  forget (fixture);
  handle_events_of (fixture, serial);
  assert_effects (fixture, "");

  send_text (fixture, "two");
  written (fixture, 1);
  assert_effects (fixture, "transmit resolve:done(one)");
}

static void
test_new_connect_timeout (Fixture       *fixture,
                          gconstpointer  data)
{
  g_test_summary ("A changed connect timeout applies to the current attempt");

  start (fixture);
  fixture->machine.settings.connect_timeout = 3000;

  assert_deadline (fixture, 3000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/machine-loss/loss", test_loss);
  add_test ("/machine-loss/loss-by-server", test_loss_by_server);
  add_test ("/machine-loss/loss-connecting", test_loss_connecting);
  add_test ("/machine-loss/loss-too-big", test_loss_too_big);
  add_test ("/machine-loss/loss-too-big-waiters", test_loss_too_big_waiters);
  add_test ("/machine-loss/permanent", test_permanent);
  add_test ("/machine-loss/last-error", test_last_error);
  add_rows ("/machine-loss/last-error/", attempt_ends, test_last_error_of_attempt);
  add_rows ("/machine-loss/only-link/", only_ends, test_only_link);
  add_test ("/machine-loss/connect-timeout", test_connect_timeout);
  add_test ("/machine-loss/connect-timeout-none", test_connect_timeout_none);
  add_test ("/machine-loss/connect-timeout-late", test_connect_timeout_late);
  add_test ("/machine-loss/connect-timeout-a-little-late", test_connect_timeout_a_little_late);
  add_test ("/machine-loss/connect-timeout-request", test_connect_timeout_request);
  add_test ("/machine-loss/connect-timeout-turn", test_connect_timeout_turn);
  add_test ("/machine-loss/connect-timeout-turn/lost", test_connect_timeout_turn_lost);
  add_test ("/machine-loss/connect-timeout-turn/late", test_connect_timeout_turn_late);
  add_test ("/machine-loss/connect-timeout-status", test_connect_timeout_status);
  add_test ("/machine-loss/stale-opened", test_stale_opened);
  add_test ("/machine-loss/stale-loss", test_stale_loss);
  add_test ("/machine-loss/stale-traffic", test_stale_traffic);
  add_test ("/machine-loss/stale-serial", test_stale_serial);
  add_test ("/machine-loss/new-connect-timeout", test_new_connect_timeout);

  return g_test_run ();
}
