/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"

/* The task refuses a self-signed certificate, unless the application accepts the certificate, or
 * trusts it as an authority. */

/* More bytes than the buffers of two sockets can hold */
#define MORE_THAN_FITS (24 * 1024 * 1024)

static gboolean
look_cb (SoupMessage          *message,
         GTlsCertificate      *peer,
         GTlsCertificateFlags  errors,
         gpointer              user_data)
{
  GTlsCertificateFlags *seen = user_data;

  *seen = errors;

  return FALSE;
}

static void
look_at_it_cb (HbWebsocketTask      *task,
               SoupMessage          *message,
               GTlsCertificateFlags *seen)
{
  g_signal_connect (message, "accept-certificate", G_CALLBACK (look_cb), seen);
}

/* Checks that one attempt fails with GIO's unchanged error and sends no request, and that
 * `accept-certificate` is emitted with @errors. */
static void
assert_refused (HbWebsocketTask      *task,
                TestServer           *server,
                GTlsCertificateFlags  errors)
{
  GTlsCertificateFlags seen = 0;
  SignalLog *log = signal_log_new (task);
  g_autofree char *word = g_strdup_printf ("error:%s:%d", g_quark_to_string (G_TLS_ERROR),
                                           G_TLS_ERROR_BAD_CERTIFICATE);

  g_signal_connect (task, "connecting", G_CALLBACK (look_at_it_cb), &seen);
  hb_websocket_task_set_repeat_limit (task, 0);
  hb_websocket_task_open (task);
  signal_log_expect (log, "state:connecting connecting state:closed");
  signal_log_expect (log, word);
  signal_log_expect (log, "error:repeat-limit");
  g_test_message ("%s", signal_log_get_error (log));
  g_assert_nonnull (strstr (signal_log_get_error (log), "certificate"));
  g_assert_cmphex (seen, ==, errors);
  g_assert_cmpuint (test_server_get_n_requests (server), ==, 0);
  g_signal_handlers_disconnect_by_func (task, look_at_it_cb, &seen);
  signal_log_free (log);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  if (!certificate_exists (certificate_get ()))
    return;

  test_server_free (fixture->server);
  fixture->server = test_server_new_tls (TEST_SERVER_ECHO, certificate_get ());
  hb_websocket_task_set_uri (fixture->task, test_server_get_uri (fixture->server));
  assert_refused (fixture->task, fixture->server, G_TLS_CERTIFICATE_UNKNOWN_CA);
  signal_log_forget (fixture->log);
}

/* @made is the certificate of the server, and the only authority of the session. */
static HbWebsocketTask *
make_trusting_task (GTlsCertificate  *made,
                    TestServer      **server)
{
  g_autoptr (SoupSession) session = certificate_make_session (made);

  *server = test_server_new_tls (TEST_SERVER_ECHO, made);

  return g_object_new (HB_TYPE_WEBSOCKET_TASK,
                       "uri", test_server_get_uri (*server),
                       "session", session,
                       NULL);
}

static void
refuse_in_spite_of_trust (const char           *name,
                          gboolean              has_expired,
                          GTlsCertificateFlags  errors)
{
  g_autoptr (GTlsCertificate) made = certificate_new_for (name, has_expired);
  HbWebsocketTask *task;
  TestServer *server;

  if (!certificate_exists (made))
    return;

  task = make_trusting_task (made, &server);
  assert_refused (task, server, errors);
  g_assert_finalize_object (task);
  test_server_free (server);
}

static void
test_wrong_host (void)
{
  refuse_in_spite_of_trust ("DNS:example.com", FALSE, G_TLS_CERTIFICATE_BAD_IDENTITY);
}

static void
test_expired (void)
{
  refuse_in_spite_of_trust ("IP:127.0.0.1", TRUE, G_TLS_CERTIFICATE_EXPIRED);
}

/* A certificate is accepted if the application's session trusts the certificate's authority. */
static void
test_own_database (void)
{
  HbWebsocketTask *task;
  TestServer *server;
  SignalLog *log;

  if (!certificate_exists (certificate_get ()))
    return;

  task = make_trusting_task (certificate_get (), &server);
  log = signal_log_new (task);
  hb_websocket_task_open (task);
  signal_log_expect (log, WORDS_OPEN);
  hb_websocket_task_close (task, 1000, NULL);
  signal_log_expect (log, WORDS_CLOSE);
  signal_log_free (log);
  g_assert_finalize_object (task);
  test_server_free (server);
}

static void
test_accepted (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *text = g_strnfill (200000, 'x');

  if (!fixture_use_tls (fixture))
    return;

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

/* A dead peer sends no close_notify, so the task must not wait for one. */
static void
test_dead_peer (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *text = g_strnfill (MORE_THAN_FITS, 'x');
  g_autoptr (GPtrArray) unsent = NULL;
  guint n_descriptors;
  gint64 lost;

  if (!fixture_use_tls (fixture))
    return;

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

  /* Without the library's stream, the message counts as written once it is in libsoup's own
   * queue. */
  unsent = hb_websocket_task_take_queue (fixture->task);
  g_assert_cmpuint (unsent->len, ==, has_stream ? 1 : 0);
  signal_log_skip_to (fixture->log, "open");
  g_assert_cmpint (signal_log_get_time (fixture->log) - lost, <, 4 * G_TIME_SPAN_SECOND);

  /* The server's socket is the only descriptor of the old connection that may remain open. */
  wait_until (count_descriptors () <= n_descriptors + 1);
  fixture_close (fixture);
}

/* Without connect-timeout, the handler ends the attempt, and must not be called for a later request
 * of the same handshake. With connect-timeout, the handler promises a certificate and supplies
 * none. */
static gboolean
request_certificate_cb (SoupMessage          *message,
                        GTlsClientConnection *connection,
                        HbWebsocketTask      *task)
{
  guint signal_id = g_signal_lookup ("request-certificate", SOUP_TYPE_MESSAGE);

  if (hb_websocket_task_get_connect_timeout (task) > 0)
    return TRUE;

  hb_websocket_task_close (task, 1000, NULL);
  g_assert_cmpuint (g_signal_handler_find (message, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED,
                                           signal_id, 0, NULL, NULL, NULL), ==, 0);

  return FALSE;
}

static void
connecting_cb (HbWebsocketTask  *task,
               SoupMessage      *message,
               SoupMessage     **request)
{
  g_signal_connect (message, "request-certificate", G_CALLBACK (request_certificate_cb), task);
  g_set_weak_pointer (request, message);
}

static void
ended_cb (GObject      *tls,
          GAsyncResult *result,
          gpointer      user_data)
{
  guint *n_ended = user_data;

  g_assert_false (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, NULL));
  (*n_ended)++;
}

static void
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             guint             *n_ended)
{
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (connection),
                                                           certificate_get (), NULL);

  g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, ended_cb,
                                    n_ended);
}

/* An attempt that ends while libsoup waits for a client certificate leaves nothing behind.
 *
 * The server is no SoupServer, because with libsoup 3.6, freeing a SoupServer during a handshake
 * would cause a critical. */
static void
test_client_certificate (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GSocketService) server = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) own = NULL;
  g_autofree char *uri = NULL;
  SoupMessage *request = NULL;
  guint n_ended = 0;

  if (!fixture_use_tls (fixture))
    return;

  server = g_socket_service_new ();
  g_signal_connect (server, "incoming", G_CALLBACK (incoming_cb), &n_ended);
  g_socket_listener_add_address (G_SOCKET_LISTENER (server), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &own, NULL);
  uri = g_strdup_printf ("wss://127.0.0.1:%u/",
                         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (own)));

  hb_websocket_task_set_uri (fixture->task, uri);
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_set_connect_timeout (fixture->task, 0);
  g_signal_connect (fixture->task, "connecting", G_CALLBACK (connecting_cb), &request);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "state:closed");
  wait_until (request == NULL);

  hb_websocket_task_set_connect_timeout (fixture->task, 100);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:repeat-limit");
  wait_until (request == NULL);
  wait_until (n_ended == 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Certificates, and connections over TLS.");

  add_test ("/loopback/tls/refused", test_refused);
  add_test ("/loopback/tls/accepted", test_accepted);
  g_test_add_func ("/loopback/tls/wrong-host", test_wrong_host);
  g_test_add_func ("/loopback/tls/expired", test_expired);
  g_test_add_func ("/loopback/tls/own-database", test_own_database);
  add_test ("/loopback/tls/dead-peer", test_dead_peer);
  add_test ("/loopback/tls/client-certificate", test_client_certificate);

  return g_test_run ();
}
