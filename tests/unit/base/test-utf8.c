/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-utf8-private.h"
#include "test-rows.h"

/* The library checks UTF-8 as RFC 3629 defines it, at any position in a text. */

#define MAX_OFFSET 140

typedef struct
{
  const char *name;
  const char *bytes;
  gsize       length;
  gboolean    is_valid;
} Text;

#define TEXT(name, bytes, is_valid) { name, bytes, sizeof bytes - 1, is_valid }

static const Text texts[] = {
  TEXT ("empty", "", TRUE),
  TEXT ("ascii", "hello", TRUE),
  TEXT ("nul", "\0", TRUE),
  TEXT ("nuls", "\0\0\0\0\0\0\0\0\0", TRUE),
  TEXT ("last-ascii", "\x7f", TRUE),
  TEXT ("first-of-2", "\xc2\x80", TRUE),
  TEXT ("last-of-2", "\xdf\xbf", TRUE),
  TEXT ("first-of-3", "\xe0\xa0\x80", TRUE),
  TEXT ("before-surrogates", "\xed\x9f\xbf", TRUE),
  TEXT ("after-surrogates", "\xee\x80\x80", TRUE),
  TEXT ("not-a-character", "\xef\xbf\xbf", TRUE),
  TEXT ("first-of-4", "\xf0\x90\x80\x80", TRUE),
  TEXT ("last-of-4", "\xf4\x8f\xbf\xbf", TRUE),
  TEXT ("mixed", "\xc3\xa4" "a\xe2\x82\xac" "b\xf0\x9f\x98\x80", TRUE),
  TEXT ("nul-between", "\xc3\xa4\0\xe2\x82\xac\0\xf0\x9f\x98\x80", TRUE),
  TEXT ("nul-within", "\xc3\0\xa4", FALSE),
  TEXT ("nul-then-wrong", "\xc3\xa4\0\0\xff", FALSE),
  TEXT ("continuation", "\x80", FALSE),
  TEXT ("last-continuation", "\xbf", FALSE),
  TEXT ("overlong-2", "\xc0\x80", FALSE),
  TEXT ("overlong-2-last", "\xc1\xbf", FALSE),
  TEXT ("overlong-3", "\xe0\x9f\xbf", FALSE),
  TEXT ("overlong-4", "\xf0\x8f\xbf\xbf", FALSE),
  TEXT ("first-surrogate", "\xed\xa0\x80", FALSE),
  TEXT ("last-surrogate", "\xed\xbf\xbf", FALSE),
  TEXT ("beyond-the-last", "\xf4\x90\x80\x80", FALSE),
  TEXT ("five-bytes", "\xf8\x88\x80\x80\x80", FALSE),
  TEXT ("fe", "\xfe", FALSE),
  TEXT ("ff", "\xff", FALSE),
  TEXT ("cut-2", "\xc3", FALSE),
  TEXT ("cut-3", "\xe2\x82", FALSE),
  TEXT ("cut-4", "\xf0\x9f\x98", FALSE),
  TEXT ("second-is-ascii", "\xc3(", FALSE),
};

/* The library checks several bytes at a time, so the result could depend on the position of the
 * text. */
static void
test_table (gconstpointer data)
{
  const Text *text = data;
  gsize offset;

  g_test_summary ("Valid text is accepted and invalid text is refused at any position");

  for (offset = 0; offset < MAX_OFFSET; offset++)
    {
      gsize length = offset + text->length;
      g_autofree guint8 *bytes = g_malloc (length + 1);

      memset (bytes, 'x', length);
      memcpy (bytes + offset, text->bytes, text->length);
      g_assert_cmpint (hb_utf8_is_valid (bytes, length), ==, text->is_valid);

      memmove (bytes, bytes + offset, text->length);
      memset (bytes + text->length, 'x', offset);
      g_assert_cmpint (hb_utf8_is_valid (bytes, length), ==, text->is_valid);
    }
}

static void
test_nul_anywhere (void)
{
  guint8 bytes[MAX_OFFSET];
  gsize i;

  g_test_summary ("A NUL is a valid character at any position, but not a part of another "
                  "character");

  for (i = 0; i < sizeof bytes; i++)
    {
      memset (bytes, 'x', sizeof bytes);
      bytes[0] = 0xc3;
      bytes[1] = 0xa4;
      bytes[i] = '\0';
      g_assert_cmpint (hb_utf8_is_valid (bytes, sizeof bytes), ==, i > 1);
    }
}

/* Returns the length of the character in bytes, or 0 if it is invalid. */
static gsize
decode (const guint8 *data,
        gsize         length)
{
  static const guint32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  gsize size = data[0] < 0x80 ? 1
               : data[0] < 0xc0 ? 0
               : data[0] < 0xe0 ? 2
               : data[0] < 0xf0 ? 3 : 4;
  guint32 character = size == 1 ? data[0] : data[0] & (0xff >> (size + 1));
  gsize i;

  if (size == 0 || size > length || data[0] >= 0xf8)
    return 0;

  for (i = 1; i < size; i++)
    {
      if ((data[i] & 0xc0) != 0x80)
        return 0;

      character = character << 6 | (data[i] & 0x3f);
    }

  if (character < least[size] || character > 0x10ffff
      || (character >= 0xd800 && character < 0xe000))
    return 0;

  return size;
}

static gboolean
is_valid (const guint8 *data,
          gsize         length)
{
  while (length > 0)
    {
      gsize size = decode (data, length);

      if (size == 0)
        return FALSE;

      data += size;
      length -= size;
    }

  return TRUE;
}

/* Some characters may be surrogates, and the last one may be cut off. In half of the cases, a
 * random byte replaces one of the bytes, which usually makes the text invalid. */
static void
make_random (guint8 *bytes,
             gsize   length)
{
  gsize i = 0;

  while (i < length)
    {
      gunichar character = g_test_rand_int_range (0, g_test_rand_bit () ? 0x80 : 0x110000);
      char encoded[6];
      gsize size = g_unichar_to_utf8 (character, encoded);

      size = MIN (size, length - i);
      memcpy (bytes + i, encoded, size);
      i += size;
    }

  if (length > 0 && g_test_rand_bit ())
    bytes[g_test_rand_int_range (0, length)] = g_test_rand_int ();
}

static void
test_random (void)
{
  guint n_valid = 0;
  guint i;

  g_test_summary ("Random bytes are accepted if and only if a simple decoder accepts them");

  for (i = 0; i < 20000; i++)
    {
      gsize length = g_test_rand_int_range (0, 200);
      g_autofree guint8 *bytes = g_malloc (length);
      gboolean expected;

      make_random (bytes, length);
      expected = is_valid (bytes, length);
      n_valid += expected;
      g_assert_cmpint (hb_utf8_is_valid (bytes, length), ==, expected);
    }

  g_assert_cmpuint (n_valid, >, 1000);
  g_assert_cmpuint (n_valid, <, 19000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_rows_add ("/utf8/table/", texts, test_table);
  g_test_add_func ("/utf8/nul-anywhere", test_nul_anywhere);
  g_test_add_func ("/utf8/random", test_random);

  return g_test_run ();
}
