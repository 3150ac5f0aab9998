/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* This test also runs with ThreadSanitizer (see tests/loopback/tsan/run.sh), so the test itself
 * must not have data races. */

#define N_THREADS 4

typedef struct _Crew Crew;

struct _Crew
{
  GThread    *threads[N_THREADS];
  void      (*func)      (Crew *self); /* called in each thread, with its own context */
  const char *uri;       /* (nullable) of the server that all threads share */
  int         n_ready;   /* threads that wait for the main thread */
  int         n_done;
  int         n_foreign; /* emissions in a thread that is not the task's */
};

static gpointer
work (gpointer data)
{
  Crew *crew = data;
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  crew->func (crew);
  wait_idle ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  g_atomic_int_inc (&crew->n_done);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
start (Crew *crew)
{
  guint i;

  for (i = 0; i < N_THREADS; i++)
    crew->threads[i] = g_thread_new ("hand", work, crew);
}

static void
change_network (void)
{
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed", TRUE);
}

static gboolean
change_network_cb (gpointer user_data)
{
  change_network ();

  return G_SOURCE_CONTINUE;
}

static void
join (Crew *crew)
{
  guint i;

  wait_until (g_atomic_int_get (&crew->n_done) == N_THREADS);
  for (i = 0; i < N_THREADS; i++)
    g_thread_join (crew->threads[i]);

  g_assert_cmpint (g_atomic_int_get (&crew->n_foreign), ==, 0);
}

/* Works like join (), but also emits the signal of GLib's network monitor every millisecond, in the
 * thread that calls this function. */
static void
join_in_turmoil (Crew *crew)
{
  guint turmoil = g_timeout_add (1, change_network_cb, NULL);

  join (crew);
  g_source_remove (turmoil);
}

static void
expect_echoes (HbWebsocketTask *task,
               SignalLog       *log,
               guint            n_messages)
{
  guint i;

  for (i = 0; i < n_messages; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      assert_sends (task, text);
    }

  for (i = 0; i < n_messages; i++)
    {
      g_autofree char *word = g_strdup_printf ("message:text:%u", i);

      signal_log_expect (log, word);
    }
}

/* The server runs in the same thread. */
static void
live (Crew *crew)
{
  Fixture fixture = { 0 };
  guint i;

  fixture_set_up (&fixture, "soup");
  hb_websocket_task_set_ping_timeout (fixture.task, 5);
  hb_websocket_task_set_heartbeat_mode (fixture.task, HB_HEARTBEAT_MODE_PING);

  for (i = 0; i < 5; i++)
    {
      guint64 n_replies = get_metric (fixture.task, hb_metrics_get_replies);

      fixture_open (&fixture);
      expect_echoes (fixture.task, fixture.log, 20);
      wait_until (get_metric (fixture.task, hb_metrics_get_replies) > n_replies);
      test_server_drop (fixture.server);
      /* If a ping was in transit, an error is also reported, so the words before the reconnect
       * signal vary. */
      signal_log_skip_to (fixture.log, "reconnect:1:20");
      signal_log_expect (fixture.log, WORDS_OPEN);
      expect_echoes (fixture.task, fixture.log, 20);
      hb_websocket_task_reconnect_now (fixture.task);
      signal_log_expect (fixture.log, "state:connecting close:1006 connecting state:open open");
      expect_echoes (fixture.task, fixture.log, 20);
      fixture_close (&fixture);
    }

  fixture_tear_down (&fixture, NULL);
}

static void
test_lives (void)
{
  Crew crew = { .func = live };

  g_test_summary ("Tasks in several threads do not interfere with each other while they open, "
                  "exchange messages, ping, reconnect and close, even while the network changes");

  start (&crew);
  join_in_turmoil (&crew);
}

/* The clients run in other threads. */
typedef struct
{
  GMainContext *context;
  char         *uri;     /* (nullable) NULL until the server listens */
  int           is_over;
} ServerThread;

static gpointer
serve_in_thread (gpointer data)
{
  ServerThread *self = data;
  TestServer *server;

  g_main_context_push_thread_default (self->context);
  server = test_server_new (TEST_SERVER_ECHO);
  g_atomic_pointer_set (&self->uri, g_strdup (test_server_get_uri (server)));
  g_main_context_wakeup (NULL);
  wait_until (g_atomic_int_get (&self->is_over));
  test_server_free (server);
  wait_idle ();
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

static void
talk (Crew *crew)
{
  HbWebsocketTask *task = hb_websocket_task_new (crew->uri);
  SignalLog *log = signal_log_new (task);
  guint i;

  hb_websocket_task_set_ping_timeout (task, 0);
  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_open (task);
  signal_log_expect (log, WORDS_OPEN);

  for (i = 0; i < 5; i++)
    {
      expect_echoes (task, log, 30);
      hb_websocket_task_reconnect_now (task);
      signal_log_expect (log, "state:connecting close:1006 connecting state:open open");
    }

  hb_websocket_task_close (task, 1000, NULL);
  signal_log_expect (log, WORDS_CLOSE);
  signal_log_free (log);
  g_assert_finalize_object (task);
}

static void
test_server_in_thread (void)
{
  ServerThread server = { g_main_context_new (), NULL, FALSE };
  GThread *thread = g_thread_new ("server", serve_in_thread, &server);
  Crew crew = { .func = talk };

  g_test_summary ("Tasks in several threads exchange messages with a server in another thread");

  wait_until (g_atomic_pointer_get (&server.uri) != NULL);
  crew.uri = server.uri;
  start (&crew);
  join_in_turmoil (&crew);

  g_atomic_int_set (&server.is_over, TRUE);
  g_main_context_wakeup (server.context);
  g_thread_join (thread);
  g_main_context_unref (server.context);
  g_free (server.uri);
}

typedef struct
{
  GThread *thread;
  Crew    *crew;
} Home;

static void
check_home_cb (Home *home)
{
  if (g_thread_self () != home->thread)
    g_atomic_int_inc (&home->crew->n_foreign);
}

static void
wait_for_network (Crew *crew)
{
  Home home = { g_thread_self (), crew };
  Fixture fixture = { 0 };

  fixture_set_up (&fixture, "soup");
  g_signal_connect_swapped (fixture.task, "connecting", G_CALLBACK (check_home_cb), &home);
  hb_websocket_task_set_reconnect_timeout (fixture.task, 3600 * 1000);
  fixture_open (&fixture);
  test_server_drop (fixture.server);
  signal_log_expect (fixture.log, "state:waiting close:1006 reconnect:1:3600000");
  g_atomic_int_inc (&crew->n_ready);
  g_main_context_wakeup (NULL);
  signal_log_expect (fixture.log, WORDS_OPEN);
  fixture_close (&fixture);
  fixture_tear_down (&fixture, NULL);
}

static void
test_network_reaches_each (void)
{
  Crew crew = { .func = wait_for_network };

  g_test_summary ("One network change makes each waiting task begin an attempt, in its own "
                  "thread");

  start (&crew);
  wait_until (g_atomic_int_get (&crew.n_ready) == N_THREADS);
  change_network ();
  join (&crew);
}

/* In two of three rounds, the task starts and stops listening for network changes. */
static void
come_and_go (Crew *crew)
{
  Home home = { g_thread_self (), crew };
  RawServer *server = raw_server_new ();
  HbWebsocketTask *task = hb_websocket_task_new (raw_server_get_uri (server));
  guint i;

  raw_server_set_answers (server, FALSE);
  g_signal_connect_swapped (task, "notify", G_CALLBACK (check_home_cb), &home);

  for (i = 0; i < 200; i++)
    {
      hb_websocket_task_open (task);
      g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
      hb_websocket_task_set_network_aware (task, i % 3 == 0);
      hb_websocket_task_close (task, 1000, NULL);
      assert_state (task, HB_STATE_CLOSED);
      wait_idle ();
    }

  g_assert_finalize_object (task);
  wait_idle ();
  raw_server_free (server);
}

static void
test_network_while_leaving (void)
{
  Crew crew = { .func = come_and_go };

  g_test_summary ("The network may change at the very moment when a task stops listening for "
                  "changes");

  start (&crew);
  join_in_turmoil (&crew);
}

static gpointer
live_and_close (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  TestServer *server = test_server_new (TEST_SERVER_ECHO);
  Fixture *fixture = data;

  hb_websocket_task_set_uri (fixture->task, test_server_get_uri (server));
  fixture_open (fixture);
  expect_echoes (fixture->task, fixture->log, 5);
  test_server_drop (server);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20 " WORDS_OPEN);
  fixture_close (fixture);
  test_server_free (server);
  wait_idle ();

  return NULL;
}

static void
test_moved (Fixture       *fixture,
            gconstpointer  data)
{
  guint i;

  g_test_summary ("A CLOSED task may be used by another thread, and then by the first thread "
                  "again");

  for (i = 0; i < 3; i++)
    {
      g_thread_join (g_thread_new ("other", live_and_close, fixture));
      hb_websocket_task_set_uri (fixture->task, test_server_get_uri (fixture->server));
      fixture_open (fixture);
      expect_echoes (fixture->task, fixture->log, 5);
      fixture_close (fixture);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  /* The monitor emits its signals in the main context of the thread that creates it. */
  g_network_monitor_get_default ();

  g_test_add_func ("/loopback/threads/lives", test_lives);
  g_test_add_func ("/loopback/threads/server-in-thread", test_server_in_thread);
  g_test_add_func ("/loopback/threads/network-reaches-each", test_network_reaches_each);
  g_test_add_func ("/loopback/threads/network-while-leaving", test_network_while_leaving);
  add_test ("/loopback/threads/moved", test_moved);

  return g_test_run ();
}
