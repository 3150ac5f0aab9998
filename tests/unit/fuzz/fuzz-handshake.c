/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "hb-handshake-private.h"
#include "hb-syntax-private.h"

/* The first line of the input is a URI, which is replaced if it is not valid. The second line is
 * the value of a Retry-After header. */

static void
check_retry_after (SoupMessage *request,
                   const char  *value)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (request);
  guint64 seconds;

  soup_message_headers_replace (headers, "Retry-After", value);
  seconds = hb_handshake_get_retry_after (request);

  /* A value of up to nine digits is a number of seconds. */
  if (*value != '\0' && strlen (value) <= 9 && strspn (value, "0123456789") == strlen (value))
    g_assert_cmpuint (seconds, ==, g_ascii_strtoull (value, NULL, 10));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         length)
{
  g_autofree char *text = g_strndup ((const char *) data, length);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autoptr (SoupMessage) request = NULL;
  HbSettings settings = { .uri = lines[0] };

  if (lines[0] == NULL || !hb_syntax_check_uri (lines[0], NULL))
    settings.uri = (char *) "ws://example.com/";

  request = hb_handshake_new_request (&settings, headers);
  g_assert_nonnull (g_uri_get_host (soup_message_get_uri (request)));

  if (lines[0] != NULL && lines[1] != NULL && strchr (lines[1], '\r') == NULL)
    check_retry_after (request, lines[1]);

  return 0;
}
