/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-framer-private.h"
#include "test-rows.h"

#define TEXT 0x1

/* A message, and its frames as words such as "81:100": the first byte of a frame, in hexadecimal,
 * and the length of its payload. All lengths are in bytes. */
typedef struct
{
  const char *name;
  gsize       length;
  gsize       fragment_size;
  const char *frames;
} Case;

static const Case cases[] = {
  { "empty", 0, 100, "81:0" },
  { "whole", 100, 100, "81:100" },
  { "two", 101, 100, "01:100 80:1" },
  { "three", 300, 100, "01:100 00:100 80:100" },
  { "bytes", 3, 1, "01:1 00:1 80:1" },
  { "lengths-16", 260, 130, "01:130 80:130" },
  { "lengths-mixed", 200, 130, "01:130 80:70" },
  { "lengths-64", 70001, 70000, "01:70000 80:1" },
  { "unlimited", 100000, G_MAXSIZE, "81:100000" },
};

/* Writes the payloads in pieces of random sizes. Returns the bytes of all frames. */
static GByteArray *
write_message (const guint8 *payload,
               const Case   *item)
{
  GByteArray *all = g_byte_array_new ();
  HbFramer framer;
  guint8 buffer[HB_FRAME_MAX_HEADER + 5000];

  hb_framer_init (&framer, TEXT, payload, item->length, item->fragment_size);
  g_assert_false (framer.is_begun);

  while (!hb_framer_is_done (&framer))
    {
      gsize n;

      if (hb_framer_is_between_frames (&framer))
        n = hb_framer_write_header (&framer, buffer, g_test_rand_int ());
      else
        n = hb_framer_write_payload (&framer, buffer, g_test_rand_int_range (0, 5000));

      g_assert_true (framer.is_begun);
      g_byte_array_append (all, buffer, n);
    }

  return all;
}

/* Returns a word for each frame in @all, and appends the unmasked payloads to @payload. */
static char *
read_message (const GByteArray *all,
              GByteArray       *payload)
{
  g_autoptr (GString) words = g_string_new (NULL);
  gsize at = 0;

  while (at < all->len)
    {
      const guint8 *mask;
      HbFrame frame;
      guint n = hb_frame_parse (&frame, all->data + at, all->len - at);
      gsize i;

      g_assert_cmpuint (n, >, 0);
      at += n;
      g_assert_true (frame.is_masked);
      g_assert_true (frame.is_minimal);
      mask = all->data + at - 4;
      g_string_append_printf (words, "%s%02x:%" G_GUINT64_FORMAT, words->len > 0 ? " " : "",
                              frame.first, frame.length);

      for (i = 0; i < frame.length; i++)
        {
          guint8 byte = all->data[at + i] ^ mask[i % 4];

          g_byte_array_append (payload, &byte, 1);
        }

      at += frame.length;
    }

  return g_string_free (g_steal_pointer (&words), FALSE);
}

static void
test_frames (gconstpointer data)
{
  const Case *item = data;
  g_autofree guint8 *payload = g_malloc (item->length + 1);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GByteArray) all = NULL;
  g_autofree char *frames = NULL;
  gsize i;

  g_test_summary ("A message is split into masked frames. Their payloads have the configured size, "
                  "except that of the last frame, which may be shorter. Only the last frame has "
                  "the FIN bit.");

  for (i = 0; i < item->length; i++)
    payload[i] = g_test_rand_int ();

  all = write_message (payload, item);
  frames = read_message (all, received);
  g_assert_cmpstr (frames, ==, item->frames);
  g_assert_cmpmem (received->data, received->len, payload, item->length);
  g_assert_cmpuint (all->len, ==, hb_framer_get_size (item->length, item->fragment_size));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_rows_add ("/frame/framer/", cases, test_frames);

  return g_test_run ();
}
