/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Calls that only the task's thread may make. From another thread, such a call is refused with a
 * critical message, and the task does not change. */

#define refused(call) expect_critical ("*thread*", call)

/* Calls each method that refuses calls from other threads, except most setters, which
 * set_from_outside () tests. */
static gpointer
call_from_outside (gpointer data)
{
  HbWebsocketTask *task = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) opened = NULL;
  GError *error = NULL;

  g_main_context_push_thread_default (context);
  refused (hb_websocket_task_open (task));
  refused (hb_websocket_task_close (task, 1000, NULL));
  refused (hb_websocket_task_reconnect_now (task));
  refused (hb_websocket_task_reconnect_later (task));
  refused (hb_websocket_task_check (task));
  refused (hb_websocket_task_mark_ready (task));
  refused (hb_websocket_task_hold (task));
  refused (hb_websocket_task_release (task));
  refused (assert_takes_back (task, ""));
  refused (hb_websocket_task_set_ping_timeout (task, 1));
  refused (hb_websocket_task_set_uri (task, "ws://elsewhere.invalid/"));
  refused (hb_websocket_task_set_protocols (task, NULL));
  refused (hb_websocket_task_set_ping_func (task, NULL, NULL, NULL));
  refused (hb_websocket_task_set_pong_func (task, NULL, NULL, NULL));
  refused (hb_websocket_task_set_reconnect_func (task, NULL, NULL, NULL));
  refused (hb_websocket_task_open_async (task, NULL, store_result_cb, &opened));
  refused (hb_websocket_task_close_async (task, 1000, NULL, NULL, NULL, NULL));
  refused (hb_websocket_task_receive_async (task, NULL, NULL, NULL));

  wait_until (opened != NULL);
  g_assert_false (hb_websocket_task_open_finish (task, opened, &error));
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

/* @value holds the current value of the property. */
static void
set_other_value (GParamSpec *pspec,
                 GValue     *value)
{
  static const char * const strings[] = { "chat", NULL };

  if (G_IS_PARAM_SPEC_STRING (pspec))
    g_value_set_static_string (value, "other");
  else if (G_IS_PARAM_SPEC_BOXED (pspec))
    g_value_set_static_boxed (value, strings);
  else if (G_IS_PARAM_SPEC_OBJECT (pspec))
    g_value_take_object (value, g_object_new (pspec->value_type, NULL));
  else if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_value_set_boolean (value, !g_value_get_boolean (value));
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    g_value_set_enum (value, g_value_get_enum (value) == 0 ? 1 : 0);
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    g_value_set_uint (value, g_value_get_uint (value) + 1);
  else if (G_IS_PARAM_SPEC_INT (pspec))
    g_value_set_int (value, g_value_get_int (value) + 1);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    g_value_set_uint64 (value, g_value_get_uint64 (value) + 1);
  else if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    g_value_set_double (value, 1 - g_value_get_double (value));
  else
    g_assert_not_reached ();
}

/* Compares the contents, because two copies of a list have different addresses. */
static void
assert_same_value (const GValue *one,
                   const GValue *other)
{
  g_autofree char *one_contents = g_strdup_value_contents (one);
  g_autofree char *other_contents = g_strdup_value_contents (other);

  g_assert_cmpstr (one_contents, ==, other_contents);
}

static gpointer
set_from_outside (gpointer data)
{
  GObject *task = data;
  g_autofree GParamSpec **pspecs = NULL;
  guint n_properties;
  guint n_refused = 0;
  guint i;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (task), &n_properties);
  for (i = 0; i < n_properties; i++)
    {
      GValue before = G_VALUE_INIT;
      GValue after = G_VALUE_INIT;
      GValue other = G_VALUE_INIT;

      if ((pspecs[i]->flags & G_PARAM_WRITABLE) == 0
          || (pspecs[i]->flags & G_PARAM_CONSTRUCT_ONLY) != 0)
        continue;

      g_object_get_property (task, pspecs[i]->name, &before);
      g_value_init (&other, pspecs[i]->value_type);
      g_value_copy (&before, &other);
      set_other_value (pspecs[i], &other);
      refused (g_object_set_property (task, pspecs[i]->name, &other));
      g_object_get_property (task, pspecs[i]->name, &after);
      assert_same_value (&before, &after);
      g_value_unset (&before);
      g_value_unset (&after);
      g_value_unset (&other);
      n_refused++;
    }

  g_assert_cmpuint (n_refused, >, 0);

  return NULL;
}

static void
test_setters (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("No property of an open task can be set from another thread");

  fixture_open (fixture);
  g_thread_join (g_thread_new ("outside", set_from_outside, fixture->task));
  fixture_close (fixture);
}

static void
count_freed_cb (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

typedef struct
{
  HbWebsocketTask *task;
  int              n_freed;
  int              n_criticals;
  int              is_over;
} Outside;

static gpointer
give_functions (gpointer data)
{
  Outside *self = data;

  refused (hb_websocket_task_set_ping_func (self->task, no_ping_cb, &self->n_freed,
                                            count_freed_cb));
  refused (hb_websocket_task_set_pong_func (self->task, no_pong_cb, &self->n_freed,
                                            count_freed_cb));
  refused (hb_websocket_task_set_reconnect_func (self->task, no_delay_cb, &self->n_freed,
                                                 count_freed_cb));

  return NULL;
}

static void
test_functions (Fixture       *fixture,
                gconstpointer  data)
{
  Outside outside = { .task = fixture->task };

  g_test_summary ("The data of a function that is refused is freed, and the function is not "
                  "called");

  fixture_open (fixture);
  g_thread_join (g_thread_new ("outside", give_functions, &outside));
  g_assert_cmpint (outside.n_freed, ==, 3);
  hb_websocket_task_check (fixture->task);
  signal_log_expect (fixture->log, "message:text:heartbeat");
  test_server_drop (fixture->server);
  signal_log_expect (fixture->log, "state:waiting close:1006 reconnect:1:20 " WORDS_OPEN);
  fixture_close (fixture);
}

static gpointer
pester (gpointer data)
{
  Outside *self = data;

  while (!g_atomic_int_get (&self->is_over))
    {
      hb_websocket_task_check (self->task);
      g_thread_yield ();
    }

  return NULL;
}

static void
count_critical_cb (const char     *domain,
                   GLogLevelFlags  level,
                   const char     *message,
                   gpointer        user_data)
{
  Outside *self = user_data;

  g_assert_nonnull (strstr (message, "thread"));
  g_atomic_int_inc (&self->n_criticals);
}

static void
test_owner_is_busy (Fixture       *fixture,
                    gconstpointer  data)
{
  Outside outside = { .task = fixture->task };
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  guint handler = g_log_set_handler ("hb-websocket", G_LOG_LEVEL_CRITICAL, count_critical_cb,
                                     &outside);
  GThread *thread;
  guint i;

  g_test_summary ("Calls from another thread are refused at any moment, and do not interfere with "
                  "the task's thread");

  /* A task that is CLOSED belongs to no thread, so calls from the other thread would be valid. */
  fixture_open (fixture);
  thread = g_thread_new ("outside", pester, &outside);

  for (i = 0; i < 50; i++)
    {
      assert_sends (fixture->task, "hello");
      signal_log_expect (fixture->log, "message:text:hello");
      hb_websocket_task_reconnect_now (fixture->task);
      signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
    }

  wait_until (g_atomic_int_get (&outside.n_criticals) > 0);
  g_atomic_int_set (&outside.is_over, TRUE);
  g_thread_join (thread);
  fixture_close (fixture);
  g_log_remove_handler ("hb-websocket", handler);
  g_log_set_always_fatal (fatal);
}

typedef struct
{
  const char *name;
  void (*end) (HbWebsocketTask *task);
} Ending;

static const Ending endings[] = {
  { "closed-in-handler", close_task },
  { "disposed-in-handler", dispose_task },
};

static gpointer
check_refused (gpointer task)
{
  refused (hb_websocket_task_check (task));

  return NULL;
}

static gpointer
check_accepted (gpointer task)
{
  hb_websocket_task_check (task);

  return NULL;
}

static void
end_cb (HbWebsocketTask *task,
        guint            attempt,
        guint            delay,
        gpointer         user_data)
{
  const Ending *ending = user_data;

  ending->end (task);
  assert_state (task, HB_STATE_CLOSED);
  g_thread_join (g_thread_new ("outside", check_refused, task));
}

static void
test_ended_in_handler (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("If a handler ends a task, calls from another thread are refused until the "
                  "handler has returned");

  g_signal_connect (fixture->task, "reconnect", G_CALLBACK (end_cb), (gpointer) data);
  raw_peer_drop (fixture_open_raw (fixture));
  wait_until (hb_websocket_task_get_state (fixture->task) == HB_STATE_CLOSED);
  g_thread_join (g_thread_new ("outside", check_accepted, fixture->task));
  signal_log_forget (fixture->log);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/loopback/wrong-thread/methods", test_wrong_thread);
  add_test ("/loopback/wrong-thread/setters", test_setters);
  add_test ("/loopback/wrong-thread/functions", test_functions);
  add_test ("/loopback/wrong-thread/owner-is-busy", test_owner_is_busy);
  add_raw_rows ("/loopback/wrong-thread/", endings, test_ended_in_handler);

  return g_test_run ();
}
