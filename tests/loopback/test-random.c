/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "actor.h"
#include "fixture.h"
#include "position.h"

/* In each round, applications and a server act at random, over real sockets. Then they cause no
 * more faults, and each task that was neither dropped nor disposed of must reconnect.
 *
 * A failure prints the seed of its round. HB_WALK_SEED=SEED repeats only that round, but sockets
 * may behave differently. HB_WALK_SECONDS sets the time, in seconds, during which new rounds
 * begin. */

#define SECONDS         4
#define STEPS_PER_ROUND 150

static void
step (Rogue  *rogue,
      Actor **actors,
      guint   n_actors,
      Dice   *dice)
{
  Actor *actor = actors[dice_roll (dice, n_actors)];
  guint n_turns;

  actor->n_calls_left = 8;
  if (actor->task != NULL && hb_websocket_task_get_state (actor->task) == HB_STATE_CLOSED
      && dice_roll (dice, 4) == 0)
    hb_websocket_task_open (actor->task);
  else if (dice_roll (dice, 3) == 0)
    rogue_act (rogue);
  else
    actor_act (actor);

  for (n_turns = dice_roll (dice, 8); n_turns > 0; n_turns--)
    g_main_context_iteration (NULL, FALSE);
  if (dice_one_in (dice, 6))
    wait_pass (1 + dice_roll (dice, 3));

  actor_check (actor);
}

/* Ends all holds, and resets the settings that could disturb a connection or a message. After this
 * call, the handlers of the actor only make their checks. */
static void
calm_down (Actor *self)
{
  self->behaves = TRUE;
  g_object_set (self->task,
                "uri", rogue_get_uri (self->rogue),
                "ping-timeout", 0,
                "reconnect-timeout", 1,
                "reconnect-timeout-max", 0,
                "repeat-limit", -1,
                "connect-timeout", 10000,
                "close-timeout", 2000,
                "max-buffered-amount", (guint64) 0,
                "max-message-size", (guint64) 0,
                "queue-timeout", 0,
                "paused", FALSE,
                NULL);

  for (; self->n_holds > 0; self->n_holds--)
    hb_websocket_task_release (self->task);
}

/* Until the server has received a message, sends one on each new connection, because a connection
 * that the server has closed may look open for a while. A received message that was longer than an
 * earlier max-message-size may close the task once, so the task is then opened again. */
static gboolean
has_arrived (Actor    *self,
             guint     n_received,
             guint    *sent_on,
             gboolean *has_reopened)
{
  if (hb_websocket_task_get_state (self->task) == HB_STATE_CLOSED && !*has_reopened)
    {
      g_assert_error (hb_websocket_task_get_last_error (self->task),
                      HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG);
      *has_reopened = TRUE;
      hb_websocket_task_open (self->task);
    }

  if (hb_websocket_task_get_state (self->task) == HB_STATE_OPEN && self->greeted == self->link
      && *sent_on != self->link)
    {
      *sent_on = self->link;
      g_assert_true (actor_send (self));
    }

  return rogue_get_n_received (self->rogue, self->id) > n_received;
}

/* Checks that the task opens again, sends a message and closes, and that every call completes. */
static void
come_back (Actor *self)
{
  HbWebsocketTask *task = self->task;
  gboolean has_reopened = FALSE;
  guint sent_on = 0;
  guint n_received;

  calm_down (self);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN
              || hb_websocket_task_get_state (task) == HB_STATE_CLOSED);
  hb_websocket_task_open (task);
  g_ptr_array_unref (hb_websocket_task_take_queue (task));
  n_received = rogue_get_n_received (self->rogue, self->id);
  wait_until (has_arrived (self, n_received, &sent_on, &has_reopened));

  actor_call (self, 1);
  wait_until (self->n_pending == 0);
  assert_state (task, HB_STATE_CLOSED);
  g_assert_false (self->has_opened);
  actor_check (self);
}

static void
take_round (guint32 seed)
{
  Dice dice;
  Rogue *rogue;
  Actor *actors[ACTOR_MAX];
  guint n_actors;
  guint i;

  position_start_round (seed);
  dice_init_from_seed (&dice, seed);
  rogue = rogue_new (&dice);
  n_actors = 1 + dice_one_in (&dice, 3);
  for (i = 0; i < n_actors; i++)
    actors[i] = actor_new (i, rogue, &dice);

  for (i = 0; i < STEPS_PER_ROUND; i++)
    {
      position_next_step ();
      step (rogue, actors, n_actors, &dice);
    }

  rogue_behave (rogue);
  for (i = 0; i < n_actors; i++)
    actors[i]->behaves = TRUE;

  for (i = 0; i < n_actors; i++)
    if (actors[i]->task != NULL && !actors[i]->is_disposed)
      come_back (actors[i]);

  for (i = 0; i < n_actors; i++)
    actor_free (actors[i]);
  wait_idle ();
  rogue_free (rogue);
  wait_idle ();
}

static void
test_random (void)
{
  const char *seconds = g_getenv ("HB_WALK_SECONDS");
  gint64 end = g_get_monotonic_time ()
               + (seconds != NULL ? atoi (seconds) : SECONDS) * G_TIME_SPAN_SECOND;
  guint n_descriptors;
  guint n_rounds = 0;
  guint32 seed;

  g_test_summary ("Whatever an application and a server do, signals and calls follow the "
                  "documented rules, a task reconnects, and nothing is leaked");

  position_print_at_failure ();

  if (position_get_seed (&seed))
    {
      take_round (seed);
      return;
    }

  /* The first round fills caches that libraries never free. */
  take_round (g_test_rand_int ());
  n_descriptors = count_descriptors ();

  for (; g_get_monotonic_time () < end; n_rounds++)
    take_round (g_test_rand_int ());

  wait_until (count_descriptors () <= n_descriptors);
  g_test_message ("%u rounds of %u steps", n_rounds, STEPS_PER_ROUND);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/loopback/random", test_random);

  return g_test_run ();
}
