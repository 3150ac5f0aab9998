/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Any handler or other function of the application may call any function, drop the last reference,
 * or run a main loop. The tests combine each of `emissions` with each of `actions`. test-pongs.c
 * tests the function that recognizes replies. */

/* The state of the task after the handler has acted */
typedef enum {
  GOES_ON, /* The task reconnects again and again. */
  ENDS,    /* The task becomes and stays CLOSED. */
  IS_GONE, /* The task is finalized. */
} Outcome;

typedef struct _Scene Scene;

typedef struct
{
  const char *name;
  void      (*func) (Scene *scene);          /* (nullable) NULL if `call` is set */
  Outcome     outcome;
  void      (*call) (HbWebsocketTask *task); /* (nullable) */
} Action;

struct _Scene
{
  Fixture          fixture;
  HbWebsocketTask *task;      /* (nullable) NULL once the scene has dropped its reference */
  HbWebsocketTask *weak;      /* (nullable) NULL once the task is disposed of */
  const char      *signal;
  const Action    *action;
  guint            n_emitted; /* signals up to the disposal or the end, 0 until then */
  guint            depth;     /* the number of main loops that run in handlers */
  gboolean         acted;
};

static void
act_nothing (Scene *scene)
{
}

static void
act_close (Scene *scene)
{
  hb_websocket_task_close (scene->task, 1000, "bye");
}

static void
act_reopen (Scene *scene)
{
  hb_websocket_task_close (scene->task, 1000, NULL);
  hb_websocket_task_reconnect_now (scene->task);
}

static void
act_twice (Scene *scene)
{
  hb_websocket_task_reconnect_now (scene->task);
  hb_websocket_task_reconnect_now (scene->task);
}

static void
act_ready (Scene *scene)
{
  hb_websocket_task_set_manual_ready (scene->task, TRUE);
  hb_websocket_task_reconnect_now (scene->task);
  hb_websocket_task_mark_ready (scene->task);
  hb_websocket_task_set_manual_ready (scene->task, FALSE);
}

static void
act_hold (Scene *scene)
{
  hb_websocket_task_hold (scene->task);
  hb_websocket_task_release (scene->task);
}

/* The hold prevents a request after `connecting`. */
static void
act_hold_and_close (Scene *scene)
{
  hb_websocket_task_hold (scene->task);
  hb_websocket_task_close (scene->task, 1000, NULL);
}

/* In CLOSED, the task accepts no message. Only the callbacks of close_async () and of a cancelled
 * open_async () send in that state. */
static void
send_text (Scene *scene)
{
  gboolean may_send = hb_websocket_task_get_state (scene->task) != HB_STATE_CLOSED;
  gboolean accepted = hb_websocket_task_send_text (scene->task, "text", NULL);

  g_assert_cmpint (accepted, ==, may_send);
}

static void
act_send (Scene *scene)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("bytes", 5);

  send_text (scene);
  hb_websocket_task_send_bytes (scene->task, bytes, NULL);
  hb_websocket_task_send_message (scene->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                  HB_SEND_FLAGS_VOLATILE, NULL);
  hb_websocket_task_flush_async (scene->task, NULL, NULL, NULL);
}

/* Cancels the call to receive_async (), so that it consumes no message. */
static void
act_pause (Scene *scene)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  hb_websocket_task_receive_async (scene->task, cancellable, NULL, NULL);
  g_assert_true (hb_websocket_task_get_paused (scene->task));
  g_cancellable_cancel (cancellable);
  wait_pass (5);
  hb_websocket_task_set_paused (scene->task, FALSE);
}

static void
act_take_queue (Scene *scene)
{
  send_text (scene);
  g_ptr_array_unref (hb_websocket_task_take_queue (scene->task));
}

static void
act_set (Scene *scene)
{
  hb_websocket_task_set_ping_timeout (scene->task, 3);
  hb_websocket_task_set_max_message_size (scene->task, 1000);
  hb_websocket_task_set_network_aware (scene->task, FALSE);
  hb_websocket_task_set_ping_func (scene->task, NULL, NULL, NULL);
  hb_websocket_task_set_reconnect_func (scene->task, NULL, NULL, NULL);
}

/* The task becomes CLOSED at the current attempt or at the next one. */
static void
act_set_bad_uri (Scene *scene)
{
  hb_websocket_task_set_uri (scene->task, NULL);
}

static void
act_set_bad_origin (Scene *scene)
{
  hb_websocket_task_set_origin (scene->task, "a\nb");
}

static void
act_unref (Scene *scene)
{
  g_clear_object (&scene->task);
}

static void
act_hold_and_unref (Scene *scene)
{
  hb_websocket_task_hold (scene->task);
  g_clear_object (&scene->task);
}

static gpointer
unref_in_thread (gpointer task)
{
  g_object_unref (task);

  return NULL;
}

static void
act_unref_elsewhere (Scene *scene)
{
  g_thread_join (g_thread_new ("collector", unref_in_thread, g_steal_pointer (&scene->task)));
}

/* The task must not move to the other context. */
static void
act_in_other_context (Scene *scene)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  send_text (scene);
  hb_websocket_task_check (scene->task);
  if (hb_websocket_task_get_state (scene->task) != HB_STATE_CLOSED)
    hb_websocket_task_reconnect_now (scene->task);
  g_main_context_pop_thread_default (context);
}

static void
act_dispose (Scene *scene)
{
  g_object_run_dispose (G_OBJECT (scene->task));
  scene->n_emitted = signal_log_count (scene->fixture.log, "");
}

static void
act_hold_and_dispose (Scene *scene)
{
  hb_websocket_task_hold (scene->task);
  act_dispose (scene);
}

static void
act_nest (Scene *scene)
{
  guint i;

  for (i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
nest_deeper_cb (Scene *scene)
{
  if (scene->depth == 4)
    return;

  scene->depth++;
  act_nest (scene);
  scene->depth--;
}

/* Iterates the main context in this handler and in every later one, up to four deep. */
static void
act_nest_deeply (Scene *scene)
{
  static const char * const names[] = {
    "connecting", "open", "message", "drain", "error", "close", "reconnect", "notify",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_swapped (scene->task, names[i], G_CALLBACK (nest_deeper_cb), scene);

  nest_deeper_cb (scene);
}

/* Runs a main loop long enough for data to arrive, and for connections to end and open. */
static void
act_nest_long (Scene *scene)
{
  guint n = raw_server_get_n_accepted (scene->fixture.raw);

  if (n > 0 && raw_peer_get_request (raw_server_get_peer (scene->fixture.raw, n - 1)) != NULL
      && !raw_peer_has_ended (raw_server_get_peer (scene->fixture.raw, n - 1)))
    raw_peer_send_text (raw_server_get_peer (scene->fixture.raw, n - 1), "nested");

  wait_pass (15);
}

static void
act_nest_and_close (Scene *scene)
{
  wait_pass (5);
  hb_websocket_task_close (scene->task, 1000, NULL);
  wait_pass (5);
}

static void
act_nest_and_unref (Scene *scene)
{
  wait_pass (5);
  g_clear_object (&scene->task);
  wait_pass (5);
}

static void
act_nest_and_dispose (Scene *scene)
{
  wait_pass (5);
  act_dispose (scene);
  wait_pass (5);
}

static const Action actions[] = {
  { "nothing", act_nothing, GOES_ON },
  { "open", NULL, GOES_ON, hb_websocket_task_open },
  { "reopen", act_reopen, GOES_ON },
  { "reconnect-now", NULL, GOES_ON, hb_websocket_task_reconnect_now },
  { "reconnect-later", NULL, GOES_ON, hb_websocket_task_reconnect_later },
  { "reconnect-now-twice", act_twice, GOES_ON },
  { "check", NULL, GOES_ON, hb_websocket_task_check },
  { "ready", act_ready, GOES_ON },
  { "hold-and-release", act_hold, GOES_ON },
  { "send", act_send, GOES_ON },
  { "take-queue", act_take_queue, GOES_ON },
  { "pause", act_pause, GOES_ON },
  { "set", act_set, GOES_ON },
  { "nest", act_nest, GOES_ON },
  { "nest-long", act_nest_long, GOES_ON },
  { "nest-deeply", act_nest_deeply, GOES_ON },
  { "in-other-context", act_in_other_context, GOES_ON },
  { "close", act_close, ENDS },
  { "hold-and-close", act_hold_and_close, ENDS },
  { "nest-and-close", act_nest_and_close, ENDS },
  { "set-bad-uri", act_set_bad_uri, ENDS },
  { "set-bad-origin", act_set_bad_origin, ENDS },
  { "dispose", act_dispose, ENDS },
  { "hold-and-dispose", act_hold_and_dispose, ENDS },
  { "nest-and-dispose", act_nest_and_dispose, ENDS },
  { "unref", act_unref, IS_GONE },
  { "hold-and-unref", act_hold_and_unref, IS_GONE },
  { "unref-elsewhere", act_unref_elsewhere, IS_GONE },
  { "nest-and-unref", act_nest_and_unref, IS_GONE },
};

static const char * const emissions[] = {
  "connecting",
  "open",
  "message",
  "message::text",
  "drain",
  "error",
  "close",
  "reconnect",
  "notify",
  "notify::state",
  "notify::connection",
  "notify::protocol",
  "notify::attempt",
  "notify::reconnect-at",
  "notify::buffered-amount",
  "notify::latency",
  "notify::downtime",
  "notify::http-status",
  "notify::ready",
  "ping-func",
  "reconnect-func",
  "open-callback",
  "send-callback",
  "flush-callback",
  "receive-callback",
  "close-callback",
  "cancelled-callback",
  "request",
};

static void
act_once (Scene *scene)
{
  if (scene->acted)
    return;

  scene->acted = TRUE;
  if (scene->action->call != NULL)
    scene->action->call (scene->task);
  else
    scene->action->func (scene);
}

static char *
ping_cb (HbWebsocketTask *task,
         gpointer         user_data)
{
  act_once (user_data);

  return NULL;
}

static guint
delay_cb (HbWebsocketTask *task,
          guint            attempt,
          gpointer         user_data)
{
  act_once (user_data);

  return 1;
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  act_once (user_data);
}

/* close_async () or the cancellable has closed the task, so a task that must go on is opened
 * again. */
static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Scene *scene = user_data;

  act_once (scene);
  if (scene->task != NULL && scene->action->outcome == GOES_ON)
    hb_websocket_task_open (scene->task);
}

/* libsoup emits `wrote-headers` while it uses the request. */
static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *request,
               gpointer         user_data)
{
  g_signal_connect_swapped (request, "wrote-headers", G_CALLBACK (act_once), user_data);
}

/* The server sends a message, answers a ping, and then breaks the protocol. */
static void
peer_opened_cb (RawPeer  *peer,
                gpointer  user_data)
{
  raw_peer_send_text (peer, "hi");
}

static void
peer_received_cb (RawPeer  *peer,
                  gpointer  user_data)
{
  g_autofree char *word = raw_peer_take (peer);

  if (strcmp (word, "text:heartbeat") == 0)
    {
      raw_peer_send_text (peer, "pong");
      raw_peer_send_nonsense (peer);
    }
  else if (g_str_has_prefix (word, "close:"))
    {
      raw_peer_send_close (peer, 1000, NULL);
    }
}

static void
start (Scene *scene)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (strcmp (scene->signal, "open-callback") == 0)
    hb_websocket_task_open_async (scene->task, NULL, result_cb, scene);
  else if (strcmp (scene->signal, "cancelled-callback") == 0)
    hb_websocket_task_open_async (scene->task, cancellable, ended_cb, scene);
  else
    hb_websocket_task_open (scene->task);

  g_cancellable_cancel (cancellable);
  if (strcmp (scene->signal, "close-callback") == 0)
    hb_websocket_task_close_async (scene->task, 1000, NULL, NULL, ended_cb, scene);
}

static void
listen (Scene *scene)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("queued", 6);

  if (strcmp (scene->signal, "ping-func") == 0)
    hb_websocket_task_set_ping_func (scene->task, ping_cb, scene, NULL);
  else if (strcmp (scene->signal, "reconnect-func") == 0)
    hb_websocket_task_set_reconnect_func (scene->task, delay_cb, scene, NULL);
  else if (strcmp (scene->signal, "request") == 0)
    g_signal_connect (scene->task, "connecting", G_CALLBACK (connecting_cb), scene);
  else if (strstr (scene->signal, "-callback") == NULL)
    g_signal_connect_swapped (scene->task, scene->signal, G_CALLBACK (act_once), scene);

  start (scene);
  if (scene->task == NULL)
    return;

  if (strcmp (scene->signal, "send-callback") == 0)
    hb_websocket_task_send_message_async (scene->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                          HB_SEND_FLAGS_DEFAULT, NULL, result_cb, scene);
  else
    hb_websocket_task_send_message (scene->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                    HB_SEND_FLAGS_DEFAULT, NULL);

  if (strcmp (scene->signal, "flush-callback") == 0)
    hb_websocket_task_flush_async (scene->task, NULL, result_cb, scene);
  if (strcmp (scene->signal, "receive-callback") == 0)
    hb_websocket_task_receive_async (scene->task, NULL, result_cb, scene);
}

static void
expect_outcome (Scene *scene)
{
  Outcome outcome = scene->action->outcome;
  guint64 n_opens;

  switch (outcome)
    {
    case GOES_ON:
      n_opens = get_metric (scene->task, hb_metrics_get_opens);
      wait_until (get_metric (scene->task, hb_metrics_get_opens) >= n_opens + 2);
      break;

    case ENDS:
      wait_until (hb_websocket_task_get_state (scene->task) == HB_STATE_CLOSED);
      wait_idle ();
      if (scene->n_emitted == 0)
        scene->n_emitted = signal_log_count (scene->fixture.log, "");

      /* If a ping or an attempt to connect were still scheduled, it would be due within this
       * time. */
      wait_pass (5);
      assert_state (scene->task, HB_STATE_CLOSED);
      g_assert_cmpuint (signal_log_count (scene->fixture.log, ""), ==, scene->n_emitted);
      break;

    case IS_GONE:
      wait_until (scene->weak == NULL);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
test_scene (gconstpointer data)
{
  Scene *scene = (Scene *) data;
  Fixture *fixture = &scene->fixture;

  fixture_set_up (fixture, "raw");
  raw_server_set_opened (fixture->raw, peer_opened_cb, NULL);
  raw_server_set_received (fixture->raw, peer_received_cb, NULL);
  hb_websocket_task_set_reconnect_timeout (fixture->task, 1);
  hb_websocket_task_set_ping_timeout (fixture->task, 2);
  hb_websocket_task_set_pong_message (fixture->task, "pong");

  /* From here on, the scene has the only reference. */
  scene->task = scene->weak = g_steal_pointer (&fixture->task);
  g_object_add_weak_pointer (G_OBJECT (scene->weak), (gpointer *) &scene->weak);
  listen (scene);
  wait_until (scene->acted);
  expect_outcome (scene);

  if (scene->task != NULL)
    {
      if (scene->weak != NULL)
        g_object_remove_weak_pointer (G_OBJECT (scene->weak), (gpointer *) &scene->weak);
      g_signal_handlers_disconnect_by_data (scene->task, scene);
      fixture->task = g_steal_pointer (&scene->task);
      g_object_run_dispose (G_OBJECT (fixture->task));
    }

  signal_log_forget (fixture->log);
  fixture_tear_down (fixture, NULL);
}

int
main (int   argc,
      char *argv[])
{
  guint i;
  guint j;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Functions of the application may act on the task whenever it calls them");

  for (i = 0; i < G_N_ELEMENTS (emissions); i++)
    {
      for (j = 0; j < G_N_ELEMENTS (actions); j++)
        {
          Scene *scene = g_new0 (Scene, 1);
          g_autofree char *path = NULL;

          scene->signal = emissions[i];
          scene->action = &actions[j];
          path = g_strdup_printf ("/loopback/handlers/%s/%s", emissions[i], actions[j].name);
          g_test_add_data_func_full (path, scene, test_scene, g_free);
        }
    }

  return g_test_run ();
}
