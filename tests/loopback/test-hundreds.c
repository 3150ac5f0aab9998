/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "dice.h"
#include "fixture.h"
#include "position.h"

/* Hundreds of tasks act at random, in one main context, or in those of several threads. Some share
 * a session. The handlers of each task call functions of any task in the same context, and run main
 * loops. At the end of each round, each task must connect and receive an answer.
 *
 * HB_WALK_SEED=SEED repeats only the round with this seed, but sockets may behave differently.
 * Without HB_WALK_SECONDS, each test runs one round. */

#define N_TASKS   300
#define N_THREADS 3
#define N_STEPS   900
#define MAX_DEPTH 3

/* The number of parts of a round in one context. The server is restarted after each part. */
#define N_STRETCHES 4

typedef struct
{
  HbWebsocketTask *task;
  guint            n_holds;
} Walker;

/* The tasks of one context */
typedef struct
{
  const char   *uri;
  GMainContext *context;
  SoupSession  *session; /* shared, initially by every second task */
  Walker        walkers[N_TASKS];
  guint         n_walkers;
  Dice          dice;
  guint         depth;   /* the number of handlers that are running */
  gboolean      behaves; /* handlers do nothing */
} Walk;

static void
iterate (Walk  *self,
         guint  n)
{
  while (n-- > 0 && g_main_context_iteration (self->context, FALSE))
    continue;
}

static void act (Walk *self);

/* The data is the first argument, so the different arguments of the signals can be ignored. */
static void
handler_cb (Walk *self)
{
  if (self->behaves || self->depth == MAX_DEPTH)
    return;

  self->depth++;

  switch (dice_roll (&self->dice, 24))
    {
    case 0:
    case 1:
      iterate (self, 1 + dice_roll (&self->dice, 8));
      break;
    case 2:
      act (self);
      break;
    default:
      break;
    }

  self->depth--;
}

static void
fill (Walk  *self,
      guint  index)
{
  static const char * const signals[] = {
    "connecting", "open", "message", "close", "error", "reconnect", "drain", "notify::state",
  };
  HbWebsocketTask *task = hb_websocket_task_new (self->uri);
  guint i;

  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (task, 1000);
  hb_websocket_task_set_reconnect_timeout (task, RECONNECT);
  if (index % 2 == 0)
    hb_websocket_task_set_session (task, self->session);

  for (i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_swapped (task, signals[i], G_CALLBACK (handler_cb), self);

  self->walkers[index] = (Walker) { .task = task };
  hb_websocket_task_open (task);
}

/* A handler of the task may be running, so the task may outlive this function. */
static void
replace (Walk  *self,
         guint  index)
{
  HbWebsocketTask *task = self->walkers[index].task;

  g_signal_handlers_disconnect_by_data (task, self);
  if (dice_roll (&self->dice, 2) == 0)
    g_object_run_dispose (G_OBJECT (task));
  g_object_unref (task);
  fill (self, index);
}

static void
hold_or_release (Walker *self)
{
  if (self->n_holds > 0)
    {
      self->n_holds--;
      hb_websocket_task_release (self->task);
    }
  else
    {
      self->n_holds++;
      hb_websocket_task_hold (self->task);
    }
}

/* A handler that runs during the call may replace the task, so the call needs a reference. */
static void
act (Walk *self)
{
  guint index = dice_roll (&self->dice, self->n_walkers);
  g_autoptr (HbWebsocketTask) task = g_object_ref (self->walkers[index].task);

  switch (dice_roll (&self->dice, 14))
    {
    case 0:
      hb_websocket_task_close (task, 1000, NULL);
      break;
    case 1:
      hb_websocket_task_reconnect_now (task);
      break;
    case 2:
      hb_websocket_task_reconnect_later (task);
      break;
    case 3:
      hb_websocket_task_set_paused (task, dice_roll (&self->dice, 2));
      break;
    case 4:
      hb_websocket_task_check (task);
      break;
    case 5:
      hold_or_release (&self->walkers[index]);
      break;
    case 6:
      replace (self, index);
      break;
    case 7:
      hb_websocket_task_set_session (task, dice_roll (&self->dice, 2) ? self->session : NULL);
      break;
    case 8:
      hb_websocket_task_set_connect_timeout (task, dice_one_in (&self->dice, 4) ? 1 : 10000);
      break;
    case 9:
      hb_websocket_task_open (task);
      break;
    default:
      hb_websocket_task_send_text (task, "walk", NULL);
    }
}

static void
walk_init (Walk       *self,
           const char *uri,
           guint32     seed,
           guint       n_walkers)
{
  guint i;

  *self = (Walk) {
    .uri = uri,
    .context = g_main_context_ref_thread_default (),
    .session = soup_session_new (),
    .n_walkers = n_walkers,
    .behaves = TRUE,
  };
  dice_init_from_seed (&self->dice, seed);

  for (i = 0; i < n_walkers; i++)
    fill (self, i);

  self->behaves = FALSE;
}

static void
walk_take (Walk  *self,
           guint  n_steps)
{
  guint step;

  for (step = 0; step < n_steps; step++)
    {
      position_next_step ();
      act (self);
      iterate (self, dice_roll (&self->dice, 4));
    }
}

/* Returns whether more than @n_received messages have arrived. Until then, a call sends a message
 * if the task is open and no earlier call has sent one on the current connection. The first
 * connection might not suffice, because one that the server has closed may look open for a while.
 *
 * @asked_on: the number of the last connection on which a message was sent, 0 for none */
static gboolean
has_answer (HbWebsocketTask *task,
            guint64          n_received,
            guint64         *asked_on)
{
  guint64 n_opens = get_metric (task, hb_metrics_get_opens);

  if (hb_websocket_task_get_state (task) == HB_STATE_OPEN && *asked_on != n_opens)
    {
      *asked_on = n_opens;
      assert_sends (task, "hello");
    }

  return get_metric (task, hb_metrics_get_messages_received) > n_received;
}

static void
walk_come_back (Walk *self)
{
  guint i;

  self->behaves = TRUE;

  for (i = 0; i < self->n_walkers; i++)
    {
      Walker *walker = &self->walkers[i];

      hb_websocket_task_set_paused (walker->task, FALSE);
      hb_websocket_task_set_connect_timeout (walker->task, 10000);
      while (walker->n_holds > 0)
        hold_or_release (walker);
    }

  for (i = 0; i < self->n_walkers; i++)
    {
      HbWebsocketTask *task = self->walkers[i].task;
      guint64 asked_on = 0;
      guint64 n_received;

      wait_until (hb_websocket_task_get_state (task) != HB_STATE_CLOSING);
      hb_websocket_task_open (task);
      wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN
                  && hb_websocket_task_get_buffered_amount (task) == 0);
      n_received = get_metric (task, hb_metrics_get_messages_received);
      wait_until (has_answer (task, n_received, &asked_on));
    }
}

/* Drops the tasks in a random order. */
static void
walk_drop (Walk *self)
{
  while (self->n_walkers > 0)
    {
      guint index = dice_roll (&self->dice, self->n_walkers);

      g_assert_finalize_object (self->walkers[index].task);
      self->walkers[index] = self->walkers[--self->n_walkers];
    }
}

/* Does not iterate the context, because some walks leave their tasks in a context that no thread
 * iterates again. */
static void
walk_clear (Walk *self)
{
  walk_drop (self);
  g_object_unref (self->session);
  g_main_context_unref (self->context);
}

static void
take_rounds (TestServer *server,
             void      (*take_round) (TestServer *server,
                                      guint32     seed))
{
  const char *seconds = g_getenv ("HB_WALK_SECONDS");
  gint64 end = g_get_monotonic_time ()
               + (seconds != NULL ? atoi (seconds) : 0) * G_TIME_SPAN_SECOND;
  gboolean is_alone;
  guint32 seed;

  do
    {
      is_alone = position_get_seed (&seed);
      if (!is_alone)
        seed = g_test_rand_int ();

      position_start_round (seed);
      take_round (server, seed);
      wait_idle ();
    }
  while (!is_alone && g_get_monotonic_time () < end);
}

static void
restart (TestServer *server)
{
  test_server_stop (server);
  test_server_start (server);
}

static void
walk_in_one_context (TestServer *server,
                     guint32     seed)
{
  Walk walk;
  guint i;

  walk_init (&walk, test_server_get_uri (server), seed, N_TASKS);
  for (i = 0; i < N_STRETCHES; i++)
    {
      walk_take (&walk, N_STEPS / N_STRETCHES);
      restart (server);
    }

  walk_come_back (&walk);
  walk_drop (&walk);
  wait_idle ();
  walk_clear (&walk);
}

static void
test_one_context (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("Each of hundreds of tasks still connects, whatever the tasks and their handlers "
                  "have done before");

  take_rounds (fixture->server, walk_in_one_context);
}

typedef enum
{
  LEAVE_IDLE,     /* All tasks are dropped, and the context is iterated until it is idle. */
  LEAVE_AT_ONCE,  /* All tasks are dropped, and the context is never iterated again. */
  LEAVE_TO_OTHER, /* Another thread drops the tasks, and the context is never iterated again. */
  N_LEAVES
} Leave;

typedef struct
{
  Walk        walk;
  const char *uri;
  guint32     seed;
  Leave       leave;
  GThread    *thread;
} Member;

static int n_left; /* (atomic) the number of threads that have not ended */

static gpointer
walk_in_thread (gpointer user_data)
{
  Member *self = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  walk_init (&self->walk, self->uri, self->seed, N_TASKS / N_THREADS);
  walk_take (&self->walk, N_STEPS / N_THREADS);

  /* An attempt to connect would never end in a context that is not iterated again, and GIO would
   * leak it. So each task connects first. */
  walk_come_back (&self->walk);

  switch (self->leave)
    {
    case LEAVE_IDLE:
      walk_drop (&self->walk);
      wait_idle ();
      walk_clear (&self->walk);
      break;
    case LEAVE_AT_ONCE:
      walk_clear (&self->walk);
      break;
    case LEAVE_TO_OTHER:
      break;
    case N_LEAVES:
    default:
      g_assert_not_reached ();
    }

  g_main_context_pop_thread_default (context);
  g_atomic_int_dec_and_test (&n_left);
  g_main_context_wakeup (NULL);

  return NULL;
}

/* A deadline is not necessary, because each wait in the threads has one. */
static void
wait_for_threads (int n_at_most)
{
  while (g_atomic_int_get (&n_left) > n_at_most)
    g_main_context_iteration (NULL, TRUE);
}

static void
walk_in_threads (TestServer *server,
                 guint32     seed)
{
  Member members[N_THREADS] = { 0 };
  guint i;

  n_left = N_THREADS;
  for (i = 0; i < N_THREADS; i++)
    {
      members[i].uri = test_server_get_uri (server);
      members[i].seed = seed + i;
      members[i].leave = i % N_LEAVES;
      members[i].thread = g_thread_new ("walk", walk_in_thread, &members[i]);
    }

  wait_for_threads (N_THREADS - 1);
  restart (server);
  wait_for_threads (0);

  for (i = 0; i < N_THREADS; i++)
    {
      g_thread_join (members[i].thread);
      if (members[i].leave == LEAVE_TO_OTHER)
        walk_clear (&members[i].walk);
    }
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Tasks in several contexts do not interfere with each other, however each thread "
                  "leaves its context");

  take_rounds (fixture->server, walk_in_threads);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Hundreds of tasks that act at random.");

  position_print_at_failure ();
  add_test ("/loopback/hundreds/one-context", test_one_context);
  add_test ("/loopback/hundreds/threads", test_threads);

  return g_test_run ();
}
