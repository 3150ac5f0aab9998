/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "test-rows.h"

typedef struct
{
  const char *name;
  guint8      bytes[16];
  guint       n_bytes;     /* the size of the header, in bytes */
  guint64     length;      /* of the payload, in bytes */
  gboolean    is_masked;
  gboolean    is_minimal;
} Header;

static const Header headers[] = {
  { "hello", { 0x81, 0x05 }, 2, 5, FALSE, TRUE },
  { "hello-masked", { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d }, 6, 5, TRUE, TRUE },
  { "first-fragment", { 0x01, 0x03 }, 2, 3, FALSE, TRUE },
  { "last-fragment", { 0x80, 0x02 }, 2, 2, FALSE, TRUE },
  { "ping", { 0x89, 0x05 }, 2, 5, FALSE, TRUE },
  { "256-bytes", { 0x82, 0x7e, 0x01, 0x00 }, 4, 256, FALSE, TRUE },
  { "64-kib", { 0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0 }, 10, 65536, FALSE, TRUE },
  { "empty", { 0x82, 0x00 }, 2, 0, FALSE, TRUE },
  { "longest-of-2", { 0x82, 0x7d }, 2, 125, FALSE, TRUE },
  { "shortest-of-4", { 0x82, 0x7e, 0, 126 }, 4, 126, FALSE, TRUE },
  { "longest-of-4", { 0x82, 0x7e, 0xff, 0xff }, 4, 65535, FALSE, TRUE },
  { "longest", { 0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4 },
    14, G_MAXINT64, TRUE, TRUE },
  { "not-minimal-of-4", { 0x82, 0x7e, 0, 125 }, 4, 125, FALSE, FALSE },
  { "not-minimal-of-10", { 0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 10, 65535, FALSE, FALSE },
};

static void
test_parse (gconstpointer data)
{
  const Header *header = data;
  HbFrame frame;
  guint i;

  g_test_summary ("The header of a frame is parsed as soon as all of the header has arrived");

  for (i = 0; i < header->n_bytes; i++)
    g_assert_cmpuint (hb_frame_parse (&frame, header->bytes, i), ==, 0);

  for (i = header->n_bytes; i <= sizeof header->bytes; i++)
    {
      g_assert_cmpuint (hb_frame_parse (&frame, header->bytes, i), ==, header->n_bytes);
      g_assert_cmpuint (frame.header_size, ==, header->n_bytes);
      g_assert_cmphex (frame.first, ==, header->bytes[0]);
      g_assert_cmpuint (frame.length, ==, header->length);
      g_assert_cmpint (frame.is_masked, ==, header->is_masked);
      g_assert_cmpint (frame.is_minimal, ==, header->is_minimal);
    }
}

static void
test_write (void)
{
  static const guint64 lengths[] = { 0, 5, 125, 126, 127, 65535, 65536, G_MAXINT64 };
  guint8 mask_bytes[] = { 0x37, 0xfa, 0x21, 0x3d };
  guint32 mask;
  guint i;

  g_test_summary ("Parsing a written header gives the values that were written, and the header "
                  "ends with the mask");

  memcpy (&mask, mask_bytes, sizeof mask);

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      guint8 buffer[HB_FRAME_MAX_HEADER];
      guint size = hb_frame_write_header (buffer, HB_FRAME_FIN | 1, lengths[i], mask);
      HbFrame frame;

      g_assert_cmpuint (size, ==, hb_frame_get_header_size (lengths[i]));
      g_assert_cmpuint (hb_frame_parse (&frame, buffer, size), ==, size);
      g_assert_cmphex (frame.first, ==, HB_FRAME_FIN | 1);
      g_assert_cmpuint (frame.length, ==, lengths[i]);
      g_assert_true (frame.is_masked);
      g_assert_true (frame.is_minimal);
      g_assert_cmpmem (buffer + size - 4, 4, mask_bytes, 4);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_rows_add ("/frame/parse/", headers, test_parse);
  g_test_add_func ("/frame/write", test_write);

  return g_test_run ();
}
