/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "fixture.h"

/* Messages that wait until the server's TCP has acknowledged them */

/* More messages than the kernels of both sides buffer */
#define N_MESSAGES 100
#define SIZE       10000

typedef struct
{
  const char *name;
  gboolean    is_tls;
  gboolean    is_outside; /* another thread sends the messages */
} Case;

static const Case cases[] = {
  { "plain", FALSE, FALSE },
  { "tls", TRUE, FALSE },
  { "other-thread", FALSE, TRUE },
};

/* The number of queries for unacknowledged bytes, and the socket of the last query */
static guint n_readings;
static int last_socket;

/* The type of the second argument of ioctl (), which is int in POSIX and in musl */
#ifdef __GLIBC__
typedef unsigned long Request;
#else
typedef int Request;
#endif

int ioctl (int     fd,
           Request request,
           ...);

/* The dynamic linker uses this function in place of the ioctl () of the C library. */
int
ioctl (int     fd,
       Request request,
       ...)
{
  static int (*real) (int, Request, ...);
  void *argument;
  va_list args;

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "ioctl");

  va_start (args, request);
  argument = va_arg (args, void *);
  va_end (args);
  if (request == TIOCOUTQ)
    {
      n_readings++;
      last_socket = fd;
    }

  return real (fd, request, argument);
}

/* Returns FALSE if the test must be skipped, because TLS is not available. */
static gboolean
set_up (Fixture    *fixture,
        const Case *self)
{
  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);

  return !self->is_tls || fixture_use_tls (fixture);
}

/* The server identifies each message by its size. */
static gpointer
send_all (gpointer task)
{
  guint i;

  for (i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (SIZE + i), SIZE + i);

      assert_sends_bytes (task, bytes);
    }

  return NULL;
}

static void
expect_numbers (RawPeer *peer,
                guint    first,
                guint    end)
{
  for (; first < end; first++)
    {
      g_autofree char *word = g_strdup_printf ("binary:%u", SIZE + first);

      raw_peer_expect (peer, word);
    }
}

/* The server does not read, so its kernel acknowledges only some of the messages. When the server
 * reads again, it must receive those that count as sent. The others are sent on the next
 * connection. */
static void
test_loss (Fixture       *fixture,
           gconstpointer  data)
{
  const Case *self = data;
  RawPeer *first, *second;
  guint n_sent;

  if (!set_up (fixture, self))
    return;

  first = fixture_open_raw (fixture);
  g_assert_true (hb_websocket_task_can_acknowledge (fixture->task) == has_stream);
  raw_peer_pause (first);

  if (self->is_outside)
    g_thread_join (g_thread_new ("sender", send_all, fixture->task));
  else
    send_all (fixture->task);

  wait_until (get_metric (fixture->task, hb_metrics_get_messages_sent) > 0);
  wait_idle ();
  hb_websocket_task_reconnect_now (fixture->task);
  n_sent = get_metric (fixture->task, hb_metrics_get_messages_sent);
  g_assert_cmpuint (n_sent, <, N_MESSAGES);

  signal_log_expect (fixture->log, "state:connecting close:1006 connecting state:open open");
  second = raw_server_wait_peer (fixture->raw, 1);
  expect_numbers (second, n_sent, N_MESSAGES);
  signal_log_expect (fixture->log, "drain");
  g_assert_true ((get_metric (fixture->task, hb_metrics_get_messages_resent) > 0) == has_stream);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, N_MESSAGES);

  /* Without acknowledgements, messages that count as sent may be lost. */
  raw_peer_resume (first);
  if (has_stream)
    expect_numbers (first, 0, n_sent);
  wait_until (raw_peer_has_ended (first));
  raw_peer_forget (first);

  fixture_close_raw (fixture, second);
}

/* Waits without iterating the main context, so the task does not notice the acknowledgement. */
static void
block_until_acknowledged (void)
{
  gint64 deadline = wait_get_deadline ();
  int n_bytes = has_stream ? 1 : 0;

  while (n_bytes > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
      g_assert_cmpint (ioctl (last_socket, TIOCOUTQ, &n_bytes), ==, 0);
    }
}

typedef struct
{
  const char *name;
  void      (*end) (HbWebsocketTask *task); /* (nullable) NULL if the server drops the connection */
} End;

static const End ends[] = {
  { "dropped", NULL },
  { "reconnect-now", hb_websocket_task_reconnect_now },
  { "reconnect-later", hb_websocket_task_reconnect_later },
  { "dispose", dispose_task },
};

static void
test_end (Fixture       *fixture,
          gconstpointer  data)
{
  const End *row = data;
  RawPeer *peer;

  g_test_summary ("When a connection ends, the task first queries the acknowledgements, so an "
                  "acknowledged message counts as sent, and is not sent again");

  g_assert_true (set_up (fixture, &cases[0]));
  peer = fixture_open_raw (fixture);
  wait_idle ();
  assert_sends (fixture->task, "one");
  block_until_acknowledged ();

  if (row->end != NULL)
    {
      row->end (fixture->task);
    }
  else
    {
      raw_peer_drop (peer);
      signal_log_skip_to (fixture->log, "close:1006");
    }

  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 1);

  hb_websocket_task_close (fixture->task, 1000, NULL);
  raw_peer_drop (peer);
  signal_log_forget (fixture->log);
}

static void
test_calls (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) flushed = NULL;
  g_autoptr (GAsyncResult) closed = NULL;

  g_test_summary ("Calls complete when the message is acknowledged, even if the server sends "
                  "nothing");

  test_server_set_mode (fixture->server, TEST_SERVER_QUIET);
  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);
  g_assert_false (hb_websocket_task_can_acknowledge (fixture->task));
  fixture_open (fixture);

  send_async (fixture->task, "one", NULL, &sent);
  hb_websocket_task_flush_async (fixture->task, NULL, store_result_cb, &flushed);
  expect_success (fixture->task, &sent, hb_websocket_task_send_message_finish);
  expect_success (fixture->task, &flushed, hb_websocket_task_flush_finish);
  g_assert_cmpuint (hb_websocket_task_get_buffered_amount (fixture->task), ==, 0);

  assert_sends (fixture->task, "two");
  hb_websocket_task_close_async (fixture->task, 1000, NULL, NULL, store_result_cb, &closed);
  signal_log_expect (fixture->log, WORDS_CLOSE);
  expect_success (fixture->task, &closed, hb_websocket_task_close_finish);
  g_assert_cmpuint (get_metric (fixture->task, hb_metrics_get_messages_sent), ==, 2);
  g_assert_cmpstr (test_server_get_received (fixture->server), ==, "one two");
}

/* While messages are sent, the main context is not iterated, so only the call that sends can query
 * the acknowledgements. */
static void
test_room (Fixture       *fixture,
           gconstpointer  data)
{
  gint64 deadline = wait_get_deadline ();

  g_test_summary ("A call queries the acknowledgements before it fails because the queue is full");

  test_server_set_mode (fixture->server, TEST_SERVER_QUIET);
  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 5);
  fixture_open (fixture);

  /* Only the first message of an iteration is written at once, so this call ends the current
   * iteration. */
  wait_idle ();
  assert_sends (fixture->task, "three");
  while (!hb_websocket_task_send_text (fixture->task, "three", NULL))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }

  fixture_close (fixture);
}

/* With `delivery` ACKNOWLEDGED, the library queries the kernel after each block that it writes over
 * TLS, which costs system calls. */
static void
test_set_back (Fixture       *fixture,
               gconstpointer  data)
{
  gboolean has_sent = GPOINTER_TO_INT (data);
  RawPeer *peer;

  g_test_summary ("The library stops querying the kernel when `delivery` has its default value "
                  "again and no message waits for an acknowledgement any more");

  if (!set_up (fixture, &cases[1]))
    return;

  n_readings = 0;
  peer = fixture_open_raw (fixture);
  assert_sends (fixture->task, "acknowledged");
  if (has_sent)
    wait_until (hb_websocket_task_get_buffered_amount (fixture->task) == 0);

  g_assert_true ((n_readings > 0) == has_stream);
  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_WRITTEN);
  wait_until (hb_websocket_task_get_buffered_amount (fixture->task) == 0);

  n_readings = 0;
  assert_sends (fixture->task, "written");
  raw_peer_expect (peer, "text:acknowledged text:written");
  g_assert_cmpuint (n_readings, ==, 0);

  fixture_close_raw (fixture, peer);
}

/* The duration of the handler in milliseconds, so long that reading pauses */
#define BUSY 10

static void
hold_up_cb (HbWebsocketTask *task,
            int              type,
            GBytes          *message,
            guint           *n_messages)
{
  g_usleep (BUSY * 1000);
  (*n_messages)++;
}

static gboolean
hog_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The server sends and does not read, so messages wait for its acknowledgement. */
static void
test_pause (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *text = g_strnfill (2000, 'x');
  guint n_messages = 0;
  RawPeer *peer;
  guint hog;

  g_test_summary ("A query of the acknowledgements does not end a pause in reading, during which "
                  "other sources are dispatched");

  if (!has_stream)
    {
      g_test_skip ("libsoup's own stream makes no pause");
      return;
    }

  hb_websocket_task_set_delivery (fixture->task, HB_DELIVERY_ACKNOWLEDGED);
  g_signal_connect (fixture->task, "message", G_CALLBACK (hold_up_cb), &n_messages);
  peer = fixture_open_raw (fixture);
  raw_peer_pause (peer);
  send_all (fixture->task);
  raw_peer_gather (peer, TRUE);
  raw_peer_send_text (peer, text);
  raw_peer_send_text (peer, text);
  raw_peer_send_text (peer, text);
  raw_peer_gather (peer, FALSE);
  hog = g_idle_add_full (G_PRIORITY_HIGH_IDLE, hog_cb, NULL, NULL);
  wait_until (n_messages > 0);
  wait_pass (300);
  g_assert_cmpuint (n_messages, ==, 1);

  g_source_remove (hog);
  wait_until (n_messages == 3);
  signal_log_forget (fixture->log);
  raw_peer_resume (peer);
  expect_numbers (peer, 0, N_MESSAGES);
  signal_log_skip_to (fixture->log, "drain");
  fixture_close_raw (fixture, peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_raw_rows ("/loopback/delivery/loss/", cases, test_loss);
  add_raw_rows ("/loopback/delivery/end/", ends, test_end);
  g_test_add ("/loopback/delivery/set-back/waiting", Fixture, GINT_TO_POINTER (FALSE),
              fixture_set_up_raw, test_set_back, fixture_tear_down);
  g_test_add ("/loopback/delivery/set-back/acknowledged", Fixture, GINT_TO_POINTER (TRUE),
              fixture_set_up_raw, test_set_back, fixture_tear_down);
  add_raw_test ("/loopback/delivery/pause", test_pause);
  add_test ("/loopback/delivery/calls", test_calls);
  add_test ("/loopback/delivery/room", test_room);

  return g_test_run ();
}
