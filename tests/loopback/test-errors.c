/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"
#include "names.h"

/* test-input.c tests the caller's mistakes. */

/* The resolver's error is reported unchanged. The answer of a real resolver would depend on the
 * network, so main () installs a resolver that finds no address. */
static void
test_unknown_host (Fixture       *fixture,
                   gconstpointer  data)
{
  hb_websocket_task_set_uri (fixture->task, "ws://nowhere.invalid/");
  hb_websocket_task_set_repeat_limit (fixture->task, 0);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:closed "
                     "error:g-resolver-error-quark:0 error:repeat-limit");
}

static void
test_http_status (Fixture       *fixture,
                  gconstpointer  data)
{
  signal_log_watch (fixture->log, "http-status");
  test_server_reject (fixture->server, 429, NULL);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:waiting http-status:429 error:handshake reconnect:1:20");
  g_assert_true (g_str_has_suffix (signal_log_get_error (fixture->log), "status 429"));
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, 429);
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:waiting error:handshake reconnect:2:20");
  test_server_reject (fixture->server, 0, NULL);
  signal_log_expect (fixture->log, "state:connecting connecting state:open http-status:101 open");
}

static void
expect_wait (Fixture    *fixture,
             guint       status,
             const char *retry_after,
             const char *reconnect)
{
  test_server_reject (fixture->server, status, retry_after);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:waiting error:handshake");
  signal_log_expect (fixture->log, reconnect);
  hb_websocket_task_close (fixture->task, 1000, NULL);
  signal_log_expect (fixture->log, "state:closed");
}

/* Retry-After counts only after status 429 or 503. The delay that it requests is limited to an
 * hour, and the task never uses a delay shorter than its own. */
static void
test_retry_after (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) past = g_date_time_add_hours (now, -1);
  g_autoptr (GDateTime) far = g_date_time_add_hours (now, 3);
  g_autofree char *past_text = soup_date_time_to_string (past, SOUP_DATE_HTTP);
  g_autofree char *far_text = soup_date_time_to_string (far, SOUP_DATE_HTTP);

  expect_wait (fixture, 429, "2", "reconnect:1:2000");
  expect_wait (fixture, 503, "3", "reconnect:1:3000");
  expect_wait (fixture, 503, NULL, "reconnect:1:20");
  expect_wait (fixture, 503, "0", "reconnect:1:20");
  expect_wait (fixture, 503, "soon", "reconnect:1:20");
  expect_wait (fixture, 503, "-5", "reconnect:1:20");
  expect_wait (fixture, 503, "5 minutes", "reconnect:1:20");
  expect_wait (fixture, 503, "99999999", "reconnect:1:3600000");
  expect_wait (fixture, 503, "99999999999", "reconnect:1:3600000");
  expect_wait (fixture, 503, "99999999999999999999", "reconnect:1:3600000");
  expect_wait (fixture, 503, past_text, "reconnect:1:20");
  expect_wait (fixture, 503, far_text, "reconnect:1:3600000");
  expect_wait (fixture, 500, "7", "reconnect:1:20");
}

/* The attempt must not be made before the date, which has no fractions of a second. */
static void
test_retry_after_date (Fixture       *fixture,
                       gconstpointer  data)
{
  gint64 seconds = g_get_real_time () / G_USEC_PER_SEC + 60;
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (seconds);
  g_autofree char *text = soup_date_time_to_string (date, SOUP_DATE_HTTP);
  gint64 start;

  test_server_reject (fixture->server, 503, text);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:handshake");
  start = g_get_monotonic_time ();
  g_assert_cmpint (hb_websocket_task_get_reconnect_at (fixture->task) - start, >=,
                   seconds * G_USEC_PER_SEC - g_get_real_time ());
  signal_log_forget (fixture->log);
}

/* The message arrives in the segment of the answer. The task must deliver it, although the socket
 * does not become readable again. */
static void
test_message_with_answer (Fixture       *fixture,
                          gconstpointer  data)
{
  raw_server_set_greeting (fixture->raw, "welcome");
  fixture_open (fixture);
  signal_log_expect (fixture->log, "message:text:welcome");
}

static void
test_connect_timeout (Fixture       *fixture,
                      gconstpointer  data)
{
  gint64 start = g_get_monotonic_time ();

  raw_server_set_answers (fixture->raw, FALSE);
  hb_websocket_task_set_connect_timeout (fixture->task, 50);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting "
                     "state:waiting error:connect-timeout reconnect:1:20");
  g_assert_cmpint (signal_log_get_time (fixture->log) - start, >=, 50000);
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "50"));
  raw_peer_expect_end (raw_server_get_peer (fixture->raw, 0));

  /* The next attempt has a timeout and a socket of its own. */
  hb_websocket_task_set_connect_timeout (fixture->task, 10000);
  raw_server_set_answers (fixture->raw, TRUE);
  signal_log_expect (fixture->log, WORDS_OPEN);
  g_assert_cmpuint (raw_server_get_n_accepted (fixture->raw), ==, 2);
}

static void
test_repeat_limit (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GAsyncResult) opened = NULL;

  hb_websocket_task_set_repeat_limit (fixture->task, 2);
  test_server_reject (fixture->server, 500, NULL);
  hb_websocket_task_open_async (fixture->task, NULL, store_result_cb, &opened);
  signal_log_expect (fixture->log,
                     "state:connecting connecting state:waiting error:handshake reconnect:1:20 "
                     "state:connecting connecting state:waiting error:handshake reconnect:2:20 "
                     "state:connecting connecting state:closed error:handshake error:repeat-limit");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "500"));
  expect_error (fixture->task, &opened, hb_websocket_task_open_finish, HB_ERROR,
                HB_ERROR_REPEAT_LIMIT);
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 3);
}

/* The task is closed, because the server might send the message again after each reconnection. */
static void
test_message_too_big (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *text = g_strnfill (101, 'x');

  hb_websocket_task_set_max_message_size (fixture->task, 100);
  fixture_open (fixture);
  assert_sends (fixture->task, text + 1);
  signal_log_expect (fixture->log, "message:text:100");
  assert_sends (fixture->task, text);
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "100"));
  wait_pass (2 * RECONNECT);
  g_assert_cmpuint (test_server_get_n_requests (fixture->server), ==, 1);
}

/* A change applies to the current connection. The value 0 means no limit, not the default of
 * libsoup. */
static void
test_message_size_may_change (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autofree char *text = g_strnfill (200000, 'x');

  hb_websocket_task_set_max_message_size (fixture->task, 10);
  fixture_open (fixture);
  hb_websocket_task_set_max_message_size (fixture->task, 0);
  assert_sends (fixture->task, text);
  signal_log_skip_to (fixture->log, "message:text:200000");
  hb_websocket_task_set_max_message_size (fixture->task, 10);
  assert_sends (fixture->task, "12345678901");
  signal_log_expect (fixture->log, "state:closed error:message-too-big close:1006");
}

/* Until restore_limit_cb () is called, the process cannot open a descriptor. */
static void
begin_shortage_cb (SoupMessage        *message,
                   GSocketClientEvent  event,
                   GIOStream          *stream,
                   struct rlimit      *limit)
{
  struct rlimit lower = *limit;
  int unused;

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING)
    return;

  unused = dup (STDIN_FILENO);
  g_assert_cmpint (unused, >=, 0);
  close (unused);
  lower.rlim_cur = unused;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &lower), ==, 0);
}

static void
restore_limit_cb (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *stream,
                  struct rlimit      *limit)
{
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, limit), ==, 0);
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               struct rlimit   *limit)
{
  g_signal_connect (message, "network-event", G_CALLBACK (begin_shortage_cb), limit);
  g_signal_connect_after (message, "network-event", G_CALLBACK (restore_limit_cb), limit);
}

/* In the thread of the TLS handshake, GLib would abort the process. */
static void
test_shortage (Fixture       *fixture,
               gconstpointer  data)
{
  struct rlimit limit;

  if (!fixture_use_tls (fixture))
    return;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_signal_connect (fixture->task, "connecting", G_CALLBACK (connecting_cb), &limit);
  hb_websocket_task_open (fixture->task);
  signal_log_expect (fixture->log, "state:connecting connecting state:waiting "
                     "error:g-io-error-quark:31 reconnect:1:20");
  g_signal_handlers_disconnect_by_func (fixture->task, connecting_cb, &limit);
  signal_log_expect (fixture->log, WORDS_OPEN);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Errors of attempts and of connections.");
  names_install ();

  add_test ("/loopback/errors/unknown-host", test_unknown_host);
  add_test ("/loopback/errors/http-status", test_http_status);
  add_test ("/loopback/errors/retry-after", test_retry_after);
  add_test ("/loopback/errors/retry-after-date", test_retry_after_date);
  add_raw_test ("/loopback/errors/message-with-answer", test_message_with_answer);
  add_raw_test ("/loopback/errors/connect-timeout", test_connect_timeout);
  add_test ("/loopback/errors/repeat-limit", test_repeat_limit);
  add_test ("/loopback/errors/message-too-big", test_message_too_big);
  add_test ("/loopback/errors/message-size-may-change", test_message_size_may_change);
  add_test ("/loopback/errors/shortage", test_shortage);

  return g_test_run ();
}
