/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-handshake-private.h"
#include "hb-hops-private.h"
#include "hb-i18n-private.h"
#include "hb-syntax-private.h"

/* What is to be known of the answers to one request */
typedef struct
{
  SoupSession  *session;       /* (not owned) it sends the request, and so outlives the answers */
  GCancellable *cancellable;   /* of the attempt */
  char         *refusal;       /* (nullable) why the last one was not heeded */
  guint         n_followed;    /* of redirects */
  guint         n_interim;
  gboolean      has_authorized;
  gboolean      is_answered;   /* by the server: what else there is is the proxy's */
} Guard;

/* Less than libsoup's own limit, whose error does not say what was wrong with the handshake. */
#define MAX_REDIRECTS 10

/* Of answers before the proper one, RFC 9110, 15.2 */
#define MAX_INTERIM 100

/* RFC 1035, 2.3.4; a longer name is nobody's host, and need not be shown. */
#define MAX_HOST 255

static G_DEFINE_QUARK (hb-guard, guard)

/* libsoup takes a reference to each feature for a message that it queues, and lets go of as many as
 * there are when the message leaves the queue: a feature that was added in between is freed while
 * it is in use. So ours has its features from the start.
 *
 * Returns: (transfer full) */
SoupSession *
hb_handshake_new_session (void)
{
  SoupSession *session = soup_session_new ();

  soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);

  return session;
}

static void
append_header (const char *name,
               const char *value,
               gpointer    user_data)
{
  soup_message_headers_append (user_data, name, value);
}

/* A SoupMessage serves one attempt only, so each has a request of its own, with the application's
 * headers in it. */
SoupMessage *
hb_handshake_new_request (const HbSettings   *settings,
                          SoupMessageHeaders *headers)
{
  g_autoptr (GUri) uri = g_uri_parse (settings->uri, SOUP_HTTP_URI_FLAGS, NULL);
  SoupMessage *request;

  /* hb_settings_check () has parsed it before. */
  g_assert (uri != NULL);

  request = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  soup_message_headers_foreach (headers, append_header,
                                soup_message_get_request_headers (request));

  return request;
}

/* libsoup offers permessage-deflate wherever the session has the feature for extensions. It is not
 * to be added here: libsoup lets go of every feature of a session after a message, also of those
 * that the message has not seen come. */
void
hb_handshake_set_compression (SoupMessage *request,
                              gboolean     compression)
{
  if (!compression)
    soup_message_disable_feature (request, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
}

static void
free_guard (gpointer data)
{
  Guard *self = data;

  g_object_unref (self->cancellable);
  g_free (self->refusal);
  g_free (self);
}

static gboolean
is_for_websockets (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return hb_hops_is_encrypted (uri) || strcmp (scheme, "ws") == 0 || strcmp (scheme, "http") == 0;
}

static int
get_port (GUri *uri)
{
  int port = g_uri_get_port (uri);

  if (port > 0)
    return port;

  return hb_hops_is_encrypted (uri) ? 443 : 80;
}

/* RFC 6454, 5. ws and http are one scheme here, as they are on the wire; ws and wss are not, even
 * with the same host: what was fit for the one was not meant for the other. */
gboolean
hb_handshake_is_same_origin (GUri *one,
                             GUri *other)
{
  return hb_hops_is_encrypted (one) == hb_hops_is_encrypted (other)
         && get_port (one) == get_port (other)
         && g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (other)) == 0;
}

/* Takes over @refusal. The header is what makes libsoup follow. */
static void
refuse (Guard       *self,
        SoupMessage *request,
        char        *refusal)
{
  g_free (self->refusal);
  self->refusal = refusal;
  soup_message_headers_remove (soup_message_get_response_headers (request), "Location");
}

/* Scheme and host: a path or a query may hold a token. */
static char *
show_place (GUri *uri)
{
  return g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), -1, "",
                     NULL, NULL);
}

/* Where @location leads, with a WebSocket's scheme and without a fragment, which is not sent anyway
 * and which a WebSocket's URI must not have. */
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
                        SOUP_URI_SCHEME, hb_hops_is_encrypted (uri) ? "wss" : "ws",
                        SOUP_URI_FRAGMENT, NULL,
                        SOUP_URI_NONE);
}

/* A relative redirect keeps the user info of the URI that it starts from. */
static gboolean
brings_user_info (GUri *base,
                  GUri *uri)
{
  const char *user_info = g_uri_get_userinfo (uri);

  return user_info != NULL
         && (!hb_handshake_is_same_origin (base, uri)
             || g_strcmp0 (user_info, g_uri_get_userinfo (base)) != 0);
}

/* Returns: (nullable): why @uri is not to be followed */
static char *
object_to (const Guard *self,
           GUri        *base,
           GUri        *uri)
{
  g_autofree char *string = g_uri_to_string (uri);
  g_autofree char *place = show_place (uri);

  if (!is_for_websockets (uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "since a WebSocket needs “ws” or “wss”"), place);

  if (!hb_syntax_check_uri (string, NULL))
    return g_strdup (_("The redirect was not followed, since it does not lead to a valid URI"));

  if (hb_hops_is_encrypted (base) && !hb_hops_is_encrypted (uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "since it leads away from TLS"), place);

  if (brings_user_info (base, uri))
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "since it has a user name in it"), place);

  if (self->n_followed >= MAX_REDIRECTS)
    return g_strdup_printf (_("The redirect to %s was not followed, "
                              "since too many had been followed before it"), place);

  return NULL;
}

/* What libsoup and the WebSocket handshake put into a request, and nothing that is somebody's */
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

/* The Fetch standard takes Authorization away when a redirect leaves the origin ("HTTP-redirect
 * fetch"), and lets other headers of an application through only where the new origin has agreed
 * to each ("CORS-preflight fetch"). A WebSocket has no way to ask, so none goes. Cookies of the
 * session's own jar are not the application's, and come and go with the URI. */
static void
leave_origin (Guard       *self,
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

  /* Before 3.6.5 libsoup keeps the credentials with which a request has been authenticated, and
   * puts them into it again for whatever host comes next: CVE-2025-46421. */
  if (self->has_authorized && manager != NULL)
    g_signal_handlers_disconnect_by_data (request, manager);
}

/* libsoup follows when the body has come. */
static void
got_headers_cb (SoupMessage *request,
                gpointer     user_data)
{
  Guard *self = user_data;
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  const char *location = soup_message_headers_get_one (headers, "Location");
  GUri *base = soup_message_get_uri (request);
  g_autoptr (GUri) uri = NULL;
  g_autofree char *string = NULL;
  char *refusal;

  self->is_answered = TRUE;
  if (soup_message_headers_get_one (soup_message_get_request_headers (request), "Authorization"))
    self->has_authorized = TRUE;

  if (location == NULL
      || !SOUP_STATUS_IS_REDIRECTION (soup_message_get_status (request))
      || soup_message_query_flags (request, SOUP_MESSAGE_NO_REDIRECT))
    return;

  uri = resolve (base, location);
  if (uri == NULL)
    refusal = g_strdup (_("The redirect was not followed, since it does not lead to a valid URI"));
  else
    refusal = object_to (self, base, uri);

  if (refusal != NULL)
    {
      refuse (self, request, refusal);
      return;
    }

  if (!hb_handshake_is_same_origin (base, uri))
    leave_origin (self, request);

  /* What libsoup follows is what has been looked at, however its own parser may read the header. */
  string = g_uri_to_string (uri);
  soup_message_headers_replace (headers, "Location", string);
  self->n_followed++;
}

/* Whether the server has chosen one of the subprotocols that @request offers, or none. RFC 6455,
 * 11.3.4: a server names one only, and in one header. Before 3.8, libsoup ignores case. */
static gboolean
has_valid_protocol (SoupMessage *request)
{
  const char *chosen = soup_message_headers_get_list (soup_message_get_response_headers (request),
                                                      "Sec-WebSocket-Protocol");
  const char *offer = soup_message_headers_get_list (soup_message_get_request_headers (request),
                                                     "Sec-WebSocket-Protocol");
  GSList *offered = offer != NULL ? soup_header_parse_list (offer) : NULL;
  gboolean is_valid;

  is_valid = chosen == NULL
             || g_slist_find_custom (offered, chosen, (GCompareFunc) strcmp) != NULL;
  soup_header_free_list (offered);

  return is_valid;
}

/* Takes over @refusal. */
static void
give_up (Guard *self,
         char  *refusal)
{
  g_free (self->refusal);
  self->refusal = refusal;
  g_cancellable_cancel (self->cancellable);
}

/* libsoup reads interim answers one after another while more of them come, and the main loop stands
 * still. The last one is 101. */
static void
got_interim_cb (SoupMessage *request,
                gpointer     user_data)
{
  Guard *self = user_data;
  SoupStatus status = soup_message_get_status (request);

  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS && !has_valid_protocol (request))
    give_up (self, g_strdup (_("The server chose a subprotocol that was not offered")));
  else if (status != SOUP_STATUS_SWITCHING_PROTOCOLS && ++self->n_interim > MAX_INTERIM)
    give_up (self, g_strdup (_("The server’s answer to the WebSocket handshake does not come: "
                               "too many interim ones came before it")));
}

/* libsoup believes a server more than is good: it follows redirects away from TLS too, and with
 * headers that are not meant for the other host. */
void
hb_handshake_guard (SoupSession  *session,
                    SoupMessage  *request,
                    GCancellable *cancellable)
{
  Guard *self = g_new0 (Guard, 1);

  self->session = session;
  self->cancellable = g_object_ref (cancellable);
  g_object_set_qdata_full (G_OBJECT (request), guard_quark (), self, free_guard);
  g_signal_connect (request, "got-headers", G_CALLBACK (got_headers_cb), self);
  g_signal_connect (request, "got-informational", G_CALLBACK (got_interim_cb), self);
  hb_hops_guard (session, request);
}

/* RFC 6455, 4.1, demands a tunnel for ws too, but libsoup makes one for wss only. The answer to a
 * request for ws does not show whether the proxy or the server has written it. */
static GError *
new_refusal (SoupMessage *request,
             gboolean     is_answered)
{
  SoupStatus status = soup_message_get_status (request);
  const char *phrase = soup_status_get_phrase (status);

  if (hb_hops_has_proxy (request)
      && !hb_hops_is_encrypted (soup_message_get_uri (request)))
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The HTTP proxy or the server answered the WebSocket handshake with "
                          "status %u (%s); many proxies do not forward “ws”, so use “wss”, a SOCKS "
                          "proxy, or no proxy for this host"),
                        status, phrase);

  if (hb_hops_has_proxy (request) && !is_answered)
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The HTTP proxy answered the request for a tunnel with status %u (%s)"),
                        status, phrase);

  return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                      _("The server answered the WebSocket handshake with status %u (%s)"),
                      status, phrase);
}

/* libsoup has one domain for all that can be wrong with a handshake, and only the request knows
 * what the server answered. What is not of the handshake passes through unchanged. */
GError *
hb_handshake_translate_error (SoupMessage *request,
                              GError      *error)
{
  SoupStatus status = soup_message_get_status (request);
  const Guard *guard = g_object_get_qdata (G_OBJECT (request), guard_quark ());

  if (guard != NULL && guard->refusal != NULL)
    return g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, guard->refusal);

  if (error->domain != SOUP_WEBSOCKET_ERROR)
    return g_error_copy (error);

  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The server’s answer to the WebSocket handshake is not valid: %s"),
                        error->message);

  return new_refusal (request, guard == NULL || guard->is_answered);
}

/* Whether an HTTP proxy has answered that it does not forward ws. It says so of every request, so
 * another attempt would fail in the same way. */
gboolean
hb_handshake_is_unsupported (SoupMessage *request)
{
  return soup_message_get_status (request) == SOUP_STATUS_NOT_IMPLEMENTED
         && hb_hops_has_proxy (request)
         && !hb_hops_is_encrypted (soup_message_get_uri (request));
}

/* RFC 7231, 7.1.3: seconds or a date. Returns the seconds from now, 0 where there is neither. Of a
 * number that is too large the most that fits: such a server asks for a wait all the same. */
guint
hb_handshake_get_retry_after (SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  const char *value = soup_message_headers_get_one (headers, "Retry-After");
  g_autoptr (GDateTime) date = NULL;
  g_autoptr (GDateTime) now = NULL;

  if (value == NULL || value[0] == '\0')
    return 0;

  if (value[strspn (value, "0123456789")] == '\0')
    return MIN (g_ascii_strtoull (value, NULL, 10), G_MAXUINT);

  date = soup_date_time_new_from_http_string (value);
  if (date == NULL)
    return 0;

  now = g_date_time_new_now_utc ();
  return CLAMP (g_date_time_difference (date, now) / G_TIME_SPAN_SECOND, 0, G_MAXINT);
}
