/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Main contexts, threads, and sessions: to whom a task belongs. */

/* The whole of it in a thread that has its own main context, while no other runs */
static gpointer
live_in_thread (gpointer data)
{
  GMainContext *context = g_main_context_new ();
  Fixture fixture = { 0 };

  g_main_context_push_thread_default (context);
  fixture_set_up (&fixture, "soup");
  hb_websocket_task_set_ping_timeout (fixture.task, 10);
  hb_websocket_task_set_heartbeat_mode (fixture.task, HB_HEARTBEAT_MODE_PING);
  fixture_open (&fixture);
  assert_sends (fixture.task, "hello");
  signal_log_expect (fixture.log, "message:text:hello");
  wait_until (get_metric (fixture.task, hb_metrics_get_replies) > 0);
  test_server_drop (fixture.server);
  signal_log_expect (fixture.log, "state:waiting close:1006 reconnect:1:20");
  signal_log_expect (fixture.log, WORDS_OPEN);
  fixture_close (&fixture);
  fixture_tear_down (&fixture, NULL);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  return NULL;
}

static void
test_thread (void)
{
  g_thread_join (g_thread_new ("task", live_in_thread, NULL));
}

static void
test_many_threads (void)
{
  GThread *threads[4];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("task", live_in_thread, NULL);

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* A turn of both loops: the task's, and the one that the server has */
static void
turn (GMainContext *context)
{
  g_main_context_push_thread_default (context);
  g_main_context_iteration (context, FALSE);
  g_main_context_pop_thread_default (context);
  g_main_context_iteration (NULL, FALSE);
}

static void
finish (GMainContext *context)
{
  g_main_context_push_thread_default (context);
  wait_idle ();
  g_main_context_pop_thread_default (context);
}

/* Handlers run with it, whatever the caller's is. */
static void
check_context_cb (gpointer context)
{
  g_assert_true (g_main_context_get_thread_default () == context);
}

/* The context of the moment of open () counts, not that of a later call. */
static void
test_context_is_taken_once (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  guint i;

  g_signal_connect_swapped (fixture->task, "open", G_CALLBACK (check_context_cb), context);
  g_signal_connect_swapped (fixture->task, "message", G_CALLBACK (check_context_cb), context);
  g_signal_connect_swapped (fixture->task, "close", G_CALLBACK (check_context_cb), context);
  g_main_context_push_thread_default (context);
  hb_websocket_task_open (fixture->task);
  g_main_context_pop_thread_default (context);

  for (i = 0; i < 3; i++)
    {
      gint64 deadline = wait_get_deadline ();

      /* These are called without the context, and act in it all the same. */
      assert_sends (fixture->task, "hello");
      hb_websocket_task_check (fixture->task);

      while (signal_log_count (fixture->log, "message:text:hello") <= i)
        {
          turn (context);
          g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        }

      hb_websocket_task_reconnect_now (fixture->task);
    }

  g_object_run_dispose (G_OBJECT (fixture->task));
  finish (context);
  signal_log_forget (fixture->log);
}

/* After close () another context may have it. */
static void
test_other_context_after_close (Fixture       *fixture,
                                gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  fixture_open (fixture);
  fixture_close (fixture);

  g_main_context_push_thread_default (context);
  hb_websocket_task_open (fixture->task);
  g_main_context_pop_thread_default (context);
  while (hb_websocket_task_get_state (fixture->task) != HB_STATE_OPEN)
    turn (context);

  g_object_run_dispose (G_OBJECT (fixture->task));
  finish (context);
  signal_log_expect_now (fixture->log, WORDS_OPEN);
}

static void
expect_refusal (void)
{
  g_test_expect_message ("hb-websocket", G_LOG_LEVEL_CRITICAL, "*thread*");
}

#define refused(call) \
  G_STMT_START { \
    expect_refusal (); \
    call; \
    g_test_assert_expected_messages (); \
  } G_STMT_END

#define refused_with_error(call) \
  G_STMT_START { \
    expect_refusal (); \
    g_assert_false (call); \
    g_assert_nonnull (error); \
    g_clear_error (&error); \
    g_test_assert_expected_messages (); \
  } G_STMT_END

/* Each method from a thread that has no business with the task */
static gpointer
call_from_outside (gpointer data)
{
  HbWebsocketTask *task = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GBytes) bytes = g_bytes_new ("x", 1);
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) sent = NULL;
  GError *error = NULL;

  g_main_context_push_thread_default (context);
  refused (hb_websocket_task_open (task));
  refused (hb_websocket_task_close (task, 1000, NULL));
  refused (hb_websocket_task_reconnect_now (task));
  refused (hb_websocket_task_check (task));
  refused (hb_websocket_task_hold (task));
  refused (hb_websocket_task_release (task));
  refused (hb_websocket_task_clear_queue (task));
  refused (hb_websocket_task_set_ping_timeout (task, 1));
  refused (hb_websocket_task_set_uri (task, "ws://elsewhere.invalid/"));
  refused (hb_websocket_task_set_protocols (task, NULL));
  refused (hb_websocket_task_set_ping_func (task, NULL, NULL, NULL));
  refused (hb_websocket_task_set_reconnect_func (task, NULL, NULL, NULL));
  refused_with_error (hb_websocket_task_send_text (task, "x", &error));
  refused_with_error (hb_websocket_task_send_bytes (task, bytes, &error));
  refused_with_error (hb_websocket_task_send_message (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                      HB_SEND_FLAGS_DEFAULT, &error));
  refused (hb_websocket_task_open_async (task, NULL, store_result_cb, &opened));
  refused (hb_websocket_task_send_message_async (task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                 HB_SEND_FLAGS_DEFAULT, NULL,
                                                 store_result_cb, &sent));
  refused (hb_websocket_task_close_async (task, 1000, NULL, NULL, NULL, NULL));
  refused (hb_websocket_task_flush_async (task, NULL, NULL, NULL));

  wait_until (opened != NULL && sent != NULL);
  g_assert_false (hb_websocket_task_open_finish (task, opened, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (hb_websocket_task_send_message_finish (task, sent, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  wait_idle ();
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_wrong_thread (Fixture       *fixture,
                   gconstpointer  data)
{
  fixture_open (fixture);
  g_thread_join (g_thread_new ("outside", call_from_outside, fixture->task));
  assert_state (fixture->task, HB_STATE_OPEN);
  assert_sends (fixture->task, "unharmed");
  signal_log_expect (fixture->log, "message:text:unharmed");
  fixture_close (fixture);
}

typedef struct
{
  HbWebsocketTask *task;
  int              is_done;
} Handover;

static gpointer
unref_cb (gpointer data)
{
  Handover *handover = data;

  g_object_unref (handover->task);
  g_atomic_int_set (&handover->is_done, TRUE);

  return NULL;
}

/* A garbage collector may drop the last reference anywhere, while the task's loop runs. */
static void
test_last_reference_elsewhere (Fixture       *fixture,
                               gconstpointer  data)
{
  Handover handover = { g_steal_pointer (&fixture->task), FALSE };
  HbWebsocketTask *weak = handover.task;
  GThread *thread;
  RawPeer *peer;

  g_object_add_weak_pointer (G_OBJECT (weak), (gpointer *) &weak);
  hb_websocket_task_open (handover.task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  peer = raw_server_wait_peer (fixture->raw, 0);
  g_main_context_acquire (NULL);
  thread = g_thread_new ("collector", unref_cb, &handover);
  wait_until (g_atomic_int_get (&handover.is_done));
  g_thread_join (thread);
  g_assert_null (weak);
  raw_peer_expect_end (peer);
  g_main_context_release (NULL);
}

/* The application's own session makes the connections, and outlives the task. */
static void
test_own_session (Fixture       *fixture,
                  gconstpointer  data)
{
  SoupSession *session = soup_session_new_with_options ("user-agent", "hb-test", NULL);
  HbWebsocketTask *task;
  SignalLog *log;

  g_assert_null (hb_websocket_task_get_session (fixture->task));
  fixture_open (fixture);
  g_assert_null (hb_websocket_task_get_session (fixture->task));
  fixture_close (fixture);
  task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                       "uri", test_server_get_uri (fixture->server),
                       "session", session,
                       NULL);
  log = signal_log_new (task);
  g_assert_true (hb_websocket_task_get_session (task) == session);
  hb_websocket_task_open (task);
  signal_log_expect (log, WORDS_OPEN);
  g_assert_cmpstr (test_server_get_header (fixture->server, "User-Agent"), ==, "hb-test");
  g_assert_cmpstr (soup_session_get_user_agent (session), ==, "hb-test");
  hb_websocket_task_close (task, 1000, NULL);
  signal_log_expect (log, WORDS_CLOSE);
  signal_log_free (log);
  g_assert_finalize_object (task);
  wait_idle ();
  g_assert_finalize_object (session);
}

/* Two tasks on one session do not disturb each other. */
static void
test_shared_session (Fixture       *fixture,
                     gconstpointer  data)
{
  SoupSession *session = soup_session_new ();
  HbWebsocketTask *tasks[5];
  SignalLog *logs[5];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                               "uri", test_server_get_uri (fixture->server),
                               "session", session,
                               NULL);
      logs[i] = signal_log_new (tasks[i]);
      hb_websocket_task_open (tasks[i]);
    }

  for (i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      signal_log_expect (logs[i], WORDS_OPEN);
      assert_sends (tasks[i], "hello");
      signal_log_expect (logs[i], "message:text:hello");
    }

  for (i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      signal_log_free (logs[i]);
      g_assert_finalize_object (tasks[i]);
    }

  wait_idle ();
  g_assert_finalize_object (session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Main contexts, threads, and sessions: to whom a task belongs.");

  g_test_add_func ("/loopback/contexts/thread", test_thread);
  g_test_add_func ("/loopback/contexts/many-threads", test_many_threads);
  add_test ("/loopback/contexts/taken-once", test_context_is_taken_once);
  add_test ("/loopback/contexts/other-after-close", test_other_context_after_close);
  add_test ("/loopback/contexts/wrong-thread", test_wrong_thread);
  add_raw_test ("/loopback/contexts/last-reference-elsewhere", test_last_reference_elsewhere);
  add_test ("/loopback/contexts/own-session", test_own_session);
  add_test ("/loopback/contexts/shared-session", test_shared_session);

  return g_test_run ();
}
