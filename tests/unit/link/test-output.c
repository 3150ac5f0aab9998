/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-private.h"
#include "output-fixture.h"

#define assert_taken(fixture, text, n_writes) \
  G_STMT_START { \
    GByteArray *taken_ = scripted_output_get_taken ((fixture)->base); \
    g_assert_cmpmem (taken_->data, taken_->len, text, strlen (text)); \
    g_assert_cmpuint (hb_output_get_written ((fixture)->output), ==, strlen (text)); \
    g_assert_cmpuint (scripted_output_get_n_writes ((fixture)->base), ==, n_writes); \
  } G_STMT_END

/* A single frame is written at once, even before the first iteration of the loop. */
static void
test_lone (Fixture       *fixture,
           gconstpointer  data)
{
  write_text (fixture, "one");
  assert_taken (fixture, "one", 1);
  turn ();
  write_text (fixture, "two");
  assert_taken (fixture, "onetwo", 2);
}

static void
test_gathered (Fixture       *fixture,
               gconstpointer  data)
{
  turn ();
  write_text (fixture, "one");
  write_text (fixture, "two");
  write_text (fixture, "three");
  assert_taken (fixture, "one", 1);
  g_assert_cmpuint (hb_output_get_frame_end (fixture->output), ==, 11);
  turn ();
  assert_taken (fixture, "onetwothree", 2);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 1);
  turn ();
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, 2);
}

static void
test_corked (Fixture       *fixture,
             gconstpointer  data)
{
  turn ();
  hb_output_cork (fixture->output);
  hb_output_cork (fixture->output);
  write_text (fixture, "one");
  write_text (fixture, "two");
  hb_output_uncork (fixture->output);
  assert_taken (fixture, "", 0);
  hb_output_uncork (fixture->output);
  assert_taken (fixture, "onetwo", 1);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 1);
}

/* A handler may run a main loop, in which the gathered frames must be written. */
static void
test_corked_in_a_loop (Fixture       *fixture,
                       gconstpointer  data)
{
  hb_output_cork (fixture->output);
  write_text (fixture, "one");
  write_text (fixture, "two");
  turn ();
  assert_taken (fixture, "onetwo", 1);
  write_text (fixture, "three");
  turn ();
  assert_taken (fixture, "onetwothree", 2);
  hb_output_uncork (fixture->output);
}

static void
test_long (Fixture       *fixture,
           gconstpointer  data)
{
  gsize length = HB_BLOCK_SIZE + 1;
  g_autofree char *frame = g_strnfill (length, 'x');
  g_autofree char *all = g_strconcat ("onetwo", frame, "three", NULL);

  turn ();
  write_text (fixture, "one");
  write_text (fixture, "two");
  write_text (fixture, frame);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 6 + length);
  write_text (fixture, "three");
  turn ();
  assert_taken (fixture, all, 4);
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *half = g_strnfill (HB_BLOCK_SIZE / 2, 'x');
  g_autofree char *all = g_strconcat (half, half, "three", NULL);

  hb_output_cork (fixture->output);
  write_text (fixture, half);
  write_text (fixture, half);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 0);
  write_text (fixture, "three");
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, HB_BLOCK_SIZE);
  hb_output_uncork (fixture->output);
  assert_taken (fixture, all, 2);
}

/* HB_EVENT_BLOCKED must be emitted when the output is uncorked. */
static void
test_refused_while_corked (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *half = g_strnfill (HB_BLOCK_SIZE / 2, 'x');
  g_autoptr (GError) error = NULL;

  hb_output_cork (fixture->output);
  write_text (fixture, half);
  write_text (fixture, half);
  scripted_output_add_blocking (fixture->base);
  g_assert_cmpint (write_some (fixture, "three", 5, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (fixture->events.n_blocked, ==, 0);
  hb_output_uncork (fixture->output);
  g_assert_cmpuint (fixture->events.n_blocked, ==, 1);
  turn ();
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
}

/* The position of a frame's end is known before the kernel has accepted all of the frame. */
static void
test_short (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  turn ();
  scripted_output_add_taking (fixture->base, 2);
  scripted_output_add_blocking (fixture->base);
  g_assert_cmpint (write_some (fixture, "onetwo", 6, &error), ==, 2);
  g_assert_no_error (error);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 2);
  g_assert_cmpuint (hb_output_get_frame_end (fixture->output), ==, 6);
  g_assert_false (hb_output_is_writable (fixture->output));

  /* libsoup may try to write the rest before the socket is writable again. */
  g_assert_cmpint (write_some (fixture, "etwo", 4, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (hb_output_get_frame_end (fixture->output), ==, 6);

  turn ();
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
  write_text (fixture, "etwo");
  assert_taken (fixture, "onetwo", 3);
}

static void
test_short_flush (Fixture       *fixture,
                  gconstpointer  data)
{
  hb_output_cork (fixture->output);
  write_text (fixture, "one");
  write_text (fixture, "two");
  scripted_output_add_taking (fixture->base, 4);
  scripted_output_add_blocking (fixture->base);
  scripted_output_add_blocking (fixture->base);
  hb_output_uncork (fixture->output);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 4);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 1);
  g_assert_cmpuint (fixture->events.n_activities, ==, 0);

  /* After HB_EVENT_BLOCKED, the sender keeps its next message until HB_EVENT_WRITABLE. */
  g_assert_cmpuint (fixture->events.n_blocked, ==, 1);
  turn ();
  g_assert_cmpuint (fixture->events.n_writable, ==, 0);
  g_assert_cmpuint (fixture->events.n_activities, ==, 0);
  turn ();
  assert_taken (fixture, "onetwo", 4);
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
  g_assert_cmpuint (fixture->events.n_activities, ==, 1);
  g_assert_cmpuint (fixture->events.n_blocked, ==, 1);
}

/* If a write reported the error, libsoup would drop the connection, and unread data with it, so
 * only a read reports the error. */
static void
expect_failed (Fixture *fixture)
{
  guint n_writes = scripted_output_get_n_writes (fixture->base);
  g_autoptr (GError) refusal = NULL;
  g_autoptr (GError) error = hb_output_dup_error (fixture->output);

  g_assert_true (hb_output_has_failed (fixture->output));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  turn ();
  g_assert_false (hb_output_is_writable (fixture->output));
  g_assert_cmpint (write_some (fixture, "three", 5, &refusal), ==, -1);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), ==, n_writes);
}

/* Bytes that were written before an error would arrive twice if they were sent again, so the write
 * returns their number instead of the error. */
static void
test_error_after_some (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  turn ();
  scripted_output_add_taking (fixture->base, 4);
  scripted_output_add_error (fixture->base, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpint (write_some (fixture, "onetwo", 6, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 4);
  expect_failed (fixture);
}

static void
test_error_in_flush (Fixture       *fixture,
                     gconstpointer  data)
{
  hb_output_cork (fixture->output);
  write_text (fixture, "one");
  write_text (fixture, "two");
  scripted_output_add_taking (fixture->base, 4);
  scripted_output_add_error (fixture->base, G_IO_ERROR_CONNECTION_CLOSED);
  hb_output_uncork (fixture->output);
  g_assert_cmpuint (hb_output_get_written (fixture->output), ==, 4);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 1);
  expect_failed (fixture);
}

static gboolean
count_cb (GObject  *stream,
          gpointer  user_data)
{
  guint *n = user_data;

  (*n)++;

  return G_SOURCE_REMOVE;
}

/* When the socket is writable again, libsoup's source is dispatched before HB_EVENT_WRITABLE is
 * emitted, so that libsoup can repeat the refused frame. */
static void
test_source (Fixture       *fixture,
             gconstpointer  data)
{
  GPollableOutputStream *pollable = G_POLLABLE_OUTPUT_STREAM (fixture->output);
  g_autoptr (GSource) source = NULL;
  guint n = 0;

  turn ();
  scripted_output_add_blocking (fixture->base);
  g_assert_cmpint (write_some (fixture, "one", 3, NULL), ==, -1);
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n, NULL);
  g_source_attach (source, NULL);
  turn ();
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (g_pollable_output_stream_is_writable (pollable));
  g_assert_false (hb_output_is_writable (fixture->output));
  g_assert_cmpuint (fixture->events.n_writable, ==, 0);
  turn ();
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (fixture->events.n_writable, ==, 1);
}

typedef struct
{
  Fixture *fixture;
  guint    n;
} Repetition;

static gboolean
repeat_cb (GObject  *stream,
           gpointer  user_data)
{
  Repetition *repetition = user_data;

  repetition->n++;

  return write_some (repetition->fixture, "one", 3, NULL) < 0;
}

/* If the socket is full again, libsoup's source waits until the socket is writable. */
static void
test_full_again (Fixture       *fixture,
                 gconstpointer  data)
{
  GPollableOutputStream *pollable = G_POLLABLE_OUTPUT_STREAM (fixture->output);
  Repetition repetition = { fixture, 0 };
  g_autoptr (GSource) source = NULL;
  guint i;

  turn ();
  scripted_output_add_blocking (fixture->base);
  scripted_output_add_blocking (fixture->base);
  g_assert_cmpint (write_some (fixture, "one", 3, NULL), ==, -1);
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (repeat_cb), &repetition, NULL);
  g_source_attach (source, NULL);
  for (i = 0; i < 3; i++)
    turn ();
  g_assert_cmpuint (repetition.n, ==, 1);
  turn ();
  g_assert_cmpuint (repetition.n, ==, 2);
  assert_taken (fixture, "one", 3);
}

static void
test_detached (Fixture       *fixture,
               gconstpointer  data)
{
  turn ();
  write_text (fixture, "one");
  write_text (fixture, "two");
  hb_output_detach (fixture->output);
  turn ();
  assert_taken (fixture, "onetwo", 2);
  g_assert_cmpuint (fixture->events.n_progresses, ==, 0);
}

static void
test_disposed_with_bytes (Fixture       *fixture,
                          gconstpointer  data)
{
  hb_output_cork (fixture->output);
  write_text (fixture, "one");
  write_text (fixture, "two");
}

static void
add_random_step (ScriptedOutput *base)
{
  if (g_test_rand_bit ())
    scripted_output_add_taking (base, g_test_rand_int_range (1, 40000));

  if (g_test_rand_int_range (0, 4) == 0)
    scripted_output_add_blocking (base);
}

/* Queues a frame, and appends its bytes to @all. If the queue was empty, the output must know the
 * position of the frame's end. */
static void
add_random_frame (SoupQueue  *queue,
                  GByteArray *all)
{
  HbOutput *output = queue->fixture->output;
  gsize length = g_test_rand_int_range (1, g_test_rand_int_range (0, 8) == 0 ? 200000 : 2000);
  GByteArray *frame = g_byte_array_new ();
  gboolean is_first = soup_queue_is_empty (queue);
  gsize i;

  g_byte_array_set_size (frame, length);
  for (i = 0; i < length; i++)
    frame->data[i] = g_test_rand_int ();

  g_byte_array_append (all, frame->data, length);
  soup_queue_push (queue, frame, FALSE);
  if (is_first)
    g_assert_cmpuint (hb_output_get_frame_end (output), ==, all->len);
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  GByteArray *taken = scripted_output_get_taken (fixture->base);
  SoupQueue queue = { .fixture = fixture };
  gboolean is_corked = FALSE;
  guint i;

  for (i = 0; i < 400 || taken->len < all->len; i++)
    {
      if (i < 400)
        {
          add_random_step (fixture->base);
          add_random_frame (&queue, all);
        }

      if (g_test_rand_int_range (0, 4) == 0 || i >= 400)
        {
          is_corked ? hb_output_uncork (fixture->output) : hb_output_cork (fixture->output);
          is_corked = !is_corked;
        }

      if (g_test_rand_bit () || i >= 400)
        turn ();

      g_assert_cmpuint (hb_output_get_written (fixture->output), ==, taken->len);
      g_assert_cmpmem (taken->data, taken->len, all->data, taken->len);
    }

  g_assert_cmpuint (taken->len, ==, all->len);
  g_assert_true (soup_queue_is_empty (&queue));
  g_assert_true (hb_output_is_writable (fixture->output));
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->base), <, 1200);
}

#define add(path, function) \
  g_test_add ("/link/output/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Written bytes arrive unchanged, and are counted when the kernel has accepted "
                  "them");

  add ("lone", test_lone);
  add ("gathered", test_gathered);
  add ("corked", test_corked);
  add ("corked-in-a-loop", test_corked_in_a_loop);
  add ("long", test_long);
  add ("full", test_full);
  add ("refused-while-corked", test_refused_while_corked);
  add ("short", test_short);
  add ("short-flush", test_short_flush);
  add ("error-after-some", test_error_after_some);
  add ("error-in-flush", test_error_in_flush);
  add ("source", test_source);
  add ("full-again", test_full_again);
  add ("detached", test_detached);
  add ("disposed-with-bytes", test_disposed_with_bytes);
  add ("random", test_random);

  return g_test_run ();
}
