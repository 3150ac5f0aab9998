/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "machine-fixture.h"

/* Whatever is done to a machine, in whatever order, from within its handlers too, what it promises
 * holds. GTest tells the seed of a run that fails. */

#define N_ROUNDS 100
#define N_STEPS  1000

typedef struct
{
  Fixture    fixture;
  GPtrArray *tickets;      /* (owned) of calls that were accepted */
  GQueue     handed;       /* numbers of the messages at the link */
  guint      n_sent;
  guint      last_written; /* by number */
} Monkey;

static gboolean
one_in (guint n)
{
  return g_test_rand_int_range (0, n) == 0;
}

static char *
new_ticket (Monkey *self)
{
  char *ticket = g_strdup_printf ("%u", self->tickets->len);

  g_ptr_array_add (self->tickets, ticket);

  return ticket;
}

/* Each message is its own number, so that order and doubles can be seen. */
static void
send_number (Monkey *self)
{
  g_autofree char *number = g_strdup_printf ("%u", self->n_sent + 1);
  const char *ticket = one_in (2) ? new_ticket (self) : NULL;

  if (send_full (&self->fixture, number, one_in (8) ? HB_SEND_FLAGS_VOLATILE : 0, ticket, NULL))
    self->n_sent++;
  else if (ticket != NULL)
    g_ptr_array_set_size (self->tickets, self->tickets->len - 1);
}

static void
change_settings (Monkey *self)
{
  HbSettings *settings = &self->fixture.machine.settings;

  settings->ping_timeout = g_test_rand_int_range (0, 20) * 1000;
  settings->pong_timeout = g_test_rand_int_range (0, 10) * 1000;
  settings->reconnect_timeout = g_test_rand_int_range (1, 5) * 1000;
  settings->reconnect_timeout_max = g_test_rand_int_range (0, 20) * 1000;
  settings->reconnect_jitter = g_test_rand_double ();
  settings->repeat_limit = g_test_rand_int_range (-1, 10);
  settings->connect_timeout = g_test_rand_int_range (0, 10) * 1000;
  settings->close_timeout = g_test_rand_int_range (0, 5) * 1000;
  settings->min_uptime = g_test_rand_int_range (0, 10) * 1000;
  settings->max_buffered_amount = g_test_rand_int_range (0, 200);
  settings->overflow = g_test_rand_int_range (0, 3);
  settings->liveness = g_test_rand_int_range (0, 2);
  settings->heartbeat_mode = g_test_rand_int_range (0, 2);
  set_text (&settings->pong_message, one_in (2) ? "pong" : NULL);
  set_text (&settings->uri, one_in (20) ? NULL : "ws://example.com/");
}

/* What an application may do at any time, in a handler too */
static void
act (Monkey *self)
{
  HbMachine *machine = &self->fixture.machine;
  gint64 now = self->fixture.now;

  switch (g_test_rand_int_range (0, 16))
    {
    case 0:
      hb_machine_open (machine, now, one_in (2) ? new_ticket (self) : NULL);
      break;
    case 1:
      if (one_in (10))
        hb_machine_close (machine, now, 1000, "bye", one_in (2) ? new_ticket (self) : NULL, NULL);
      break;
    case 2:
      if (one_in (3))
        hb_machine_reconnect_now (machine, now);
      break;
    case 3:
      hb_machine_check (machine, now);
      break;
    case 4:
      if (one_in (4))
        hb_machine_hold (machine);
      break;
    case 5:
      hb_machine_release (machine, now);
      break;
    case 6:
      hb_machine_flush (machine, new_ticket (self));
      break;
    case 7:
      if (one_in (10))
        hb_machine_clear_queue (machine);
      break;
    case 8:
      if (self->tickets->len > 0)
        hb_machine_cancel (machine, now,
                           g_ptr_array_index (self->tickets,
                                              g_test_rand_int_range (0, self->tickets->len)));
      break;
    case 9:
      change_settings (self);
      break;
    default:
      send_number (self);
      break;
    }
}

static void
write_some (Monkey *self)
{
  guint n_messages = g_test_rand_int_range (0, self->handed.length + 1);
  guint i;

  for (i = 0; i < n_messages; i++)
    {
      guint number = GPOINTER_TO_UINT (g_queue_pop_head (&self->handed));

      g_assert_cmpuint (number, >, self->last_written);
      self->last_written = number;
    }

  written (&self->fixture, n_messages);
}

/* What a link and a network may do */
static void
happen (Monkey *self)
{
  Fixture *fixture = &self->fixture;
  HbMachine *machine = &fixture->machine;

  switch (g_test_rand_int_range (0, 10))
    {
    case 0:
    case 1:
    case 2:
      hb_machine_on_opened (machine, fixture->now, 101);
      break;
    case 3:
      if (one_in (4))
        lose_link_with (fixture, one_in (2) ? 503 : 0, g_test_rand_int_range (0, 5));
      break;
    case 4:
      receive (fixture, one_in (2) ? "pong" : "hello");
      break;
    case 5:
      hb_machine_on_pong (machine, fixture->now);
      break;
    case 6:
    case 7:
      write_some (self);
      break;
    case 8:
      fixture->room = G_MAXUINT;
      hb_machine_on_writable (machine, fixture->now);
      break;
    default:
      hb_machine_on_network_changed (machine, fixture->now);
      break;
    }
}

static void
handle_cb (Fixture    *fixture,
           const char *effect)
{
  Monkey *self = (Monkey *) fixture;

  /* What was at the link is not any more. */
  if (g_str_equal (effect, "drop"))
    {
      g_queue_clear (&self->handed);
      g_string_truncate (fixture->wire, 0);
    }

  /* A greeting overtakes what is queued, so the numbers would not be in order. */
  if (!fixture->machine.outbox.greeting && one_in (8))
    act (self);
}

static void
collect_handed (Monkey *self)
{
  g_auto (GStrv) numbers = g_strsplit (self->fixture.wire->str, " ", -1);
  guint i;

  for (i = 0; numbers[i] != NULL; i++)
    g_queue_push_tail (&self->handed, GUINT_TO_POINTER (atoi (numbers[i])));

  forget (&self->fixture);
}

static void
assert_sound (Monkey *self)
{
  Fixture *fixture = &self->fixture;

  switch (fixture->machine.state)
    {
    case HB_STATE_CONNECTING:
      g_assert_true (fixture->has_link);
      g_assert_false (fixture->has_opened);
      break;
    case HB_STATE_OPEN:
    case HB_STATE_CLOSING:
      g_assert_true (fixture->has_link);
      g_assert_true (fixture->has_opened);
      break;
    case HB_STATE_WAITING:
      g_assert_false (fixture->has_link);
      g_assert_false (fixture->has_opened);
      g_assert_true (fixture->machine.holds > 0 || get_deadline (fixture) >= 0);
      break;
    case HB_STATE_CLOSED:
      g_assert_false (fixture->has_link);
      g_assert_false (fixture->has_opened);
      g_assert_true (hb_outbox_is_empty (&fixture->machine.outbox));
      assert_deadline (fixture, -1);
      break;
    default:
      g_assert_not_reached ();
    }

  if (hb_outbox_is_empty (&fixture->machine.outbox))
    g_assert_cmpuint (hb_outbox_get_buffered (&fixture->machine.outbox), ==, 0);
}

static void
step (Monkey *self)
{
  Fixture *fixture = &self->fixture;

  if (one_in (20))
    fixture->room = g_test_rand_int_range (0, 3);

  if (fixture->machine.state == HB_STATE_CLOSED && one_in (3))
    hb_machine_open (&fixture->machine, fixture->now, NULL);

  drain (fixture);

  switch (g_test_rand_int_range (0, 4))
    {
    case 0:
      act (self);
      break;
    case 1:
    case 2:
      happen (self);
      break;
    default:
      if (one_in (10))
        advance_late (fixture, g_test_rand_int_range (0, 30000));
      else
        advance (fixture, g_test_rand_int_range (0, 5000));
      break;
    }

  drain (fixture);
  collect_handed (self);
  assert_sound (self);
}

static void
test_random (void)
{
  guint round;

  g_test_summary ("Links, signals, calls and messages keep their promises, whatever happens");

  for (round = 0; round < N_ROUNDS; round++)
    {
      Monkey self = { 0 };
      guint i;

      fixture_set_up (&self.fixture, NULL);
      self.tickets = g_ptr_array_new_with_free_func (g_free);
      self.fixture.keeps = TRUE;
      self.fixture.handler = handle_cb;

      for (i = 0; i < N_STEPS; i++)
        step (&self);

      self.fixture.handler = NULL;
      hb_machine_dispose (&self.fixture.machine);
      forget (&self.fixture);
      g_assert_cmpuint (self.fixture.resolved->len, ==, self.tickets->len);

      fixture_tear_down (&self.fixture, NULL);
      g_queue_clear (&self.handed);
      g_ptr_array_unref (self.tickets);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/machine-random", test_random);

  return g_test_run ();
}
