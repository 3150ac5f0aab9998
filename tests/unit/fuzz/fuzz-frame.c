/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fuzz.h"
#include "hb-lane-private.h"
#include "hb-mask-private.h"
#include "hb-utf8-private.h"

/* The library must find the kinds of frames, check UTF-8 and mask bytes with the same results as
 * simple implementations, or as GLib. */

#define MAX_LENGTH 300

/* The effect of earlier frames on the expected kind of a frame. That kind follows from RFC 6455 and
 * MAX_LENGTH, and not from the code under test. The only exception is the limit on the length of a
 * control frame: see is_wrong () in hb-lane.c. */
typedef struct
{
  gboolean is_fragmented;
  gboolean is_over;
} Model;

static HbLaneKind
get_kind (const Model   *model,
          const HbFrame *frame)
{
  if (model->is_over || frame->is_masked || !frame->is_minimal || frame->length > MAX_LENGTH)
    return HB_LANE_SLOW;

  if (frame->first == 0x8a && frame->length <= 125)
    return HB_LANE_PONG;

  return !model->is_fragmented && (frame->first == 0x81 || frame->first == 0x82) ? HB_LANE_FAST
                                                                                 : HB_LANE_SLOW;
}

static void
follow (Model        *model,
        const guint8 *data)
{
  switch (data[0])
    {
    case 0x01:
    case 0x02:
      model->is_over |= model->is_fragmented;
      model->is_fragmented = TRUE;
      break;
    case 0x81:
    case 0x82:
      model->is_over |= model->is_fragmented;
      break;
    case 0x00:
      model->is_over |= !model->is_fragmented;
      break;
    case 0x80:
      model->is_over |= !model->is_fragmented;
      model->is_fragmented = FALSE;
      break;
    case 0x89:
    case 0x8a:
      break;
    default:
      model->is_over = TRUE;
    }
}

static void
sort (const guint8 *data,
      gsize         length)
{
  HbLane lane = { .max_length = MAX_LENGTH };
  Model model = { 0 };
  HbFrame frame;

  while (hb_frame_parse (&frame, data, length) > 0)
    {
      HbLaneKind kind = hb_lane_sort (&lane, &frame, data, length);
      gsize i;

      g_assert_cmpint (kind, ==, get_kind (&model, &frame));
      for (i = 0; i < frame.header_size; i++)
        {
          HbFrame cut;

          g_assert_cmpint (hb_lane_sort (&lane, &cut, data, i), ==,
                           i >= 2 && frame.is_masked ? HB_LANE_SLOW : HB_LANE_UNKNOWN);
        }

      if (kind == HB_LANE_SLOW)
        hb_lane_on_slow (&lane, &frame);

      follow (&model, data);
      model.is_over |= frame.is_masked || !frame.is_minimal || frame.length > MAX_LENGTH;
      g_assert_cmpint (lane.is_over, ==, model.is_over);
      if (frame.length > length - frame.header_size)
        break;

      data += frame.header_size + frame.length;
      length -= frame.header_size + frame.length;
    }
}

/* GLib rejects NULs, which are valid in a message, so GLib checks a copy with another character in
 * place of each. */
static void
validate (const guint8 *data,
          gsize         length)
{
  g_autofree guint8 *copy = g_malloc (length + 1);
  gsize i;

  for (i = 0; i < length; i++)
    copy[i] = data[i] == '\0' ? 'x' : data[i];

  g_assert_cmpint (hb_utf8_is_valid (data, length), ==,
                   g_utf8_validate_len ((const char *) copy, length, NULL));
}

static void
mask (const guint8 *data,
      gsize         length)
{
  g_autofree guint8 *masked = g_malloc (length);
  guint8 key[4] = { data[0], data[length / 2], data[length - 1], 0x5a };
  gsize offset = data[0];
  guint32 word;
  gsize i;

  memcpy (&word, key, sizeof word);
  hb_mask_copy (masked, data, length, word, offset);
  for (i = 0; i < length; i++)
    g_assert_cmphex (masked[i], ==, data[i] ^ key[(offset + i) % 4]);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         length)
{
  /* AddressSanitizer detects a read beyond the last byte of the copy. */
  g_autofree guint8 *copy = g_memdup2 (data, length);

  if (length == 0)
    return 0;

  sort (copy, length);
  validate (copy, length);
  mask (copy, length);

  return 0;
}
