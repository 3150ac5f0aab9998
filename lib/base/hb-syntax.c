/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-syntax-private.h"
#include "hb-utf8-private.h"

/* RFC 6455, 5.5: the maximum payload of a control frame, 125 bytes, without the 2 bytes of the
 * close code */
#define MAX_REASON 123

/* libsoup's flags for parsing a URI, so that a URI that is valid here is valid for libsoup too */
#define URI_FLAGS \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY \
   | G_URI_FLAGS_ENCODED_FRAGMENT | G_URI_FLAGS_SCHEME_NORMALIZE)

static gboolean
has_control_character (const char *string)
{
  for (; *string != '\0'; string++)
    {
      if (g_ascii_iscntrl (*string))
        return TRUE;
    }

  return FALSE;
}

/* GLib has decoded the escapes in the host. A space or a control character would make the Host
 * header invalid. */
static gboolean
is_host (const char *string)
{
  return !has_control_character (string) && strchr (string, ' ') == NULL;
}

/* RFC 9110, 5.6.2 */
static gboolean
is_token (const char *string)
{
  if (*string == '\0')
    return FALSE;

  for (; *string != '\0'; string++)
    {
      if (!g_ascii_isalnum (*string) && strchr ("!#$%&'*+-.^_`|~", *string) == NULL)
        return FALSE;
    }

  return TRUE;
}

static gboolean
fail_uri (GError     **error,
          const char  *message)
{
  g_set_error_literal (error, HB_ERROR, HB_ERROR_INVALID_URI, message);

  return FALSE;
}

static const char *
explain_uri_error (const GError *reason)
{
  switch ((GUriError) reason->code)
    {
    case G_URI_ERROR_BAD_HOST:
    case G_URI_ERROR_BAD_PORT:
      return _("The host or the port of the URI is not valid");
    case G_URI_ERROR_BAD_USER:
    case G_URI_ERROR_BAD_PASSWORD:
    case G_URI_ERROR_BAD_AUTH_PARAMS:
      return _("The user name or password in the URI is not valid: "
               "special characters have to be percent-encoded");
    case G_URI_ERROR_BAD_PATH:
    case G_URI_ERROR_BAD_QUERY:
    case G_URI_ERROR_BAD_FRAGMENT:
      return _("The path or query of the URI is not valid: "
               "special characters have to be percent-encoded");
    case G_URI_ERROR_BAD_SCHEME:
    case G_URI_ERROR_FAILED:
    default:
      return _("The URI does not begin with “ws://” or “wss://”");
    }
}

static gboolean
check_scheme (GUri    *uri,
              GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);

  if (strcmp (scheme, "ws") == 0 || strcmp (scheme, "wss") == 0)
    return TRUE;

  /* Without “//”, the part before the colon may be a user name, so the message must not show it. */
  if (g_uri_get_host (uri) == NULL)
    return fail_uri (error, _("The URI does not begin with “ws://” or “wss://”"));

  g_set_error (error, HB_ERROR, HB_ERROR_INVALID_URI,
               _("The scheme of the URI is “%s”, but a WebSocket needs “ws” or “wss”"), scheme);
  return FALSE;
}

/* RFC 6455, 3. No error message shows more of the URI than its scheme, because the URI may contain
 * a password or a token. */
gboolean
hb_syntax_check_uri (const char  *uri,
                     GError     **error)
{
  g_autoptr (GUri) parsed = NULL;
  g_autoptr (GError) reason = NULL;

  if (uri == NULL)
    return fail_uri (error, _("The URI is missing: set one of the form ws://host/path "
                              "or wss://host/path"));

  if (!g_utf8_validate (uri, -1, NULL))
    return fail_uri (error, _("The URI is not valid UTF-8"));

  /* GLib would treat a line break from a file, or a space that was pasted, as part of the URI. */
  if (has_control_character (uri) || g_str_has_suffix (uri, " "))
    return fail_uri (error, _("The URI ends with a space, or contains a line break or another "
                              "control character"));

  parsed = g_uri_parse (uri, URI_FLAGS, &reason);
  if (parsed == NULL)
    return fail_uri (error, explain_uri_error (reason));

  if (!check_scheme (parsed, error))
    return FALSE;

  if (g_uri_get_host (parsed) == NULL || *g_uri_get_host (parsed) == '\0')
    return fail_uri (error, _("The URI has no host"));

  if (!is_host (g_uri_get_host (parsed)))
    return fail_uri (error, _("The host of the URI contains a space or a control character"));

  if (g_uri_get_fragment (parsed) != NULL)
    return fail_uri (error, _("The URI has a fragment, which a WebSocket URI must not have: "
                              "write “#” as “%23”"));

  return TRUE;
}

/* RFC 6455, 4.1: each subprotocol is a token, and no two are equal. */
gboolean
hb_syntax_check_protocols (const char * const  *protocols,
                           GError             **error)
{
  gsize i;

  for (i = 0; protocols != NULL && protocols[i] != NULL; i++)
    {
      gsize j;

      if (!is_token (protocols[i]))
        {
          g_autofree char *shown = g_strescape (protocols[i], NULL);

          g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                       _("The subprotocol “%s” is not a token: only letters, digits and "
                         "!#$%%&'*+-.^_`|~ are allowed"),
                       shown);
          return FALSE;
        }

      for (j = 0; j < i; j++)
        {
          if (strcmp (protocols[i], protocols[j]) == 0)
            {
              g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                           _("The subprotocol “%s” is offered twice"), protocols[i]);
              return FALSE;
            }
        }
    }

  return TRUE;
}

/* RFC 6454, 7.1: the value consists of visible ASCII and of spaces, which separate origins. */
gboolean
hb_syntax_check_origin (const char  *origin,
                        GError     **error)
{
  const char *c;

  for (c = origin; c != NULL && *c != '\0'; c++)
    {
      if (!g_ascii_isgraph (*c) && *c != ' ')
        {
          g_autofree char *shown = g_strescape (origin, NULL);

          g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                       _("The origin “%s” cannot be sent as a header: "
                         "only visible ASCII is allowed"),
                       shown);
          return FALSE;
        }
    }

  return TRUE;
}

/* RFC 6455, 7.4.1 and 7.4.2: the codes that a client may send */
static gboolean
is_close_code (guint code)
{
  return (code >= 1000 && code <= 1003)
         || (code >= 1007 && code <= 1010)
         || (code >= 3000 && code <= 4999);
}

/* libsoup's close () takes a code of 16 bits, and refuses 1006, 1011 and 1015 with a critical
 * message. */
static gboolean
is_refused_by_libsoup (guint code)
{
  return code == 1006 || code == 1011 || code == 1015 || code > G_MAXUINT16;
}

/* Shortens @text to at most @length bytes, without splitting a character. */
static void
cut (char  *text,
     gsize  length)
{
  if (strlen (text) <= length)
    return;

  while ((text[length] & 0xc0) == 0x80)
    length--;

  text[length] = '\0';
}

/* Converts @code and @reason to values that libsoup accepts. 0 becomes HB_CLOSE_NONE. A code that
 * libsoup refuses leads to an error. Any other code that a client must not send, except
 * HB_CLOSE_NONE, becomes HB_CLOSE_PROTOCOL_ERROR, as in libsoup. The reason is kept only with a
 * code that a client may send.
 *
 * @reason: (inout) (transfer full) (nullable): NULL afterwards if this function fails */
gboolean
hb_syntax_make_close (guint   *code,
                      char   **reason,
                      GError **error)
{
  g_autofree char *given = g_steal_pointer (reason);

  if (is_refused_by_libsoup (*code))
    {
      g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
                   _("A client cannot close with code %u: use 1000 to 1003, 1007 to 1010 "
                     "or 3000 to 4999"),
                   *code);
      return FALSE;
    }

  if (*code == 0)
    *code = HB_CLOSE_NONE;

  if (!is_close_code (*code))
    {
      *code = *code == HB_CLOSE_NONE ? HB_CLOSE_NONE : HB_CLOSE_PROTOCOL_ERROR;
      return TRUE;
    }

  if (given != NULL)
    {
      *reason = g_utf8_make_valid (given, -1);
      cut (*reason, MAX_REASON);
    }

  return TRUE;
}

/* RFC 6455, 5.6. A NUL is valid in a text message, but g_utf8_validate () refuses it. */
gboolean
hb_syntax_check_text (const char  *text,
                      gsize        length,
                      GError     **error)
{
  const char *end = text;

  if (length == 0 || hb_utf8_is_valid ((const guint8 *) text, length))
    return TRUE;

  while (!g_utf8_validate (end, length - (end - text), &end) && *end == '\0')
    end++;

  g_set_error (error, HB_ERROR, HB_ERROR_INVALID_ARGUMENT,
               _("The text is not valid UTF-8 at byte %zu: send it as binary"),
               (gsize) (end - text));
  return FALSE;
}
