/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <inttypes.h>

#include "hb-cat-i18n.h"
#include "hb-cat-values.h"

gboolean
cat_fail (GError     **error,
          const char  *format,
          ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

gboolean
cat_parse_unsigned (const char  *option_name,
                    const char  *text,
                    guint64      min,
                    guint64      max,
                    guint64     *number,
                    GError     **error)
{
  if (g_ascii_string_to_unsigned (text, 10, min, max, number, NULL))
    return TRUE;

  return cat_fail (error, _("%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not “%s”"),
                   option_name, min, max, text);
}

/* Each option that takes a signed number accepts -1, and no other negative number. */
gboolean
cat_parse_signed (const char  *option_name,
                  const char  *text,
                  gint64      *number,
                  GError     **error)
{
  if (g_ascii_string_to_signed (text, 10, -1, G_MAXINT, number, NULL))
    return TRUE;

  return cat_fail (error, _("%s takes a whole number from -1 to %d, not “%s”"),
                   option_name, G_MAXINT, text);
}

static gboolean
parse_share (const char  *option_name,
             const char  *text,
             double      *number,
             GError     **error)
{
  char *end;

  *number = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && *number >= 0 && *number <= 1)
    return TRUE;

  return cat_fail (error, _("%s takes a number from 0 to 1, not “%s”"), option_name, text);
}

static gboolean
parse_enum (const char  *option_name,
            const char  *text,
            GValue      *value,
            GError     **error)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (G_VALUE_TYPE (value));
  GEnumClass *enum_class = G_ENUM_CLASS (klass);
  GEnumValue *found = g_enum_get_value_by_nick (enum_class, text);
  g_autoptr (GString) choice = NULL;
  guint i;

  if (found != NULL)
    {
      g_value_set_enum (value, found->value);
      return TRUE;
    }

  /* The list has the same form as in the output of --help. If the list had quotation marks and
   * commas instead, a translation could not change them. */
  choice = g_string_new (NULL);
  for (i = 0; i < enum_class->n_values; i++)
    g_string_append_printf (choice, "%s%s", i > 0 ? "|" : "", enum_class->values[i].value_nick);

  return cat_fail (error, _("%s takes one of %s, not “%s”"), option_name, choice->str, text);
}

/* Text in a WebSocket is UTF-8 in every locale, so text in another encoding is an error. */
static gboolean
parse_text (const char  *option_name,
            const char  *text,
            GError     **error)
{
  return g_utf8_validate (text, -1, NULL)
         || cat_fail (error, _("%s takes text in UTF-8"), option_name);
}

gboolean
cat_parse_value (const char  *option_name,
                 const char  *text,
                 GValue      *value,
                 GError     **error)
{
  guint64 size = 0;
  gint64 number = 0;
  double share = 0;
  gboolean parsed = TRUE;

  if (G_VALUE_HOLDS_STRING (value))
    {
      parsed = parse_text (option_name, text, error);
      g_value_set_string (value, text);
    }
  else if (G_VALUE_HOLDS_ENUM (value))
    parsed = parse_enum (option_name, text, value, error);
  else if (G_VALUE_HOLDS_UINT (value))
    {
      parsed = cat_parse_unsigned (option_name, text, 0, G_MAXUINT, &size, error);
      g_value_set_uint (value, size);
    }
  else if (G_VALUE_HOLDS_UINT64 (value))
    {
      parsed = cat_parse_unsigned (option_name, text, 0, G_MAXUINT64, &size, error);
      g_value_set_uint64 (value, size);
    }
  else if (G_VALUE_HOLDS_INT (value))
    {
      parsed = cat_parse_signed (option_name, text, &number, error);
      g_value_set_int (value, number);
    }
  else if (G_VALUE_HOLDS_DOUBLE (value))
    {
      parsed = parse_share (option_name, text, &share, error);
      g_value_set_double (value, share);
    }
  else
    g_assert_not_reached ();

  return parsed;
}
