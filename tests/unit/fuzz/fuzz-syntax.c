/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "hb-error.h"
#include "hb-syntax-private.h"

/* The first byte of the input selects a check, and the rest is the value to check. */

static void
assert_explained (gboolean      is_good,
                  const GError *error)
{
  g_assert_true (is_good == (error == NULL));

  if (error != NULL)
    {
      g_assert_true (error->domain == HB_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

/* GLib rejects NULs, which are valid in a message, so GLib checks a copy with a space in place of
 * each. */
static gboolean
is_text (const char *text,
         gsize       length)
{
  g_autofree char *copy = g_memdup2 (text, length);
  gsize i;

  for (i = 0; i < length; i++)
    copy[i] = copy[i] != '\0' ? copy[i] : ' ';

  return g_utf8_validate (copy, length, NULL);
}

static void
check_text (const char *text,
            gsize       length)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = hb_syntax_check_text (text, length, &error);

  assert_explained (is_good, error);
  g_assert_true (is_good == (length == 0 || is_text (text, length)));
}

static void
check_uri (const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = hb_syntax_check_uri (text, &error);

  assert_explained (is_good, error);
  if (is_good)
    g_assert_true (g_ascii_strncasecmp (text, "ws", 2) == 0 && strchr (text, '#') == NULL);
}

static void
check_close (const char *text)
{
  g_autofree char *reason = NULL;
  g_autoptr (GError) error = NULL;
  guint code = 0;
  gboolean is_good;

  /* The number at the beginning of the text is the code. Too many digits would make the code
   * overflow, so digits after a code of 10000 or more belong to the reason. */
  while (g_ascii_isdigit (*text) && code < 10000)
    code = code * 10 + (*text++ - '0');

  reason = g_strdup (text);
  is_good = hb_syntax_make_close (&code, &reason, &error);
  assert_explained (is_good, error);
  if (is_good)
    g_assert_true (code >= 1000 && code < 5000);
  if (reason != NULL)
    g_assert_true (strlen (reason) <= 123 && g_utf8_validate (reason, -1, NULL));
}

static void
check_protocols (const char *text)
{
  g_auto (GStrv) protocols = g_strsplit (text, "\n", -1);
  g_autoptr (GError) error = NULL;
  gboolean is_good = hb_syntax_check_protocols ((const char * const *) protocols, &error);

  assert_explained (is_good, error);
}

static void
check_origin (const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = hb_syntax_check_origin (text, &error);

  assert_explained (is_good, error);
  if (is_good)
    g_assert_null (strpbrk (text, "\r\n"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         length)
{
  g_autofree char *text = NULL;

  if (length == 0)
    return 0;

  text = g_strndup ((const char *) data + 1, length - 1);

  switch (data[0] % 5)
    {
    case 0:
      check_text ((const char *) data + 1, length - 1);
      break;
    case 1:
      check_uri (text);
      break;
    case 2:
      check_close (text);
      break;
    case 3:
      check_protocols (text);
      break;
    default:
      check_origin (text);
      break;
    }

  return 0;
}
