/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-proxy-private.h"
#include "hb-refusal-private.h"

/* Keeps a server's secrets out of CONNECT requests, and the proxy's password out of requests that
 * no proxy reads. Otherwise libsoup 3.2 to 3.6 would send cookies to the proxy, and the proxy's
 * password to servers.
 *
 * Also limits the requests and interim responses with which a proxy can keep libsoup busy before
 * the tunnel is open, but not the body of a refusal. To skip this body, the method would have to be
 * HEAD, as in hb-handshake.c, but SoupAuthManager, whose handlers run first, needs CONNECT. */

/* The maximum number of CONNECT requests and interim responses to them. libsoup ignores its own
 * limit for requests if the proxy closes the connection when it refuses a password, and would send
 * the same wrong password again and again. Interim responses could block the main loop. */
#define MAX_STEPS 20

/* The number of these steps, as a guint, which exists once request_queued_cb () is connected. */
static G_DEFINE_QUARK (hb-proxy-n-steps, n_steps)

/* The URI that the request had before libsoup set that of the proxy: see notify_uri_cb () */
static G_DEFINE_QUARK (hb-proxy-uri, uri)

gboolean
hb_proxy_is_encrypted (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return strcmp (scheme, "wss") == 0 || strcmp (scheme, "https") == 0;
}

/* Returns whether @request goes through an HTTP proxy, in a tunnel or not. A SOCKS proxy does not
 * count, because it does not read requests. Before the connection is made, the result is FALSE. */
gboolean
hb_proxy_has_proxy (SoupMessage *request)
{
  GSocketAddress *address = soup_message_get_remote_address (request);

  return G_IS_PROXY_ADDRESS (address)
         && strcmp (g_proxy_address_get_protocol (G_PROXY_ADDRESS (address)), "http") == 0;
}

/* Returns whether no HTTP proxy reads @request. A proxy cannot read a request in a tunnel. */
static gboolean
skips_proxy (SoupMessage *request)
{
  return hb_proxy_is_encrypted (soup_message_get_uri (request)) || !hb_proxy_has_proxy (request);
}

/* Runs after the features of the session have added their headers. */
static void
starting_cb (SoupMessage *request,
             gpointer     user_data)
{
  if (skips_proxy (request))
    soup_message_headers_remove (soup_message_get_request_headers (request),
                                 "Proxy-Authorization");
}

/* A server may send status 407 although no proxy reads the request. libsoup's handler would then
 * ask the application for the password of the proxy. */
static void
got_headers_cb (SoupMessage *request,
                SoupSession *session)
{
  SoupSessionFeature *manager = soup_session_get_feature (session, SOUP_TYPE_AUTH_MANAGER);

  if (soup_message_get_status (request) == SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED
      && manager != NULL && skips_proxy (request))
    g_signal_handlers_disconnect_by_data (request, manager);
}

static GUri *
copy_without_login (GUri *uri)
{
  return soup_uri_copy (uri,
                        SOUP_URI_USER, NULL,
                        SOUP_URI_PASSWORD, NULL,
                        SOUP_URI_AUTH_PARAMS, NULL,
                        SOUP_URI_NONE);
}

/* Only the CONNECT request for the tunnel of @request has the same connection as @request. */
static gboolean
is_tunnel_of (SoupMessage *tunnel,
              SoupMessage *request)
{
  return soup_message_get_connection_id (tunnel) == soup_message_get_connection_id (request);
}

/* Too many steps cause the error of libsoup's own limit. */
static void
count_step (SoupMessage *request)
{
  guint *n_steps = g_object_get_qdata (G_OBJECT (request), n_steps_quark ());

  (*n_steps)++;
  if (*n_steps > MAX_STEPS)
    hb_refusal_cancel (request,
                       g_error_new_literal (SOUP_SESSION_ERROR,
                                            SOUP_SESSION_ERROR_TOO_MANY_RESTARTS,
                                            g_dgettext ("libsoup-3.0",
                                                        "Message was restarted too many times")));
}

/* Removes secrets for the server from the CONNECT request for the tunnel of @request. CONNECT
 * requests for other tunnels of the session must not change.
 *
 * After libsoup has used a password in the URI of the proxy, it would ask for a tunnel to the proxy
 * itself, so the URI of @tunnel is set to that of the server again. */
static void
tunnel_starting_cb (SoupMessage *tunnel,
                    SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (tunnel);
  g_autoptr (GUri) bare = copy_without_login (soup_message_get_uri (request));

  if (!is_tunnel_of (tunnel, request))
    return;

  soup_message_headers_remove (headers, "Authorization");
  soup_message_headers_remove (headers, "Cookie");
  soup_message_set_uri (tunnel, bare);
  count_step (request);
}

static void
tunnel_interim_cb (SoupMessage *tunnel,
                   SoupMessage *request)
{
  if (is_tunnel_of (tunnel, request))
    count_step (request);
}

/* libsoup creates the CONNECT request for a tunnel with the URI of @request, and would send the
 * user name and the password in that URI, which are for the server, to the proxy. */
static void
request_queued_cb (SoupSession *session,
                   SoupMessage *message,
                   SoupMessage *request)
{
  GUri *uri = soup_message_get_uri (message);
  g_autoptr (GUri) bare = NULL;

  if (strcmp (soup_message_get_method (message), SOUP_METHOD_CONNECT) != 0)
    return;

  g_signal_connect_object (message, "starting", G_CALLBACK (tunnel_starting_cb), request,
                           G_CONNECT_AFTER);
  g_signal_connect_object (message, "got-informational", G_CALLBACK (tunnel_interim_cb), request,
                           G_CONNECT_DEFAULT);

  if (uri != soup_message_get_uri (request) || g_uri_get_userinfo (uri) == NULL)
    return;

  bare = copy_without_login (uri);
  soup_message_set_uri (message, bare);
}

/* Connects no handler for a request that needs no tunnel, because each handler of a session runs
 * for each request of all tasks that share the session. */
static void
guard_tunnel (SoupSession *session,
              SoupMessage *request)
{
  if (g_object_get_qdata (G_OBJECT (request), n_steps_quark ()) != NULL
      || !hb_proxy_is_encrypted (soup_message_get_uri (request)))
    return;

  g_object_set_qdata_full (G_OBJECT (request), n_steps_quark (), g_new0 (guint, 1), g_free);
  g_signal_connect_object (session, "request-queued", G_CALLBACK (request_queued_cb), request,
                           G_CONNECT_DEFAULT);
}

static void
keep_uri (SoupMessage *request)
{
  g_object_set_qdata_full (G_OBJECT (request), uri_quark (),
                           g_uri_ref (soup_message_get_uri (request)),
                           (GDestroyNotify) g_uri_unref);
}

/* Returns whether @uri is that of the HTTP proxy of @request, without the login in that URI. */
static gboolean
is_uri_of_proxy (GUri        *uri,
                 SoupMessage *request)
{
  const char *string = NULL;
  g_autoptr (GUri) proxy = NULL;
  g_autoptr (GUri) bare = NULL;

  if (hb_proxy_has_proxy (request))
    string = g_proxy_address_get_uri (G_PROXY_ADDRESS (soup_message_get_remote_address (request)));

  proxy = string != NULL ? g_uri_parse (string, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  if (proxy == NULL)
    return FALSE;

  bare = copy_without_login (proxy);

  return soup_uri_equal (uri, bare);
}

/* After libsoup has used a password in the URI of the proxy, it would repeat the request with the
 * URI of the proxy, so the request gets its own URI again.
 *
 * A redirect, or a SoupHSTSEnforcer of the session, may lead from ws to wss, so a request that
 * needed no tunnel before may need one now. */
static void
notify_uri_cb (SoupMessage *request,
               GParamSpec  *pspec,
               SoupSession *session)
{
  GUri *uri = soup_message_get_uri (request);

  if (is_uri_of_proxy (uri, request))
    {
      soup_message_set_uri (request, g_object_get_qdata (G_OBJECT (request), uri_quark ()));
      return;
    }

  keep_uri (request);
  guard_tunnel (session, request);
}

/* Must be called before @session gets @request, so that got_headers_cb () runs before the handlers
 * of the session's features. */
void
hb_proxy_guard (SoupSession *session,
                SoupMessage *request)
{
  /* libsoup would use the user name and the password in a URI for every authentication that the
   * session has cached, including that of the proxy. The proxy would then receive the password of
   * the server in each request until the session is freed. */
  if (g_uri_get_userinfo (soup_message_get_uri (request)) != NULL)
    soup_message_add_flags (request, SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);

  g_signal_connect_after (request, "starting", G_CALLBACK (starting_cb), NULL);
  g_signal_connect_object (request, "got-headers", G_CALLBACK (got_headers_cb), session,
                           G_CONNECT_DEFAULT);

  g_signal_connect_object (request, "notify::uri", G_CALLBACK (notify_uri_cb), session,
                           G_CONNECT_DEFAULT);
  keep_uri (request);
  guard_tunnel (session, request);
}
