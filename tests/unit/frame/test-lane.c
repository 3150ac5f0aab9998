/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-lane-private.h"
#include "test-rows.h"

#define MAX_LENGTH 1000

/* The bytes of some frames, and a letter for each: F for a fast frame, P for a pong, and S for a
 * slow frame. The last letter may be O, for a slow frame after which all frames are slow, and have
 * no letter. */
typedef struct
{
  const char *name;
  const char *bytes;
  gsize       length;
  const char *kinds;
} Sequence;

#define TEN "1234567890"
#define SEQUENCE(name, bytes, kinds) { name, bytes, sizeof bytes - 1, kinds }

static const Sequence sequences[] = {
  SEQUENCE ("text", "\x81\x01x", "F"),
  SEQUENCE ("binary", "\x82\x01x", "F"),
  SEQUENCE ("empty", "\x81\x00", "F"),
  SEQUENCE ("many", "\x81\x01x\x82\x00\x81\x7d" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            "12345", "FFF"),
  SEQUENCE ("longest", "\x82\x7e\x03\xe8", "F"),
  SEQUENCE ("too-long", "\x82\x7e\x03\xe9", "O"),
  SEQUENCE ("much-too-long", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "O"),
  SEQUENCE ("longest-fragment", "\x02\x7e\x03\xe8", "S"),
  SEQUENCE ("too-long-fragment", "\x02\x7e\x03\xe9", "O"),
  SEQUENCE ("ping-between", "\x81\x01x\x89\x00\x81\x01x", "FSF"),
  SEQUENCE ("pong-between", "\x8a\x01x\x81\x01x", "PF"),
  SEQUENCE ("fragments", "\x01\x01x\x80\x01x\x81\x01x", "SSF"),
  SEQUENCE ("many-fragments", "\x02\x01x\x00\x00\x00\x01x\x80\x00\x82\x00", "SSSSF"),
  SEQUENCE ("ping-within-fragments", "\x01\x01x\x89\x00\x8a\x00\x80\x01x\x81\x01x", "SSPSF"),
  SEQUENCE ("longest-pong", "\x8a\x7d" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            "12345" "\x8a\x00", "PP"),
  SEQUENCE ("long-pong", "\x8a\x7e\x00\x7e" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            "123456" "\x81\x00", "SF"),
  SEQUENCE ("masked-pong", "\x8a\x80mask", "O"),
  SEQUENCE ("reserved-of-pong", "\xca\x00", "O"),
  SEQUENCE ("pong-in-fragments", "\x0a\x00", "O"),
  SEQUENCE ("not-minimal-pong", "\x8a\x7e\x00\x01x", "O"),
  SEQUENCE ("pong-after-close", "\x88\x00\x8a\x00", "O"),
  SEQUENCE ("text-within-fragments", "\x01\x01x\x81\x01x", "SO"),
  SEQUENCE ("fragment-within-fragments", "\x01\x01x\x01\x01x", "SO"),
  SEQUENCE ("continuation-of-nothing", "\x80\x01x", "O"),
  SEQUENCE ("continuation-after-fragments", "\x01\x00\x80\x00\x80\x00", "SSO"),
  SEQUENCE ("close", "\x81\x00\x88\x02\x03\xe8", "FO"),
  SEQUENCE ("close-within-fragments", "\x01\x00\x88\x00", "SO"),
  SEQUENCE ("ping-in-fragments", "\x09\x00", "O"),
  SEQUENCE ("close-in-fragments", "\x08\x00", "O"),
  SEQUENCE ("masked", "\x81\x81maskx", "O"),
  SEQUENCE ("reserved-1", "\xc1\x01x", "O"),
  SEQUENCE ("reserved-2", "\xa1\x01x", "O"),
  SEQUENCE ("reserved-3", "\x91\x01x", "O"),
  SEQUENCE ("reserved-of-ping", "\xc9\x00", "O"),
  SEQUENCE ("opcode-3", "\x83\x00", "O"),
  SEQUENCE ("opcode-7", "\x87\x00", "O"),
  SEQUENCE ("opcode-11", "\x8b\x00", "O"),
  SEQUENCE ("opcode-15", "\x8f\x00", "O"),
  SEQUENCE ("not-minimal", "\x81\x7e\x00\x01x", "O"),
  SEQUENCE ("not-minimal-at-all", "\x81\x7f\0\0\0\0\0\0\0\x01x", "O"),
  SEQUENCE ("long-ping", "\x89\x7e\x00\x7e" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            "123456" "\x81\x00", "SF"),
};

static void
test_sequence (gconstpointer data)
{
  const Sequence *sequence = data;
  HbLane lane = { .max_length = MAX_LENGTH };
  const guint8 *bytes = (const guint8 *) sequence->bytes;
  gsize length = sequence->length;
  const char *kind;

  g_test_summary ("A frame that is a whole message is fast, and a pong is recognized, unless the "
                  "header is invalid, the payload is too long or an earlier frame prevents this");

  for (kind = sequence->kinds; *kind != '\0'; kind++)
    {
      HbFrame frame;
      HbLaneKind found = hb_lane_sort (&lane, &frame, bytes, length);

      g_assert_cmpint (found, ==, *kind == 'F' ? HB_LANE_FAST
                                  : *kind == 'P' ? HB_LANE_PONG : HB_LANE_SLOW);
      if (found == HB_LANE_SLOW)
        hb_lane_on_slow (&lane, &frame);

      g_assert_cmpint (lane.is_over, ==, *kind == 'O');
      if (lane.is_over || frame.header_size + frame.length > length)
        break;

      bytes += frame.header_size + frame.length;
      length -= frame.header_size + frame.length;
    }

  if (lane.is_over)
    {
      HbFrame frame;

      g_assert_cmpint (hb_lane_sort (&lane, &frame, (const guint8 *) "\x81\x00", 2), ==,
                       HB_LANE_SLOW);
      g_assert_cmpint (hb_lane_sort (&lane, &frame, (const guint8 *) "\x8a\x00", 2), ==,
                       HB_LANE_SLOW);
    }
}

static void
test_incomplete (void)
{
  const guint8 header[] = { 0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0 };
  HbLane lane = { .max_length = G_MAXUINT64 };
  HbFrame frame;
  guint i;

  g_test_summary ("The kind of a frame is known as soon as its header is complete, or after two "
                  "bytes if the frame is masked");

  for (i = 0; i < sizeof header; i++)
    g_assert_cmpint (hb_lane_sort (&lane, &frame, header, i), ==, HB_LANE_UNKNOWN);

  g_assert_cmpint (hb_lane_sort (&lane, &frame, header, i), ==, HB_LANE_FAST);
  g_assert_cmpint (hb_lane_sort (&lane, &frame, (const guint8 *) "\x82\x85", 1), ==,
                   HB_LANE_UNKNOWN);
  g_assert_cmpint (hb_lane_sort (&lane, &frame, (const guint8 *) "\x82\x85", 2), ==,
                   HB_LANE_SLOW);
  hb_lane_on_slow (&lane, &frame);
  g_assert_true (lane.is_over);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  test_rows_add ("/lane/sequence/", sequences, test_sequence);
  g_test_add_func ("/lane/incomplete", test_incomplete);

  return g_test_run ();
}
