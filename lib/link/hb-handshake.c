/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-handshake-private.h"
#include "hb-i18n-private.h"

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

/* libsoup offers permessage-deflate wherever the session has the feature for extensions, and that
 * is not so by default. */
void
hb_handshake_set_compression (SoupSession *session,
                              SoupMessage *request,
                              gboolean     compression)
{
  if (!compression)
    soup_message_disable_feature (request, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  else if (!soup_session_has_feature (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER))
    soup_session_add_feature_by_type (session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
}

/* libsoup has one domain for all that can be wrong with a handshake, and only the request knows
 * what the server answered. What is not of the handshake passes through unchanged. */
GError *
hb_handshake_translate_error (SoupMessage *request,
                              GError      *error)
{
  SoupStatus status = soup_message_get_status (request);

  if (error->domain != SOUP_WEBSOCKET_ERROR)
    return g_error_copy (error);

  if (status == SOUP_STATUS_SWITCHING_PROTOCOLS)
    return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                        _("The server’s answer to the WebSocket handshake is not valid: %s"),
                        error->message);

  return g_error_new (HB_ERROR, HB_ERROR_HANDSHAKE,
                      _("The server answered the WebSocket handshake with status %u (%s)"),
                      status, soup_status_get_phrase (status));
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
