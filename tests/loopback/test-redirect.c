/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "certificate.h"
#include "fixture.h"
#include "site.h"

typedef struct
{
  Fixture  base;
  Site    *here;
  Site    *there; /* a second server, and another origin because of its port */
} Redirection;

static void
set_up (Redirection   *fixture,
        gconstpointer  data)
{
  const char *schemes = data;

  fixture_set_up (&fixture->base, "raw");
  fixture->here = site_new (g_str_has_prefix (schemes, "wss") ? certificate_get () : NULL);
  fixture->there = site_new (g_str_has_suffix (schemes, "wss") ? certificate_get () : NULL);
  hb_websocket_task_set_uri (fixture->base.task, site_get_uri (fixture->here));

  if (certificate_get () != NULL)
    certificate_accept (fixture->base.task, certificate_get ());
}

static void
tear_down (Redirection   *fixture,
           gconstpointer  data)
{
  fixture_tear_down (&fixture->base, data);
  site_free (fixture->here);
  site_free (fixture->there);
}

/* Makes the first server answer each request for "/" with @status and a header Location.
 *
 * @location: the new location, in which "HERE/" and "THERE/" stand for the authorities of the two
 *   servers, each with its slash */
static void
redirect (Redirection *fixture,
          guint        status,
          const char  *location)
{
  g_autoptr (GString) string = g_string_new (location);

  g_string_replace (string, "THERE/", site_get_authority (fixture->there), 0);
  g_string_replace (string, "HERE/", site_get_authority (fixture->here), 0);
  site_redirect (fixture->here, status, string->str);
}

static void
open_link (Redirection *fixture)
{
  hb_websocket_task_reconnect_now (fixture->base.task);
  signal_log_skip_to (fixture->base.log, "connecting");
  signal_log_expect (fixture->base.log, "state:open open");
}

/* Checks that a redirect to @location is not followed, that the error contains @text but no secret
 * of the location, and that the next attempt is made as after any other failure. */
static void
assert_refused (Redirection *fixture,
                const char  *location,
                const char  *text)
{
  SignalLog *log = fixture->base.log;
  guint n_here = site_get_n_requests (fixture->here);
  guint n_there = site_get_n_requests (fixture->there);

  redirect (fixture, 302, location);
  hb_websocket_task_open (fixture->base.task);
  signal_log_expect (log, "state:connecting connecting state:waiting error:handshake "
                     "reconnect:1:20 state:connecting connecting state:waiting error:handshake "
                     "reconnect:2:20");
  hb_websocket_task_close (fixture->base.task, 1000, NULL);
  signal_log_expect (log, "state:closed");

  if (strstr (signal_log_get_error (log), text) == NULL
      || strstr (signal_log_get_error (log), "t0ken") != NULL)
    g_error ("the redirect to %s is refused with: %s", location, signal_log_get_error (log));

  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->base.task), ==, 302);
  g_assert_cmpuint (site_get_n_requests (fixture->there), ==, n_there);
  g_assert_cmpuint (site_get_n_requests (fixture->here), ==, n_here + 2);
}

static void
add_secrets (SoupMessageHeaders *headers)
{
  soup_message_headers_append (headers, "Authorization", "Bearer s3cret");
  soup_message_headers_append (headers, "Proxy-Authorization", "Basic s3cret");
  soup_message_headers_append (headers, "Cookie", "session=s3cret");
  soup_message_headers_append (headers, "X-Api-Key", "s3cret");
  soup_message_headers_append (headers, "X-Api-Key", "s3cret again");
}

static void
add_secrets_cb (HbWebsocketTask *task,
                SoupMessage     *message,
                gpointer         user_data)
{
  add_secrets (soup_message_get_request_headers (message));
}

/* The request has the secret headers of the application, except the header for a proxy. */
static void
assert_has_secrets (const char *request)
{
  g_assert_nonnull (strstr (request, "\r\nAuthorization: Bearer s3cret"));
  g_assert_null (strstr (request, "\r\nProxy-Authorization"));
  g_assert_nonnull (strstr (request, "\r\nCookie: session=s3cret"));
  g_assert_nonnull (strstr (request, "\r\nX-Api-Key: s3cret"));
}

static void
assert_has_no_secrets (const char *request)
{
  if (strstr (request, "s3cret") != NULL
      || strstr (request, "Authorization") != NULL
      || strstr (request, "Cookie") != NULL
      || strstr (request, "X-Api-Key") != NULL)
    g_error ("this request has a header that was meant for another origin: %s", request);
}

/* Every attempt starts from `uri`, even after a permanent redirect. */
static void
test_followed (Redirection   *fixture,
               gconstpointer  data)
{
  const guint statuses[] = { 301, 302, 303, 307, 308 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      redirect (fixture, statuses[i], "/moved?a=b");
      open_link (fixture);
      g_assert_cmpuint (site_get_n_requests (fixture->here), ==, 2 * i + 2);
      g_assert_true (g_str_has_prefix (site_get_request (fixture->here, 2 * i), "GET / "));
      g_assert_true (g_str_has_prefix (site_get_last (fixture->here), "GET /moved?a=b "));
      g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->base.task), ==, 101);
    }
}

static void
assert_keeps (Redirection *fixture,
              const char  *location)
{
  GUri *uri;

  redirect (fixture, 302, location);
  open_link (fixture);
  g_assert_false (g_str_has_prefix (site_get_last (fixture->here), "GET / "));
  assert_has_secrets (site_get_last (fixture->here));
  uri = soup_websocket_connection_get_uri (hb_websocket_task_get_connection (fixture->base.task));
  g_assert_null (g_uri_get_fragment (uri));
}

/* After a redirect to the same origin, whatever the form of the location, the headers of the
 * application are sent again, except those for a proxy. A fragment is dropped. */
static void
test_same_origin (Redirection   *fixture,
                  gconstpointer  data)
{
  if (strcmp (data, "ws") != 0 && !certificate_exists (certificate_get ()))
    return;

  add_secrets (hb_websocket_task_get_request_headers (fixture->base.task));
  assert_keeps (fixture, "/moved");
  assert_keeps (fixture, "moved?a=b");
  assert_keeps (fixture, "?a=b");
  assert_keeps (fixture, "//HERE/moved");
  assert_keeps (fixture, "/moved#fragment");

  /* A path may look like an authority. */
  assert_keeps (fixture, strcmp (data, "ws") == 0 ? "ws://HERE//evil.invalid/"
                                                  : "wss://HERE//evil.invalid/");
  assert_keeps (fixture, strcmp (data, "ws") == 0 ? "http://HERE/moved" : "https://HERE/moved");
  assert_keeps (fixture, strcmp (data, "ws") == 0 ? "WS://HERE/moved" : "WSS://HERE/moved");
}

static void
assert_strips (Redirection *fixture,
               const char  *location)
{
  const char *request;
  g_autofree char *host = g_strdup_printf ("\r\nHost: %s", site_get_authority (fixture->there));

  redirect (fixture, 302, location);
  open_link (fixture);
  assert_has_secrets (site_get_last (fixture->here));
  request = site_get_last (fixture->there);
  assert_has_no_secrets (request);

  *strrchr (host, '/') = '\0';
  g_assert_nonnull (strstr (request, host));
  g_assert_nonnull (strstr (request, "\r\nSec-WebSocket-Key: "));
  g_assert_nonnull (strstr (request, "\r\nSec-WebSocket-Protocol: chat"));
  g_assert_nonnull (strstr (request, "\r\nOrigin: https://example.com"));
}

/* No secret header is sent to another origin, whether it belongs to the task or to one attempt. */
static void
test_other_origin (Redirection   *fixture,
                   gconstpointer  data)
{
  const char *protocols[] = { "chat", NULL };

  if (strcmp (data, "ws") != 0 && !certificate_exists (certificate_get ()))
    return;

  hb_websocket_task_set_protocols (fixture->base.task, protocols);
  hb_websocket_task_set_origin (fixture->base.task, "https://example.com");
  g_signal_connect (fixture->base.task, "connecting", G_CALLBACK (add_secrets_cb), NULL);
  assert_strips (fixture, "//THERE/moved");
  assert_strips (fixture, strcmp (data, "ws") == 0 ? "http://THERE/moved" : "https://THERE/moved");

  g_signal_handlers_disconnect_by_func (fixture->base.task, add_secrets_cb, NULL);
  add_secrets (hb_websocket_task_get_request_headers (fixture->base.task));
  assert_strips (fixture, "//THERE/moved");
}

/* After a redirect to another origin and back, the first origin does not receive the secret headers
 * again, because the other server has chosen the location. */
static void
test_there_and_back (Redirection   *fixture,
                     gconstpointer  data)
{
  g_autofree char *back = g_strconcat (site_get_uri (fixture->here), "back", NULL);

  add_secrets (hb_websocket_task_get_request_headers (fixture->base.task));
  redirect (fixture, 302, "ws://THERE/");
  site_redirect (fixture->there, 302, back);
  open_link (fixture);
  assert_has_secrets (site_get_request (fixture->here, 0));
  assert_has_no_secrets (site_get_last (fixture->there));
  g_assert_true (g_str_has_prefix (site_get_last (fixture->here), "GET /back "));
  assert_has_no_secrets (site_get_last (fixture->here));
}

/* A redirect from ws to wss is followed like a redirect to another origin. */
static void
test_upgrade (Redirection   *fixture,
              gconstpointer  data)
{
  if (!certificate_exists (certificate_get ()))
    return;

  add_secrets (hb_websocket_task_get_request_headers (fixture->base.task));
  redirect (fixture, 301, "wss://THERE/");
  open_link (fixture);
  assert_has_secrets (site_get_last (fixture->here));
  assert_has_no_secrets (site_get_last (fixture->there));
}

static void
test_downgrade (Redirection   *fixture,
                gconstpointer  data)
{
  if (!certificate_exists (certificate_get ()))
    return;

  assert_refused (fixture, "ws://THERE/t0ken", "ws://127.0.0.1 was not followed");
  assert_refused (fixture, "http://THERE/?t0ken", "ws://127.0.0.1 was not followed");
  assert_refused (fixture, "HTTP://example.invalid#t0ken",
                  "ws://example.invalid was not followed, because it leads away from TLS");
}

static void
test_refused (Redirection   *fixture,
              gconstpointer  data)
{
  g_autofree char *long_name = g_strnfill (300, 'a');
  g_autofree char *long_location = g_strconcat ("ws://", long_name, "/t0ken", NULL);

  /* Schemes of other protocols */
  assert_refused (fixture, "ftp://example.invalid/t0ken", "ftp://example.invalid");
  assert_refused (fixture, "file:///etc/t0ken", "“ws” or “wss”");
  assert_refused (fixture, "javascript:t0ken", "javascript: was not followed");

  /* The server may not choose a user name. */
  assert_refused (fixture, "ws://t0ken:t0ken@THERE/", "because it contains a user name");
  assert_refused (fixture, "//t0ken@HERE/moved", "because it contains a user name");
  assert_refused (fixture, "ws://@THERE/", "because it contains a user name");

  /* Locations without a host, and invalid URIs */
  assert_refused (fixture, "", "valid URI");
  assert_refused (fixture, "ws://", "valid URI");
  assert_refused (fixture, "ws:t0ken", "valid URI");
  assert_refused (fixture, "ws://[t0ken/", "valid URI");
  assert_refused (fixture, "ws://127.0.0.1:t0ken/", "valid URI");
  assert_refused (fixture, "ws://a%0db.invalid/t0ken", "valid URI");
  assert_refused (fixture, long_location, "valid URI");
}

static void
test_loop (Redirection   *fixture,
           gconstpointer  data)
{
  hb_websocket_task_set_repeat_limit (fixture->base.task, 0);
  redirect (fixture, 302, "ws://HERE/");
  hb_websocket_task_open (fixture->base.task);
  signal_log_expect (fixture->base.log, "state:connecting connecting state:closed");
  signal_log_expect (fixture->base.log, "error:handshake");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->base.log), "too many"));
  signal_log_expect (fixture->base.log, "error:repeat-limit");
  g_assert_cmpuint (site_get_n_requests (fixture->here), ==, 11);
}

static void
forbid_cb (HbWebsocketTask *task,
           SoupMessage     *message,
           gpointer         user_data)
{
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
}

static void
keep_cb (HbWebsocketTask  *task,
         SoupMessage      *message,
         SoupMessage     **kept)
{
  *kept = g_object_ref (message);
}

/* The application sends the request of a failed attempt again with a session of its own. The
 * library must ignore the redirect, because the task's session has been freed. */
static void
test_sent_again (Redirection   *fixture,
                 gconstpointer  data)
{
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) request = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  hb_websocket_task_set_repeat_limit (fixture->base.task, 0);
  g_signal_connect (fixture->base.task, "connecting", G_CALLBACK (keep_cb), &request);
  redirect (fixture, 404, "ws://THERE/");
  hb_websocket_task_open (fixture->base.task);
  signal_log_expect (fixture->base.log, "state:connecting connecting state:closed error:handshake "
                                        "error:repeat-limit");

  redirect (fixture, 302, "ws://THERE/");
  soup_session_send_async (session, request, G_PRIORITY_DEFAULT, NULL, store_result_cb, &result);
  wait_until (site_get_n_requests (fixture->there) > 0);
  soup_session_abort (session);
  wait_until (result != NULL);
}

/* If the application forbids redirects, none is followed. */
static void
test_forbidden (Redirection   *fixture,
                gconstpointer  data)
{
  g_signal_connect (fixture->base.task, "connecting", G_CALLBACK (forbid_cb), NULL);
  assert_refused (fixture, "/moved", "302");
  assert_refused (fixture, "ftp://example.invalid/", "302");
}

static void
use_user_info (Redirection *fixture)
{
  g_autofree char *uri = g_strconcat ("ws://anna:s3cret@", site_get_authority (fixture->here),
                                      NULL);

  hb_websocket_task_set_uri (fixture->base.task, uri);
  site_require (fixture->here, "realm");
}

/* A server that requires a login receives the user info of `uri`, including after a redirect to
 * itself. */
static void
test_user_info_stays (Redirection   *fixture,
                      gconstpointer  data)
{
  use_user_info (fixture);
  redirect (fixture, 302, "moved");
  open_link (fixture);
  g_assert_true (g_str_has_prefix (site_get_last (fixture->here), "GET /moved "));
  g_assert_nonnull (strstr (site_get_last (fixture->here), "\r\nAuthorization: Basic "));
}

/* If the server requires no login, the user info is not sent, but the new URI contains it. */
static void
test_user_info_later (Redirection   *fixture,
                      gconstpointer  data)
{
  GUri *uri;

  use_user_info (fixture);
  site_require (fixture->here, NULL);
  redirect (fixture, 302, "moved");
  open_link (fixture);
  g_assert_null (strstr (site_get_last (fixture->here), "Authorization"));
  uri = soup_websocket_connection_get_uri (hb_websocket_task_get_connection (fixture->base.task));
  g_assert_cmpstr (g_uri_get_user (uri), ==, "anna");
}

/* Another server does not receive the user info, even if it requires a login for the same realm. */
static void
test_user_info_is_kept (Redirection   *fixture,
                        gconstpointer  data)
{
  use_user_info (fixture);
  redirect (fixture, 302, "ws://THERE/moved");
  open_link (fixture);
  g_assert_nonnull (strstr (site_get_last (fixture->here), "\r\nAuthorization: Basic "));
  assert_has_no_secrets (site_get_last (fixture->there));

  site_require (fixture->there, "realm");
  hb_websocket_task_set_repeat_limit (fixture->base.task, 0);
  hb_websocket_task_reconnect_now (fixture->base.task);
  signal_log_skip_to (fixture->base.log, "error:repeat-limit");
  g_assert_cmpuint (site_get_n_requests (fixture->there), ==, 2);
  assert_has_no_secrets (site_get_last (fixture->there));
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->base.task), ==, 401);
}

static gboolean
authenticate_cb (SoupMessage *message,
                 SoupAuth    *auth,
                 gboolean     retrying,
                 gpointer     user_data)
{
  soup_auth_authenticate (auth, "bert", "els3where");

  return TRUE;
}

static void
answer_challenges_cb (HbWebsocketTask *task,
                      SoupMessage     *message,
                      gpointer         user_data)
{
  g_signal_connect (message, "authenticate", G_CALLBACK (authenticate_cb), NULL);
}

/* libsoup emits `authenticate` if the server to which the redirect leads requires a login. */
static void
test_login_elsewhere (Redirection   *fixture,
                      gconstpointer  data)
{
  g_signal_connect (fixture->base.task, "connecting", G_CALLBACK (answer_challenges_cb), NULL);
  site_require (fixture->there, "realm");
  redirect (fixture, 302, "ws://THERE/");
  open_link (fixture);
  g_assert_nonnull (strstr (site_get_last (fixture->there), "\r\nAuthorization: Basic "));
}

/* No server listens at the new location. The error reports this, and `http-status` does not have
 * the status of the redirect. */
static void
test_into_the_void (Redirection   *fixture,
                    gconstpointer  data)
{
  hb_websocket_task_set_repeat_limit (fixture->base.task, 0);
  redirect (fixture, 302, "ws://127.0.0.1:1/");
  hb_websocket_task_open (fixture->base.task);
  signal_log_expect (fixture->base.log, "state:connecting connecting state:closed");
  signal_log_expect (fixture->base.log, "error:g-io-error-quark:39 error:repeat-limit");
  g_assert_cmpuint (hb_websocket_task_get_http_status (fixture->base.task), ==, 0);
}

#define add(path, schemes, function) \
  g_test_add ("/loopback/redirect/" path, Redirection, schemes, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The redirects that the task follows, and the headers that it sends to each new "
                  "location.");

  add ("followed", "ws", test_followed);
  add ("same-origin", "ws", test_same_origin);
  add ("same-origin-tls", "wss", test_same_origin);
  add ("other-origin", "ws", test_other_origin);
  add ("other-origin-tls", "wss", test_other_origin);
  add ("there-and-back", "ws", test_there_and_back);
  add ("upgrade", "ws to wss", test_upgrade);
  add ("downgrade", "wss to ws", test_downgrade);
  add ("refused", "ws", test_refused);
  add ("loop", "ws", test_loop);
  add ("forbidden", "ws", test_forbidden);
  add ("user-info-stays", "ws", test_user_info_stays);
  add ("user-info-later", "ws", test_user_info_later);
  add ("user-info-is-kept", "ws", test_user_info_is_kept);
  add ("login-elsewhere", "ws", test_login_elsewhere);
  add ("sent-again", "ws", test_sent_again);
  add ("into-the-void", "ws", test_into_the_void);

  return g_test_run ();
}
