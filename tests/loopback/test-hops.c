/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"
#include "proxy.h"
#include "site.h"

#define SERVER_LOGIN   "anna:s3rver"
#define PROXY_LOGIN    "bert:pr0xy"
#define SERVER_ENCODED "YW5uYTpzM3J2ZXI="
#define PROXY_ENCODED  "YmVydDpwcjB4eQ=="

#define FORBIDDEN       "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
#define NOT_IMPLEMENTED "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"
#define MOVED           "HTTP/1.1 302 Found\r\nLocation: wss://relay.test/\r\n" \
                        "Content-Length: 0\r\n\r\n"

static guint n_finished; /* requests whose handler for `finished` has run */

typedef struct
{
  HbWebsocketTask *task;
  SignalLog       *log;
  SoupSession     *session;
  SoupCookieJar   *jar;
  Site            *site;
  Site            *elsewhere;
  Proxy           *proxy;
} HopFixture;

/* How the client learns the passwords of the proxy and of the server */
typedef struct
{
  const char *name;
  gboolean    asks;        /* the proxy requires its password */
  gboolean    is_in_uri;   /* the proxy's password is in the URI of the proxy */
  gboolean    asks_too;    /* the server requires its own password */
  gboolean    is_answered; /* the application gives the server's password, which is not in a URI */
} HopCase;

static const HopCase hops[] = {
  { "open", FALSE, FALSE, FALSE, FALSE },
  { "password", TRUE, FALSE, FALSE, FALSE },
  { "password-in-uri", TRUE, TRUE, FALSE, FALSE },
  { "both", TRUE, FALSE, TRUE, TRUE },
  { "both/in-uri", TRUE, FALSE, TRUE, FALSE },
  { "both/in-uris", TRUE, TRUE, TRUE, FALSE },
};

static gboolean
authenticate_cb (SoupMessage *message,
                 SoupAuth    *auth,
                 gboolean     retrying,
                 gpointer     user_data)
{
  if (retrying)
    return FALSE;

  if (soup_auth_is_for_proxy (auth))
    soup_auth_authenticate (auth, "bert", "pr0xy");
  else
    soup_auth_authenticate (auth, "anna", "s3rver");

  return TRUE;
}

static void
finished_cb (SoupMessage *message,
             gpointer     user_data)
{
  g_assert_cmpstr (soup_message_get_method (message), ==, "GET");
  n_finished++;
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               gpointer         user_data)
{
  g_signal_connect (message, "authenticate", G_CALLBACK (authenticate_cb), NULL);
  g_signal_connect (message, "finished", G_CALLBACK (finished_cb), NULL);
}

static void
set_up (HopFixture    *fixture,
        gconstpointer  data)
{
  fixture->site = site_new (certificate_get ());
  fixture->elsewhere = site_new (certificate_get ());
  fixture->proxy = proxy_new ();
  fixture->jar = soup_cookie_jar_new ();
  fixture->session = certificate_get () != NULL
                     ? certificate_make_session (certificate_get ())
                     : soup_session_new ();
  soup_session_add_feature (fixture->session, SOUP_SESSION_FEATURE (fixture->jar));
  fixture->task = hb_websocket_task_new_with_session (site_get_uri (fixture->site),
                                                      fixture->session);
  hb_websocket_task_set_ping_timeout (fixture->task, 0);
  hb_websocket_task_set_reconnect_timeout (fixture->task, RECONNECT);
  fixture->log = signal_log_new (fixture->task);
  g_signal_connect (fixture->task, "connecting", G_CALLBACK (connecting_cb), NULL);
}

static void
tear_down (HopFixture    *fixture,
           gconstpointer  data)
{
  hb_websocket_task_hold (fixture->task);
  wait_idle ();
  signal_log_forget (fixture->log);
  g_assert_finalize_object (fixture->task);
  signal_log_free (fixture->log);
  wait_idle ();
  g_assert_finalize_object (fixture->session);
  g_object_unref (fixture->jar);
  proxy_free (fixture->proxy);
  site_free (fixture->site);
  site_free (fixture->elsewhere);
}

/* The cookie is sent only over TLS. */
static void
add_secrets (HopFixture *fixture)
{
  SoupCookie *cookie = soup_cookie_new ("jar", "s3rver", "127.0.0.1", "/", -1);
  SoupMessageHeaders *headers = hb_websocket_task_get_request_headers (fixture->task);

  soup_cookie_set_secure (cookie, TRUE);
  soup_cookie_jar_add_cookie (fixture->jar, cookie);
  soup_message_headers_append (headers, "X-Api-Key", "s3rver");
  soup_message_headers_append (headers, "Proxy-Authorization", "Basic pr0xy");
}

static char *
make_uri_with_login (HopFixture *fixture,
                     const char *login)
{
  return g_strdup_printf ("%s://%s@%s", certificate_get () != NULL ? "wss" : "ws", login,
                          site_get_authority (fixture->site));
}

/* @login: (nullable): the login in the URI of the proxy, or NULL if the application gives it */
static void
use_asking_proxy (HopFixture *fixture,
                  const char *login)
{
  proxy_use (fixture->proxy, fixture->session, login);
  proxy_require (fixture->proxy, PROXY_LOGIN);
}

/* The host of @uri need not exist, because only the proxy answers. */
static void
fail_at_proxy (HopFixture *fixture,
               const char *answer,
               const char *uri,
               const char *word)
{
  proxy_set_answer (fixture->proxy, answer);
  hb_websocket_task_set_uri (fixture->task, uri);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, word);
}

static void
open_link (HopFixture *fixture)
{
  hb_websocket_task_reconnect_now (fixture->task);
  signal_log_skip_to (fixture->log, "open");
}

static void
assert_none_has (HopFixture   *fixture,
                 const char *secret)
{
  guint i;

  for (i = 0; i < proxy_get_n_requests (fixture->proxy); i++)
    {
      if (strstr (proxy_get_request (fixture->proxy, i), secret) != NULL)
        g_error ("the proxy has received: %s", proxy_get_request (fixture->proxy, i));
    }
}

/* The proxy must have received none of the server's secrets, and `site` no header for the proxy. */
static void
assert_separate (HopFixture *fixture)
{
  guint i;

  assert_none_has (fixture, "s3rver");
  assert_none_has (fixture, SERVER_ENCODED);
  assert_none_has (fixture, "\r\nCookie");
  assert_none_has (fixture, "\r\nAuthorization");

  for (i = 0; i < site_get_n_requests (fixture->site); i++)
    {
      if (strstr (site_get_request (fixture->site, i), "Proxy-Authorization") != NULL)
        g_error ("the server has received: %s", site_get_request (fixture->site, i));
    }
}

static void
test_tunnel (HopFixture    *fixture,
             gconstpointer  data)
{
  const HopCase *hop = data;
  g_autofree char *uri = make_uri_with_login (fixture, SERVER_LOGIN);
  guint i;

  g_test_summary ("In every attempt, the request for a tunnel has no headers for the server, and "
                  "only the proxy receives the proxy's password");

  add_secrets (fixture);
  proxy_use (fixture->proxy, fixture->session, hop->is_in_uri ? PROXY_LOGIN : NULL);
  if (hop->asks)
    proxy_require (fixture->proxy, PROXY_LOGIN);
  if (hop->asks_too)
    site_require (fixture->site, "server");
  if (hop->asks_too && !hop->is_answered)
    hb_websocket_task_set_uri (fixture->task, uri);

  for (i = 0; i < 3; i++)
    {
      open_link (fixture);
      assert_separate (fixture);
      g_assert_nonnull (strstr (site_get_last (fixture->site), "\r\nCookie: jar=s3rver"));
      g_assert_nonnull (strstr (site_get_last (fixture->site), "\r\nX-Api-Key: s3rver"));
      g_assert_cmpint (strstr (site_get_last (fixture->site), SERVER_ENCODED) != NULL, ==,
                       hop->asks_too);
    }

  g_assert_cmpuint (proxy_get_n_requests (fixture->proxy), >=, 3);
}

/* @data: (nullable): the new location, or NULL for another server behind the proxy */
static void
test_redirect (HopFixture    *fixture,
               gconstpointer  data)
{
  add_secrets (fixture);
  use_asking_proxy (fixture, NULL);
  site_redirect (fixture->site, 302,
                 data != NULL ? data : site_get_uri (fixture->elsewhere));
  open_link (fixture);
  open_link (fixture);
  assert_separate (fixture);
  if (data == NULL)
    g_assert_null (strstr (site_get_last (fixture->elsewhere), "Proxy-Authorization"));
}

/* A server that asks for the proxy's password does not receive it. */
static void
test_nosy_server (HopFixture    *fixture,
                  gconstpointer  data)
{
  use_asking_proxy (fixture, NULL);
  site_answer (fixture->site, data);
  hb_websocket_task_set_repeat_limit (fixture->task, 2);
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:repeat-limit");
  assert_separate (fixture);
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, 407);
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "The server answered"));
}

/* If a server answers with status 407, the library disconnects the handlers of the session's
 * SoupAuthManager. Without such a manager, the handlers of the application must stay connected. */
static void
test_without_manager (HopFixture    *fixture,
                      gconstpointer  data)
{
  soup_session_remove_feature_by_type (fixture->session, SOUP_TYPE_AUTH_MANAGER);
  site_answer (fixture->site, data);
  n_finished = 0;
  hb_websocket_task_open (fixture->task);
  signal_log_skip_to (fixture->log, "error:handshake");
  g_assert_cmpuint (n_finished, ==, 1);
}

/* The session knows the proxy's password, and then connects directly. */
static void
test_without_proxy (HopFixture    *fixture,
                    gconstpointer  data)
{
  add_secrets (fixture);
  use_asking_proxy (fixture, NULL);
  open_link (fixture);
  soup_session_set_proxy_resolver (fixture->session, NULL);
  open_link (fixture);
  assert_separate (fixture);
}

static void
other_queued_cb (SoupSession *session,
                 SoupMessage *message,
                 const char  *other)
{
  g_autofree char *host = NULL;

  host = g_strdup_printf ("%s:%d/", g_uri_get_host (soup_message_get_uri (message)),
                          g_uri_get_port (soup_message_get_uri (message)));
  if (strcmp (soup_message_get_method (message), "CONNECT") == 0 && strcmp (host, other) == 0)
    soup_message_headers_append (soup_message_get_request_headers (message),
                                 "Authorization", "Bearer 0ther");
}

/* The application uses the session for another request that needs a tunnel. The header that the
 * application adds to the request for that tunnel must reach the proxy. */
static void
test_others (HopFixture    *fixture,
             gconstpointer  data)
{
  g_autoptr (SoupMessage) message = soup_message_new ("GET", site_get_uri (fixture->elsewhere));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) body = NULL;
  guint n = 0;
  guint i;

  site_answer (fixture->elsewhere, "HTTP/1.1 204 No Content\r\n\r\n");
  proxy_use (fixture->proxy, fixture->session, NULL);
  g_signal_connect (fixture->session, "request-queued", G_CALLBACK (other_queued_cb),
                    (char *) site_get_authority (fixture->elsewhere));
  hb_websocket_task_open (fixture->task);
  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL,
                                    store_result_cb, &result);
  signal_log_skip_to (fixture->log, "open");
  wait_until (result != NULL);
  body = soup_session_send_and_read_finish (fixture->session, result, NULL);
  g_assert_cmpuint (proxy_get_n_requests (fixture->proxy), ==, 2);

  for (i = 0; i < 2; i++)
    n += strstr (proxy_get_request (fixture->proxy, i), "Bearer 0ther") != NULL;

  g_assert_cmpuint (n, ==, 1);
}

/* A refusal by the proxy, part of the error message that reports it, and the next state */
typedef struct
{
  const char *name;
  const char *scheme;
  const char *answer;
  const char *text;
  guint       status;
  HbState     state;
} RefusalCase;

static const RefusalCase refusals[] = {
  { "ws", "ws", NOT_IMPLEMENTED, "use “wss”", 501, HB_STATE_CLOSED },
  { "ws/forbidden", "ws", FORBIDDEN, "use “wss”", 403, HB_STATE_WAITING },
  { "wss", "wss", FORBIDDEN, "the request for a tunnel", 403, HB_STATE_WAITING },
  { "wss/not-implemented", "wss", NOT_IMPLEMENTED, "the request for a tunnel", 501,
    HB_STATE_WAITING },
  { "moved", "ws", MOVED, "the request for a tunnel", 302, HB_STATE_WAITING },
};

static void
test_refusal (HopFixture    *fixture,
              gconstpointer  data)
{
  const RefusalCase *refusal = data;
  g_autofree char *uri = g_strdup_printf ("%s://relay.test/", refusal->scheme);

  add_secrets (fixture);
  proxy_use (fixture->proxy, fixture->session, NULL);
  fail_at_proxy (fixture, refusal->answer, uri, "error:handshake");
  g_assert_cmpstr (signal_log_get_error (fixture->log), !=, NULL);
  if (strstr (signal_log_get_error (fixture->log), refusal->text) == NULL)
    g_error ("the error is: %s", signal_log_get_error (fixture->log));
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, refusal->status);
  g_assert_cmpint (hb_websocket_task_get_state (fixture->task), ==, refusal->state);
}

/* If the session turns ws into wss, the request for the tunnel has no cookies. */
static void
test_hsts (HopFixture    *fixture,
           gconstpointer  data)
{
  g_autoptr (SoupHSTSEnforcer) enforcer = soup_hsts_enforcer_new ();

  soup_hsts_enforcer_set_session_policy (enforcer, "relay.test", FALSE);
  soup_session_add_feature (fixture->session, SOUP_SESSION_FEATURE (enforcer));
  soup_cookie_jar_add_cookie (fixture->jar, soup_cookie_new ("jar", "s3rver", "relay.test", "/",
                                                             -1));
  proxy_use (fixture->proxy, fixture->session, NULL);
  fail_at_proxy (fixture, FORBIDDEN, "ws://relay.test/", "error:handshake");
  g_assert_true (g_str_has_prefix (proxy_get_request (fixture->proxy, 0), "CONNECT "));
  assert_separate (fixture);
}

#define FIVE(text)  text text text text text
#define INTERIM     FIVE (FIVE ("HTTP/1.1 100 Continue\r\n\r\n"))
#define BEGIN_407   "HTTP/1.1 407 Proxy Authentication Required\r\n" \
                    "Proxy-Authenticate: Basic realm=\"proxy\"\r\n"
#define ANSWER_407  BEGIN_407 "Content-Length: 0\r\n\r\n"
#define CLOSING_407 BEGIN_407 "Connection: close\r\nContent-Length: 0\r\n\r\n"

/* The proxy refuses the same password again and again and closes the connection each time, or sends
 * one interim response after another.
 *
 * @data: the answer of the proxy */
static void
test_busy (HopFixture    *fixture,
           gconstpointer  data)
{
  g_autofree char *word = g_strdup_printf ("error:%s:%d", g_quark_to_string (SOUP_SESSION_ERROR),
                                           SOUP_SESSION_ERROR_TOO_MANY_RESTARTS);

  proxy_use (fixture->proxy, fixture->session, PROXY_LOGIN);
  fail_at_proxy (fixture, data, "wss://relay.test/", word);
  g_assert_cmpuint (proxy_get_n_requests (fixture->proxy), <=, 20);
}

/* Without a tunnel, the request of the handshake must contain the password of the proxy, and be a
 * GET request for the server's URI. At the second attempt, the session knows the password.
 *
 * @data: (nullable): the login in the URI of the proxy, or NULL if the application gives it */
static void
test_plain_password (HopFixture    *fixture,
                     gconstpointer  data)
{
  guint i;

  use_asking_proxy (fixture, data);
  for (i = 0; i < 2; i++)
    {
      fail_at_proxy (fixture, refusals[0].answer, "ws://relay.test/", "error:handshake");
      g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->task), ==, 501);
    }

  for (i = 0; i < proxy_get_n_requests (fixture->proxy); i++)
    g_assert_true (g_str_has_prefix (proxy_get_request (fixture->proxy, i),
                                     "GET ws://relay.test/ HTTP/1.1\r\n"));
}

/* The server's answer to a request without a login */
typedef struct
{
  const char *name;
  const char *answer; /* (nullable) NULL for a challenge (401) */
} LoginCase;

static const LoginCase logins[] = {
  { "challenge", NULL },
  { "no-challenge", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" },
  { "forbidden", FORBIDDEN },
};

static void
test_login (HopFixture    *fixture,
            gconstpointer  data)
{
  const LoginCase *login = data;
  g_autofree char *uri = make_uri_with_login (fixture, SERVER_LOGIN);
  guint i;

  g_test_summary ("In each attempt, the login in a URI is sent only after a challenge");

  hb_websocket_task_set_uri (fixture->task, uri);
  if (login->answer != NULL)
    site_answer (fixture->site, login->answer);
  else
    site_require (fixture->site, "server");

  for (i = 0; i < 2; i++)
    {
      hb_websocket_task_reconnect_now (fixture->task);
      signal_log_skip_to (fixture->log, login->answer != NULL ? "error:handshake" : "open");
    }

  g_assert_cmpuint (site_get_n_requests (fixture->site), ==, login->answer != NULL ? 2 : 4);
  for (i = 0; i < site_get_n_requests (fixture->site); i++)
    g_assert_cmpint (strstr (site_get_request (fixture->site, i), SERVER_ENCODED) != NULL, ==,
                     login->answer == NULL && i % 2 == 1);
}

/* Each attempt uses the login of its own URI, although the session has used the other one. */
static void
test_two_logins (HopFixture    *fixture,
                 gconstpointer  data)
{
  g_autofree char *first = make_uri_with_login (fixture, SERVER_LOGIN);
  g_autofree char *second = make_uri_with_login (fixture, PROXY_LOGIN);
  guint i;

  site_require (fixture->site, "server");
  for (i = 0; i < 4; i++)
    {
      hb_websocket_task_set_uri (fixture->task, i % 2 == 0 ? first : second);
      open_link (fixture);
      g_assert_nonnull (strstr (site_get_last (fixture->site),
                                i % 2 == 0 ? SERVER_ENCODED : PROXY_ENCODED));
    }
}

static void
skip (HopFixture    *fixture,
      gconstpointer  data)
{
  g_assert_false (certificate_exists (certificate_get ()));
}

#define add(path, function, data) \
  g_test_add ("/loopback/hops/" path, HopFixture, data, set_up, function, tear_down)
#define add_tls(path, function, data) \
  add (path, certificate_get () != NULL ? function : skip, data)
#define add_rows(prefix, rows, function) \
  test_rows_add_with ("/loopback/hops/" prefix, rows, HopFixture, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The headers that reach an HTTP proxy, and those that reach the server behind "
                  "it.");

  add_rows ("tunnel/", hops, certificate_get () != NULL ? test_tunnel : skip);
  add_tls ("redirect/same-origin", test_redirect, "/moved");
  add_tls ("redirect/other-origin", test_redirect, NULL);
  add_tls ("nosy-server", test_nosy_server, ANSWER_407);
  add ("without-manager", test_without_manager, ANSWER_407);
  add_tls ("without-proxy", test_without_proxy, NULL);
  add_tls ("others", test_others, NULL);
  add ("hsts", test_hsts, NULL);
  add ("busy/password", test_busy, CLOSING_407);
  add ("busy/interim", test_busy, INTERIM);
  add ("plain-password", test_plain_password, NULL);
  add ("plain-password/in-uri", test_plain_password, PROXY_LOGIN);
  add ("login/two", test_two_logins, NULL);
  add_rows ("login/", logins, test_login);
  add_rows ("refusal/", refusals, test_refusal);

  return g_test_run ();
}
