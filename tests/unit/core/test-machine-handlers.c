/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-fixture.h"

typedef enum {
  OPENS_TASK,
  ANSWERED,
  LOST_ATTEMPT,
  LOST,
  SILENT,
} Event;

typedef struct
{
  const char *name;
  Event       event;
  const char *effect;   /* a prefix of the effect whose handler calls close () */
  HbState     state;    /* the state during this handler */
  const char *expected;
  HbState     final;
} Row;

static const Row rows[] = {
  { "close", LOST, "close:", HB_STATE_WAITING,
    LEAVES " close:1006 notify:attempt notify:reconnect-at notify:reconnect-at notify:state",
    HB_STATE_CLOSED },
  { "error", SILENT, "error:", HB_STATE_WAITING,
    "ping " LEAVES " notify:last-error error:pong-timeout close:1006 notify:attempt "
    "notify:reconnect-at notify:reconnect-at notify:state",
    HB_STATE_CLOSED },
  { "reconnect", LOST_ATTEMPT, "reconnect:", HB_STATE_WAITING,
    "drop notify:state notify:attempt notify:reconnect-at reconnect:1:2000 notify:reconnect-at "
    "notify:state",
    HB_STATE_CLOSED },
  { "notify", OPENS_TASK, "notify:state", HB_STATE_CONNECTING, "notify:state drop notify:state",
    HB_STATE_CLOSED },
  { "connecting", OPENS_TASK, "connect", HB_STATE_CONNECTING,
    "notify:state connect drop notify:state", HB_STATE_CLOSED },
  { "open", ANSWERED, "open", HB_STATE_OPEN,
    OPENS " notify:state notify:ready shut-down:1000 resolve:done(open)", HB_STATE_CLOSING },
};

static const Row *row;

static void
close_cb (Fixture    *fixture,
          const char *effect)
{
  if (!g_str_has_prefix (effect, row->effect))
    return;

  fixture->handler = NULL;
  assert_state (fixture, row->state);
  close_with (fixture, 1000, NULL);
}

static void
cause (Fixture *fixture)
{
  switch (row->event)
    {
    case OPENS_TASK:
      fixture->handler = close_cb;
      hb_machine_open (&fixture->machine, fixture->now, NULL);
      break;
    case ANSWERED:
      hb_machine_open (&fixture->machine, fixture->now, (gpointer) "open");
      forget (fixture);
      fixture->handler = close_cb;
      answer (fixture);
      break;
    case LOST_ATTEMPT:
      start (fixture);
      fixture->handler = close_cb;
      lose_link (fixture);
      break;
    case LOST:
      start_open (fixture);
      fixture->handler = close_cb;
      lose_link (fixture);
      break;
    case SILENT:
      start_open (fixture);
      fixture->handler = close_cb;
      advance (fixture, 25000);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("After close () in a handler, no attempt follows");

  row = data;
  cause (fixture);
  assert_effects (fixture, row->expected);
  assert_state (fixture, row->final);
  g_assert_true (fixture->has_link == (row->final == HB_STATE_CLOSING));

  lose_link (fixture);
  assert_effects (fixture, row->final == HB_STATE_CLOSING ? LEFT " close:1006" : "");
  advance (fixture, 100000);
}

static void
reopen_at_close_cb (Fixture    *fixture,
                    const char *effect)
{
  if (g_str_has_prefix (effect, "close:") && fixture->machine.state == HB_STATE_CLOSED)
    hb_machine_open (&fixture->machine, fixture->now, NULL);
}

static void
test_open_in_close (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("open () in a handler for `close` starts another attempt");

  start_open (fixture);
  fixture->handler = reopen_at_close_cb;
  close_with (fixture, 1000, "close");
  lose_link (fixture);

  assert_effects (fixture, "notify:state notify:ready shut-down:1000 " LEFT " close:1006 "
                           "resolve:done(close) " STARTS);
  assert_state (fixture, HB_STATE_CONNECTING);
}

static void
send_at_resolve_cb (Fixture    *fixture,
                    const char *effect)
{
  if (g_str_equal (effect, "resolve:done(first)"))
    send_text (fixture, "second");
}

static void
test_send_in_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a callback sends another message before buffered-amount is notified, "
                  "buffered-amount is notified again when that message is written");

  fixture->holds_writes = TRUE;
  start (fixture);
  send_ticket (fixture, "first", "first");
  answer (fixture);
  forget (fixture);
  fixture->handler = send_at_resolve_cb;
  written (fixture, 1);
  assert_effects (fixture, "resolve:done(first) notify:buffered-amount drain transmit");

  written (fixture, 1);
  assert_effects (fixture, "notify:buffered-amount");
  g_assert_cmpuint (hb_outbox_get_buffered (&fixture->machine.outbox), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("/machine-handlers/close-in-", rows, test_close);
  add_test ("/machine-handlers/open-in-close", test_open_in_close);
  add_test ("/machine-handlers/send-in-callback", test_send_in_callback);

  return g_test_run ();
}
