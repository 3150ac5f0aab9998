/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-cat-headers.h"
#include "hb-cat-i18n.h"
#include "hb-cat-values.h"

#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

/* Returns the length of the token (RFC 9110, 5.6.2) at the start of the string. */
static gsize
measure_token (const char *string)
{
  const char *c = string;

  while (*c != '\0' && (g_ascii_isalnum (*c) || strchr (TOKEN_MARKS, *c) != NULL))
    c++;

  return c - string;
}

static gboolean
is_header_value (const char *string)
{
  const char *c;

  for (c = string; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c) && *c != '\t')
        return FALSE;
    }

  return TRUE;
}

static gboolean
add_header (SoupMessageHeaders  *headers,
            const char          *header,
            GError             **error)
{
  const char *colon = strchr (header, ':');
  gsize length = measure_token (header);
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;

  if (colon == NULL)
    return cat_fail (error, _("--header takes “Name: value”, but one of the headers has no colon"));

  name = g_strndup (header, length);
  value = g_strdup (colon + 1);

  /* For a header “Authorization Bearer secret:”, the error shows only the first word, which is not
   * secret. */
  if (length == 0 || header + length != colon)
    return cat_fail (error, _("--header takes a name of letters, digits and %s, but “%s” is "
                              "followed by another character"), TOKEN_MARKS, name);

  /* This check must precede g_strstrip (), which would remove a newline without an error. */
  if (!is_header_value (value))
    return cat_fail (error, _("The value of the header “%s” contains a newline or another "
                              "control character"), name);

  if (g_ascii_strncasecmp (name, "Sec-WebSocket-", strlen ("Sec-WebSocket-")) == 0
      || g_ascii_strcasecmp (name, "Connection") == 0
      || g_ascii_strcasecmp (name, "Upgrade") == 0)
    return cat_fail (error, _("The header “%s” belongs to the WebSocket handshake itself (to "
                              "offer a subprotocol, use --protocol)"), name);

  soup_message_headers_append (headers, name, g_strstrip (value));
  return TRUE;
}

static gboolean
add_file (SoupMessageHeaders  *headers,
          const char          *path,
          GError             **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize size;
  guint i;

  if (!g_file_get_contents (path, &text, &size, error))
    return FALSE;

  /* A NUL would end the text, and the headers after it would not be sent. Its replacement makes
   * add_header () fail. */
  for (i = 0; i < size; i++)
    {
      if (text[i] == '\0')
        text[i] = '\1';
    }

  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      if (*g_strchomp (lines[i]) == '\0')
        continue;

      if (!add_header (headers, lines[i], error))
        {
          g_prefix_error (error, _("%s, line %u: "), path, i + 1);
          return FALSE;
        }
    }

  return TRUE;
}

/* @argument: a header, or @ followed by the name of a file that has one header per line */
gboolean
cat_headers_add (SoupMessageHeaders  *headers,
                 const char          *argument,
                 GError             **error)
{
  if (argument[0] == '@')
    return add_file (headers, argument + 1, error);

  return add_header (headers, argument, error);
}

/* @user: NAME:PASSWORD, for Basic authentication */
gboolean
cat_headers_add_user (SoupMessageHeaders  *headers,
                      const char          *user,
                      GError             **error)
{
  g_autofree char *encoded = NULL;
  g_autofree char *value = NULL;

  if (strchr (user, ':') == NULL)
    return cat_fail (error, _("--user takes NAME:PASSWORD, with a colon between them"));

  encoded = g_base64_encode ((const guchar *) user, strlen (user));
  value = g_strconcat ("Basic ", encoded, NULL);
  soup_message_headers_append (headers, "Authorization", value);

  return TRUE;
}
