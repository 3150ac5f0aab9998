/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-mask-private.h"

/* The library masks a payload in pieces of 16 and 64 bytes, so MAX_LENGTH is more than two long
 * pieces, and MAX_SHIFT more than a short one. */
#define MAX_LENGTH 160
#define MAX_SHIFT  17

/* The value of bytes that the library must not write */
#define UNTOUCHED 0xa5

static guint32
get_mask (void)
{
  const guint8 bytes[] = { 0x37, 0xfa, 0x21, 0x3d };
  guint32 mask;

  memcpy (&mask, bytes, sizeof mask);

  return mask;
}

/* Masks the bytes one by one, as RFC 6455, 5.3, defines masking. */
static void
mask_simply (guint8       *to,
             const guint8 *from,
             gsize         length,
             guint32       mask,
             gsize         offset)
{
  guint8 bytes[4];
  gsize i;

  memcpy (bytes, &mask, sizeof bytes);
  for (i = 0; i < length; i++)
    to[i] = from[i] ^ bytes[(offset + i) % 4];
}

static void
test_hello (void)
{
  const guint8 masked[] = { 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
  guint8 buffer[5];

  g_test_summary ("The masked text is the one in the example in RFC 6455, 5.7");

  hb_mask_copy (buffer, (const guint8 *) "Hello", 5, get_mask (), 0);
  g_assert_cmpmem (buffer, 5, masked, 5);
}

static void
check (const guint8 *from,
       gsize         length,
       gsize         shift,
       gsize         offset)
{
  guint8 buffer[MAX_LENGTH + 2 * MAX_SHIFT];
  guint8 expected[MAX_LENGTH + 2 * MAX_SHIFT];

  memset (buffer, UNTOUCHED, sizeof buffer);
  memset (expected, UNTOUCHED, sizeof expected);
  hb_mask_copy (buffer + shift, from, length, get_mask (), offset);
  mask_simply (expected + shift, from, length, get_mask (), offset);
  g_assert_cmpmem (buffer, sizeof buffer, expected, sizeof expected);
}

static void
test_lengths (void)
{
  guint8 payload[MAX_LENGTH + MAX_SHIFT];
  gsize length, shift, offset;
  gsize i;

  g_test_summary ("For each length, alignment and offset, the masked bytes are as RFC 6455 "
                  "defines them, and no other byte is written");

  for (i = 0; i < sizeof payload; i++)
    payload[i] = g_test_rand_int ();

  for (length = 0; length <= MAX_LENGTH; length++)
    for (shift = 0; shift <= MAX_SHIFT; shift++)
      for (offset = 0; offset <= 8; offset++)
        {
          check (payload + shift, length, 0, offset);
          check (payload, length, shift, offset);
        }
}

static void
test_pieces (void)
{
  const gsize length = 100000;
  g_autofree guint8 *payload = g_malloc (length);
  g_autofree guint8 *masked = g_malloc (length);
  g_autofree guint8 *expected = g_malloc (length);
  gsize at = 0;
  gsize i;

  g_test_summary ("Masking a payload in pieces of random sizes gives the bytes that RFC 6455 "
                  "defines");

  for (i = 0; i < length; i++)
    payload[i] = g_test_rand_int ();

  mask_simply (expected, payload, length, get_mask (), 0);

  while (at < length)
    {
      gsize n = g_test_rand_int_range (0, 5000);

      n = MIN (n, length - at);
      hb_mask_copy (masked + at, payload + at, n, get_mask (), at);
      at += n;
    }

  g_assert_cmpmem (masked, length, expected, length);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/frame/mask/hello", test_hello);
  g_test_add_func ("/frame/mask/lengths", test_lengths);
  g_test_add_func ("/frame/mask/pieces", test_pieces);

  return g_test_run ();
}
