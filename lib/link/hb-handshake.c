/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-handshake-private.h"
#include "hb-i18n-private.h"
#include "hb-proxy-private.h"
#include "hb-redirect-private.h"
#include "hb-refusal-private.h"

typedef struct
{
  HbRedirects redirects;
  guint       n_interim;
  gboolean    is_answered; /* A final response has arrived since the request was last sent. A
                            * response to the CONNECT request for a tunnel does not count. */
} Guard;

/* The maximum number of interim responses (RFC 9110, 15.2) to one request, not counting one with
 * status 101 */
#define MAX_INTERIM 100

/* The maximum length of a header that an error message may quote */
#define MAX_QUOTED 255

static G_DEFINE_QUARK (hb-guard, guard)

static void
append_header (const char *name,
               const char *value,
               gpointer    user_data)
{
  soup_message_headers_append (user_data, name, value);
}

static void
restore_method_cb (SoupMessage *request,
                   gpointer     user_data)
{
  soup_message_set_method (request, SOUP_METHOD_GET);
}

/* Each attempt needs a request of its own, because redirects change a request, and libsoup may
 * still have the request of a cancelled attempt in its queue.
 *
 * @headers: (nullable)
 *
 * Returns: (transfer full) */
SoupMessage *
hb_handshake_new_request (const HbSettings   *settings,
                          SoupMessageHeaders *headers)
{
  g_autoptr (GUri) uri = g_uri_parse (settings->uri, SOUP_HTTP_URI_FLAGS, NULL);
  SoupMessage *request;

  /* hb_settings_check () has already parsed the URI. */
  g_assert (uri != NULL);

  request = soup_message_new_from_uri (SOUP_METHOD_GET, uri);

  /* See notify_status_cb (). The handlers of the application, which run later, see GET. */
  g_signal_connect (request, "got-headers", G_CALLBACK (restore_method_cb), NULL);
  g_signal_connect (request, "finished", G_CALLBACK (restore_method_cb), NULL);

  if (headers != NULL)
    soup_message_headers_foreach (headers, append_header,
                                  soup_message_get_request_headers (request));

  return request;
}

/* libsoup offers permessage-deflate if the session has the feature for extensions. The feature must
 * not be added here: see new_session () in hb-attempt.c. */
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

  g_clear_weak_pointer (&self->redirects.session);
  g_free (self);
}

/* libsoup would read the body of a response as long as more of it arrives, so a server that sends
 * many short chunks would block the main loop, and connect-timeout with it. After libsoup has set
 * the status of a response, it reads no body if the method is HEAD. The status is 0 when the
 * request is sent again. */
static void
notify_status_cb (SoupMessage *request,
                  GParamSpec  *pspec,
                  SoupSession *session)
{
  gboolean is_final = soup_message_get_status (request) >= SOUP_STATUS_OK;

  soup_message_set_method (request, is_final ? SOUP_METHOD_HEAD : SOUP_METHOD_GET);
}

/* Makes libsoup close the connection of a response whose body has not been read. Otherwise libsoup
 * would read the body as the next response. */
static void
close_connection_cb (SoupMessage *request,
                     SoupSession *session)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH
      || soup_message_headers_get_content_length (headers) != 0)
    soup_message_headers_replace (headers, "Connection", "close");
}

/* NTLM and Negotiate authenticate a connection instead of a request, so with them the connection
 * must stay open, and libsoup reads the body. */
static void
skip_bodies (SoupSession *session,
             SoupMessage *request)
{
  if (soup_session_has_feature (session, SOUP_TYPE_AUTH_NTLM)
      || soup_session_has_feature (session, SOUP_TYPE_AUTH_NEGOTIATE))
    return;

  g_signal_connect_object (request, "notify::status-code", G_CALLBACK (notify_status_cb), session,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (request, "got-headers", G_CALLBACK (close_connection_cb), session,
                           G_CONNECT_DEFAULT);
}

static void
got_headers_cb (SoupMessage *request,
                gpointer     user_data)
{
  Guard *self = user_data;

  self->is_answered = TRUE;
  hb_redirects_handle_response (&self->redirects, request);
}

/* After a redirect or a challenge, the request may need another tunnel. */
static void
restarted_cb (SoupMessage *request,
              gpointer     user_data)
{
  Guard *self = user_data;

  self->is_answered = FALSE;
}

/* RFC 6455, 11.3.4, allows a server to name one subprotocol, in one header. libsoup checks the
 * choice too, but versions before 3.8 ignore case. */
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

static void
cancel (SoupMessage *request,
        const char  *reason)
{
  hb_refusal_cancel (request, g_error_new_literal (HB_ERROR, HB_ERROR_HANDSHAKE, reason));
}

/* Without a limit, interim responses could block the main loop, because libsoup reads them as long
 * as more arrive. */
static void
got_interim_cb (SoupMessage *request,
                gpointer     user_data)
{
  Guard *self = user_data;
  SoupStatus status = soup_message_get_status (request);

  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS && !has_valid_protocol (request))
    cancel (request, _("The server chose a subprotocol that was not offered"));
  else if (status != SOUP_STATUS_SWITCHING_PROTOCOLS && ++self->n_interim > MAX_INTERIM)
    cancel (request,
            _("The server sent too many interim responses to the WebSocket handshake"));
}

/* Checks the responses to @request before libsoup acts on them, and keeps secrets from hosts and
 * proxies for which they are not meant. Must be called before @session gets the request. */
void
hb_handshake_guard (SoupSession *session,
                    SoupMessage *request)
{
  Guard *self = g_new0 (Guard, 1);

  g_set_weak_pointer (&self->redirects.session, session);
  g_object_set_qdata_full (G_OBJECT (request), guard_quark (), self, free_guard);
  skip_bodies (session, request);
  g_signal_connect (request, "got-headers", G_CALLBACK (got_headers_cb), self);
  g_signal_connect (request, "got-informational", G_CALLBACK (got_interim_cb), self);
  g_signal_connect (request, "restarted", G_CALLBACK (restarted_cb), self);
  hb_proxy_guard (session, request);
}

/* RFC 6455, 4.1, recommends a tunnel for ws too, but libsoup makes one for wss only. Without a
 * tunnel, a response does not show whether the proxy or the server has sent it. */
static GError *
new_refusal (SoupMessage *request,
             gboolean     is_answered)
{
  SoupStatus status = soup_message_get_status (request);

  if (hb_proxy_has_proxy (request)
      && !hb_proxy_is_encrypted (soup_message_get_uri (request)))
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The HTTP proxy or the server answered the WebSocket handshake with "
                          "status %u; many proxies do not forward “ws”, so use “wss”, a SOCKS "
                          "proxy, or no proxy for this host"),
                        status);

  if (hb_proxy_has_proxy (request) && !is_answered)
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The HTTP proxy answered the request for a tunnel with status %u"),
                        status);

  return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                      _("The server answered the WebSocket handshake with status %u"), status);
}

/* libsoup's error quotes the name of a parameter of permessage-deflate that it does not know. With
 * that name, a server could write escape sequences to a terminal on which the application prints
 * the error, so the error is quoted only if the header is short and contains only printable ASCII.
 *
 * Returns: (transfer none): libsoup's error message, or the name of the header */
static const char *
describe_answer (SoupMessage  *request,
                 const GError *error)
{
  const char *name = "Sec-WebSocket-Extensions";
  const char *value = soup_message_headers_get_list (soup_message_get_response_headers (request),
                                                     name);
  gsize i;

  if (value == NULL)
    return error->message;

  for (i = 0; g_ascii_isprint (value[i]); i++)
    ;

  return value[i] == '\0' && i <= MAX_QUOTED ? error->message : name;
}

/* Translates an error of the handshake, because libsoup's error does not contain the status of the
 * response.
 *
 * Returns: (transfer full) */
GError *
hb_handshake_translate_error (SoupMessage *request,
                              GError      *error)
{
  SoupStatus status = soup_message_get_status (request);
  const Guard *guard = g_object_get_qdata (G_OBJECT (request), guard_quark ());
  const GError *reason = hb_refusal_get_reason (request);

  if (reason != NULL)
    return g_error_copy (reason);

  if (error->domain != SOUP_WEBSOCKET_ERROR)
    return g_error_copy (error);

  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The server’s answer to the WebSocket handshake is not valid: %s"),
                        describe_answer (request, error));

  return new_refusal (request, guard->is_answered);
}

/* Returns whether an HTTP proxy has probably answered that it does not forward ws. Another attempt
 * would then fail in the same way. */
gboolean
hb_handshake_is_unsupported (SoupMessage *request)
{
  return soup_message_get_status (request) == SOUP_STATUS_NOT_IMPLEMENTED
         && hb_proxy_has_proxy (request)
         && !hb_proxy_is_encrypted (soup_message_get_uri (request));
}

/* Returns the delay, in seconds, that the header Retry-After requests with a number or a date (RFC
 * 9110, 10.2.3). Returns 0 if the header is missing or not valid, or if the date is in the past.
 *
 * The delay until a date is rounded up. Otherwise, the task would make its attempt before the date,
 * and with a short `reconnect-timeout` many attempts in the last second. */
guint
hb_handshake_get_retry_after (SoupMessage *request)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  const char *value = soup_message_headers_get_one (headers, "Retry-After");
  g_autoptr (GDateTime) date = NULL;
  g_autoptr (GDateTime) now = NULL;
  GTimeSpan left;

  if (value == NULL || value[0] == '\0')
    return 0;

  if (value[strspn (value, "0123456789")] == '\0')
    return MIN (g_ascii_strtoull (value, NULL, 10), G_MAXUINT);

  date = soup_date_time_new_from_http_string (value);
  if (date == NULL)
    return 0;

  now = g_date_time_new_now_utc ();
  left = g_date_time_difference (date, now);

  return CLAMP ((left + G_TIME_SPAN_SECOND - 1) / G_TIME_SPAN_SECOND, 0, G_MAXINT);
}
