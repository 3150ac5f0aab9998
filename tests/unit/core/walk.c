/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "walk-private.h"

/* The monotonic time of a computer that started an hour ago */
#define STARTED_AT (3600 * G_TIME_SPAN_SECOND)

/* The maximum number of calls and main loops that handlers start in one step, and the maximum depth
 * of nested main loops */
#define MAX_HANDLER_CALLS 12
#define MAX_LOOPS         3

/* The maximum number of ticks between which no time passes and the application makes no call. A
 * tick may lead to another at once, for example because of a delay of 0. */
#define MAX_TICKS 4

/* Makes a random call, or none. An application may make each of these calls at any time, even in a
 * handler. */
static void
act (Walk *self)
{
  self->n_acts++;

  switch (dice_roll (self->dice, 32))
    {
    case 0:
      break;
    case 1:
    case 2:
      walk_open (self);
      break;
    case 3:
      if (dice_one_in (self->dice, 3))
        walk_close (self);
      break;
    case 4:
      if (dice_one_in (self->dice, 3))
        walk_reconnect_now (self);
      break;
    case 5:
      if (dice_one_in (self->dice, 4))
        walk_reconnect_later (self);
      else
        walk_check (self);
      break;
    case 6:
      if (dice_one_in (self->dice, 4))
        walk_hold (self);
      break;
    case 7:
    case 8:
      walk_release (self);
      break;
    case 9:
    case 10:
      walk_flush (self);
      break;
    case 11:
      if (dice_one_in (self->dice, 3))
        walk_take_queue (self);
      break;
    case 12:
    case 13:
      walk_cancel (self);
      break;
    case 14:
    case 15:
      walk_set_settings (self);
      break;
    case 16:
    case 17:
      walk_mark_ready (self);
      break;
    case 18:
      if (dice_one_in (self->dice, 500))
        walk_dispose (self);
      break;
    case 19:
    case 20:
      walk_receive (self);
      break;
    case 21:
    case 22:
    case 23:
    case 24:
      walk_send_outside (self);
      break;
    case 25:
      if (dice_roll (self->dice, 2) == 0)
        walk_flush_outside (self);
      else
        walk_cancel_outside (self);
      break;
    default:
      walk_send (self);
      break;
    }
}

/* While the application's pong function decides whether a message is a reply, the link does not
 * report that it receives other bytes. */
static void
let_link_act (Walk *self)
{
  Link *link = &self->link;
  gboolean is_judged = link->serial == self->judged_serial;

  if (!link->exists || link->serial != self->machine.serial || !link->is_connecting)
    return;

  if (link->awaits_turn)
    {
      walk_on_turn (self);
      return;
    }

  if (!link->is_open)
    {
      if (dice_one_in (self->dice, 4))
        walk_on_lost (self);
      else
        walk_on_opened (self);
      return;
    }

  switch (dice_roll (self->dice, 8))
    {
    case 0:
      if (!is_judged && dice_one_in (self->dice, 2))
        walk_on_activity (self, HB_EVENT_ACTIVITY);
      break;
    case 1:
    case 2:
      if (link->is_reading && !is_judged)
        walk_on_message (self);
      break;
    case 3:
      if (link->is_reading && !is_judged)
        walk_on_activity (self, HB_EVENT_PONG);
      break;
    case 4:
      if (dice_one_in (self->dice, 4))
        walk_on_blocked (self);
      else
        walk_on_writable (self);
      break;
    case 5:
    case 6:
      walk_on_written (self, dice_roll (self->dice, walk_get_n_unwritten (self) + 1));
      if (dice_one_in (self->dice, 4))
        walk_on_acknowledged (self);
      break;
    default:
      if (link->has_sent_close || dice_one_in (self->dice, 4))
        walk_on_lost (self);
      break;
    }
}

/* Lets @time microseconds pass. After a few ticks, the deadline must have moved, because a process
 * with a deadline in the past would never sleep. */
static void
advance (Walk   *self,
         gint64  time)
{
  gint64 end = self->now + time;
  guint n_acts = self->n_acts;
  guint n_ticks = 0;
  gint64 deadline;

  while ((deadline = hb_machine_get_deadline (&self->machine)) <= end)
    {
      n_ticks = deadline > self->now || n_acts != self->n_acts ? 0 : n_ticks + 1;
      g_assert_cmpuint (n_ticks, <, MAX_TICKS);

      n_acts = self->n_acts;
      self->now = MAX (self->now, deadline);
      walk_tick (self, dice_one_in (self->dice, 8));
      walk_drain (self);
    }

  self->now = MAX (self->now, end);
}

/* Lets time pass as if the process could not run. */
static void
sleep_over (Walk *self)
{
  self->now += dice_roll (self->dice, 30000) * G_TIME_SPAN_MILLISECOND;
  walk_tick (self, FALSE);
  walk_drain (self);
}

static void
let_time_pass (Walk *self)
{
  gint64 deadline = hb_machine_get_deadline (&self->machine);

  switch (dice_roll (self->dice, 8))
    {
    case 0:
      break;
    case 1:
      sleep_over (self);
      break;
    case 2:
      if (deadline != HB_NEVER && deadline > self->now)
        advance (self, deadline - self->now);
      break;
    case 3:
      if (deadline != HB_NEVER && deadline > self->now)
        advance (self, deadline - self->now - 1);
      break;
    default:
      advance (self, dice_roll (self->dice, 5000) * G_TIME_SPAN_MILLISECOND);
      break;
    }
}

/* Runs one iteration of a main loop. */
static void
turn (Walk *self)
{
  walk_on_yielded (self);
  if (dice_roll (self->dice, 2) == 0)
    walk_take_in (self);

  switch (dice_roll (self->dice, 8))
    {
    case 0:
      break;
    case 1:
    case 2:
    case 3:
      let_link_act (self);
      break;
    case 4:
      if (dice_one_in (self->dice, 4))
        walk_on_network (self);
      else
        act (self);
      break;
    case 5:
      /* This tick may come before the deadline. */
      walk_tick (self, dice_one_in (self->dice, 4));
      walk_drain (self);
      break;
    default:
      let_time_pass (self);
      break;
    }

  walk_wake (self);
}

/* Runs a handler, which may make a call or run a main loop. */
void
walk_call_back (Walk *self)
{
  guint n;

  if (self->n_calls_left == 0)
    return;

  switch (dice_roll (self->dice, 16))
    {
    case 14:
      self->n_calls_left--;
      act (self);
      break;

    case 15:
      self->n_calls_left--;
      if (self->n_loops == MAX_LOOPS)
        break;

      self->n_loops++;
      self->n_acts++;
      for (n = dice_roll (self->dice, 8); n > 0; n--)
        turn (self);
      self->n_loops--;
      break;

    default:
      break;
    }
}

static void
clear_received (gpointer received)
{
  g_bytes_unref (((Received *) received)->bytes);
}

Walk *
walk_new (Dice *dice)
{
  Walk *self = g_new0 (Walk, 1);

  self->dice = dice;
  self->now = STARTED_AT;
  self->has_good_settings = TRUE;
  hb_machine_init (&self->machine, dice_roll (dice, 256));
  self->machine.settings.uri = g_strdup ("ws://example.com/");
  hb_batch_init (&self->batch);
  self->calls = g_ptr_array_new_with_free_func (g_free);
  self->taken = g_array_new (FALSE, FALSE, sizeof (Taken));
  self->received = g_array_new (FALSE, FALSE, sizeof (Received));
  g_array_set_clear_func (self->received, clear_received);
  self->state = HB_STATE_CLOSED;
  self->lost_at = HB_NEVER;
  self->mirror = (Mirror) {
    .state = HB_STATE_CLOSED, .reconnect_at = HB_NEVER, .latency = -1,
  };

  return self;
}

/* Runs one iteration of the main loop, or makes one call outside it. */
void
walk_step (Walk *self)
{
  self->n_calls_left = MAX_HANDLER_CALLS;

  if (self->machine.state == HB_STATE_CLOSED && dice_roll (self->dice, 4) == 1)
    walk_open (self);
  else if (dice_roll (self->dice, 4) == 1)
    act (self);
  else
    turn (self);

  walk_drain (self);
  walk_assert_rest (self);
}

/* Each call that is still waiting must complete. */
void
walk_free (Walk *self)
{
  self->n_calls_left = 0;
  walk_dispose (self);
  walk_drain (self);
  walk_assert_rest (self);
  g_assert_cmpuint (self->calls->len, ==, 0);

  hb_batch_clear (&self->batch);
  hb_machine_clear (&self->machine);
  g_ptr_array_unref (self->calls);
  g_array_unref (self->taken);
  g_array_unref (self->received);
  g_free (self);
}
