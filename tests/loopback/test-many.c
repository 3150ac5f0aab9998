/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"
#include "raw-frame.h"

#define MAX_TASKS 50
#define PING      20

/* At least one of this many replies belongs to a ping that was sent after a test began to count. */
#define N_REPLIES 3

typedef struct
{
  HbWebsocketTask *tasks[MAX_TASKS];
  guint64          n_before[MAX_TASKS];
  guint            n_tasks;
  gboolean         has_run;
} Many;

typedef struct
{
  const char *name;
  const char *server;
  guint       n_tasks;
} Size;

/* With MAX_TASKS connections, the loop polls one descriptor in place of their sockets. */
static const Size sizes[] = {
  { "few", "soup", 6 },
  { "some", "soup", MAX_TASKS },
};

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture_set_up (fixture, ((const Size *) data)->server);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  fixture_tear_down (fixture, ((const Size *) data)->server);
}

static HbWebsocketTask *
new_task (Fixture *fixture)
{
  HbWebsocketTask *task = hb_websocket_task_new (test_server_get_uri (fixture->server));

  hb_websocket_task_set_heartbeat_mode (task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (task, PING);
  hb_websocket_task_set_reconnect_timeout (task, RECONNECT);

  return task;
}

static void
many_init (Many       *self,
           Fixture    *fixture,
           const Size *size)
{
  guint i;

  *self = (Many) { .n_tasks = size->n_tasks };

  for (i = 0; i < self->n_tasks; i++)
    {
      self->tasks[i] = new_task (fixture);
      hb_websocket_task_open (self->tasks[i]);
    }

  for (i = 0; i < self->n_tasks; i++)
    wait_until (hb_websocket_task_get_state (self->tasks[i]) == HB_STATE_OPEN);
}

static void
many_clear (Many *self)
{
  guint i;

  for (i = 0; i < self->n_tasks; i++)
    if (self->tasks[i] != NULL)
      g_assert_finalize_object (self->tasks[i]);
}

static guint64
count_replies (HbWebsocketTask *task)
{
  return get_metric (task, hb_metrics_get_replies);
}

static void
expect_heartbeats (Many  *self,
                   guint  first)
{
  guint i;

  for (i = first; i < self->n_tasks; i++)
    self->n_before[i] = count_replies (self->tasks[i]);

  for (i = first; i < self->n_tasks; i++)
    wait_until (count_replies (self->tasks[i]) >= self->n_before[i] + N_REPLIES);
}

static void
run_loop_cb (HbWebsocketTask       *task,
             SoupWebsocketDataType  type,
             GBytes                *message,
             Many                  *many)
{
  expect_heartbeats (many, 1);
  many->has_run = TRUE;
}

static char *
run_loop_in_ping_cb (HbWebsocketTask *task,
                     gpointer         user_data)
{
  Many *many = user_data;

  if (!many->has_run)
    {
      many->has_run = TRUE;
      expect_heartbeats (many, 1);
    }

  return NULL;
}

static void
test_nested_in_message (Fixture       *fixture,
                        gconstpointer  data)
{
  Many many;

  g_test_summary ("The heartbeats of all other tasks go on while a handler of one task runs a main "
                  "loop");

  many_init (&many, fixture, data);
  g_signal_connect (many.tasks[0], "message", G_CALLBACK (run_loop_cb), &many);
  assert_sends (many.tasks[0], "hello");
  wait_until (many.has_run);
  expect_heartbeats (&many, 0);
  many_clear (&many);
}

static void
test_nested_in_ping (Fixture       *fixture,
                     gconstpointer  data)
{
  Many many;

  g_test_summary ("The heartbeats of all other tasks go on while a task's ping function runs a "
                  "main loop");

  many_init (&many, fixture, data);
  hb_websocket_task_set_ping_func (many.tasks[0], run_loop_in_ping_cb, &many, NULL);
  wait_until (many.has_run);
  expect_heartbeats (&many, 0);
  many_clear (&many);
}

static void
dispose_all_cb (HbWebsocketTask *task,
                gpointer         user_data)
{
  Many *many = user_data;
  guint i;

  for (i = 1; i < many->n_tasks; i++)
    if (many->tasks[i] != task)
      g_clear_object (&many->tasks[i]);
}

static char *
dispose_all_in_ping_cb (HbWebsocketTask *task,
                        gpointer         user_data)
{
  Many *many = user_data;

  dispose_all_cb (task, user_data);
  many->has_run = TRUE;

  return NULL;
}

static void
test_disposed_in_ping (Fixture       *fixture,
                       gconstpointer  data)
{
  Many many;

  g_test_summary ("A ping function may drop all other tasks, whose pings are due at the same time");

  many_init (&many, fixture, data);
  hb_websocket_task_set_ping_func (many.tasks[0], dispose_all_in_ping_cb, &many, NULL);
  wait_until (many.has_run);
  expect_heartbeats (&(Many) { .tasks = { many.tasks[0] }, .n_tasks = 1 }, 0);
  many_clear (&many);
}

static void
expect_dead_cb (HbWebsocketTask       *task,
                SoupWebsocketDataType  type,
                GBytes                *message,
                Fixture               *fixture)
{
  signal_log_expect (fixture->log, "state:waiting error:pong-timeout close:1006 reconnect:1:60000");
}

static void
test_judged_in_nested (Fixture       *fixture,
                       gconstpointer  data)
{
  TestServer *server = test_server_new (TEST_SERVER_ECHO);
  HbWebsocketTask *other = hb_websocket_task_new (test_server_get_uri (server));
  RawPeer *peer;

  g_test_summary ("A dead connection is detected while a handler of another task runs a main loop");

  hb_websocket_task_set_reconnect_timeout (fixture->task, 60000);
  peer = fixture_open_raw (fixture);
  hb_websocket_task_set_ping_timeout (other, 0);
  hb_websocket_task_open (other);
  g_signal_connect (other, "message", G_CALLBACK (expect_dead_cb), fixture);
  wait_until (hb_websocket_task_get_state (other) == HB_STATE_OPEN);
  hb_websocket_task_set_pong_timeout (fixture->task, PING);
  hb_websocket_task_set_ping_timeout (fixture->task, PING);
  assert_sends (other, "hello");
  wait_until (hb_websocket_task_get_state (fixture->task) == HB_STATE_WAITING);
  wait_until (get_metric (other, hb_metrics_get_messages_received) == 1);
  raw_peer_forget (peer);
  g_assert_finalize_object (other);
  wait_idle ();
  test_server_free (server);
}

/* Iterates each context, and then that of the server. */
static void
turn (GMainContext *contexts[2])
{
  guint i;

  for (i = 0; i < 2; i++)
    {
      g_main_context_push_thread_default (contexts[i]);
      g_main_context_iteration (contexts[i], FALSE);
      g_main_context_pop_thread_default (contexts[i]);
    }

  g_main_context_iteration (NULL, FALSE);
}

/* @session: (nullable): NULL for a private session of the task */
static HbWebsocketTask *
open_in (Fixture      *fixture,
         GMainContext *contexts[2],
         guint         index,
         SoupSession  *session)
{
  HbWebsocketTask *task = new_task (fixture);
  gint64 deadline = wait_get_deadline ();

  hb_websocket_task_set_session (task, session);
  g_main_context_push_thread_default (contexts[index]);
  hb_websocket_task_open (task);
  g_main_context_pop_thread_default (contexts[index]);

  while (hb_websocket_task_get_state (task) != HB_STATE_OPEN)
    {
      turn (contexts);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }

  return task;
}

/* Returns the number of timerfds, or 0 if the system does not report them. */
static guint
count_timers (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      n += g_strcmp0 (target, "anon_inode:[timerfd]") == 0;
    }

  return n;
}

/* The orders in which tasks are dropped. Tasks 0 and 1 share one context, and tasks 2 and 3
 * another. */
static const char * const orders[] = { "0123", "3210", "2031", "0231", "1302" };

static void
test_any_order (Fixture       *fixture,
                gconstpointer  data)
{
  guint n_timers = count_timers ();
  guint i, j;

  g_test_summary ("Tasks may be dropped in any order. A context without a task has no timer, even "
                  "if it is never iterated again.");

  for (i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      GMainContext *contexts[2] = { g_main_context_new (), g_main_context_new () };
      HbWebsocketTask *tasks[4];

      for (j = 0; j < 4; j++)
        tasks[j] = open_in (fixture, contexts, j / 2, NULL);

      g_assert_cmpuint (count_timers (), <=, n_timers + 2);
      for (j = 0; j < 4; j++)
        g_assert_finalize_object (tasks[orders[i][j] - '0']);
      g_assert_cmpuint (count_timers (), ==, n_timers);

      /* libsoup finishes closing a connection in the context in which it began to close it. */
      for (j = 0; j < 2; j++)
        {
          wait_idle_in (contexts[j]);
          g_main_context_unref (contexts[j]);
        }
    }

  wait_idle ();
}

/* The number of descriptors in the last poll of the context */
static guint n_polled;

static gint
count_poll (GPollFD *fds,
            guint    n_fds,
            gint     timeout)
{
  n_polled = n_fds;

  return g_poll (fds, n_fds, timeout);
}

static void
test_polled (Fixture       *fixture,
             gconstpointer  data)
{
  GMainContext *contexts[2];
  HbWebsocketTask *tasks[MAX_TASKS];
  guint i;

  g_test_summary ("The loop polls one descriptor in place of many sockets");

#ifndef HAVE_EPOLL
  g_test_skip ("needs epoll_create1()");
  return;
#endif

  for (i = 0; i < 2; i++)
    contexts[i] = g_main_context_new ();

  g_main_context_set_poll_func (contexts[0], count_poll);
  for (i = 0; i < MAX_TASKS; i++)
    tasks[i] = open_in (fixture, contexts, 0, NULL);

  /* The context's own descriptor, the timer, the set of sockets, and the socket for network
   * changes */
  turn (contexts);
  g_assert_cmpuint (n_polled, <=, 4);

  for (i = 0; i < MAX_TASKS; i++)
    g_assert_finalize_object (tasks[i]);

  for (i = 0; i < 2; i++)
    {
      wait_idle_in (contexts[i]);
      g_main_context_unref (contexts[i]);
    }

  wait_idle ();
}

/* GLib assigns the ids of sources in sequence, so each id below that of a new source is tried. */
static guint
count_sources (GMainContext *context)
{
  g_autoptr (GSource) last = g_idle_source_new ();
  guint n_ids = g_source_attach (last, context);
  guint n = 0;
  guint id;

  for (id = 1; id < n_ids; id++)
    n += g_main_context_find_source_by_id (context, id) != NULL;

  g_source_destroy (last);

  return n;
}

/* Returns the number of sources that MAX_TASKS open tasks have in the first context.
 *
 * @session: (nullable): NULL for a private session of each task */
static guint
count_sources_of_tasks (Fixture      *fixture,
                        GMainContext *contexts[2],
                        SoupSession  *session)
{
  HbWebsocketTask *tasks[MAX_TASKS];
  guint n_before = count_sources (contexts[0]);
  guint n;
  guint i;

  for (i = 0; i < MAX_TASKS; i++)
    tasks[i] = open_in (fixture, contexts, 0, session);

  turn (contexts);
  n = count_sources (contexts[0]) - n_before;

  for (i = 0; i < MAX_TASKS; i++)
    g_assert_finalize_object (tasks[i]);

  for (i = 0; i < 2; i++)
    wait_idle_in (contexts[i]);

  return n;
}

static void
test_sources (Fixture       *fixture,
              gconstpointer  data)
{
  GMainContext *contexts[2] = { g_main_context_new (), g_main_context_new () };
  SoupSession *session;

  g_test_summary ("While a connection is open, the task's private session has no source in the "
                  "context, because the loop would check the source in each iteration");

  g_main_context_push_thread_default (contexts[0]);
  session = soup_session_new ();
  g_main_context_pop_thread_default (contexts[0]);

  g_assert_cmpuint (count_sources_of_tasks (fixture, contexts, NULL), <=,
                    count_sources_of_tasks (fixture, contexts, session));

  g_assert_finalize_object (session);
  g_main_context_unref (contexts[0]);
  g_main_context_unref (contexts[1]);
  wait_idle ();
}

#define N_STEPS   600
#define MAX_DEPTH 3

static void
nested_cb (HbWebsocketTask       *task,
           SoupWebsocketDataType  type,
           GBytes                *message,
           guint                 *depth)
{
  guint n = g_test_rand_int_range (0, 4);

  (*depth)++;
  while (*depth < MAX_DEPTH && n-- > 0 && g_main_context_iteration (NULL, FALSE))
    ;
  (*depth)--;
}

static void
listen_cb (SoupWebsocketConnection *connection,
           int                      type,
           GBytes                  *message,
           gpointer                 user_data)
{
}

static void
listen_to (HbWebsocketTask *task)
{
  SoupWebsocketConnection *connection = hb_websocket_task_get_connection (task);

  if (connection != NULL)
    g_signal_connect (connection, "message", G_CALLBACK (listen_cb), NULL);
}

static void
change (HbWebsocketTask *task)
{
  switch (g_test_rand_int_range (0, 8))
    {
    case 0:
      hb_websocket_task_close (task, 1000, NULL);
      break;
    case 1:
      hb_websocket_task_reconnect_now (task);
      break;
    case 2:
      listen_to (task);
      break;
    case 3:
      hb_websocket_task_set_paused (task, g_test_rand_bit ());
      break;
    case 4:
      hb_websocket_task_check (task);
      break;
    default:
      hb_websocket_task_send_text (task, "walk", NULL);
    }

  if (hb_websocket_task_get_state (task) == HB_STATE_CLOSED)
    hb_websocket_task_open (task);
}

static HbWebsocketTask *
new_walker (Fixture *fixture,
            guint   *depth)
{
  HbWebsocketTask *task = new_task (fixture);

  g_signal_connect (task, "message", G_CALLBACK (nested_cb), depth);
  hb_websocket_task_open (task);

  return task;
}

static void
test_walk (Fixture       *fixture,
           gconstpointer  data)
{
  HbWebsocketTask *tasks[MAX_TASKS];
  guint depth = 0, step, i;

  g_test_summary ("Each of many tasks still connects and receives replies, whatever the tasks have "
                  "done before, and whichever have been dropped");

  for (i = 0; i < MAX_TASKS; i++)
    tasks[i] = new_walker (fixture, &depth);

  for (step = 0; step < N_STEPS; step++)
    {
      i = g_test_rand_int_range (0, MAX_TASKS);
      if (g_test_rand_int_range (0, 8) > 0)
        {
          change (tasks[i]);
        }
      else
        {
          g_object_unref (tasks[i]);
          tasks[i] = new_walker (fixture, &depth);
        }

      if (g_test_rand_bit ())
        g_main_context_iteration (NULL, FALSE);
    }

  for (i = 0; i < MAX_TASKS; i++)
    {
      guint64 n_before;

      hb_websocket_task_set_paused (tasks[i], FALSE);
      wait_until (hb_websocket_task_get_state (tasks[i]) != HB_STATE_CLOSING);
      if (hb_websocket_task_get_state (tasks[i]) == HB_STATE_CLOSED)
        hb_websocket_task_open (tasks[i]);

      wait_until (hb_websocket_task_get_state (tasks[i]) == HB_STATE_OPEN
                  && hb_websocket_task_get_buffered_amount (tasks[i]) == 0);
      n_before = count_replies (tasks[i]);
      wait_until (count_replies (tasks[i]) >= n_before + N_REPLIES);
    }

  for (i = 0; i < MAX_TASKS; i++)
    g_assert_finalize_object (tasks[i]);
}

/* Opens a connection, on which the server twice sends a ping and a fragmented message. libsoup
 * handles both. Then the server sends the bytes @end, or closes the socket if @end is empty. The
 * task must then emit the signals @words.
 *
 * @end: for raw_frame_from_hex () */
static void
exchange (Fixture    *fixture,
          const char *end,
          const char *words)
{
  RawPeer *peer = fixture_open_raw (fixture);
  g_autoptr (GByteArray) frames = raw_frame_from_hex ("01 01 61 80 01 62");
  g_autoptr (GByteArray) last = raw_frame_from_hex (end);
  guint i;

  for (i = 0; i < 2; i++)
    {
      wait_idle ();
      raw_peer_send (peer, RAW_PING, "x", 1);
      raw_peer_expect (peer, "pong:x");
      wait_idle ();
      raw_peer_write (peer, frames->data, frames->len);
      signal_log_expect (fixture->log, "message:text:ab");
    }

  wait_idle ();
  if (last->len > 0)
    raw_peer_write (peer, last->data, last->len);
  else
    raw_peer_cut (peer);

  signal_log_expect (fixture->log, words);
  if (last->len > 0)
    g_free (raw_peer_take (peer));
}

static void
test_libsoup_after_rest (Fixture       *fixture,
                         gconstpointer  data)
{
  RawPeer *peer;
  Many many;
  guint i;

  g_test_summary ("In a context with many connections, a task has no handlers of libsoup's signals "
                  "while its connection is idle. The task still notices frames that libsoup "
                  "handles, and each way in which the connection can end.");

  fixture->server = test_server_new (TEST_SERVER_ECHO);
  many_init (&many, fixture, &sizes[G_N_ELEMENTS (sizes) - 1]);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);

  /* On a slow machine, the loop would never be idle while each of many tasks sends pings. */
  for (i = 0; i < many.n_tasks; i++)
    hb_websocket_task_set_ping_timeout (many.tasks[i], 0);

  exchange (fixture, "88 02 03e8", "state:closed close:1000");
  exchange (fixture, "88 05 0fa0 627965", "state:closed error:repeat-limit close:4000:bye");
  exchange (fixture, "83 00", "state:closed error:soup-websocket-error-quark:1002 "
                              "error:repeat-limit close:1006");
  exchange (fixture, "", "state:closed error:repeat-limit close:1006");

  peer = fixture_open_raw (fixture);
  wait_idle ();
  fixture_close_raw (fixture, peer);
  many_clear (&many);
}

static void
test_limit_within_frame (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GByteArray) part = raw_frame_from_hex ("01 7e 00c8 61");
  RawPeer *peer;
  Many many;

  g_test_summary ("If max-message-size is lowered while a longer frame is being received, and "
                  "other tasks connect before more of the frame arrives, the connection ends and "
                  "is freed");

  fixture->server = test_server_new (TEST_SERVER_ECHO);
  peer = fixture_open_raw (fixture);
  raw_peer_write (peer, part->data, part->len);
  wait_idle ();
  hb_websocket_task_set_max_message_size (fixture->task, 10);
  many_init (&many, fixture, &sizes[G_N_ELEMENTS (sizes) - 1]);

  assert_sends (fixture->task, "one");
  assert_sends (fixture->task, "two");
  raw_peer_expect (peer, "text:one text:two");
  raw_peer_write_text (peer, "b");
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
  many_clear (&many);
}

/* Once the server has received the request, the process can open only `n_left` more descriptors.
 * The sockets of the connection exist at that time. */
typedef struct
{
  const char *name;
  guint       n_tasks; /* other tasks, which are already open */
  guint       n_left;
} Shortage;

/* With more than 32 connections, the loop needs a descriptor for the set of sockets. */
static const Shortage shortages[] = {
  { "first", 0, 0 },
  { "set-refused", 32, 0 },
  { "set-accepted", 32, 1 },
};

static void
accept_without_descriptors_cb (RawPeer  *peer,
                               gpointer  user_data)
{
  const Shortage *shortage = user_data;
  int unused = dup (STDIN_FILENO);
  struct rlimit limit;

  g_assert_cmpint (unused, >=, 0);
  close (unused);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = unused + shortage->n_left;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  raw_peer_accept (peer);
}

static void
test_shortage (Fixture       *fixture,
               gconstpointer  data)
{
  const Shortage *shortage = data;
  struct rlimit limit;
  RawPeer *peer;
  Many many;

  g_test_summary ("A connection opens even if the process can open at most one more descriptor");

  fixture->server = test_server_new (TEST_SERVER_ECHO);
  many_init (&many, fixture, &(Size) { .n_tasks = shortage->n_tasks });
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  raw_server_set_requested (fixture->raw, accept_without_descriptors_cb, (gpointer) shortage);

  peer = fixture_open_raw (fixture);
  raw_peer_send_text (peer, "hello");
  signal_log_expect (fixture->log, "message:text:hello");
  assert_sends (fixture->task, "hello");
  raw_peer_expect (peer, "text:hello");
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);

  fixture_close_raw (fixture, peer);
  many_clear (&many);
}

#define add_sized(name, function) \
  test_rows_add_with ("/loopback/many/" name "/", sizes, Fixture, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Many tasks in one main context.");

  add_sized ("nested-in-message", test_nested_in_message);
  add_sized ("nested-in-ping", test_nested_in_ping);
  add_sized ("disposed-in-ping", test_disposed_in_ping);
  add_raw_test ("/loopback/many/judged-in-nested", test_judged_in_nested);
  add_raw_test ("/loopback/many/libsoup-after-rest", test_libsoup_after_rest);
  add_raw_test ("/loopback/many/limit-within-frame", test_limit_within_frame);
  add_test ("/loopback/many/any-order", test_any_order);
  add_test ("/loopback/many/polled", test_polled);
  add_test ("/loopback/many/sources", test_sources);
  add_test ("/loopback/many/walk", test_walk);
  add_raw_rows ("/loopback/many/shortage/", shortages, test_shortage);

  return g_test_run ();
}
