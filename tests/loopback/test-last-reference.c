/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* A garbage collector may drop the last reference in another thread while the task's own thread
 * uses the task. The task must then be freed, and must emit nothing in the other thread. */

typedef struct
{
  HbWebsocketTask *task;
  GThread         *home;
  guint            delay;     /* microseconds before the collector drops the reference */
  int              n_foreign; /* (atomic) emissions and pings outside the task's thread */
  int              is_done;   /* (atomic) */
} Collection;

static gpointer
collect (gpointer data)
{
  Collection *self = data;

  if (self->delay > 0)
    g_usleep (self->delay);

  g_object_unref (self->task);
  g_atomic_int_set (&self->is_done, TRUE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
check_home (Collection *self)
{
  if (g_thread_self () != self->home)
    g_atomic_int_inc (&self->n_foreign);
}

static void
emitted_cb (HbWebsocketTask *task,
            GParamSpec      *pspec,
            Collection      *self)
{
  check_home (self);
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Collection            *self)
{
  check_home (self);
  hb_websocket_task_send_message (task, type, message, HB_SEND_FLAGS_DEFAULT, NULL);
}

static char *
ping_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  check_home (user_data);

  return g_strdup ("ping");
}

/* Drops the last reference in another thread while this thread runs the main loop.
 *
 * @owned: whether the loop owns its context between two iterations, as a GMainLoop does */
static void
collect_elsewhere (Collection *self,
                   gboolean    owned)
{
  GWeakRef weak;
  GThread *thread;

  g_weak_ref_init (&weak, self->task);
  g_atomic_int_set (&self->is_done, FALSE);
  if (owned)
    g_assert_true (g_main_context_acquire (NULL));

  thread = g_thread_new ("collector", collect, self);
  wait_until (g_atomic_int_get (&self->is_done));
  g_thread_join (thread);
  wait_idle ();
  if (owned)
    g_main_context_release (NULL);

  g_assert_null (g_weak_ref_get (&weak));
  g_assert_cmpint (g_atomic_int_get (&self->n_foreign), ==, 0);
  g_weak_ref_clear (&weak);
}

/* Opens tasks, and drops each after a random time of less than @max_delay microseconds. */
static void
collect_many (const char *uri,
              int         repeat_limit,
              guint       max_delay,
              gboolean    owned)
{
  Collection collection = { .home = g_thread_self () };
  guint i;

  for (i = 0; i < 60; i++)
    {
      HbWebsocketTask *task = hb_websocket_task_new (uri);

      collection.task = task;
      collection.delay = g_test_rand_int_range (0, max_delay);
      hb_websocket_task_set_ping_timeout (task, 1);
      hb_websocket_task_set_reconnect_timeout (task, 1);
      hb_websocket_task_set_repeat_limit (task, repeat_limit);
      hb_websocket_task_set_ping_func (task, ping_cb, &collection, NULL);
      g_signal_connect (task, "notify", G_CALLBACK (emitted_cb), &collection);
      g_signal_connect (task, "message", G_CALLBACK (message_cb), &collection);
      hb_websocket_task_open (task);
      assert_sends (task, "one");
      assert_sends (task, "two");
      collect_elsewhere (&collection, owned);
    }
}

/* Both sides answer each message at once, so the task is always busy. */
static void
test_while_busy (gconstpointer data)
{
  TestServer *server = test_server_new (TEST_SERVER_ECHO);

  collect_many (test_server_get_uri (server), -1, 3000, GPOINTER_TO_INT (data));
  test_server_free (server);
  wait_idle ();
}

static void
drop_cb (RawPeer  *peer,
         gpointer  user_data)
{
  raw_peer_drop (peer);
}

static void
collect_dropped (int      repeat_limit,
                 gboolean owned)
{
  RawServer *server = raw_server_new ();

  raw_server_set_received (server, drop_cb, NULL);
  collect_many (raw_server_get_uri (server), repeat_limit, 6000, owned);
  raw_server_free (server);
  wait_idle ();
}

/* The task passes through CONNECTING, OPEN and WAITING again and again, and stays in each state for
 * about a millisecond or less. */
static void
test_while_reconnecting (gconstpointer data)
{
  collect_dropped (-1, GPOINTER_TO_INT (data));
}

/* The task reaches its repeat limit at about the time when the last reference is dropped. */
static void
test_while_ending (gconstpointer data)
{
  collect_dropped (0, GPOINTER_TO_INT (data));
}

static void
test_in_state (Fixture       *fixture,
               gconstpointer  data)
{
  HbState state = GPOINTER_TO_UINT (data);
  Collection collection = { .home = g_thread_self () };

  fixture_enter (fixture, state);
  signal_log_free (fixture->log);
  fixture->log = NULL;

  collection.task = g_steal_pointer (&fixture->task);
  g_signal_connect (collection.task, "notify", G_CALLBACK (emitted_cb), &collection);
  collect_elsewhere (&collection, TRUE);

  if (state == HB_STATE_CONNECTING || state == HB_STATE_OPEN)
    raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));

  fixture->task = hb_websocket_task_new (NULL);
  fixture->log = signal_log_new (fixture->task);
}

typedef struct
{
  HbWebsocketTask *task;
  GMutex           mutex;    /* The thread ends when the mutex is unlocked. */
  int              has_left; /* (atomic) */
} Departure;

static gpointer
open_and_leave (gpointer data)
{
  Departure *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  hb_websocket_task_open (self->task);
  wait_until (hb_websocket_task_get_state (self->task) == HB_STATE_OPEN);
  g_main_context_pop_thread_default (context);

  g_atomic_int_set (&self->has_left, TRUE);
  g_main_context_wakeup (NULL);
  g_mutex_lock (&self->mutex);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

static void
test_left_context (void)
{
  RawServer *server = raw_server_new ();
  Departure departure = { .task = hb_websocket_task_new (raw_server_get_uri (server)) };
  GThread *thread;

  g_test_summary ("A task and its connection are freed even if no thread runs the task's context "
                  "any more, for example because the thread has returned to a pool");

  g_mutex_init (&departure.mutex);
  g_mutex_lock (&departure.mutex);
  thread = g_thread_new ("pooled", open_and_leave, &departure);
  wait_until (g_atomic_int_get (&departure.has_left));
  g_assert_finalize_object (departure.task);
  raw_peer_expect_end (raw_server_get_peer (server, 0));

  g_mutex_unlock (&departure.mutex);
  g_thread_join (thread);
  g_mutex_clear (&departure.mutex);
  raw_server_free (server);
  wait_idle ();
}

static gpointer
open_here (gpointer task)
{
  hb_websocket_task_open (task);

  return NULL;
}

static void
test_after_thread (void)
{
  RawServer *server = raw_server_new ();
  HbWebsocketTask *task = hb_websocket_task_new (raw_server_get_uri (server));

  g_test_summary ("A task in the global default context ends at once if its thread has ended");

  g_thread_join (g_thread_new ("brief", open_here, task));
  g_assert_cmpint (hb_websocket_task_get_state (task), ==, HB_STATE_CONNECTING);
  g_object_run_dispose (G_OBJECT (task));
  g_assert_cmpint (hb_websocket_task_get_state (task), ==, HB_STATE_CLOSED);

  g_assert_finalize_object (task);
  raw_server_free (server);
  wait_idle ();
}

static gpointer
dispose (gpointer task)
{
  g_object_run_dispose (task);

  return NULL;
}

static void
test_between_iterations (void)
{
  RawServer *server = raw_server_new ();
  HbWebsocketTask *task = hb_websocket_task_new (raw_server_get_uri (server));

  g_test_summary ("If another thread disposes of the task between two iterations, the task ends in "
                  "the next one, because its thread may be using other tasks, which share data "
                  "with it");

  hb_websocket_task_open (task);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
  g_thread_join (g_thread_new ("collector", dispose, task));
  g_assert_cmpint (hb_websocket_task_get_state (task), ==, HB_STATE_OPEN);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_CLOSED);

  g_assert_finalize_object (task);
  raw_peer_expect_end (raw_server_get_peer (server, 0));
  raw_server_free (server);
  wait_idle ();
}

typedef struct
{
  RawServer *server;
  GWeakRef   connection;
} Abandonment;

static gpointer
drop_and_leave (gpointer data)
{
  Abandonment *abandonment = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  HbWebsocketTask *task = hb_websocket_task_new (raw_server_get_uri (abandonment->server));

  hb_websocket_task_open (task);
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_OPEN);
  wait_idle ();
  g_weak_ref_set (&abandonment->connection, hb_websocket_task_get_connection (task));
  g_assert_finalize_object (task);

  return NULL;
}

static gboolean
is_freed (GWeakRef *weak)
{
  g_autoptr (GObject) object = g_weak_ref_get (weak);

  return object == NULL;
}

static void
test_abandoned_context (void)
{
  Abandonment abandonment = { .server = raw_server_new () };
  GThread *thread;
  guint n_descriptors;

  g_test_summary ("A connection and its descriptors are freed, even if its context is freed "
                  "without another iteration");

  wait_idle ();
  n_descriptors = count_descriptors ();
  g_weak_ref_init (&abandonment.connection, NULL);
  thread = g_thread_new ("brief", drop_and_leave, &abandonment);
  raw_server_wait_peer (abandonment.server, 0);
  g_thread_join (thread);
  raw_peer_expect_end (raw_server_get_peer (abandonment.server, 0));

  /* GIO closes the streams in another thread. */
  wait_until (is_freed (&abandonment.connection));
  raw_peer_cut (raw_server_get_peer (abandonment.server, 0));
  g_assert_cmpuint (count_descriptors (), <=, n_descriptors);
  g_weak_ref_clear (&abandonment.connection);
  raw_server_free (abandonment.server);
  wait_idle ();
}

/* A thread cancels its call while a handler for `cancel_on` runs. A handler for `drop_on` then
 * drops the main thread's reference, and waits until the other thread has freed the result of its
 * call. The last reference now belongs to the request to cancel, which the task has not handled
 * yet. */
typedef struct
{
  const char *name;
  const char *cancel_on;
  const char *drop_on;
  gboolean    closes;    /* whether the main thread closes the task */
} Cancelling;

static const Cancelling cancellings[] = {
  { "cancelled-and-sent", "open", "drain", FALSE },
  { "cancelled-and-closed", "notify::state", "notify::buffered-amount", TRUE },
};

typedef enum {
  STEP_CALL = 1,
  STEP_CANCEL,
  STEP_DROP,
  STEP_END,
} Step;

typedef struct
{
  HbWebsocketTask *task;
  int              step; /* (atomic) */
} Canceller;

static void
wait_for_step (Canceller *self,
               Step       step)
{
  while (g_atomic_int_get (&self->step) < (int) step)
    g_thread_yield ();
}

static void
end_step (Canceller *self)
{
  g_atomic_int_inc (&self->step);
}

static gpointer
call_and_cancel (gpointer data)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *result = NULL;
  Canceller *self = data;

  g_main_context_push_thread_default (context);
  send_async (self->task, "x", cancellable, &result);
  end_step (self);
  wait_for_step (self, STEP_CANCEL);
  g_cancellable_cancel (cancellable);
  wait_idle ();
  end_step (self);
  wait_until (result != NULL);
  g_object_unref (result);
  wait_idle ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  end_step (self);

  return NULL;
}

static void
cancel_cb (Canceller *self)
{
  if (g_atomic_int_get (&self->step) != STEP_CALL)
    return;

  end_step (self);
  wait_for_step (self, STEP_DROP);
}

static void
drop_task_cb (Canceller *self)
{
  if (g_atomic_int_get (&self->step) < STEP_DROP)
    return;

  g_clear_object (&self->task);
  wait_for_step (self, STEP_END);
}

static void
test_cancelling (gconstpointer data)
{
  const Cancelling *cancelling = data;
  TestServer *server = test_server_new (TEST_SERVER_ECHO);
  Canceller self = { .task = hb_websocket_task_new (test_server_get_uri (server)) };
  GThread *thread;
  GWeakRef weak;

  g_test_summary ("The task may be freed when it handles a request to cancel a call that has ended "
                  "meanwhile");

  g_weak_ref_init (&weak, self.task);
  g_signal_connect_swapped (self.task, cancelling->cancel_on, G_CALLBACK (cancel_cb), &self);
  g_signal_connect_swapped (self.task, cancelling->drop_on, G_CALLBACK (drop_task_cb), &self);
  hb_websocket_task_open (self.task);
  thread = g_thread_new ("canceller", call_and_cancel, &self);
  wait_for_step (&self, STEP_CALL);

  if (cancelling->closes)
    hb_websocket_task_close (self.task, 1000, NULL);

  wait_until (is_freed (&weak));
  g_thread_join (thread);
  g_weak_ref_clear (&weak);
  test_server_free (server);
  wait_idle ();
}

/* Adds a test with a main loop that owns its context between iterations, and one with a loop that
 * does not. */
static void
add_loop_tests (const char    *name,
                GTestDataFunc  func)
{
  g_autofree char *path = g_strconcat ("/loopback/last-reference/", name, NULL);
  g_autofree char *owned_path = g_strconcat (path, "-loop", NULL);

  g_test_add_data_func (path, GINT_TO_POINTER (FALSE), func);
  g_test_add_data_func (owned_path, GINT_TO_POINTER (TRUE), func);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_network_monitor_get_default ();

  add_state_tests ("/loopback/last-reference/", test_in_state);
  add_loop_tests ("busy", test_while_busy);
  add_loop_tests ("reconnecting", test_while_reconnecting);
  add_loop_tests ("ending", test_while_ending);
  g_test_add_func ("/loopback/last-reference/left-context", test_left_context);
  g_test_add_func ("/loopback/last-reference/after-thread", test_after_thread);
  g_test_add_func ("/loopback/last-reference/between-iterations", test_between_iterations);
  g_test_add_func ("/loopback/last-reference/abandoned-context", test_abandoned_context);
  test_rows_add ("/loopback/last-reference/", cancellings, test_cancelling);

  return g_test_run ();
}
