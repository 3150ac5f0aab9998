/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "certificate.h"
#include "outage.h"

static void
received_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Outage *self = user_data;
  g_autofree char *word = raw_peer_take (peer);

  if (strcmp (word, "text:heartbeat") == 0)
    raw_peer_send_text (peer, "pong");
  else if (strcmp (word, "ping:heartbeat") == 0)
    raw_peer_send (peer, 0xa, "heartbeat", strlen ("heartbeat"));
  else if (strcmp (word, "text:hello") == 0)
    raw_peer_send_text (peer, "life");
  else
    g_ptr_array_add (self->heard, g_strdup_printf ("%u:%s", raw_peer_get_index (peer), word));
}

/* @certificate: (nullable): the certificate for TLS */
static void
start_server (Outage          *self,
              GTlsCertificate *certificate)
{
  raw_server_free (self->base.raw);
  network_go (NETWORK_FAR);
  self->base.raw = raw_server_new_at (NETWORK_SERVER, certificate);
  network_go (NETWORK_NEAR);

  self->server = self->base.raw;
  raw_server_set_received (self->server, received_cb, self);
  hb_websocket_task_set_uri (self->task, raw_server_get_uri (self->server));
}

/* Turns network-aware off, because the task must react to network changes only in the tests of this
 * property. */
void
outage_set_up (Outage        *self,
               gconstpointer  data)
{
  fixture_set_up (&self->base, "raw");
  self->task = self->base.task;
  self->log = self->base.log;
  self->heard = g_ptr_array_new_with_free_func (g_free);
  start_server (self, NULL);

  hb_websocket_task_set_network_aware (self->task, FALSE);
  hb_websocket_task_set_ping_timeout (self->task, PING_AFTER);
  hb_websocket_task_set_pong_timeout (self->task, PONG_AFTER);
  hb_websocket_task_set_pong_message (self->task, "pong");
  hb_websocket_task_set_reconnect_timeout (self->task, RECONNECT_AFTER);
}

void
outage_tear_down (Outage        *self,
                  gconstpointer  data)
{
  g_assert_cmpuint (self->heard->len, ==, 0);
  fixture_tear_down (&self->base, data);
  g_ptr_array_unref (self->heard);
  network_restore ();
}

/* Returns FALSE and skips the test if TLS is not possible. */
gboolean
outage_use_tls (Outage *self)
{
  GTlsCertificate *certificate = certificate_get ();

  if (!certificate_exists (certificate))
    return FALSE;

  start_server (self, certificate);
  certificate_accept (self->task, certificate);

  return TRUE;
}

void
outage_open (Outage *self)
{
  self->asked_at = g_get_monotonic_time ();
  fixture_open (&self->base);
  self->heard_at = signal_log_get_time (self->log);
}

/* Exchanges messages, so that the last data from the server is recent. */
void
outage_converse (Outage *self)
{
  self->asked_at = g_get_monotonic_time ();
  assert_sends (self->task, "hello");
  signal_log_expect (self->log, "message:text:life");
  self->heard_at = signal_log_get_time (self->log);
}

void
outage_cut (void)
{
  network_filter (NETWORK_NEAR, "drop");
  network_filter (NETWORK_FAR, "drop");
}

/* Waits until the heartbeat has detected the loss. The time limit counts from this call, because
 * the main loop does not run while programs cut the connection. */
void
outage_expect_loss (Outage *self)
{
  gint64 since = g_get_monotonic_time ();
  guint ping_timeout = hb_websocket_task_get_ping_timeout (self->task);
  guint expected = ping_timeout + hb_websocket_task_get_pong_timeout (self->task);

  signal_log_expect (self->log, "state:waiting");
  self->lost_at = signal_log_get_time (self->log);
  g_test_message ("detected after %.1f ms (ping-timeout + pong-timeout = %u ms)",
                  (self->lost_at - self->heard_at) / 1000.0, expected);
  /* The ping may be early by up to a sixteenth of its timeout. */
  g_assert_cmpint (self->lost_at - self->asked_at, >=, (expected - ping_timeout / 16.0) * 1000);
  g_assert_cmpint (self->lost_at - since, <, (expected + LATEST) * 1000);
  signal_log_expect (self->log, "error:pong-timeout close:1006 reconnect:1:100");
}

/* Waits until attempt @attempt has failed and its socket is closed. The kernel could otherwise
 * still connect the socket when the network works again. */
void
outage_expect_failure (Outage *self,
                       guint   attempt,
                       GQuark  domain,
                       int     code)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, "");
  g_autofree char *name = signal_log_name_error (error);
  g_autofree char *words = g_strdup_printf ("state:connecting connecting state:waiting error:%s "
                                            "reconnect:%u:%u",
                                            name, attempt + 1, RECONNECT_AFTER);
  guint connect_timeout = hb_websocket_task_get_connect_timeout (self->task);

  if (g_error_matches (error, HB_ERROR, HB_ERROR_CONNECT_TIMEOUT))
    hb_websocket_task_set_connect_timeout (self->task, FAIL_WITHIN);

  signal_log_expect (self->log, words);
  hb_websocket_task_set_connect_timeout (self->task, connect_timeout);
  wait_idle ();
}

/* Works like outage_expect_failure (), but accepts two errors. If the kernel's search for the
 * neighbour fails before the timeout, the host is unreachable. Otherwise the attempt fails with a
 * timeout. */
void
outage_expect_retry (Outage *self,
                     guint   attempt)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE, "");
  g_autofree char *name = signal_log_name_error (error);
  g_autofree char *unreachable = g_strdup_printf ("error:%s", name);
  g_autofree char *word = g_strdup_printf ("reconnect:%u:%u", attempt + 1, RECONNECT_AFTER);
  guint connect_timeout = hb_websocket_task_get_connect_timeout (self->task);

  hb_websocket_task_set_connect_timeout (self->task, FAIL_WITHIN);
  signal_log_expect (self->log, "state:connecting connecting state:waiting");
  signal_log_skip_to (self->log, word);
  g_assert_cmpuint (signal_log_count (self->log, "error:connect-timeout")
                    + signal_log_count (self->log, unreachable), ==, attempt);
  hb_websocket_task_set_connect_timeout (self->task, connect_timeout);
  wait_idle ();
}

/* Waits until the second connection is open. The network must work again. */
void
outage_expect_return (Outage *self)
{
  gint64 since = g_get_monotonic_time ();
  gint64 time;

  signal_log_expect (self->log, WORDS_OPEN);
  time = signal_log_get_time (self->log) - since;
  g_test_message ("back after %.1f ms (reconnect-timeout = %u ms)", time / 1000.0, RECONNECT_AFTER);
  g_assert_cmpint (time, <, (RECONNECT_AFTER + LATEST) * 1000);
  g_assert_cmpuint (signal_log_count (self->log, "close:"), ==, 1);
  g_assert_cmpuint (raw_server_get_n_accepted (self->server), ==, 2);
}

static guint
count_heard (Outage *self,
             guint   number)
{
  g_autofree char *prefix = g_strdup_printf ("%u:", number);
  guint n = 0;
  guint i;

  for (i = 0; i < self->heard->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (self->heard, i), prefix);

  return n;
}

/* Returns: (transfer full): the recorded words of connection @number, separated by spaces */
char *
outage_take_heard (Outage *self,
                   guint   number)
{
  g_autofree char *prefix = g_strdup_printf ("%u:", number);
  g_autoptr (GString) words = g_string_new (NULL);
  guint i = 0;

  while (i < self->heard->len)
    {
      const char *word = g_ptr_array_index (self->heard, i);

      if (!g_str_has_prefix (word, prefix))
        {
          i++;
          continue;
        }

      g_string_append_printf (words, "%s%s", words->len > 0 ? " " : "", word + strlen (prefix));
      g_ptr_array_remove_index (self->heard, i);
    }

  return g_string_free (g_steal_pointer (&words), FALSE);
}

/* Waits until the server has recorded exactly @words for connection @number. */
void
outage_expect_heard (Outage     *self,
                     guint       number,
                     const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  g_autofree char *heard = NULL;

  wait_until (count_heard (self, number) >= g_strv_length (list));
  heard = outage_take_heard (self, number);
  g_assert_cmpstr (heard, ==, words);
}

static gboolean
leads_to_server (int fd)
{
  struct sockaddr_in address;
  socklen_t length = sizeof address;

  return getpeername (fd, (struct sockaddr *) &address, &length) == 0
         && address.sin_family == AF_INET
         && address.sin_addr.s_addr == inet_addr (NETWORK_SERVER);
}

static int
find_socket (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  g_assert_nonnull (dir);

  while ((name = g_dir_read_name (dir)) != NULL)
    if (leads_to_server (atoi (name)))
      return atoi (name);

  g_error ("No socket leads to the server");
}

/* Returns the local port of the task's socket. */
guint
outage_get_port (void)
{
  struct sockaddr_in address;
  socklen_t length = sizeof address;

  g_assert_cmpint (getsockname (find_socket (), (struct sockaddr *) &address, &length), ==, 0);

  return g_ntohs (address.sin_port);
}

/* Returns how often the kernel has resent the data that is still unacknowledged (TCP_INFO in
 * tcp(7)). Fails if the kernel no longer considers the connection established. */
guint
outage_count_resent (void)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  g_assert_cmpint (getsockopt (find_socket (), IPPROTO_TCP, TCP_INFO, &info, &length), ==, 0);
  g_assert_cmpint (info.tcpi_state, ==, TCP_ESTABLISHED);

  return info.tcpi_retransmits;
}
