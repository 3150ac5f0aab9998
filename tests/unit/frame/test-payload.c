/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-frame-private.h"
#include "hb-payload-private.h"

#define KIB 1024

/* Appends up to @max_bytes bytes. Byte n of the payload is n modulo 256. Returns how many of the
 * bytes are beyond the end of the payload. */
static gsize
append (HbPayload *payload,
        gsize      max_bytes)
{
  gsize room;
  guint8 *memory = hb_payload_reserve (payload, &room);
  gsize n = MIN (room, max_bytes);
  gsize i;

  g_assert_cmpuint (room, >, 0);
  for (i = 0; i < n; i++)
    memory[i] = payload->received + i;

  return hb_payload_append (payload, n);
}

static void
assert_bytes (const guint8 *data,
              gsize         begin,
              gsize         end)
{
  gsize i;

  for (i = begin; i < end; i++)
    g_assert_cmphex (data[i], ==, (guint8) i);
}

/* The last piece may extend beyond the payload, into the next frame. */
static void
test_pieces (void)
{
  static const gsize sizes[] = { 1, 13, 125, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300 * KIB };
  static const gsize pieces[] = { 1, 999, 64 * KIB, G_MAXSIZE };
  guint i;
  guint j;

  g_test_summary ("A payload consists of the bytes that arrived, and a NUL byte follows it");

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (j = 0; j < G_N_ELEMENTS (pieces); j++)
      {
        g_autoptr (GBytes) bytes = NULL;
        const guint8 *data;
        HbPayload payload;
        gsize n_behind = 0;
        gsize length;

        hb_payload_begin (&payload, sizes[i]);
        while (!hb_payload_is_complete (&payload))
          n_behind = append (&payload, pieces[j]);

        g_assert_cmpuint (n_behind, <=, HB_FRAME_MAX_HEADER);
        if (pieces[j] == G_MAXSIZE)
          g_assert_cmpuint (n_behind, ==, HB_FRAME_MAX_HEADER);
        assert_bytes (payload.data, sizes[i], sizes[i] + n_behind);

        bytes = hb_payload_finish (&payload);
        g_assert_null (payload.data);
        data = g_bytes_get_data (bytes, &length);
        g_assert_cmpuint (length, ==, sizes[i]);
        assert_bytes (data, 0, length);
        g_assert_cmphex (data[length], ==, '\0');
      }
}

static void
test_growth (void)
{
  HbPayload payload;
  gsize i;

  g_test_summary ("Little memory is allocated in advance for a long payload, and few reads are "
                  "necessary");

  hb_payload_begin (&payload, 16 * KIB * KIB);
  g_assert_cmpuint (payload.capacity, <=, 65 * KIB);

  for (i = 1; !hb_payload_is_complete (&payload); i++)
    {
      append (&payload, G_MAXSIZE);
      g_assert_cmpuint (payload.capacity, <=, MAX (4 * payload.received, 65 * KIB));
    }

  g_assert_cmpuint (i, <=, 6);
  hb_payload_clear (&payload);
  g_assert_null (payload.data);
}

static void
test_copy (void)
{
  gsize size;

  g_test_summary ("A NUL byte follows a payload that arrived in one piece, even an empty one");

  for (size = 0; size < 100; size++)
    {
      g_autofree char *text = g_strnfill (size, 'x');
      g_autoptr (GBytes) bytes = hb_payload_copy (text, size);

      g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
      g_assert_cmpstr (g_bytes_get_data (bytes, NULL), ==, text);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/payload/pieces", test_pieces);
  g_test_add_func ("/payload/growth", test_growth);
  g_test_add_func ("/payload/copy", test_copy);

  return g_test_run ();
}
