/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-hops-private.h"

/* Keeps each secret on the hop for which it is meant, where there is an HTTP proxy: libsoup 3.2 and
 * 3.6 show cookies to the proxy, and the proxy's password to servers. */

gboolean
hb_hops_is_encrypted (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return strcmp (scheme, "wss") == 0 || strcmp (scheme, "https") == 0;
}

/* Whether @request goes to an HTTP proxy, in a tunnel or not. A SOCKS proxy sees no request. The
 * connection must have been made. */
gboolean
hb_hops_has_proxy (SoupMessage *request)
{
  GSocketAddress *address = soup_message_get_remote_address (request);

  return G_IS_PROXY_ADDRESS (address)
         && strcmp (g_proxy_address_get_protocol (G_PROXY_ADDRESS (address)), "http") == 0;
}

/* Whether the server gets @request as it is. In a tunnel it does, and the proxy does not. */
static gboolean
skips_proxy (SoupMessage *request)
{
  return hb_hops_is_encrypted (soup_message_get_uri (request)) || !hb_hops_has_proxy (request);
}

/* After the features of the session, which have added their headers */
static void
starting_cb (SoupMessage *request,
             gpointer     user_data)
{
  if (skips_proxy (request))
    soup_message_headers_remove (soup_message_get_request_headers (request),
                                 "Proxy-Authorization");
}

/* libsoup would ask the application for the password of a proxy wherever the answer comes from, and
 * look for a proxy that is not there. The answer of a server ends the attempt as any other does. */
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

/* The session may send requests of the application too, whose tunnels are not ours. Ours uses the
 * connection of our request. After a login from the URI of the proxy, libsoup would ask for a
 * tunnel to the proxy itself, so the URI is set again. */
static void
tunnel_starting_cb (SoupMessage *tunnel,
                    SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (tunnel);
  g_autoptr (GUri) bare = copy_without_login (soup_message_get_uri (request));

  if (soup_message_get_connection_id (tunnel) != soup_message_get_connection_id (request))
    return;

  soup_message_headers_remove (headers, "Authorization");
  soup_message_headers_remove (headers, "Cookie");
  soup_message_set_uri (tunnel, bare);
}

/* libsoup makes a request CONNECT of its own for a tunnel, with the URI of ours. It would log in at
 * the proxy with a user name and password from that URI, which are for the server. */
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

  if (uri != soup_message_get_uri (request) || g_uri_get_userinfo (uri) == NULL)
    return;

  bare = copy_without_login (uri);
  soup_message_set_uri (message, bare);
}

/* To be called before @session gets @request, so that the session's features see an answer after
 * us. */
void
hb_hops_guard (SoupSession *session,
               SoupMessage *request)
{
  /* libsoup uses the login of a URI for every authentication that the session has cached, that of
   * the proxy included. The proxy would then get the login of the server for as long as the session
   * lives. */
  if (g_uri_get_userinfo (soup_message_get_uri (request)) != NULL)
    soup_message_add_flags (request, SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE);

  g_signal_connect_after (request, "starting", G_CALLBACK (starting_cb), NULL);
  g_signal_connect_object (request, "got-headers", G_CALLBACK (got_headers_cb), session,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (session, "request-queued", G_CALLBACK (request_queued_cb), request,
                           G_CONNECT_DEFAULT);
}
