/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-proxy-private.h"
#include "hb-redirect-private.h"
#include "hb-refusal-private.h"
#include "hb-syntax-private.h"

/* Decides which redirects of the handshake are followed, and removes headers that another origin
 * must not see. libsoup alone would follow a redirect away from TLS, and would send the
 * application's headers to any host. */

/* Below libsoup's own limit, because libsoup's error would not say why the handshake failed */
#define MAX_REDIRECTS 10

/* The maximum length of a host name (RFC 1035, 2.3.4) and of a scheme. Error messages contain
 * both. */
#define MAX_HOST 255

static gboolean
is_for_websockets (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return hb_proxy_is_encrypted (uri) || strcmp (scheme, "ws") == 0 || strcmp (scheme, "http") == 0;
}

static int
get_port (GUri *uri)
{
  int port = g_uri_get_port (uri);

  if (port > 0)
    return port;

  return hb_proxy_is_encrypted (uri) ? 443 : 80;
}

/* Compares two origins according to RFC 6454, 5. The schemes ws and http count as one, and so do
 * wss and https. The schemes ws and wss differ, because a secret that was sent over TLS must not be
 * sent without it. */
gboolean
hb_redirect_is_same_origin (GUri *one,
                            GUri *other)
{
  return hb_proxy_is_encrypted (one) == hb_proxy_is_encrypted (other)
         && get_port (one) == get_port (other)
         && g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (other)) == 0;
}

/* Keeps only the scheme and the host, because the other parts may contain a password or a token. */
static char *
format_place (GUri *uri)
{
  return g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), -1, "",
                     NULL, NULL);
}

/* If the scheme is that of HTTP or of a WebSocket, the result has a WebSocket scheme, and no
 * fragment, which the URI of a WebSocket must not have.
 *
 * Returns: (transfer full) (nullable): NULL if @location is empty or not valid, or if its host or
 *   scheme is too long */
static GUri *
resolve (GUri       *base,
         const char *location)
{
  g_autoptr (GUri) uri = NULL;

  if (*location == '\0')
    return NULL;

  uri = g_uri_parse_relative (base, location, SOUP_HTTP_URI_FLAGS, NULL);
  if (uri == NULL
      || (g_uri_get_host (uri) != NULL && strlen (g_uri_get_host (uri)) > MAX_HOST)
      || strlen (g_uri_get_scheme (uri)) > MAX_HOST)
    return NULL;

  if (!is_for_websockets (uri))
    return g_steal_pointer (&uri);

  return soup_uri_copy (uri,
                        SOUP_URI_SCHEME, hb_proxy_is_encrypted (uri) ? "wss" : "ws",
                        SOUP_URI_FRAGMENT, NULL,
                        SOUP_URI_NONE);
}

/* Returns whether the redirect adds or changes user info, or takes it to another origin. */
static gboolean
adds_user_info (GUri *base,
                GUri *uri)
{
  const char *user_info = g_uri_get_userinfo (uri);

  return user_info != NULL
         && (!hb_redirect_is_same_origin (base, uri)
             || g_strcmp0 (user_info, g_uri_get_userinfo (base)) != 0);
}

/* Returns: (transfer full) (nullable): NULL if the redirect to @uri may be followed */
static char *
find_objection (const HbRedirects *self,
                GUri              *base,
                GUri              *uri)
{
  g_autofree char *string = g_uri_to_string (uri);
  g_autofree char *place = format_place (uri);

  if (!is_for_websockets (uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "because a WebSocket needs “ws” or “wss”"), place);

  if (!hb_syntax_check_uri (string, NULL))
    return g_strdup (_("The redirect was not followed, because it does not lead to a valid URI"));

  if (hb_proxy_is_encrypted (base) && !hb_proxy_is_encrypted (uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "because it leads away from TLS"), place);

  if (adds_user_info (base, uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "because it contains a user name"), place);

  if (self->n_followed >= MAX_REDIRECTS)
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "because too many redirects had been followed already"), place);

  return NULL;
}

/* Returns whether libsoup or the WebSocket handshake sets the header, and its value is not
 * secret. */
static gboolean
is_for_everybody (const char *name)
{
  const char *names[] = {
    "Accept-Encoding", "Accept-Language", "Connection", "Origin", "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Upgrade",
    "User-Agent",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_ascii_strcasecmp (name, names[i]) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Prepares a request for another origin. When the origin changes, the Fetch standard removes
 * Authorization ("HTTP-redirect fetch"), and keeps other headers of the application only if the new
 * origin has agreed to each of them ("CORS-preflight fetch"). A WebSocket cannot ask for that
 * agreement. The session adds its cookies again, according to the new URI. */
static void
remove_private_headers (HbRedirects *self,
                        SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (request);
  SoupSessionFeature *manager = soup_session_get_feature (self->session, SOUP_TYPE_AUTH_MANAGER);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;
  guint i;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      if (!is_for_everybody (name))
        g_ptr_array_add (names, g_strdup (name));
    }

  for (i = 0; i < names->len; i++)
    soup_message_headers_remove (headers, g_ptr_array_index (names, i));

  /* libsoup before 3.6.5 keeps the credentials of an authenticated request, and adds them to the
   * request for every following host (CVE-2025-46421). */
  if (self->has_authorized && manager != NULL)
    g_signal_handlers_disconnect_by_data (request, manager);
}

static char *
follow (HbRedirects *self,
        SoupMessage *request,
        const char  *location)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  GUri *base = soup_message_get_uri (request);
  g_autoptr (GUri) uri = resolve (base, location);
  g_autofree char *string = NULL;
  char *objection;

  if (uri == NULL)
    return g_strdup (_("The redirect was not followed, because it does not lead to a valid URI"));

  objection = find_objection (self, base, uri);
  if (objection != NULL)
    return objection;

  if (!hb_redirect_is_same_origin (base, uri))
    remove_private_headers (self, request);

  /* libsoup's parser may read the header in another way, so libsoup gets the URI that was
   * checked. */
  string = g_uri_to_string (uri);
  soup_message_headers_replace (headers, "Location", string);
  self->n_followed++;

  return NULL;
}

/* Must be called before libsoup follows a redirect. If the application itself sends the request
 * again after the session of the attempt has been freed, the redirects are not checked. */
void
hb_redirects_handle_response (HbRedirects *self,
                              SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  const char *location = soup_message_headers_get_one (headers, "Location");
  g_autofree char *objection = NULL;

  if (soup_message_headers_get_one (soup_message_get_request_headers (request), "Authorization"))
    self->has_authorized = TRUE;

  if (location == NULL || self->session == NULL
      || !SOUP_STATUS_IS_REDIRECTION (soup_message_get_status (request))
      || soup_message_query_flags (request, SOUP_MESSAGE_NO_REDIRECT))
    return;

  objection = follow (self, request, location);
  if (objection == NULL)
    return;

  /* Without this header, libsoup does not follow the redirect. */
  soup_message_headers_remove (headers, "Location");
  hb_refusal_set_reason (request,
                         g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, objection));
}
