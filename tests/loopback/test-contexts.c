/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* The default context is not iterated while this thread runs. */
static gpointer
live_in_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  Fixture fixture = { 0 };

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

  return NULL;
}

static void
test_thread (void)
{
  g_thread_join (g_thread_new ("task", live_in_thread, NULL));
}

/* Iterates the task's context, as the thread-default one, and then the default one, which the
 * server uses. */
static void
turn (GMainContext *context)
{
  g_main_context_push_thread_default (context);
  g_main_context_iteration (context, FALSE);
  g_main_context_pop_thread_default (context);
  g_main_context_iteration (NULL, FALSE);
}

#define turn_until(context, condition) \
  G_STMT_START { \
    gint64 deadline_ = wait_get_deadline (); \
    while (!(condition)) \
      { \
        turn (context); \
        g_assert_cmpint (g_get_monotonic_time (), <, deadline_); \
      } \
  } G_STMT_END

static void
open_in (Fixture      *fixture,
         GMainContext *context)
{
  g_main_context_push_thread_default (context);
  hb_websocket_task_open (fixture->task);
  g_main_context_pop_thread_default (context);
}

static void
end_in (Fixture      *fixture,
        GMainContext *context)
{
  g_object_run_dispose (G_OBJECT (fixture->task));
  wait_idle_in (context);
  signal_log_forget (fixture->log);
}

static void
check_context_cb (gpointer context)
{
  g_assert_true (g_main_context_get_thread_default () == context);
}

/* A task uses the context of its open () call, and not that of a later call. */
static void
test_context_is_taken_once (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  guint i;

  g_signal_connect_swapped (fixture->task, "open", G_CALLBACK (check_context_cb), context);
  g_signal_connect_swapped (fixture->task, "message", G_CALLBACK (check_context_cb), context);
  g_signal_connect_swapped (fixture->task, "close", G_CALLBACK (check_context_cb), context);
  g_signal_connect_swapped (fixture->task, "error", G_CALLBACK (check_context_cb), context);
  hb_websocket_task_set_max_buffered_amount (fixture->task, strlen ("hello"));
  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_NEWEST);
  open_in (fixture, context);

  for (i = 0; i < 3; i++)
    {
      /* Another context is the thread-default one here. */
      assert_sends (fixture->task, "hello");
      assert_sends (fixture->task, "too long");
      hb_websocket_task_check (fixture->task);
      turn_until (context, signal_log_count (fixture->log, "message:text:hello") > i);
      hb_websocket_task_reconnect_now (fixture->task);
    }

  end_in (fixture, context);
}

static void
test_other_context_after_close (Fixture       *fixture,
                                gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  fixture_open (fixture);
  fixture_close (fixture);

  open_in (fixture, context);
  turn_until (context, hb_websocket_task_get_state (fixture->task) == HB_STATE_OPEN);

  g_object_run_dispose (G_OBJECT (fixture->task));
  wait_idle_in (context);
  signal_log_expect_now (fixture->log, WORDS_OPEN);
}

static void
run_unpushed (Fixture      *fixture,
              GMainContext *context,
              const char   *word)
{
  gint64 deadline = wait_get_deadline ();

  while (signal_log_count (fixture->log, word) == 0)
    {
      g_main_context_iteration (context, FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
test_run_without_push (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_test_summary ("If a context is iterated without being the thread-default one, libsoup uses "
                  "another context, so the attempt fails with a timeout. Attempts succeed as soon "
                  "as the context is the thread-default one");

  hb_websocket_task_set_connect_timeout (fixture->task, 50);
  open_in (fixture, context);
  run_unpushed (fixture, context, "reconnect:1:20");
  signal_log_expect (fixture->log, "state:connecting connecting state:waiting "
                                   "error:connect-timeout reconnect:1:20");
  signal_log_forget (fixture->log);

  hb_websocket_task_set_connect_timeout (fixture->task, 10000);
  hb_websocket_task_reconnect_now (fixture->task);
  turn_until (context, hb_websocket_task_get_state (fixture->task) == HB_STATE_OPEN);

  assert_sends (fixture->task, "hello");
  turn_until (context, signal_log_count (fixture->log, "message:text:hello") > 0);

  end_in (fixture, context);
}

static void
test_other_context_is_pushed (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr (GMainContext) outer = g_main_context_new ();
  g_autoptr (GMainContext) inner = g_main_context_new ();
  HbWebsocketTask *second = hb_websocket_task_new (test_server_get_uri (fixture->server));
  guint i;

  g_test_summary ("Each task belongs to the context that was the thread-default one when the task "
                  "was opened, and can be called while another context is the thread-default one");

  g_signal_connect_swapped (fixture->task, "open", G_CALLBACK (check_context_cb), outer);
  g_signal_connect_swapped (fixture->task, "message", G_CALLBACK (check_context_cb), outer);
  g_signal_connect_swapped (second, "open", G_CALLBACK (check_context_cb), inner);
  g_signal_connect_swapped (second, "message", G_CALLBACK (check_context_cb), inner);

  g_main_context_push_thread_default (outer);
  hb_websocket_task_open (fixture->task);
  g_main_context_push_thread_default (inner);
  hb_websocket_task_open (second);
  assert_sends (fixture->task, "hello");

  for (i = 0; i < 3; i++)
    {
      guint64 n_opens = get_metric (second, hb_metrics_get_opens);
      gint64 deadline = wait_get_deadline ();

      hb_websocket_task_reconnect_now (fixture->task);
      hb_websocket_task_reconnect_now (second);
      assert_sends (second, "hello");
      while (get_metric (second, hb_metrics_get_opens) == n_opens
             || hb_websocket_task_get_state (fixture->task) != HB_STATE_OPEN)
        {
          turn (inner);
          turn (outer);
          g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        }
    }

  g_assert_finalize_object (second);
  g_object_run_dispose (G_OBJECT (fixture->task));
  wait_idle_in (inner);
  wait_idle_in (outer);
  g_main_context_pop_thread_default (inner);
  g_main_context_pop_thread_default (outer);
  signal_log_forget (fixture->log);
}

static void
test_sent_from_other (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContext) other = g_main_context_new ();
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');

  g_test_summary ("A message that is sent while another context is the thread-default one does not "
                  "wait for that context, which may never be iterated");

  open_in (fixture, context);
  turn_until (context, hb_websocket_task_get_state (fixture->task) == HB_STATE_OPEN);

  g_main_context_push_thread_default (other);
  assert_sends (fixture->task, text);
  g_main_context_pop_thread_default (other);
  turn_until (context, get_metric (fixture->task, hb_metrics_get_messages_received) > 0);

  end_in (fixture, context);
}

static void
open_other_cb (HbWebsocketTask *task,
               HbWebsocketTask *other)
{
  hb_websocket_task_open (other);
}

static void
test_opened_in_handler (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  HbWebsocketTask *second = hb_websocket_task_new (test_server_get_uri (fixture->server));

  g_test_summary ("A task that is opened in a handler of another task belongs to the context of "
                  "the other task");

  g_signal_connect (fixture->task, "open", G_CALLBACK (open_other_cb), second);
  g_signal_connect_swapped (second, "open", G_CALLBACK (check_context_cb), context);
  open_in (fixture, context);
  turn_until (context, hb_websocket_task_get_state (second) == HB_STATE_OPEN);

  g_assert_finalize_object (second);
  end_in (fixture, context);
}

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
      tasks[i] = hb_websocket_task_new_with_session (test_server_get_uri (fixture->server),
                                                     session);
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
  g_test_summary ("A task uses one main context and its thread, and the application's session if "
                  "one is set");

  g_test_add_func ("/loopback/contexts/thread", test_thread);
  add_test ("/loopback/contexts/taken-once", test_context_is_taken_once);
  add_test ("/loopback/contexts/other-after-close", test_other_context_after_close);
  add_test ("/loopback/contexts/run-without-push", test_run_without_push);
  add_test ("/loopback/contexts/other-is-pushed", test_other_context_is_pushed);
  add_test ("/loopback/contexts/sent-from-other", test_sent_from_other);
  add_test ("/loopback/contexts/opened-in-handler", test_opened_in_handler);
  add_test ("/loopback/contexts/own-session", test_own_session);
  add_test ("/loopback/contexts/shared-session", test_shared_session);

  return g_test_run ();
}
