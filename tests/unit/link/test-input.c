/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "counter.h"
#include "hb-block-private.h"
#include "hb-input-private.h"
#include "scripted-input.h"
#include "scripted-output.h"

/* The bytes that one call to hb_input_run () handles are a delivery. */

typedef struct
{
  ScriptedInput  *base;
  ScriptedOutput *sink;
  HbInput        *input;
  HbOutput       *output;
  HbWatch        *watch;
  GSource        *reader;     /* (nullable) */
  GByteArray     *incoming;
  GError         *error;      /* (nullable) */
  int             fds[2];     /* the first is watched; the other is written to */
  guint           n_activities;
  guint           n_messages;
  guint           n_pongs;
  guint           n_wakes;    /* calls to the reader */
  guint64         busy;       /* the time that handlers take for each KiB, in microseconds */
  guint64         slowness;   /* the time that a read from the socket takes, in microseconds */
  gsize           held;       /* incoming bytes that have not been handled yet */
  gsize           most_held;
  guint           n_replies;  /* frames that each call to the reader sends */
  gboolean        is_lazy;    /* the reader handles nothing until it has read all bytes */
  gboolean        has_ended;
} Fixture;

/* Replaces GLib's function through the linker's option --wrap. Only a test advances the time. */
gint64 __wrap_g_get_monotonic_time (void);

static gint64 now = 1;

gint64
__wrap_g_get_monotonic_time (void)
{
  return now;
}

static void
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  Fixture *fixture = user_data;

  if (event->kind == HB_EVENT_ACTIVITY)
    {
      fixture->n_activities++;
      now += fixture->slowness;
    }
  else if (event->kind == HB_EVENT_MESSAGE)
    fixture->n_messages++;
  else if (event->kind == HB_EVENT_PONG)
    fixture->n_pongs++;
}

static void attach_reader (Fixture *fixture);

static void
be_busy (guint64 microseconds)
{
  now += microseconds;
}

/* Simulates the application's handlers, which take @fixture->busy for each KiB or part of one. */
static void
handle (Fixture *fixture)
{
  be_busy (fixture->busy * ((fixture->held + 1023) / 1024));
  fixture->most_held = MAX (fixture->most_held, fixture->held);
  fixture->held = 0;
}

/* Reads as libsoup does: 1 KiB at a time until no bytes are left. Some versions of libsoup handle
 * messages only after the last read, as with `is_lazy`. */
static gboolean
reader_cb (GObject  *stream,
           gpointer  user_data)
{
  Fixture *fixture = user_data;
  guint8 buffer[1024];
  gssize n;
  guint i;

  g_clear_pointer (&fixture->reader, g_source_unref);
  fixture->n_wakes++;

  while ((n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer,
                                                        sizeof buffer, NULL, &fixture->error)) > 0)
    {
      g_byte_array_append (fixture->incoming, buffer, n);
      fixture->held += n;
      if (!fixture->is_lazy)
        handle (fixture);
    }

  handle (fixture);
  for (i = 0; i < fixture->n_replies; i++)
    g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (fixture->output), "out",
                                                3, NULL, NULL);

  if (n == 0)
    fixture->has_ended = TRUE;
  else if (g_error_matches (fixture->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&fixture->error);

  if (!fixture->has_ended && fixture->error == NULL)
    attach_reader (fixture);

  return G_SOURCE_REMOVE;
}

static void
attach_reader (Fixture *fixture)
{
  GPollableInputStream *pollable = G_POLLABLE_INPUT_STREAM (fixture->input);

  fixture->reader = g_pollable_input_stream_create_source (pollable, NULL);
  g_source_set_callback (fixture->reader, G_SOURCE_FUNC (reader_cb), fixture, NULL);
  g_source_attach (fixture->reader, g_main_context_get_thread_default ());
}

/* Iterates until no source is ready. Returns the number of iterations. */
static guint
run (void)
{
  guint n;

  for (n = 0; g_main_context_iteration (NULL, FALSE); n++)
    g_assert_cmpuint (n, <, 10000);

  return n;
}

static void
announce (Fixture *fixture)
{
  g_assert_cmpint (write (fixture->fds[1], "!", 1), ==, 1);
}

static void
watch_cb (GIOCondition ready,
          gpointer     user_data)
{
  Fixture *fixture = user_data;

  hb_output_run (fixture->output, (ready & G_IO_OUT) != 0);
  hb_input_run (fixture->input, (ready & G_IO_IN) != 0);
}

/* @data: TRUE if the input treats its base as the stream of a socket, FALSE if as a TLS stream */
static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fixture->fds), ==, 0);
  fixture->base = scripted_input_new (fixture->fds[0]);
  fixture->sink = scripted_output_new ();
  fixture->incoming = g_byte_array_new ();
  fixture->watch = hb_watch_new (fixture->fds[0], watch_cb, fixture);
  fixture->output = hb_output_new (G_POLLABLE_OUTPUT_STREAM (fixture->sink), fixture->watch,
                                   event_cb, fixture);
  fixture->input = hb_input_new (G_POLLABLE_INPUT_STREAM (fixture->base), GPOINTER_TO_INT (data),
                                 fixture->watch, fixture->output, event_cb, fixture);
  hb_watch_enter (fixture->watch, g_main_context_default ());
  attach_reader (fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->reader != NULL)
    g_source_destroy (fixture->reader);
  g_clear_pointer (&fixture->reader, g_source_unref);
  hb_watch_leave (fixture->watch);
  g_assert_finalize_object (fixture->input);
  g_assert_finalize_object (fixture->output);
  g_assert_finalize_object (fixture->base);
  g_assert_finalize_object (fixture->sink);
  hb_watch_unref (fixture->watch);
  g_byte_array_unref (fixture->incoming);
  g_clear_error (&fixture->error);
  close (fixture->fds[0]);
  close (fixture->fds[1]);
}

static void
add_text (Fixture    *fixture,
          const char *text)
{
  scripted_input_add_piece (fixture->base, text, strlen (text));
}

#define assert_incoming(fixture, text) \
  g_assert_cmpmem ((fixture)->incoming->data, (fixture)->incoming->len, text, strlen (text))

/* Bytes that libsoup had read before the library inserted its stream are received, although no poll
 * reports them. */
static void
test_first_without_a_poll (Fixture       *fixture,
                           gconstpointer  data)
{
  add_text (fixture, "greeting");
  run ();
  assert_incoming (fixture, "greeting");
  g_assert_cmpuint (fixture->n_activities, ==, 1);
}

/* One read is enough, because a poll reports further bytes of a socket. */
static void
test_one_read (Fixture       *fixture,
               gconstpointer  data)
{
  run ();
  g_assert_cmpuint (scripted_input_get_n_reads (fixture->base), ==, 1);
  add_text (fixture, "one");
  announce (fixture);
  run ();
  assert_incoming (fixture, "one");
  g_assert_cmpuint (scripted_input_get_n_reads (fixture->base), ==, 2);
  g_assert_cmpuint (fixture->n_wakes, ==, 2);
}

/* TLS returns one record at a time, and may hold further records, which no poll reports. */
static void
test_all_records (Fixture       *fixture,
                  gconstpointer  data)
{
  run ();
  add_text (fixture, "one");
  add_text (fixture, "two");
  add_text (fixture, "three");
  announce (fixture);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  assert_incoming (fixture, "onetwothree");
  g_assert_cmpuint (fixture->n_activities, ==, 1);
}

static void
test_more_than_a_block (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *text = g_strnfill (HB_BLOCK_SIZE * 3 + 5, 'x');

  add_text (fixture, text);
  run ();
  assert_incoming (fixture, text);
  g_assert_cmpuint (fixture->n_activities, ==, 4);
}

static void
test_end_after_bytes (Fixture       *fixture,
                      gconstpointer  data)
{
  run ();
  add_text (fixture, "last");
  scripted_input_set_end (fixture->base);
  announce (fixture);

  /* The end is reported in the next iteration, because frames that are sent in reply to the last
   * bytes must be written first. */
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  assert_incoming (fixture, "last");
  g_assert_false (fixture->has_ended);

  /* A poll always reports the end of TCP, but might not report the end of TLS. */
  if (GPOINTER_TO_INT (data))
    announce (fixture);
  run ();
  g_assert_true (fixture->has_ended);
  g_assert_cmpuint (fixture->n_activities, ==, 1);
}

static void
test_error_after_bytes (Fixture       *fixture,
                        gconstpointer  data)
{
  run ();
  add_text (fixture, "last");
  scripted_input_add_error (fixture->base, G_IO_ERROR_CONNECTION_CLOSED);
  announce (fixture);
  run ();
  assert_incoming (fixture, "last");
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpuint (fixture->n_activities, ==, 1);
}

/* The bytes that arrived before a reset by the peer are read before a failed write is reported. */
static void
test_failed_write_after_bytes (Fixture       *fixture,
                               gconstpointer  data)
{
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (fixture->output);

  run ();
  add_text (fixture, "last");
  scripted_output_add_error (fixture->sink, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, "x", 1, NULL, NULL), ==, -1);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  assert_incoming (fixture, "last");
  g_assert_no_error (fixture->error);
  run ();
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (fixture->has_ended);
}

/* libsoup is not called for messages and pongs, nor when a poll has reported bytes although none
 * can be read. */
static void
test_reader_is_not_needed (Fixture       *fixture,
                           gconstpointer  data)
{
  hb_input_set_max_message_size (fixture->input, 1024);
  hb_input_open_fast_lane (fixture->input, NULL);
  announce (fixture);
  run ();
  add_text (fixture, "\x81\x01x\x8a\x01y");
  announce (fixture);
  run ();
  g_assert_cmpuint (fixture->n_activities, ==, 1);
  g_assert_cmpuint (fixture->n_messages, ==, 1);
  g_assert_cmpuint (fixture->n_pongs, ==, 1);
  g_assert_cmpuint (fixture->n_wakes, ==, 0);

  add_text (fixture, "\x89\x01z");
  announce (fixture);
  run ();
  assert_incoming (fixture, "\x89\x01z");
  g_assert_cmpuint (fixture->n_wakes, ==, 1);

  scripted_input_set_end (fixture->base);
  announce (fixture);
  run ();
  g_assert_true (fixture->has_ended);
  g_assert_cmpuint (fixture->n_wakes, ==, 2);
}

/* After a long message, the first read takes no more bytes than a header may have. If the next
 * message is short, the rest of it takes only one more read. */
static void
test_short_after_long (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *payload = g_strnfill (HB_BLOCK_SIZE, 'x');
  guint n_reads;

  hb_input_set_max_message_size (fixture->input, HB_BLOCK_SIZE);
  hb_input_open_fast_lane (fixture->input, NULL);
  run ();
  scripted_input_add_piece (fixture->base, "\x82\x7f\0\0\0\0\0\1\0\0", 10);
  scripted_input_add_piece (fixture->base, payload, 65536);
  announce (fixture);
  run ();
  g_assert_cmpuint (fixture->n_messages, ==, 1);

  n_reads = scripted_input_get_n_reads (fixture->base);
  payload[0] = '\x82';
  payload[1] = 126;
  payload[2] = 1000 >> 8;
  payload[3] = (char) (1000 & 0xff);
  scripted_input_add_piece (fixture->base, payload, 4 + 1000);
  announce (fixture);
  run ();
  g_assert_cmpuint (fixture->n_messages, ==, 2);
  g_assert_cmpuint (scripted_input_get_n_reads (fixture->base) - n_reads, <=, 3);
}

/* If no source of the reader exists, a readable socket must not keep the loop busy. */
static void
test_nobody_reads (Fixture       *fixture,
                   gconstpointer  data)
{
  run ();
  g_source_destroy (fixture->reader);
  g_clear_pointer (&fixture->reader, g_source_unref);
  announce (fixture);
  g_assert_cmpuint (run (), <, 5);
}

/* Only the source that ends a pause of the input has the input as its data. */
static gboolean
is_paused (Fixture *fixture)
{
  return g_main_context_find_source_by_user_data (NULL, fixture->input) != NULL;
}

/* Reads 100 KiB with handlers that take 1 ms for each KiB. Returns how often an idle source was
 * dispatched. */
static guint
read_in_turns (Fixture *fixture)
{
  g_autofree char *text = g_strnfill (100 * 1024, 'x');
  g_autoptr (GSource) counter = NULL;
  guint n = 0;

  add_text (fixture, text);
  fixture->busy = 1000;
  counter = counter_attach (NULL, G_PRIORITY_DEFAULT_IDLE, &n);
  while (fixture->incoming->len < strlen (text))
    {
      guint before = n;

      g_main_context_iteration (NULL, FALSE);
      if (is_paused (fixture))
        g_assert_cmpuint (n, ==, before);
    }

  g_source_destroy (counter);
  assert_incoming (fixture, text);

  return n;
}

/* Other sources run when more than 4 ms have passed, which is the case after every five reads.
 * After each pause, the bytes that are left count as activity, although they are not read from the
 * socket again. */
static void
test_others_have_their_turn (Fixture       *fixture,
                             gconstpointer  data)
{
  guint n = read_in_turns (fixture);

  g_assert_cmpuint (n, >=, 19);
  g_assert_cmpuint (n, <=, 22);
  g_assert_cmpuint (fixture->n_activities, >=, 19);
}

/* Other sources run before a long message is complete. */
static void
test_long_message_has_pauses (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autofree char *piece = g_strnfill (65536, 'x');
  g_autoptr (GSource) counter = NULL;
  guint n = 0;
  guint i;

  hb_input_set_max_message_size (fixture->input, 1024 * 1024);
  hb_input_open_fast_lane (fixture->input, NULL);
  run ();
  scripted_input_add_piece (fixture->base, "\x82\x7f\0\0\0\0\0\x10\0\0", 10);
  for (i = 0; i < 16; i++)
    scripted_input_add_piece (fixture->base, piece, 65536);

  fixture->slowness = 1000;
  counter = counter_attach (NULL, G_PRIORITY_DEFAULT_IDLE, &n);
  announce (fixture);
  while (fixture->n_messages == 0)
    g_main_context_iteration (NULL, FALSE);

  g_source_destroy (counter);
  g_assert_cmpuint (n, >=, 2);
}

/* Deliveries to a lazy reader are limited to 4 KiB, for which the handlers take 4 ms. After two of
 * them, more than 4 ms have passed. During the third, the input checks the time after 1 KiB, so
 * this delivery ends there, and other sources run. */
static void
test_lazy_reader (Fixture       *fixture,
                  gconstpointer  data)
{
  fixture->is_lazy = TRUE;
  hb_input_set_max_delivery (fixture->input, 4096);
  g_assert_cmpuint (read_in_turns (fixture), >=, 11);
  g_assert_cmpuint (fixture->most_held, ==, 4096);
}

/* If the handlers take no time, a limit on the bytes of a delivery does not pause the input. */
static void
test_bound_is_no_pause (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *text = g_strnfill (100 * 1024, 'x');
  g_autoptr (GSource) hog = NULL;
  guint n = 0;

  fixture->is_lazy = TRUE;
  hb_input_set_max_delivery (fixture->input, 4096);
  hog = counter_attach (NULL, G_PRIORITY_HIGH_IDLE, &n);
  add_text (fixture, text);

  while (fixture->incoming->len < strlen (text))
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_false (is_paused (fixture));
    }

  g_source_destroy (hog);
  g_assert_cmpuint (n, ==, 0);
  assert_incoming (fixture, text);
  g_assert_cmpuint (fixture->n_wakes, ==, 25);
}

/* A few bytes at intervals do not wait for sources of a lower priority. */
static void
test_a_little_does_not_wait (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr (GSource) hog = NULL;
  guint n = 0;
  guint i;

  hog = counter_attach (NULL, G_PRIORITY_HIGH_IDLE, &n);
  fixture->busy = 500;

  for (i = 1; i <= 20; i++)
    {
      add_text (fixture, "x");
      announce (fixture);
      while (fixture->incoming->len < i)
        {
          g_main_context_iteration (NULL, FALSE);
          g_assert_false (is_paused (fixture));
          g_assert_cmpuint (n, ==, 0);
        }
      be_busy (8000);
    }

  g_source_destroy (hog);
}

static void
test_disposed_while_paused (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autofree char *text = g_strnfill (HB_BLOCK_SIZE, 'x');

  add_text (fixture, text);
  fixture->busy = 1000;
  while (!is_paused (fixture))
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->incoming->len, <, strlen (text));
}

static void
test_parked (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GMainContext) parking = g_main_context_new ();

  g_test_summary ("libsoup continues to read when its source is in a context that is not iterated");

  g_assert_false (hb_input_can_park (fixture->input));
  add_text (fixture, "one");
  run ();
  add_text (fixture, "two");
  g_assert_true (hb_input_can_park (fixture->input));
  hb_input_park (fixture->input, parking);
  g_assert_false (hb_input_can_park (fixture->input));
  g_assert_true (g_source_get_context (fixture->reader) == parking);
  assert_incoming (fixture, "one");

  announce (fixture);
  run ();
  assert_incoming (fixture, "onetwo");
  g_assert_true (hb_input_can_park (fixture->input));
}

/* Frames that libsoup sends during a delivery are written in one piece at its end. */
static void
test_output_is_corked (Fixture       *fixture,
                       gconstpointer  data)
{
  GByteArray *taken = scripted_output_get_taken (fixture->sink);

  run ();
  fixture->n_replies = 3;
  add_text (fixture, "in");
  announce (fixture);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpmem (taken->data, taken->len, "outoutout", 9);
  g_assert_cmpuint (scripted_output_get_n_writes (fixture->sink), ==, 1);
}

static void
add_random_piece (Fixture    *fixture,
                  GByteArray *all)
{
  gsize length = g_test_rand_int_range (1, g_test_rand_bit () ? 100 : 200000);
  g_autofree guint8 *piece = g_malloc (length);
  gsize i;

  for (i = 0; i < length; i++)
    piece[i] = g_test_rand_int ();

  g_byte_array_append (all, piece, length);
  scripted_input_add_piece (fixture->base, piece, length);
}

static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint i;

  for (i = 0; i < 100; i++)
    {
      add_random_piece (fixture, all);
      if (g_test_rand_int_range (0, 4) == 0)
        scripted_input_add_blocking (fixture->base);
      announce (fixture);
      if (g_test_rand_bit ())
        run ();
      g_assert_cmpmem (fixture->incoming->data, fixture->incoming->len,
                       all->data, fixture->incoming->len);
    }

  scripted_input_set_end (fixture->base);
  while (!fixture->has_ended)
    {
      announce (fixture);
      g_main_context_iteration (NULL, TRUE);
    }

  g_assert_cmpuint (fixture->incoming->len, ==, all->len);
}

#define add(path, function) \
  add_socket (path, function); \
  add_tls (path, function)
#define add_socket(path, function) \
  g_test_add ("/link/input/socket/" path, Fixture, GINT_TO_POINTER (TRUE), set_up, function, \
              tear_down)
#define add_tls(path, function) \
  g_test_add ("/link/input/tls/" path, Fixture, GINT_TO_POINTER (FALSE), set_up, function, \
              tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Received bytes are read completely and in order, and a flood of them does not "
                  "keep other sources from being dispatched");

  add ("first-without-a-poll", test_first_without_a_poll);
  add_socket ("one-read", test_one_read);
  add_tls ("all-records", test_all_records);
  add_tls ("more-than-a-block", test_more_than_a_block);
  add ("end-after-bytes", test_end_after_bytes);
  add ("error-after-bytes", test_error_after_bytes);
  add ("failed-write-after-bytes", test_failed_write_after_bytes);
  add ("reader-is-not-needed", test_reader_is_not_needed);
  add ("short-after-long", test_short_after_long);
  add ("nobody-reads", test_nobody_reads);
  add ("others-have-their-turn", test_others_have_their_turn);
  add ("long-message-has-pauses", test_long_message_has_pauses);
  add ("lazy-reader", test_lazy_reader);
  add ("bound-is-no-pause", test_bound_is_no_pause);
  add ("a-little-does-not-wait", test_a_little_does_not_wait);
  add ("disposed-while-paused", test_disposed_while_paused);
  add ("parked", test_parked);
  add ("output-is-corked", test_output_is_corked);
  add ("random", test_random);

  return g_test_run ();
}
