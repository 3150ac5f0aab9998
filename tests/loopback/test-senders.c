/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fixture.h"

/* Messages from threads other than the task's. In test-crowd.c, many threads send at the same
 * time. */

/* The calls of one thread, which receives the results in its own context */
typedef struct
{
  HbWebsocketTask       *task;
  const char            *texts;        /* each word is one message */
  SoupWebsocketDataType  type;
  HbSendFlags            flags;
  GCancellable          *cancellable;  /* (nullable) */
  gboolean               is_async;
  gboolean               is_flush;
  GError                *error;        /* (nullable) the error of the last call */
  GThread               *thread;
  GThread               *callback_thread;
  int                    n_pending;
  int                    has_called;   /* (atomic) all calls have returned */
  int                    is_over;      /* (atomic) all results have been received */
} Sender;

static void
take_result (Sender       *self,
             GAsyncResult *result,
             Finish        finish)
{
  g_clear_error (&self->error);
  finish (self->task, result, &self->error);
  self->callback_thread = g_thread_self ();
  self->n_pending--;
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  take_result (user_data, result, hb_websocket_task_send_message_finish);
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  take_result (user_data, result, hb_websocket_task_flush_finish);
}

static void
send_one (Sender     *self,
          const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  gboolean accepted;

  if (self->is_async)
    {
      self->n_pending++;
      hb_websocket_task_send_message_async (self->task, self->type, bytes, self->flags,
                                            self->cancellable, sent_cb, self);
      return;
    }

  g_clear_error (&self->error);
  accepted = hb_websocket_task_send_message (self->task, self->type, bytes, self->flags,
                                             &self->error);
  g_assert_true (accepted == (self->error == NULL));
}

static gpointer
send_in_thread (gpointer data)
{
  Sender *self = data;
  g_auto (GStrv) words = g_strsplit (self->texts, " ", -1);
  GMainContext *context = g_main_context_new ();
  guint i;

  g_main_context_push_thread_default (context);

  for (i = 0; words[i] != NULL; i++)
    send_one (self, words[i]);

  if (self->is_flush)
    {
      self->n_pending++;
      hb_websocket_task_flush_async (self->task, self->cancellable, flushed_cb, self);
    }

  g_atomic_int_set (&self->has_called, TRUE);
  wait_until (self->n_pending == 0);
  wait_idle ();
  g_assert_true (self->callback_thread == NULL || self->callback_thread == g_thread_self ());
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  g_atomic_int_set (&self->is_over, TRUE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
sender_init (Sender          *self,
             HbWebsocketTask *task,
             const char      *texts)
{
  *self = (Sender) { .task = task, .texts = texts, .type = SOUP_WEBSOCKET_DATA_TEXT };
}

/* Returns when the thread has made its calls. The caller's context is not iterated. */
static void
sender_start (Sender *self)
{
  self->thread = g_thread_new ("sender", send_in_thread, self);

  while (!g_atomic_int_get (&self->has_called))
    g_thread_yield ();
}

static void
assert_result (Sender *self,
               GQuark  domain,
               int     code)
{
  if (domain == 0)
    g_assert_no_error (self->error);
  else
    g_assert_error (self->error, domain, code);

  g_clear_error (&self->error);
}

/* Iterates the caller's context until the thread has its results, and checks the last call's error.
 *
 * @domain: 0 for no error */
static void
sender_finish (Sender *self,
               GQuark  domain,
               int     code)
{
  wait_until (g_atomic_int_get (&self->is_over));
  g_thread_join (g_steal_pointer (&self->thread));
  assert_result (self, domain, code);
}

/* Works like sender_start () and sender_finish (), but no result may require an iteration of the
 * caller's context. */
static void
sender_run (Sender *self,
            GQuark  domain,
            int     code)
{
  sender_start (self);
  g_thread_join (g_steal_pointer (&self->thread));
  assert_result (self, domain, code);
}

static void
send_with_flags (HbWebsocketTask *task,
                 const char      *texts,
                 HbSendFlags      flags)
{
  Sender sender;

  sender_init (&sender, task, texts);
  sender.flags = flags;
  sender_run (&sender, 0, 0);
}

static void
send_elsewhere (HbWebsocketTask *task,
                const char      *texts)
{
  send_with_flags (task, texts, HB_SEND_FLAGS_DEFAULT);
}

static void
test_wakes (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A message from another thread wakes the task's context, and is sent");

  fixture_open (fixture);
  send_elsewhere (fixture->task, "one two");
  signal_log_expect (fixture->log, "message:text:one message:text:two");
  fixture_close (fixture);
}

static void
test_wakes_after_close (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("If the task closes after another thread has woken the task's context, later "
                  "messages wake the context again");

  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_open (fixture->task);
  send_elsewhere (fixture->task, "one");
  hb_websocket_task_close (fixture->task, 1000, NULL);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "open");
  send_elsewhere (fixture->task, "two");
  signal_log_expect (fixture->log, "message:text:two");
  fixture_close (fixture);
}

static void
send_volatile_cb (gpointer data)
{
  send_with_flags (data, "two", HB_SEND_FLAGS_VOLATILE);
}

static gpointer
send_sending (gpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func ("one", 3, send_volatile_cb, data);

  g_assert_true (hb_websocket_task_send_message (data, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                 HB_SEND_FLAGS_VOLATILE, NULL));

  return NULL;
}

static void
test_wakes_again (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A message that is sent while the task's thread takes in another one also wakes "
                  "the task's context");

  fixture_enter (fixture, HB_STATE_WAITING);
  g_thread_join (g_thread_new ("sender", send_sending, fixture->task));
  wait_until (get_metric (fixture->task, hb_metrics_get_messages_dropped) == 2);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A message from the task's thread follows those that were accepted before it");

  fixture_open (fixture);
  send_elsewhere (fixture->task, "one two");
  assert_sends (fixture->task, "three");
  send_elsewhere (fixture->task, "four");
  signal_log_expect (fixture->log, "message:text:one message:text:two message:text:three "
                                   "message:text:four");
  fixture_close (fixture);
}

static void
send_and_greet_cb (HbWebsocketTask *task,
                   gpointer         user_data)
{
  send_elsewhere (task, "foreign");
  assert_sends (task, "greeting");
}

static void
test_greeting (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A message that another thread sends while a handler for `open` runs follows the "
                  "queued messages, unlike the messages of the handler");

  g_signal_connect (fixture->task, "open", G_CALLBACK (send_and_greet_cb), NULL);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "queued");
  signal_log_expect (fixture->log, WORDS_OPEN " drain message:text:greeting message:text:queued "
                                   "message:text:foreign");
  fixture_close (fixture);
}

static void
log_in_cb (HbWebsocketTask *task,
           gpointer         user_data)
{
  send_with_flags (task, "login", HB_SEND_FLAGS_THIS_LINK);
  hb_websocket_task_mark_ready (task);
}

static void
test_login (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A message for this connection that another thread sends before mark_ready () "
                  "precedes the queued messages");

  g_signal_connect (fixture->task, "open", G_CALLBACK (log_in_cb), NULL);
  hb_websocket_task_set_manual_ready (fixture->task, TRUE);
  hb_websocket_task_open (fixture->task);
  assert_sends (fixture->task, "queued");
  signal_log_expect (fixture->log, WORDS_OPEN " drain message:text:login message:text:queued");
  fixture_close (fixture);
}

static void
test_async (Fixture       *fixture,
            gconstpointer  data)
{
  Sender sender;

  g_test_summary ("The callbacks of asynchronous calls run in the caller's context");

  fixture_open (fixture);
  sender_init (&sender, fixture->task, "one two");
  sender.is_async = TRUE;
  sender.is_flush = TRUE;
  sender_start (&sender);
  sender_finish (&sender, 0, 0);
  g_assert_true (sender.callback_thread != NULL);
  signal_log_expect (fixture->log, "message:text:one message:text:two");
  fixture_close (fixture);
}

static void
test_flush_includes (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_test_summary ("A flush waits for messages from other threads");

  fixture_enter (fixture, HB_STATE_WAITING);
  send_elsewhere (fixture->task, "one");
  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &result);
  wait_idle ();
  g_assert_null (result);
  assert_takes_back (fixture->task, "text:one");
  signal_log_expect (fixture->log, "drain");
  expect_success (fixture->task, &result, hb_websocket_task_flush_finish);
}

typedef struct
{
  const char            *name;
  const char            *text;
  HbState                state;
  HbError                error;
  SoupWebsocketDataType  type;
  guint64                max_buffered;
  HbOverflow             overflow;
} Refusal;

static const Refusal refusals[] = {
  { "closed", "x", HB_STATE_CLOSED, HB_ERROR_CLOSED, SOUP_WEBSOCKET_DATA_TEXT, 0, 0 },
  { "closed-not-utf-8", "\xff", HB_STATE_CLOSED, HB_ERROR_CLOSED,
    SOUP_WEBSOCKET_DATA_TEXT, 0, 0 },
  { "closing", "x", HB_STATE_CLOSING, HB_ERROR_CLOSED, SOUP_WEBSOCKET_DATA_TEXT, 0, 0 },
  { "not-utf-8", "\xff", HB_STATE_WAITING, HB_ERROR_INVALID_ARGUMENT,
    SOUP_WEBSOCKET_DATA_TEXT, 0, 0 },
  { "no-type", "x", HB_STATE_WAITING, HB_ERROR_INVALID_ARGUMENT, 7, 0, 0 },
  { "full", "12345", HB_STATE_WAITING, HB_ERROR_QUEUE_FULL,
    SOUP_WEBSOCKET_DATA_BINARY, 4, HB_OVERFLOW_FAIL },
  { "too-long", "12345", HB_STATE_WAITING, HB_ERROR_QUEUE_FULL,
    SOUP_WEBSOCKET_DATA_BINARY, 4, HB_OVERFLOW_DROP_OLDEST },
};

static void
test_refusal (Fixture       *fixture,
              gconstpointer  data)
{
  const Refusal *refusal = data;
  guint i;

  hb_websocket_task_set_max_buffered_amount (fixture->task, refusal->max_buffered);
  hb_websocket_task_set_overflow (fixture->task, refusal->overflow);
  fixture_enter (fixture, refusal->state);

  for (i = 0; i < 2; i++)
    {
      Sender sender;

      sender_init (&sender, fixture->task, refusal->text);
      sender.type = refusal->type;
      sender.is_async = i == 1;
      sender_run (&sender, HB_ERROR, refusal->error);
    }

  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
  signal_log_forget (fixture->log);
}

/* test_ending () calls close_task (), dispose_task () or one of the next three functions before the
 * task takes in the messages of other threads. */
static void
give_up (HbWebsocketTask *task)
{
  hb_websocket_task_set_uri (task, "http://wrong.invalid/");
  hb_websocket_task_reconnect_now (task);
}

static void
check_wrong (HbWebsocketTask *task)
{
  hb_websocket_task_set_uri (task, "http://wrong.invalid/");
  assert_sends (task, "own");
  send_elsewhere (task, "four");
  hb_websocket_task_check (task);
}

static void
set_limit (HbWebsocketTask *task)
{
  hb_websocket_task_set_repeat_limit (task, 0);
}

typedef struct
{
  const char  *name;
  void       (*end) (HbWebsocketTask *task);
  HbError      error;
  const char  *words;
  guint        n_dropped;
} Ending;

static const Ending endings[] = {
  { "close", close_task, HB_ERROR_CLOSED, "state:closed error:closed", 3 },
  { "give-up", give_up, HB_ERROR_INVALID_URI, "state:closed error:invalid-uri error:closed", 3 },
  { "check", check_wrong, HB_ERROR_INVALID_URI, "state:closed error:invalid-uri error:closed", 5 },
  { "limit", set_limit, HB_ERROR_REPEAT_LIMIT, "state:closed error:repeat-limit error:closed", 3 },
  { "dispose", dispose_task, HB_ERROR_CLOSED, "", 3 },
};

static void
test_ending (Fixture       *fixture,
             gconstpointer  data)
{
  const Ending *ending = data;
  Sender sender;

  fixture_enter (fixture, HB_STATE_WAITING);
  send_elsewhere (fixture->task, "one two");
  sender_init (&sender, fixture->task, "three");
  sender.is_async = TRUE;
  sender_start (&sender);
  ending->end (fixture->task);
  sender_finish (&sender, HB_ERROR, ending->error);
  signal_log_expect (fixture->log, ending->words);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==,
                    ending->n_dropped);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);
}

static void
test_flush_of_closed (Fixture       *fixture,
                      gconstpointer  data)
{
  Sender sender;

  g_test_summary ("A flush of a CLOSED task succeeds, but a flush that is waiting when the task is "
                  "closed fails");

  sender_init (&sender, fixture->task, "");
  sender.is_flush = TRUE;
  sender_run (&sender, 0, 0);

  fixture_enter (fixture, HB_STATE_WAITING);
  sender_init (&sender, fixture->task, "one");
  sender.is_flush = TRUE;
  sender_start (&sender);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  sender_finish (&sender, HB_ERROR, HB_ERROR_CLOSED);
  signal_log_expect (fixture->log, "state:closed error:closed");
}

static gpointer
open_in_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);

  hb_websocket_task_open (data);

  return NULL;
}

static void
test_abandoned (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_test_summary ("Disposal ends pending calls even if the task's context is no longer iterated");

  signal_log_free (fixture->log);
  g_thread_join (g_thread_new ("owner", open_in_thread, fixture->task));
  assert_sends (fixture->task, "dropped");
  send_async (fixture->task, "x", NULL, &result);
  wait_idle ();
  g_assert_null (result);
  g_object_run_dispose (G_OBJECT (fixture->task));
  expect_error (fixture->task, &result, hb_websocket_task_send_message_finish, HB_ERROR,
                HB_ERROR_CLOSED);
  fixture->log = signal_log_new (fixture->task);
}

static void
test_volatile (Fixture       *fixture,
               gconstpointer  data)
{
  Sender sender;

  g_test_summary ("A volatile message is sent or dropped when the task's thread takes it in");

  fixture_enter (fixture, HB_STATE_WAITING);
  sender_init (&sender, fixture->task, "one");
  sender.is_async = TRUE;
  sender.flags = HB_SEND_FLAGS_VOLATILE;
  sender_start (&sender);
  sender_finish (&sender, HB_ERROR, HB_ERROR_NOT_OPEN);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 1);

  send_volatile_cb (fixture->task);
  wait_idle ();
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 2);

  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_expect (fixture->log, WORDS_OPEN);
  sender_init (&sender, fixture->task, "three");
  sender.is_async = TRUE;
  sender.flags = HB_SEND_FLAGS_VOLATILE;
  sender_start (&sender);
  sender_finish (&sender, 0, 0);
  raw_peer_expect (raw_server_get_peer (fixture->raw, 1), "text:three");
}

static void
test_moved (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_test_summary ("Messages from other threads do not wait for the context in which the task was "
                  "open before");

  fixture_enter (fixture, HB_STATE_WAITING);
  send_volatile_cb (fixture->task);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 1);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  assert_state (fixture->task, HB_STATE_CLOSED);

  g_main_context_push_thread_default (context);
  hb_websocket_task_open (fixture->task);

  /* This wait is longer than the time for which other threads may keep the task busy. If it counted
   * as busy time, the next message would wait for the first context. */
  g_usleep (10000);
  send_volatile_cb (fixture->task);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==, 2);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  wait_idle ();
  g_main_context_pop_thread_default (context);
  signal_log_forget (fixture->log);
}

typedef struct
{
  const char *name;
  const char *texts;
  gboolean    is_flush;
  gboolean    is_taken_in;
} Cancelling;

static const Cancelling cancellings[] = {
  { "message", "one", FALSE, FALSE },
  { "message-taken-in", "one", FALSE, TRUE },
  { "flush", "", TRUE, FALSE },
  { "flush-taken-in", "", TRUE, TRUE },
};

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  const Cancelling *cancelling = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Sender sender;

  fixture_enter (fixture, HB_STATE_WAITING);
  assert_sends (fixture->task, "own");
  sender_init (&sender, fixture->task, cancelling->texts);
  sender.is_async = TRUE;
  sender.is_flush = cancelling->is_flush;
  sender.cancellable = cancellable;
  sender_start (&sender);
  if (cancelling->is_taken_in)
    wait_idle ();

  g_cancellable_cancel (cancellable);
  sender_finish (&sender, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_takes_back (fixture->task, "text:own");
  signal_log_expect (fixture->log, "drain");
}

static void
refuse_more (HbWebsocketTask *task)
{
  hb_websocket_task_set_overflow (task, HB_OVERFLOW_FAIL);
}

static void
lower_limit (HbWebsocketTask *task)
{
  hb_websocket_task_set_max_buffered_amount (task, 1);
}

/* The messages that remain in a queue with a limit of 4 bytes */
typedef struct
{
  const char *name;
  HbOverflow  overflow;
  const char *own;        /* (nullable) sent by the task's thread before the others */
  const char *texts;
  const char *kept;
  guint       n_dropped;
  void      (*change) (HbWebsocketTask *task); /* (nullable) called after the sends */
} Overflow;

static const Overflow overflows[] = {
  { "newest", HB_OVERFLOW_DROP_NEWEST, NULL, "12 34 56 78", "text:12 text:34", 2 },
  { "newest-after-own", HB_OVERFLOW_DROP_NEWEST, "ab", "12 34", "text:ab text:12", 1 },
  { "oldest", HB_OVERFLOW_DROP_OLDEST, NULL, "12 34 56 78", "text:56 text:78", 2 },
  { "oldest-longest", HB_OVERFLOW_DROP_OLDEST, NULL, "12 34 5678", "text:5678", 2 },
  { "oldest-after-own", HB_OVERFLOW_DROP_OLDEST, "ab", "12 34", "text:12 text:34", 1 },
  { "oldest-then-fail", HB_OVERFLOW_DROP_OLDEST, "ab", "12 34", "text:12 text:34", 1,
    refuse_more },
  { "oldest-then-less", HB_OVERFLOW_DROP_OLDEST, "ab", "12 34", "text:12 text:34", 1,
    lower_limit },
};

static void
test_overflow (Fixture       *fixture,
               gconstpointer  data)
{
  const Overflow *overflow = data;

  hb_websocket_task_set_max_buffered_amount (fixture->task, 4);
  hb_websocket_task_set_overflow (fixture->task, overflow->overflow);
  fixture_enter (fixture, HB_STATE_WAITING);

  if (overflow->own != NULL)
    assert_sends (fixture->task, overflow->own);

  send_elsewhere (fixture->task, overflow->texts);
  if (overflow->change != NULL)
    overflow->change (fixture->task);
  signal_log_expect (fixture->log, "error:queue-full");
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 4);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_dropped), ==,
                    overflow->n_dropped);
  assert_takes_back (fixture->task, overflow->kept);
  signal_log_expect (fixture->log, "drain");
}

static void
send_again_cb (gpointer data)
{
  assert_sends (data, "56");
}

static gpointer
send_freed (gpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func ("00", 2, send_again_cb, data);

  g_assert_true (hb_websocket_task_send_message (data, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                                 HB_SEND_FLAGS_DEFAULT, NULL));
  g_clear_pointer (&bytes, g_bytes_unref);
  assert_sends (data, "12");
  assert_sends (data, "34");

  return NULL;
}

static void
test_overflow_frees (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("The function that frees the bytes of a dropped message may send a message");

  hb_websocket_task_set_max_buffered_amount (fixture->task, 4);
  hb_websocket_task_set_overflow (fixture->task, HB_OVERFLOW_DROP_OLDEST);
  fixture_enter (fixture, HB_STATE_WAITING);
  g_thread_join (g_thread_new ("sender", send_freed, fixture->task));
  signal_log_expect (fixture->log, "error:queue-full");
  assert_takes_back (fixture->task, "text:34 text:56");
  signal_log_expect (fixture->log, "drain");
}

static void
send_in_handler_cb (HbWebsocketTask       *task,
                    SoupWebsocketDataType  type,
                    GBytes                *message,
                    gpointer               user_data)
{
  Sender *sender = user_data;

  if (sender->thread != NULL)
    return;

  sender_start (sender);
  wait_until (g_atomic_int_get (&sender->is_over));
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  Sender sender;

  g_test_summary ("Messages from other threads are also sent while a handler runs a main loop");

  sender_init (&sender, fixture->task, "two");
  sender.is_async = TRUE;
  g_signal_connect (fixture->task, "message", G_CALLBACK (send_in_handler_cb), &sender);
  fixture_open (fixture);
  assert_sends (fixture->task, "one");
  signal_log_expect (fixture->log, "message:text:one message:text:two");
  g_thread_join (sender.thread);
  assert_result (&sender, 0, 0);
  fixture_close (fixture);
}

typedef struct
{
  HbWebsocketTask *task;
  int              is_over; /* (atomic) */
} Flood;

static gpointer
flood (gpointer data)
{
  Flood *self = data;

  while (!g_atomic_int_get (&self->is_over))
    if (!hb_websocket_task_send_text (self->task, "drop", NULL))
      g_thread_yield ();

  return NULL;
}

static void
test_others_have_turns (Fixture       *fixture,
                        gconstpointer  data)
{
  Flood flooding = { .task = fixture->task };
  GThread *thread;
  guint n_turns = 0;
  guint idle;
  guint i;

  g_test_summary ("Another thread that sends all the time does not keep other sources of the "
                  "context from being dispatched. Meanwhile, a limit may change.");

  test_server_set_mode (fixture->server, TEST_SERVER_QUIET);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 1024);
  fixture_open (fixture);
  idle = g_idle_add (count_turn_cb, &n_turns);
  thread = g_thread_new ("flood", flood, &flooding);
  wait_until (n_turns > 20 && get_metric (fixture->task, hb_metrics_get_messages_sent) > 1000);
  for (i = 0; i < 100; i++)
    hb_websocket_task_set_max_buffered_amount (fixture->task, 1025 + i);
  g_atomic_int_set (&flooding.is_over, TRUE);
  g_thread_join (thread);
  g_source_remove (idle);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_skip_to (fixture->log, "close:1000");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/loopback/senders/wakes", test_wakes);
  add_test ("/loopback/senders/wakes-after-close", test_wakes_after_close);
  add_test ("/loopback/senders/order", test_order);
  add_test ("/loopback/senders/greeting", test_greeting);
  add_test ("/loopback/senders/login", test_login);
  add_test ("/loopback/senders/async", test_async);
  add_test ("/loopback/senders/nested", test_nested);
  add_test ("/loopback/senders/others-have-turns", test_others_have_turns);
  add_raw_test ("/loopback/senders/flush-includes", test_flush_includes);
  add_raw_test ("/loopback/senders/flush-of-closed", test_flush_of_closed);
  add_raw_test ("/loopback/senders/abandoned", test_abandoned);
  add_raw_test ("/loopback/senders/volatile", test_volatile);
  add_raw_test ("/loopback/senders/moved", test_moved);
  add_raw_test ("/loopback/senders/overflow-frees", test_overflow_frees);
  add_raw_test ("/loopback/senders/wakes-again", test_wakes_again);
  add_raw_rows ("/loopback/senders/cancel/", cancellings, test_cancel);
  add_raw_rows ("/loopback/senders/refusal/", refusals, test_refusal);
  add_raw_rows ("/loopback/senders/ending/", endings, test_ending);
  add_raw_rows ("/loopback/senders/overflow/", overflows, test_overflow);

  return g_test_run ();
}
