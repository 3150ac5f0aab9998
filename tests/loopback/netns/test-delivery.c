/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certificate.h"
#include "fixture.h"
#include "network.h"
#include "receiver.h"

/* Checks which messages a server's application receives if connections are lost. The server is a
 * separate process: see receiver.c.
 *
 * HB_DELIVERY_MESSAGES sets the number of messages for each case of `runs`. A long run, with about
 * 10,000 losses:
 *
 *   HB_DELIVERY_MESSAGES=1000000 _build/tests/loopback/netns/test-netns-delivery --verbose */

/* The timeouts of the task, and the length of an outage, in milliseconds */
#define PING_AFTER    50
#define PONG_AFTER    150
#define CONNECT_AFTER 400
#define CUT_FOR       300

/* If a run has fewer than MIN_LOSSES losses, it sends up to MAX_MESSAGES times as many messages. */
#define MIN_LOSSES   8
#define MAX_MESSAGES 4

/* send_all () sends no message while the task buffers this many bytes or more. */
#define MAX_BUFFERED (48 * 1024)

/* The approximate maximum size of most messages, and that of a few long messages, in bytes */
#define SHORT 500
#define LONG  50000

/* The average numbers of lost packets, dead connections and resets for each 10,000 packets in one
 * direction */
#define DROPS  100
#define DEATHS 120
#define RESETS 300

typedef struct
{
  const char *name;
  HbDelivery  delivery;
  gboolean    is_tls;
} Run;

static const Run runs[] = {
  { "written/plain", HB_DELIVERY_WRITTEN, FALSE },
  { "written/tls", HB_DELIVERY_WRITTEN, TRUE },
  { "acknowledged/plain", HB_DELIVERY_ACKNOWLEDGED, FALSE },
  { "acknowledged/tls", HB_DELIVERY_ACKNOWLEDGED, TRUE },
};

typedef struct
{
  HbWebsocketTask *task;
  GRand           *random;
  ReceiverLog     *log;
  int              log_fd;
  GPid             receiver;
  guint            n_messages;
  guint            n_sent;
  guint            n_awaited; /* calls that have not completed */
  GHashTable      *refused;   /* the numbers of the messages that have failed */
} Delivery;

/* A message whose result the test waits for */
typedef struct
{
  Delivery *delivery;
  guint     number;
} Awaited;

static guint
get_n_messages (void)
{
  const char *text = g_getenv ("HB_DELIVERY_MESSAGES");

  return text != NULL ? strtoul (text, NULL, 10) : 1500;
}

/* Makes a log in memory, so that a test that is killed leaves no file behind. */
static void
make_log (Delivery *self)
{
  gsize size = RECEIVER_LOG_SIZE (self->n_messages * MAX_MESSAGES);

  self->log_fd = memfd_create ("delivery", MFD_CLOEXEC);
  g_assert_cmpint (self->log_fd, >=, 0);
  g_assert_cmpint (ftruncate (self->log_fd, size), ==, 0);
  self->log = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self->log_fd, 0);
  g_assert_true (self->log != MAP_FAILED);
}

static void
start_receiver (Delivery *self,
                gboolean  is_tls)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = g_path_get_dirname (program);
  g_autofree char *path = g_build_filename (directory, "netns-receiver", NULL);
  g_autofree char *log_path = g_strdup_printf ("/proc/%d/fd/%d", getpid (), self->log_fd);
  char *argv[] = { path, log_path, (char *) (is_tls ? "tls" : "plain"), NULL };
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;

  g_atomic_int_set (&self->log->port, 0);
  network_go (NETWORK_FAR);
  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &self->receiver, &error);
  network_go (NETWORK_NEAR);
  g_assert_no_error (error);

  wait_until (g_atomic_int_get (&self->log->port) != 0);
  uri = g_strdup_printf ("%s://" NETWORK_SERVER ":%d/", is_tls ? "wss" : "ws",
                         g_atomic_int_get (&self->log->port));
  hb_websocket_task_set_uri (self->task, uri);
}

static void
kill_receiver (Delivery *self)
{
  g_assert_cmpint (kill (self->receiver, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (self->receiver, NULL, 0), ==, self->receiver);
  g_spawn_close_pid (self->receiver);
}

static gboolean
accept_cb (SoupMessage          *message,
           GTlsCertificate      *peer,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return TRUE;
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               gpointer         user_data)
{
  g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_cb), NULL);
}

/* @self: a structure in which n_messages is set */
static void
set_up (Delivery   *self,
        HbDelivery  delivery,
        gboolean    is_tls)
{
  self->random = g_rand_new_with_seed (g_test_rand_int ());
  self->refused = g_hash_table_new (NULL, NULL);
  self->task = hb_websocket_task_new (NULL);
  make_log (self);
  start_receiver (self, is_tls);

  hb_websocket_task_set_delivery (self->task, delivery);
  hb_websocket_task_set_network_aware (self->task, FALSE);
  hb_websocket_task_set_heartbeat_mode (self->task, HB_HEARTBEAT_MODE_PING);
  hb_websocket_task_set_ping_timeout (self->task, PING_AFTER);
  hb_websocket_task_set_pong_timeout (self->task, PONG_AFTER);
  hb_websocket_task_set_connect_timeout (self->task, CONNECT_AFTER);
  hb_websocket_task_set_reconnect_timeout (self->task, 1);
  g_signal_connect (self->task, "connecting", G_CALLBACK (connecting_cb), NULL);
}

static void
tear_down (Delivery *self)
{
  kill_receiver (self);
  g_assert_finalize_object (self->task);
  wait_idle ();
  munmap (self->log, RECEIVER_LOG_SIZE (self->n_messages * MAX_MESSAGES));
  close (self->log_fd);
  g_hash_table_unref (self->refused);
  g_rand_free (self->random);
  network_restore ();
}

/* Causes random losses of packets and connections on the way to @side. A dead connection loses all
 * its packets in this direction for 20 seconds, which is longer than the task waits for a reply.
 *
 * @port: the field of a packet that contains the client's port, `sport` or `dport` */
static void
add_losses (NetworkSide  side,
            const char  *port)
{
  g_autofree char *rules = g_strdup_printf (
    "nft '"
    "add set inet outage dead { type inet_service; flags dynamic; timeout 20s; size 65535; }; "
    "add chain inet outage chance; "
    "add rule inet outage chance numgen random mod 10000 < %u drop; "
    "add rule inet outage chance numgen random mod 10000 < %u add @dead { tcp %s } drop; "
    "add rule inet outage chance numgen random mod 10000 < %u reject with tcp reset; "
    "add rule inet outage input tcp %s @dead drop; "
    "add rule inet outage input meta l4proto tcp tcp flags & (syn | rst) == 0 jump chance'",
    DROPS, DEATHS, port, RESETS, port);

  network_run (side, rules);
}

static void
end_losses (void)
{
  network_run (NETWORK_NEAR, "nft flush chain inet outage chance");
  network_run (NETWORK_FAR, "nft flush chain inet outage chance");
}

/* Records a message that the task has dropped after the loss of several connections. */
static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autofree Awaited *awaited = user_data;
  Delivery *self = awaited->delivery;
  g_autoptr (GError) error = NULL;

  self->n_awaited--;
  if (hb_websocket_task_send_message_finish (self->task, result, &error))
    return;

  g_assert_error (error, HB_ERROR, HB_ERROR_MESSAGE_REFUSED);
  g_hash_table_add (self->refused, GUINT_TO_POINTER (awaited->number));
}

static void
send_awaited (Delivery   *self,
              const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  Awaited *awaited = g_new (Awaited, 1);

  *awaited = (Awaited) { self, self->n_sent };
  self->n_awaited++;
  hb_websocket_task_send_message_async (self->task, SOUP_WEBSOCKET_DATA_TEXT, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, sent_cb, awaited);
}

/* A long message has a callback, so that the test knows whether the message fails. A short message
 * has none, because the task queries the kernel for acknowledgements less often while no call
 * waits, and this case must be tested too. A short message hardly ever fails, because it fits into
 * one packet. */
static void
send_next (Delivery *self)
{
  gboolean is_long = g_rand_int_range (self->random, 0, 100) == 0;
  gsize size = g_rand_int_range (self->random, 10, is_long ? LONG : SHORT);
  g_autofree char *padding = g_strnfill (size, ' ');
  g_autofree char *text = g_strdup_printf ("%u%s", self->n_sent, padding);

  if (size >= SHORT)
    send_awaited (self, text);
  else
    assert_sends (self->task, text);
  self->n_sent++;
}

static gboolean
has_room (Delivery *self)
{
  return hb_websocket_task_get_buffered_amount (self->task) < MAX_BUFFERED;
}

static void
send_some (Delivery *self)
{
  guint n = g_rand_int_range (self->random, 1, 6);

  for (; n > 0 && self->n_sent < self->n_messages * MAX_MESSAGES && has_room (self); n--)
    send_next (self);
}

static void
cut (void)
{
  network_run (NETWORK_FAR, "ip link set far down");
  wait_pass (CUT_FOR);
  network_run (NETWORK_FAR, "ip link set far up");
}

static guint
count_missing (Delivery *self)
{
  guint n = 0;
  guint i;

  for (i = 0; i < self->n_sent; i++)
    n += self->log->n_times[i] == 0;

  return n;
}

static guint
count_missing_refused (Delivery *self)
{
  GHashTableIter iter;
  gpointer number;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->refused);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    n += self->log->n_times[GPOINTER_TO_UINT (number)] == 0;

  return n;
}

static guint
count_doubles (Delivery *self)
{
  guint n = 0;
  guint i;

  for (i = 0; i < self->n_sent; i++)
    n += MAX (self->log->n_times[i], 1) - 1;

  return n;
}

static guint64
count_losses (Delivery *self)
{
  return get_metric (self->task, hb_metrics_get_opens) - 1;
}

static void
send_all (Delivery *self)
{
  guint cut_each = self->n_messages / 2 + 1;

  while (self->n_sent < self->n_messages
         || (count_losses (self) < MIN_LOSSES && self->n_sent < self->n_messages * MAX_MESSAGES))
    {
      guint n_sent = self->n_sent;

      wait_until (has_room (self));
      send_some (self);
      g_main_context_iteration (NULL, FALSE);

      if (self->n_sent / cut_each != n_sent / cut_each)
        cut ();
    }
}

/* Waits until all messages count as sent or have failed. */
static void
flush (Delivery *self)
{
  g_autoptr (GAsyncResult) result = NULL;

  hb_websocket_task_flush_async (self->task, NULL, store_result_cb, &result);
  expect_success (self->task, &result, hb_websocket_task_flush_finish);
  wait_until (self->n_awaited == 0);
}

static void
close_and_wait (Delivery *self)
{
  hb_websocket_task_close (self->task, 1000, NULL);
  wait_until (hb_websocket_task_get_state (self->task) == HB_STATE_CLOSED);
}

static void
test_losses (gconstpointer data)
{
  const Run *run = data;
  Delivery self = { .n_messages = get_n_messages () };
  guint64 n_losses;
  guint64 n_resent;
  guint n_missing;
  guint n_doubles;

  set_up (&self, run->delivery, run->is_tls);
  hb_websocket_task_open (self.task);
  wait_until (hb_websocket_task_get_state (self.task) == HB_STATE_OPEN);
  add_losses (NETWORK_NEAR, "dport");
  add_losses (NETWORK_FAR, "sport");
  send_all (&self);
  end_losses ();
  flush (&self);

  /* A failed message may still have arrived, but each missing message must have failed. */
  if (run->delivery == HB_DELIVERY_ACKNOWLEDGED)
    wait_until (count_missing (&self) == count_missing_refused (&self));

  n_missing = count_missing (&self);
  n_doubles = count_doubles (&self);
  n_losses = count_losses (&self);
  n_resent = get_metric (self.task, hb_metrics_get_messages_resent);
  g_test_message ("%u messages, %u losses, %u of them by heartbeats: %u missing, %u refused, %u of "
                  "these missing, %u twice or more, %u sent again, %u out of order",
                  self.n_sent, (guint) n_losses,
                  (guint) get_metric (self.task, hb_metrics_get_pong_timeouts),
                  n_missing, g_hash_table_size (self.refused), count_missing_refused (&self),
                  n_doubles, (guint) n_resent, self.log->n_disorders);
  g_assert_cmpuint (n_losses, >=, MIN_LOSSES);
  g_assert_cmpuint (n_doubles, <=, n_resent);
  g_assert_cmpuint (self.log->n_disorders, ==, 0);
  if (run->delivery == HB_DELIVERY_WRITTEN)
    g_assert_cmpuint (n_missing, >, 0);

  close_and_wait (&self);
  tear_down (&self);
}

typedef struct
{
  const char *name;
  HbDelivery  delivery;
  gboolean    is_tls;
  gboolean    is_killed; /* the test kills the server, which otherwise closes the connection */
  guint       n_messages;
} Unread;

/* Fewer messages than the buffer of the server's kernel holds, and more than both kernels hold */
#define FEW  20
#define MANY 2000

static const Unread unread[] = {
  { "few-killed/written/plain", HB_DELIVERY_WRITTEN, FALSE, TRUE, FEW },
  { "few-killed/acknowledged/plain", HB_DELIVERY_ACKNOWLEDGED, FALSE, TRUE, FEW },
  { "few-killed/acknowledged/tls", HB_DELIVERY_ACKNOWLEDGED, TRUE, TRUE, FEW },
  { "many-killed/written/plain", HB_DELIVERY_WRITTEN, FALSE, TRUE, MANY },
  { "many-killed/acknowledged/plain", HB_DELIVERY_ACKNOWLEDGED, FALSE, TRUE, MANY },
  { "many-killed/acknowledged/tls", HB_DELIVERY_ACKNOWLEDGED, TRUE, TRUE, MANY },
  { "many-closed/written/plain", HB_DELIVERY_WRITTEN, FALSE, FALSE, MANY },
  { "many-closed/acknowledged/plain", HB_DELIVERY_ACKNOWLEDGED, FALSE, FALSE, MANY },
  { "many-closed/acknowledged/tls", HB_DELIVERY_ACKNOWLEDGED, TRUE, FALSE, MANY },
};

/* The size of a message in bytes, and a number of messages that fit into the buffer of the server's
 * kernel */
#define UNREAD_SIZE 300
#define MANY_UNREAD 50

static void
send_unread (Delivery *self,
             guint     n)
{
  for (; n > 0; n--)
    {
      g_autofree char *text = g_strdup_printf ("%-*u", UNREAD_SIZE, self->n_sent);

      assert_sends (self->task, text);
      self->n_sent++;
    }
}

static guint
count_unread (Delivery *self)
{
  int n_counts = g_atomic_int_get (&self->log->n_counts);

  g_assert_cmpint (kill (self->receiver, SIGUSR1), ==, 0);
  wait_until (g_atomic_int_get (&self->log->n_counts) != n_counts);

  return self->log->n_unread;
}

/* Counts the server's unread bytes, after enough data has arrived and no more can arrive. */
static void
wait_unread (Delivery *self)
{
  guint n_bytes = MIN (self->n_sent, MANY_UNREAD) * UNREAD_SIZE;

  wait_until (count_unread (self) >= n_bytes);
  network_filter (NETWORK_FAR, "drop");
  count_unread (self);
}

/* Ends the connection on the server's side. The client then connects to a server that reads. */
static void
end_unread (Delivery     *self,
            const Unread *test)
{
  self->log->is_paused = FALSE;

  if (test->is_killed)
    {
      kill_receiver (self);
      start_receiver (self, test->is_tls);
    }
  else
    {
      g_assert_cmpint (kill (self->receiver, SIGTERM), ==, 0);
    }

  network_restore ();
}

/* With ACKNOWLEDGED, a missing message must be one that the server's kernel had acknowledged and
 * the server had not read. With WRITTEN, messages in the client's kernel are missing too, if the
 * server's kernel has no room for all messages. */
static void
test_unread (gconstpointer data)
{
  const Unread *test = data;
  guint n_missing;
  Delivery self = { .n_messages = test->n_messages + 1 };

  set_up (&self, test->delivery, test->is_tls);
  self.log->is_paused = TRUE;
  hb_websocket_task_set_ping_timeout (self.task, 0);
  hb_websocket_task_open (self.task);
  wait_until (hb_websocket_task_get_state (self.task) == HB_STATE_OPEN);
  send_unread (&self, test->n_messages);
  if (test->n_messages == FEW)
    flush (&self);
  wait_unread (&self);

  end_unread (&self, test);
  wait_until (hb_websocket_task_get_state (self.task) == HB_STATE_WAITING);
  send_unread (&self, 1);
  flush (&self);
  wait_until (self.log->n_times[test->n_messages] > 0);

  n_missing = count_missing (&self);
  g_test_message ("%u bytes unread, %u messages of %u bytes missing, %u twice or more",
                  self.log->n_unread, n_missing, UNREAD_SIZE, count_doubles (&self));
  g_assert_cmpuint (n_missing, >, 0);
  if (test->delivery == HB_DELIVERY_WRITTEN && test->n_messages == MANY)
    g_assert_cmpuint (n_missing * UNREAD_SIZE, >, self.log->n_unread);
  else
    g_assert_cmpuint (n_missing * UNREAD_SIZE, <=, self.log->n_unread);

  close_and_wait (&self);
  tear_down (&self);
}

int
main (int   argc,
      char *argv[])
{
  network_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("With ACKNOWLEDGED, messages that the peer's TCP has not acknowledged are sent "
                  "again, or fail. With WRITTEN, they may be lost");

  test_rows_add ("/netns/delivery/losses/", runs, test_losses);
  test_rows_add ("/netns/delivery/unread/", unread, test_unread);

  return g_test_run ();
}
