/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-utf8-private.h"

/* The highest bit of each byte, which is not set in ASCII */
#define NOT_ASCII G_GUINT64_CONSTANT (0x8080808080808080)

static gboolean
is_ascii (const guint8 *data,
          gsize         n_words)
{
  guint64 all = 0;
  gsize i;

  for (i = 0; i < n_words; i++)
    {
      guint64 word;

      memcpy (&word, data + i * sizeof word, sizeof word);
      all |= word;
    }

  return (all & NOT_ASCII) == 0;
}

/* The compiler turns a test of several words into vector instructions. The last words tested may
 * overlap those before them, because a test of single bytes would be slower. */
static gsize
count_ascii (const guint8 *data,
             gsize         length)
{
  gsize i = 0;

  while (length - i >= 64 && is_ascii (data + i, 8))
    i += 64;

  if (length >= 64 && length - i < 64 && is_ascii (data + length - 64, 8))
    return length;

  while (length - i >= 16 && is_ascii (data + i, 2))
    i += 16;

  if (length >= 16 && length - i < 16 && is_ascii (data + length - 16, 2))
    return length;

  while (i < length && data[i] < 0x80)
    i++;

  return i;
}

/* RFC 3629. g_utf8_validate_len () stops at a NUL, which is valid in a message, so the check
 * continues there. */
gboolean
hb_utf8_is_valid (const guint8 *data,
                  gsize         length)
{
  /* If @length is 0, @data may be NULL. C does not define an addition to NULL. */
  while (length > 0)
    {
      gsize n_ascii = count_ascii (data, length);
      const char *at;

      data += n_ascii;
      length -= n_ascii;
      if (length == 0 || g_utf8_validate_len ((const char *) data, length, &at))
        return TRUE;

      if (*at != '\0')
        return FALSE;

      length -= at - (const char *) data;
      data = (const guint8 *) at;
    }

  return TRUE;
}
