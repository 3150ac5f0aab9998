/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"

/* wss: a certificate that nobody has signed is refused, unless the application accepts it. */

/* Into the buffers of two sockets, however they grow */
#define MORE_THAN_FITS (24 * 1024 * 1024)

static GTlsCertificate *certificate;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture_set_up (fixture, "soup");

  if (certificate == NULL)
    return;

  test_server_free (fixture->server);
  fixture->server = test_server_new_tls (TEST_SERVER_ECHO, certificate);
  hb_websocket_task_set_uri (fixture->task, test_server_get_uri (fixture->server));
}

static gboolean
can_run (void)
{
  if (certificate == NULL)
    g_test_skip ("needs a TLS backend of GIO, and openssl to make a certificate");

  return certificate != NULL;
}

/* The error of GIO, unchanged */
static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *word = NULL;

  if (!can_run ())
    return;

  word = g_strdup_printf ("error:%s:%d", g_quark_to_string (G_TLS_ERROR),
                          G_TLS_ERROR_BAD_CERTIFICATE);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:closed");
  signal_log_expect (fixture->log, word);
  signal_log_expect (fixture->log, "error:repeat-limit");
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 0);
}

static void
test_accepted (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *text = g_strnfill (200000, 'x');

  if (!can_run ())
    return;

  certificate_accept (fixture->task, certificate);
  hb_websocket_task_set_heartbeat_mode (fixture->task, HB_HEARTBEAT_MODE_PING);
  fixture_open (fixture);
  assert_sends (fixture->task, "hello");
  signal_log_expect (fixture->log, "message:text:hello");
  assert_sends (fixture->task, text);
  signal_log_skip_to (fixture->log, "message:text:200000");
  hb_websocket_task_check (fixture->task);
  wait_until (hb_websocket_task_get_latency (fixture->task) >= 0);
  soup_websocket_connection_close (test_server_get_connection (fixture->server), 1001, "restart");
  signal_log_expect (fixture->log, "state:waiting close:1001:restart reconnect:1:20");
  signal_log_expect (fixture->log, WORDS_OPEN);
  fixture_close (fixture);
}

/* A dead peer does not keep the link waiting for the goodbyes of TLS. */
static void
test_dead_peer (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *text = g_strnfill (MORE_THAN_FITS, 'x');
  guint n_descriptors;
  gint64 lost;

  if (!can_run ())
    return;

  certificate_accept (fixture->task, certificate);
  test_server_set_mode (fixture->server, TEST_SERVER_MUTE);
  hb_websocket_task_set_ping_timeout (fixture->task, 50);
  hb_websocket_task_set_pong_timeout (fixture->task, 50);
  hb_websocket_task_set_max_buffered_amount (fixture->task, 0);
  fixture_open (fixture);
  n_descriptors = count_descriptors ();
  assert_sends (fixture->task, text);
  signal_log_skip_to (fixture->log, "error:pong-timeout");
  lost = signal_log_get_time (fixture->log);
  test_server_set_mode (fixture->server, TEST_SERVER_ECHO);
  g_assert_cmpuint (hb_websocket_task_clear_queue (fixture->task), ==, 1);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpint (signal_log_get_time (fixture->log) - lost, <, 4 * G_TIME_SPAN_SECOND);

  /* Of the old link there is the server's end alone. */
  wait_until (count_descriptors () <= n_descriptors + 1);
  fixture_close (fixture);
}

int
main (int   argc,
      char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("wss: certificates, and a link over TLS.");

  certificate = certificate_new ();

  g_test_add ("/loopback/tls/refused", Fixture, NULL, set_up, test_refused, fixture_tear_down);
  g_test_add ("/loopback/tls/accepted", Fixture, NULL, set_up, test_accepted, fixture_tear_down);
  g_test_add ("/loopback/tls/dead-peer", Fixture, NULL, set_up, test_dead_peer, fixture_tear_down);

  status = g_test_run ();
  g_clear_object (&certificate);

  return status;
}
