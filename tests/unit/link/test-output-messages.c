/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-private.h"
#include "hb-frame-private.h"
#include "output-fixture.h"
#include "test-rows.h"

/* libsoup's frames have no mask here, which distinguishes them from the output's frames. */

#define PONG  0x8a
#define CLOSE 0x88
#define TEXT  0x81

static GBytes *
make_payload (gsize length)
{
  guint8 *bytes = g_malloc (MAX (length, 1));
  gsize i;

  for (i = 0; i < length; i++)
    bytes[i] = g_test_rand_int ();

  return g_bytes_new_take (bytes, length);
}

static GByteArray *
make_frame (guint8 first)
{
  const guint8 bytes[] = { first, 2, 'h', 'i' };
  GByteArray *frame = g_byte_array_new ();

  g_byte_array_append (frame, bytes, sizeof bytes);

  return frame;
}

/* The frames that the scripted stream has accepted completely */
typedef struct
{
  GString    *words;     /* the first byte and the length of each frame */
  GByteArray *payload;   /* the payload of the output's messages */
  guint32     mask;      /* the mask of the output's last frame */
  gsize       at;        /* the number of parsed bytes */
  guint       n_done;    /* the number of complete messages of the output */
  gsize       longest;   /* the longest payload of the output's frames */
  gboolean    is_within; /* a message of the output is incomplete */
} Frames;

static void
frames_clear (Frames *self)
{
  g_string_free (self->words, TRUE);
  g_byte_array_unref (self->payload);
}

static void
read_payload (Frames        *self,
              const HbFrame *frame,
              const guint8  *data)
{
  gsize length = frame->length;
  guint32 mask;
  gsize i;

  memcpy (&mask, data - 4, sizeof mask);
  g_assert_cmphex (mask, !=, self->mask);
  self->mask = mask;
  g_assert_cmpint (self->is_within, ==, (frame->first & HB_FRAME_OPCODE) == 0);
  self->is_within = (frame->first & HB_FRAME_FIN) == 0;
  self->n_done += !self->is_within;
  self->longest = MAX (self->longest, length);

  for (i = 0; i < length; i++)
    {
      guint8 byte = data[i] ^ (data - 4)[i % 4];

      g_byte_array_append (self->payload, &byte, 1);
    }
}

/* Reads the frames that have become complete since the last call. */
static void
read_frames (Frames     *self,
             GByteArray *taken)
{
  HbFrame frame;

  while (self->at < taken->len
         && hb_frame_parse (&frame, taken->data + self->at, taken->len - self->at) != 0
         && frame.header_size + frame.length <= taken->len - self->at)
    {
      const guint8 *data = taken->data + self->at + frame.header_size;

      g_assert_true (frame.is_minimal);
      if (frame.is_masked)
        read_payload (self, &frame, data);
      else if ((frame.first & HB_FRAME_CONTROL) == 0)
        g_assert_false (self->is_within);

      g_string_append_printf (self->words, "%s%02x:%" G_GUINT64_FORMAT,
                              self->words->len > 0 ? " " : "", frame.first, frame.length);
      self->at += frame.header_size + frame.length;
    }
}

static void
frames_init (Frames *self)
{
  *self = (Frames) {
    .words = g_string_new (NULL),
    .payload = g_byte_array_new (),
  };
}

static void
assert_frames (Fixture    *fixture,
               const char *words,
               GBytes     *payload)
{
  GByteArray *taken = scripted_output_get_taken (fixture->base);
  Frames frames;

  frames_init (&frames);
  read_frames (&frames, taken);
  g_assert_cmpstr (frames.words->str, ==, words);
  g_assert_cmpuint (frames.at, ==, taken->len);
  if (payload != NULL)
    g_assert_cmpmem (frames.payload->data, frames.payload->len,
                     g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  frames_clear (&frames);
}

static void
test_short (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GBytes) one = make_payload (125);
  g_autoptr (GBytes) empty = make_payload (0);
  HbSpan span;

  g_test_summary ("Short messages are gathered like libsoup's frames, and each message is one "
                  "frame");

  turn ();
  span = send_message (fixture, HB_OPCODE_TEXT, one);
  g_assert_cmpuint (span.begin, ==, 0);
  g_assert_cmpuint (span.end, ==, 131);
  g_assert_cmpuint (span.written, ==, 131);

  span = send_message (fixture, HB_OPCODE_BINARY, empty);
  g_assert_cmpuint (span.begin, ==, 131);
  g_assert_cmpuint (span.end, ==, 137);
  g_assert_cmpuint (span.written, ==, 131);
  g_assert_true (hb_output_is_writable (fixture->output));
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, 1);

  turn ();
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, 2);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 1);
  assert_frames (fixture, "81:125 82:0", one);
}

static void
test_long (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GBytes) payload = make_payload (4 * HB_BLOCK_SIZE);
  HbSpan span;

  g_test_summary ("A long message is written within the call that sends it, in blocks of which "
                  "only the last is not full");

  turn ();
  span = send_message (fixture, HB_OPCODE_BINARY, payload);
  g_assert_cmpuint (span.end, ==, 4 * HB_BLOCK_SIZE + 14);
  g_assert_cmpuint (span.written, ==, span.end);
  g_assert_true (hb_output_is_writable (fixture->output));
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, 5);
  g_assert_cmpuint (scripted_output_get_taken (fixture->base)->len, ==, span.end);
}

static void
test_one_write (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GBytes) payload = make_payload (64 * 1024);

  g_test_summary ("A message of 64 KiB in frames of at most 32 KiB is sent in one write");

  hb_output_set_fragment_size (fixture->output, 32 * 1024 - 8);
  turn ();
  send_message (fixture, HB_OPCODE_BINARY, payload);
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, 1);
  assert_frames (fixture, "02:32760 00:32760 80:16", payload);
}

/* The frames that libsoup writes while the kernel has accepted only a part of a message, and the
 * resulting order */
typedef struct
{
  const char *name;
  const char *frames;
  gsize       fragment_size;
  guint8      first[3];
} Interposed;

#define TWO_FRAMES "02:60000 00:60000 "

static const Interposed interposed[] = {
  { "nothing", TWO_FRAMES "80:30000", 60000, { 0 } },
  { "control", TWO_FRAMES "8a:2 80:30000", 60000, { PONG } },
  { "controls", TWO_FRAMES "8a:2 8a:2 80:30000", 60000, { PONG, PONG } },
  { "control-in-whole", "82:150000 8a:2", G_MAXSIZE, { PONG } },
  { "data", TWO_FRAMES "80:30000 81:2", 60000, { TEXT } },
  { "control-and-data", TWO_FRAMES "8a:2 80:30000 81:2", 60000, { PONG, TEXT } },
  { "data-and-control", TWO_FRAMES "80:30000 81:2 8a:2", 60000, { TEXT, PONG } },
};

static void
test_interposed (Fixture       *fixture,
                 gconstpointer  data)
{
  const Interposed *item = data;
  g_autoptr (GBytes) payload = make_payload (150000);
  SoupQueue queue = { .fixture = fixture };
  HbSpan span;
  guint i;

  g_test_summary ("libsoup's control frames are written after the current frame of a message, and "
                  "libsoup's data frames after the message");

  hb_output_set_fragment_size (fixture->output, item->fragment_size);
  turn ();
  scripted_output_add_taking (fixture->base, 10000);
  scripted_output_add_blocking (fixture->base);
  span = send_message (fixture, HB_OPCODE_BINARY, payload);
  g_assert_cmpuint (span.written, ==, 10000);
  g_assert_false (hb_output_is_writable (fixture->output));

  for (i = 0; item->first[i] != 0; i++)
    soup_queue_push (&queue, make_frame (item->first[i]), item->first[i] == PONG);

  /* The rest of the first block, which ends within a frame, is refused again. */
  scripted_output_add_blocking (fixture->base);
  turn ();
  g_assert_cmpuint (fixture->events.n_writable, ==, 0);
  while (!hb_output_is_writable (fixture->output) || !soup_queue_is_empty (&queue))
    turn ();

  assert_frames (fixture, item->frames, payload);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==,
                    hb_output_get_frame_end (fixture->output));
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
}

/* @data: how many bytes of libsoup's first frame have been written when the message is sent */
static void
test_held (Fixture       *fixture,
           gconstpointer  data)
{
  guint n_bytes = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) payload = make_payload (100);
  SoupQueue queue = { .fixture = fixture };
  HbSpan span;

  g_test_summary ("A message waits until libsoup's frame is complete and libsoup's queue is empty");

  turn ();
  if (n_bytes > 0)
    scripted_output_add_taking (fixture->base, n_bytes);
  scripted_output_add_blocking (fixture->base);
  soup_queue_push (&queue, make_frame (PONG), TRUE);
  soup_queue_push (&queue, make_frame (PONG), TRUE);
  span = send_message (fixture, HB_OPCODE_BINARY, payload);
  g_assert_cmpuint (span.begin, ==, 4);
  g_assert_cmpuint (span.end, ==, 4 + 106);
  g_assert_cmpuint (span.written, ==, n_bytes);
  g_assert_false (hb_output_is_writable (fixture->output));

  while (!hb_output_is_writable (fixture->output))
    {
      g_assert_cmpuint (hb_output_get_written (fixture->output), <, span.end);
      turn ();
    }

  assert_frames (fixture, "8a:2 8a:2 82:100", payload);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, span.end);
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
  g_assert_true (soup_queue_is_empty (&queue));
}

/* This test has no SoupQueue, so no source writes the rest of libsoup's frame. The test itself
 * writes it. */
static void
test_begun (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GBytes) payload = make_payload (100);
  const guint8 frame[] = { PONG, 2, 'h', 'i' };

  g_test_summary ("No byte of a message is written within libsoup's frame, and the message follows "
                  "that frame in the next iteration");

  turn ();
  scripted_output_add_taking (fixture->base, 3);
  scripted_output_add_blocking (fixture->base);
  g_assert_cmpint (write_some (fixture, frame, 4, NULL), ==, 3);
  send_message (fixture, HB_OPCODE_BINARY, payload);
  turn ();
  turn ();
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 3);
  g_assert_cmpint (write_some (fixture, frame + 3, 1, NULL), ==, 1);
  turn ();
  assert_frames (fixture, "8a:2 82:100", payload);
  g_assert_true (hb_output_is_writable (fixture->output));
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GBytes) payload = make_payload (150000);
  g_autoptr (GBytes) late = make_payload (1);
  SoupQueue queue = { .fixture = fixture };
  HbSpan span;
  guint i;

  g_test_summary ("A close frame between two frames of a message ends the message there, and no "
                  "frame follows");

  hb_output_set_fragment_size (fixture->output, 60000);
  turn ();
  scripted_output_add_blocking (fixture->base);
  span = send_message (fixture, HB_OPCODE_BINARY, payload);
  soup_queue_push (&queue, make_frame (CLOSE), FALSE);

  for (i = 0; i < 10; i++)
    turn ();

  assert_frames (fixture, TWO_FRAMES "88:2", NULL);
  g_assert_cmpuint (hb_output_get_written (fixture->output), <, span.end);
  g_assert_cmpuint (hb_output_get_frame_end (fixture->output), ==, span.end);
  g_assert_false (hb_output_is_writable (fixture->output));

  span = send_message (fixture, HB_OPCODE_BINARY, late);
  g_assert_cmpuint (span.begin, ==, span.end);
}

static void
test_fragment_size (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (GBytes) payload = make_payload (100000);

  g_test_summary ("A new fragment size applies to the messages that are sent afterwards");

  hb_output_set_fragment_size (fixture->output, 50000);
  turn ();
  scripted_output_add_blocking (fixture->base);
  send_message (fixture, HB_OPCODE_BINARY, payload);
  hb_output_set_fragment_size (fixture->output, 99999);
  send_message (fixture, HB_OPCODE_TEXT, payload);
  hb_output_set_fragment_size (fixture->output, G_MAXSIZE);

  while (!hb_output_is_writable (fixture->output))
    turn ();

  assert_frames (fixture, "02:50000 80:50000 01:99999 80:1", NULL);
}

static void
freed_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* @data: whether the write of a long message fails, rather than blocks */
static void
test_payload_is_freed (Fixture       *fixture,
                       gconstpointer  data)
{
  gboolean fails = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = g_malloc0 (2 * HB_BLOCK_SIZE);
  gboolean is_freed = FALSE;
  GBytes *payload;

  g_test_summary ("The payload of a message is kept until its last byte is in a block, or until "
                  "the output is finalized");

  payload = g_bytes_new_with_free_func (bytes, 2 * HB_BLOCK_SIZE, freed_cb, &is_freed);
  turn ();
  if (fails)
    scripted_output_add_error (fixture->base, G_IO_ERROR_CONNECTION_CLOSED);
  else
    scripted_output_add_blocking (fixture->base);
  send_message (fixture, HB_OPCODE_BINARY, payload);
  g_bytes_unref (payload);
  g_assert_false (is_freed);
  turn ();
  g_assert_cmpint (is_freed, ==, !fails);
  fixture_tear_down (fixture, NULL);
  g_assert_true (is_freed);
  fixture_set_up (fixture, NULL);
}

typedef struct
{
  HbSpan spans[1000];
  guint  n_sent;
} Sent;

/* Sends a message, lets libsoup write a frame, or changes the fragment size. The stream may refuse
 * a later write, or accept only a part of it. */
static void
do_random_step (Fixture    *fixture,
                SoupQueue  *queue,
                Sent       *sent,
                GByteArray *all)
{
  gsize max = g_test_rand_int_range (0, 4) == 0 ? 200000 : 3000;
  g_autoptr (GBytes) payload = NULL;

  if (g_test_rand_bit ())
    scripted_output_add_taking (fixture->base, g_test_rand_int_range (1, 40000));
  if (g_test_rand_int_range (0, 3) == 0)
    scripted_output_add_blocking (fixture->base);

  switch (g_test_rand_int_range (0, 8))
    {
    case 0:
      soup_queue_push (queue, make_frame (PONG), TRUE);
      break;

    case 1:
      soup_queue_push (queue, make_frame (TEXT), FALSE);
      break;

    case 2:
      hb_output_set_fragment_size (fixture->output, g_test_rand_int_range (1, 40000));
      break;

    default:
      payload = make_payload (g_test_rand_int_range (0, max));
      g_byte_array_append (all, g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
      sent->spans[sent->n_sent++] = send_message (fixture, HB_OPCODE_BINARY, payload);
    }
}

/* Checks that a message counts as written exactly when the kernel has accepted its last byte. */
static void
check_progress (Fixture *fixture,
                Frames  *frames,
                Sent    *sent)
{
  guint64 written = hb_output_get_written (fixture->output);

  read_frames (frames, scripted_output_get_taken (fixture->base));

  if (frames->n_done > 0)
    g_assert_cmpuint (sent->spans[frames->n_done - 1].end, <=, written);
  if (frames->n_done < sent->n_sent)
    g_assert_cmpuint (sent->spans[frames->n_done].end, >, written);
}

static gboolean
has_written_all (Fixture *fixture)
{
  return hb_output_get_written (fixture->output) == hb_output_get_frame_end (fixture->output);
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  SoupQueue queue = { .fixture = fixture };
  gboolean is_corked = FALSE;
  Sent sent = { .n_sent = 0 };
  Frames frames;
  guint i;

  g_test_summary ("With events in a random order, messages are written completely and in order, "
                  "and counted when the kernel has accepted them");

  frames_init (&frames);
  hb_output_set_fragment_size (fixture->output, 1000);

  for (i = 0; i < 500 || !soup_queue_is_empty (&queue) || !has_written_all (fixture); i++)
    {
      /* While the output is blocked, a task sends little except pings. */
      if (i < 500 && (hb_output_is_writable (fixture->output) || g_test_rand_int_range (0, 4) == 0))
        do_random_step (fixture, &queue, &sent, all);

      if (g_test_rand_int_range (0, 4) == 0 || i >= 500)
        {
          is_corked ? hb_output_uncork (fixture->output) : hb_output_cork (fixture->output);
          is_corked = !is_corked;
        }

      if (g_test_rand_bit () || i >= 500)
        turn ();

      check_progress (fixture, &frames, &sent);
    }

  g_assert_cmpmem (frames.payload->data, frames.payload->len, all->data, all->len);
  g_assert_cmpuint (frames.longest, <, 40000);
  g_assert_cmpuint (frames.n_done, ==, sent.n_sent);
  g_assert_true (hb_output_is_writable (fixture->output));
  g_assert_true (has_written_all (fixture));
  frames_clear (&frames);
}

#define add(path, data, function) \
  g_test_add ("/link/output-messages/" path, Fixture, data, fixture_set_up, function, \
              fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Messages are framed without libsoup, and libsoup's own frames are written "
                  "correctly among them");

  add ("short", NULL, test_short);
  add ("long", NULL, test_long);
  add ("one-write", NULL, test_one_write);
  test_rows_add_with ("/link/output-messages/interposed/", interposed, Fixture, fixture_set_up,
                      test_interposed, fixture_tear_down);
  add ("held/refused", GUINT_TO_POINTER (0), test_held);
  add ("held/in-part", GUINT_TO_POINTER (3), test_held);
  add ("begun", NULL, test_begun);
  add ("closed", NULL, test_closed);
  add ("fragment-size", NULL, test_fragment_size);
  add ("payload-is-freed/blocked", GINT_TO_POINTER (FALSE), test_payload_is_freed);
  add ("payload-is-freed/failed", GINT_TO_POINTER (TRUE), test_payload_is_freed);
  add ("random", NULL, test_random);

  return g_test_run ();
}
