/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>

#include "fixture.h"

/* Many threads send at the same time, while the task's own thread also sends, or opens and closes
 * the task. tests/loopback/tsan/run.sh runs this test with ThreadSanitizer. HB_CROWD_MESSAGES sets
 * the approximate number of messages in test_order () and test_bound (), and with it the smaller
 * number in test_results (). HB_CROWD_LINKS sets the approximate number of connections in
 * test_order (). */

#define N_THREADS 8
#define N_MESSAGES 16000
#define N_LINKS 16

/* The task's thread is the last sender. */
#define N_SENDERS (N_THREADS + 1)

typedef struct
{
  guint32 sender;
  guint32 number;
} Word;

typedef struct
{
  HbWebsocketTask *task;
  GThread         *threads[N_THREADS];
  SoupServer      *server;
  GPtrArray       *links;       /* a GArray of Word for each connection of the server, in order */
  guint            n_each;      /* messages of each sender */
  guint            n_own;       /* messages that the task's thread has sent */
  guint            n_received;
  guint            n_per_link;  /* messages received before the task reconnects */
  guint            n_accepted;  /* (atomic) */
  int              n_started;   /* (atomic) started senders; ended ones in test_results () */
} Crowd;

typedef struct
{
  Crowd *crowd;
  guint  sender;
} Member;

static gboolean
send_word (Crowd *self,
           guint  sender,
           guint  number)
{
  Word word = { sender, number };
  g_autoptr (GBytes) bytes = g_bytes_new (&word, sizeof word);
  g_autoptr (GError) error = NULL;

  if (hb_websocket_task_send_bytes (self->task, bytes, &error))
    {
      g_atomic_int_inc (&self->n_accepted);
      return TRUE;
    }

  g_assert_error (error, HB_ERROR, HB_ERROR_QUEUE_FULL);
  return FALSE;
}

static guint
get_number (const char *variable,
            guint       number)
{
  const char *text = g_getenv (variable);

  return text != NULL ? strtoul (text, NULL, 10) : number;
}

static void
received_cb (SoupWebsocketConnection *connection,
             int                      type,
             GBytes                  *message,
             GArray                  *words)
{
  Crowd *self = g_object_get_data (G_OBJECT (connection), "crowd");

  g_assert_cmpuint (g_bytes_get_size (message), ==, sizeof (Word));
  g_array_append_vals (words, g_bytes_get_data (message, NULL), 1);
  self->n_received++;
}

static void
connected_cb (SoupServer              *server,
              SoupServerMessage       *message,
              const char              *path,
              SoupWebsocketConnection *connection,
              gpointer                 user_data)
{
  Crowd *self = user_data;
  GArray *words = g_array_new (FALSE, FALSE, sizeof (Word));

  g_ptr_array_add (self->links, words);
  g_object_set_data (G_OBJECT (connection), "crowd", self);
  g_signal_connect (connection, "message", G_CALLBACK (received_cb), words);
  g_signal_connect (g_object_ref (connection), "closed", G_CALLBACK (g_object_unref), NULL);
}

static void
crowd_init (Crowd *self)
{
  guint n_messages = get_number ("HB_CROWD_MESSAGES", N_MESSAGES);
  g_autofree char *uri = NULL;
  GSList *uris;

  *self = (Crowd) {
    .n_each = n_messages / N_SENDERS,
    .n_per_link = n_messages / MAX (get_number ("HB_CROWD_LINKS", N_LINKS), 1),
  };
  self->links = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_websocket_handler (self->server, NULL, NULL, NULL, connected_cb, self, NULL);
  g_assert_true (soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (self->server);
  uri = g_strdup_printf ("ws://127.0.0.1:%d/", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  self->task = hb_websocket_task_new (uri);
  hb_websocket_task_set_ping_timeout (self->task, 0);
}

static void
crowd_start (Crowd       *self,
             Member      *members,
             GThreadFunc  func)
{
  guint i;

  for (i = 0; i < N_THREADS; i++)
    {
      members[i] = (Member) { self, i };
      self->threads[i] = g_thread_new ("member", func, &members[i]);
    }
}

static void
crowd_join (Crowd *self)
{
  guint i;

  for (i = 0; i < N_THREADS; i++)
    g_thread_join (self->threads[i]);
}

static void
crowd_clear (Crowd *self)
{
  g_assert_finalize_object (self->task);
  wait_idle ();
  soup_server_disconnect (self->server);
  wait_idle ();
  g_clear_object (&self->server);
  g_ptr_array_unref (self->links);
  wait_idle ();
}

/* Repeats each call until the queue has room. */
static gpointer
send_all (gpointer data)
{
  Member *self = data;
  guint i;

  for (i = 0; i < self->crowd->n_each; i++)
    {
      while (!send_word (self->crowd, self->sender, i))
        g_thread_yield ();
    }

  return NULL;
}

/* Checks that the messages of each thread arrived once and in order. If the client closed its
 * socket with unread bytes, the kernel would reset the connection, and discard data that it had
 * accepted but not delivered, so the server sends nothing. */
static void
assert_complete (Crowd *self)
{
  guint next[N_SENDERS] = { 0 };
  guint i, j;

  for (i = 0; i < self->links->len; i++)
    {
      GArray *words = g_ptr_array_index (self->links, i);

      for (j = 0; j < words->len; j++)
        {
          Word *word = &g_array_index (words, Word, j);

          g_assert_cmpuint (word->sender, <, N_SENDERS);
          g_assert_cmpuint (word->number, ==, next[word->sender]);
          next[word->sender]++;
        }
    }

  for (i = 0; i < N_SENDERS; i++)
    g_assert_cmpuint (next[i], ==, self->n_each);
}

static void
test_order (void)
{
  const guint64 limit = 100 * sizeof (Word);
  Member members[N_THREADS];
  guint n_links = 1;
  Crowd crowd;

  g_test_summary ("Each message of each thread arrives once and in order, although the task "
                  "reconnects, and the bytes that wait never exceed the limit");

  crowd_init (&crowd);
  hb_websocket_task_set_max_buffered_amount (crowd.task, limit);
  hb_websocket_task_open (crowd.task);
  crowd_start (&crowd, members, send_all);

  while (crowd.n_received < N_SENDERS * crowd.n_each)
    {
      guint before = crowd.n_received;

      if (crowd.n_own < crowd.n_each && send_word (&crowd, N_THREADS, crowd.n_own))
        crowd.n_own++;

      g_assert_cmpuint (hb_websocket_task_get_buffered_amount (crowd.task), <=, limit);

      if (crowd.n_own < crowd.n_each)
        g_main_context_iteration (NULL, FALSE);
      else
        wait_until (crowd.n_received > before);

      if (crowd.n_received > n_links * crowd.n_per_link
          && hb_websocket_task_get_state (crowd.task) == HB_STATE_OPEN)
        {
          n_links++;
          hb_websocket_task_reconnect_now (crowd.task);
        }
    }

  crowd_join (&crowd);
  assert_complete (&crowd);
  wait_until (crowd.links->len >= n_links);
  g_test_message ("%u messages over %u connections", N_SENDERS * crowd.n_each, crowd.links->len);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (crowd.task), ==, 0);
  g_assert_cmpuint (get_metric (crowd.task, hb_metrics_get_messages_sent), ==,
                    N_SENDERS * crowd.n_each);
  g_assert_cmpuint (get_metric (crowd.task, hb_metrics_get_messages_dropped), ==, 0);
  hb_websocket_task_close (crowd.task, 1000, NULL);
  wait_until (hb_websocket_task_get_state (crowd.task) == HB_STATE_CLOSED);
  crowd_clear (&crowd);
}

static gpointer
fill (gpointer data)
{
  Member *self = data;
  guint i;

  g_atomic_int_inc (&self->crowd->n_started);
  while (g_atomic_int_get (&self->crowd->n_started) < N_SENDERS)
    g_thread_yield ();

  for (i = 0; i < self->crowd->n_each; i++)
    send_word (self->crowd, self->sender, i);

  return NULL;
}

static void
assert_ordered (GPtrArray *messages)
{
  gint64 last[N_SENDERS];
  guint i;

  for (i = 0; i < N_SENDERS; i++)
    last[i] = -1;

  for (i = 0; i < messages->len; i++)
    {
      const Word *word = g_bytes_get_data (hb_message_get_bytes (messages->pdata[i]), NULL);

      g_assert_cmpint (word->number, >, last[word->sender]);
      last[word->sender] = word->number;
    }
}

/* A hold keeps the task from connecting, so no message is sent. */
static void
test_bound (gconstpointer data)
{
  const HbOverflow overflow = GPOINTER_TO_UINT (data);
  const guint n_fit = 1000;
  Member members[N_THREADS];
  g_autoptr (GPtrArray) messages = NULL;
  guint n_sent;
  Crowd crowd;

  g_test_summary ("Threads that send at the same time fill the queue exactly to its limit");

  crowd_init (&crowd);
  n_sent = N_SENDERS * crowd.n_each;
  hb_websocket_task_set_max_buffered_amount (crowd.task, n_fit * sizeof (Word));
  hb_websocket_task_set_overflow (crowd.task, overflow);
  hb_websocket_task_hold (crowd.task);
  hb_websocket_task_open (crowd.task);
  crowd_start (&crowd, members, fill);
  fill (&(Member) { &crowd, N_THREADS });
  crowd_join (&crowd);
  wait_idle ();

  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (crowd.task), ==, n_fit * sizeof (Word));
  g_assert_cmpuint (crowd.n_accepted, ==, overflow == HB_OVERFLOW_FAIL ? n_fit : n_sent);
  g_assert_cmpuint (get_metric (crowd.task, hb_metrics_get_messages_dropped), ==,
                    crowd.n_accepted - n_fit);
  messages = hb_websocket_task_take_queue (crowd.task);
  g_assert_cmpuint (messages->len, ==, n_fit);
  assert_ordered (messages);
  crowd_clear (&crowd);
}

/* A call also completes if its message is not sent. */
static void
count_result_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  guint *n_results = user_data;

  hb_websocket_task_send_message_finish (HB_WEBSOCKET_TASK (source), result, NULL);
  ++*n_results;
}

static gpointer
send_async_all (gpointer data)
{
  Member *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_new0 (Word, 1), sizeof (Word));
  guint n_results = 0;
  guint i;

  g_main_context_push_thread_default (context);

  for (i = 0; i < self->crowd->n_each / 10; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      hb_websocket_task_send_message_async (self->crowd->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                            i % 5 == 0 ? HB_SEND_FLAGS_VOLATILE
                                                       : HB_SEND_FLAGS_DEFAULT,
                                            cancellable, count_result_cb, &n_results);
      if (i % 3 == 0)
        g_cancellable_cancel (cancellable);
      if (i % 100 == 0)
        wait_until (n_results == i + 1);
    }

  wait_until (n_results == i);
  g_main_context_pop_thread_default (context);
  g_atomic_int_inc (&self->crowd->n_started);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
test_results (void)
{
  Member members[N_THREADS];
  Crowd crowd;
  guint i;

  g_test_summary ("Each asynchronous call completes, whenever the task is opened and closed");

  crowd_init (&crowd);
  crowd_start (&crowd, members, send_async_all);

  for (i = 0; g_atomic_int_get (&crowd.n_started) < N_THREADS; i++)
    {
      hb_websocket_task_open (crowd.task);
      wait_until (hb_websocket_task_get_state (crowd.task) == HB_STATE_OPEN);
      if (i % 2 == 0)
        wait_idle ();
      hb_websocket_task_close (crowd.task, 1000, NULL);
      wait_until (hb_websocket_task_get_state (crowd.task) == HB_STATE_CLOSED);
    }

  crowd_join (&crowd);
  crowd_clear (&crowd);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/loopback/crowd/order", test_order);
  g_test_add_data_func ("/loopback/crowd/bound/fail", GUINT_TO_POINTER (HB_OVERFLOW_FAIL),
                        test_bound);
  g_test_add_data_func ("/loopback/crowd/bound/drop-newest",
                        GUINT_TO_POINTER (HB_OVERFLOW_DROP_NEWEST), test_bound);
  g_test_add_data_func ("/loopback/crowd/bound/drop-oldest",
                        GUINT_TO_POINTER (HB_OVERFLOW_DROP_OLDEST), test_bound);
  g_test_add_func ("/loopback/crowd/results", test_results);

  return g_test_run ();
}
