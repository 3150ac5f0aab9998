/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outage.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

/* Tests of a network that fails while a connection is open. In most cases, TCP does not report the
 * failure in time, so the heartbeat must detect it. The tests need `ip` and `nft`, and root or a
 * system on which ordinary users may create user namespaces. To run them by hand:
 *
 *   HB_REQUIRE_NETNS=1 meson test -C _build --suite netns --verbose
 *   _build/tests/loopback/netns/test-netns-lost-link --verbose -p /netns/lost-link/dropped
 *
 * The tests change nothing outside of the process's own namespaces. */

/* The interval between two messages from the server, in milliseconds */
#define CHATTER_EACH 50

typedef struct
{
  const char      *name;
  HbHeartbeatMode  mode;
  gboolean         to_near; /* the directions in which packets are dropped */
  gboolean         to_far;
  gboolean         tls;
} Drop;

static const Drop drops[] = {
  { "all/message", HB_HEARTBEAT_MODE_MESSAGE, TRUE, TRUE },
  { "all/ping", HB_HEARTBEAT_MODE_PING, TRUE, TRUE },
  { "to-near/message", HB_HEARTBEAT_MODE_MESSAGE, TRUE, FALSE },
  { "to-near/ping", HB_HEARTBEAT_MODE_PING, TRUE, FALSE },
  { "to-far/message", HB_HEARTBEAT_MODE_MESSAGE, FALSE, TRUE },
  { "to-far/ping", HB_HEARTBEAT_MODE_PING, FALSE, TRUE },
  { "tls/message", HB_HEARTBEAT_MODE_MESSAGE, TRUE, TRUE, TRUE },
  { "tls/ping", HB_HEARTBEAT_MODE_PING, TRUE, TRUE, TRUE },
};

static void
test_dropped (Outage        *self,
              gconstpointer  data)
{
  const Drop *drop = data;

  if (drop->tls && !outage_use_tls (self))
    return;

  hb_websocket_task_set_heartbeat_mode (self->task, drop->mode);
  outage_open (self);
  outage_converse (self);

  if (drop->to_near)
    network_filter (NETWORK_NEAR, "drop");
  if (drop->to_far)
    network_filter (NETWORK_FAR, "drop");

  outage_expect_loss (self);
  outage_expect_failure (self, 1, HB_ERROR, HB_ERROR_CONNECT_TIMEOUT);
  outage_expect_failure (self, 2, HB_ERROR, HB_ERROR_CONNECT_TIMEOUT);
  network_restore ();
  outage_expect_return (self);
  outage_converse (self);
  g_assert_cmpuint (get_metric (self->task, hb_metrics_get_pong_timeouts), ==, 1);
}

typedef struct
{
  const char   *name;
  NetworkSide   side;
  const char   *command;  /* removes part of the network */
  GIOErrorEnum  error;    /* of the next attempt, or 0 if two are possible */
} Removal;

static const Removal removals[] = {
  { "no-address", NETWORK_NEAR, "ip address del 192.0.2.1/24 dev near",
    G_IO_ERROR_NETWORK_UNREACHABLE },
  { "no-route", NETWORK_NEAR, "ip route del default",
    G_IO_ERROR_NETWORK_UNREACHABLE },
  { "interface-down", NETWORK_NEAR, "ip link set near down",
    G_IO_ERROR_NETWORK_UNREACHABLE },
  { "cable-pulled", NETWORK_FAR, "ip link set far down", 0 },
};

/* Ignores leaks, because GSocketClient of GLib 2.74 leaks its own data if an attempt fails after
 * more than 250 ms. */
static void
expect_failure (Outage       *self,
                GIOErrorEnum  code)
{
#ifdef __SANITIZE_ADDRESS__
  __lsan_disable ();
#endif

  if (code != 0)
    outage_expect_failure (self, 1, G_IO_ERROR, code);
  else
    outage_expect_retry (self, 1);

#ifdef __SANITIZE_ADDRESS__
  __lsan_enable ();
#endif
}

/* TCP keeps the connection, so the heartbeat must detect the loss. */
static void
test_removed (Outage        *self,
              gconstpointer  data)
{
  const Removal *removal = data;

  outage_open (self);
  outage_converse (self);
  network_run (removal->side, removal->command);
  outage_expect_loss (self);
  expect_failure (self, removal->error);
  network_restore ();
  outage_expect_return (self);
  outage_converse (self);
}

/* Byte offsets in a packet of a raw socket: an IP header, an ICMP header, and the IP header and the
 * ports of the rejected packet. Neither IP header has options. */
#define ICMP_AT  20
#define PORTS_AT (ICMP_AT + 8 + 20)

static int
open_icmp (void)
{
  int fd = socket (AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

/* Returns: the number of received "host unreachable" messages for packets from @port */
static guint
count_unreachable (int   fd,
                   guint port)
{
  guint8 packet[PORTS_AT + 2];
  guint n = 0;

  while (recv (fd, packet, sizeof packet, 0) == sizeof packet)
    n += packet[ICMP_AT] == ICMP_DEST_UNREACH && packet[ICMP_AT + 1] == ICMP_HOST_UNREACH
         && (guint) (packet[PORTS_AT] << 8 | packet[PORTS_AT + 1]) == port;

  return n;
}

#define REJECT "reject with icmp type host-unreachable"

/* A router's "host unreachable" ends an attempt to connect, but not an open connection.
 *
 * The kernel sends a host at most six such messages in a burst, and then at most one each second
 * (icmp_ratelimit). Retransmissions on lost connections would use them up, so the rules reject
 * three packets of this connection, and otherwise only those of the attempt. */
static void
test_unreachable (Outage        *self,
                  gconstpointer  data)
{
  int fd = open_icmp ();
  guint port;
  g_autofree char *rule = NULL;

  outage_open (self);
  outage_converse (self);
  port = outage_get_port ();
  rule = g_strdup_printf ("tcp sport %u limit rate 1/hour burst 3 packets " REJECT, port);
  network_filter (NETWORK_FAR, rule);
  network_filter (NETWORK_FAR, "tcp flags syn " REJECT);
  network_filter (NETWORK_FAR, "drop");
  outage_expect_loss (self);
  g_assert_cmpuint (count_unreachable (fd, port), >=, 1);
  close (fd);
  expect_failure (self, G_IO_ERROR_HOST_UNREACHABLE);
  network_restore ();
  outage_expect_return (self);
}

/* A restarted router or host does not know the connection, and answers its next packet, here the
 * ping, with an RST. */
static void
test_forgotten (Outage        *self,
                gconstpointer  data)
{
  g_autofree char *rule = NULL;
  gint64 since;
  gint64 time;

  outage_open (self);
  outage_converse (self);
  rule = g_strdup_printf ("tcp sport %u reject with tcp reset", outage_get_port ());
  network_filter (NETWORK_FAR, rule);
  since = g_get_monotonic_time ();

  signal_log_expect (self->log, "state:waiting");
  time = signal_log_get_time (self->log) - since;
  g_test_message ("reported after %.1f ms (ping-timeout = %u ms)", time / 1000.0, PING_AFTER);
  g_assert_cmpint (time, <, (PING_AFTER + LATEST) * 1000);
  signal_log_skip_to (self->log, "close:1006");
  signal_log_expect (self->log, "reconnect:1:100");
  outage_expect_return (self);
  g_assert_cmpuint (get_metric (self->task, hb_metrics_get_pong_timeouts), ==, 0);
}

/* The server sends, but no longer receives. With liveness ANY, its last message would postpone the
 * detection. */
static void
test_talking_server (Outage        *self,
                     gconstpointer  data)
{
  gint64 last_chatter;
  guint i;

  hb_websocket_task_set_liveness (self->task, HB_LIVENESS_REPLY);
  outage_open (self);
  network_filter (NETWORK_FAR, "drop");

  while (hb_websocket_task_get_state (self->task) == HB_STATE_OPEN)
    {
      raw_peer_send_text (raw_server_get_peer (self->server, 0), "chatter");
      wait_pass (CHATTER_EACH);
    }

  g_assert_cmpuint (signal_log_count (self->log, "message:text:chatter"), >=, 3);
  for (i = signal_log_count (self->log, "message:text:chatter"); i > 0; i--)
    signal_log_expect (self->log, "message:text:chatter");

  last_chatter = signal_log_get_time (self->log);
  outage_expect_loss (self);
  g_assert_cmpint (self->lost_at - last_chatter, <, (PING_AFTER + PONG_AFTER) * 1000);
  network_restore ();
  outage_expect_return (self);
}

/* The outage is shorter than pong-timeout. */
static void
test_short_outage (Outage        *self,
                   gconstpointer  data)
{
  hb_websocket_task_set_pong_timeout (self->task, 60000);
  outage_open (self);
  outage_converse (self);
  outage_cut ();
  assert_sends (self->task, "during");
  wait_until (get_metric (self->task, hb_metrics_get_pings) == 1
              && outage_count_resent () >= 2);
  network_restore ();
  outage_expect_heard (self, 0, "text:during");
  wait_until (get_metric (self->task, hb_metrics_get_replies) >= 1);
  outage_converse (self);
  g_assert_cmpuint (raw_server_get_n_accepted (self->server), ==, 1);
}

/* Proves that TCP does not detect an outage in the time that the heartbeat needs. The kernel keeps
 * resending the data for a quarter of an hour. */
static void
test_without_heartbeat (Outage        *self,
                        gconstpointer  data)
{
  hb_websocket_task_set_ping_timeout (self->task, 0);
  outage_open (self);
  outage_converse (self);
  outage_cut ();
  assert_sends (self->task, "unheard");
  wait_pass (PING_AFTER + PONG_AFTER + LATEST);
  assert_state (self->task, HB_STATE_OPEN);
  signal_log_expect_quiet (self->log);
  g_test_message ("not detected after %u ms, in which the kernel has resent %u times",
                  PING_AFTER + PONG_AFTER + LATEST, outage_count_resent ());
  g_assert_cmpuint (outage_count_resent (), >=, 1);
  network_restore ();
  outage_expect_heard (self, 0, "text:unheard");
  outage_converse (self);
  g_assert_cmpuint (raw_server_get_n_accepted (self->server), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  network_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("If the network fails, the loss of the connection is detected in time, and the "
                  "task reconnects");

  add_outage_rows ("/netns/lost-link/dropped/", drops, test_dropped);
  add_outage_rows ("/netns/lost-link/", removals, test_removed);

  add_outage ("/netns/lost-link/unreachable", test_unreachable);
  add_outage ("/netns/lost-link/forgotten", test_forgotten);
  add_outage ("/netns/lost-link/talking-server", test_talking_server);
  add_outage ("/netns/lost-link/short-outage", test_short_outage);
  add_outage ("/netns/lost-link/without-heartbeat", test_without_heartbeat);

  return g_test_run ();
}
