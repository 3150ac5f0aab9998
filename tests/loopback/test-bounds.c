/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <malloc.h>

#include "fixture.h"
#include "flood.h"
#include "raw-frame.h"

/* The memory that a server can make the task use depends only on max-message-size and on the sizes
 * of buffers. The tests measure the bytes in use on the heap. */

#define PREFIX "/loopback/bounds/"

#define KIB ((guint64) 1024)
#define MIB (1024 * KIB)

/* Room for memory that holds no messages: that of libsoup, the main loop and the test */
#define ROOM_FOR_BUFFERS (512 * KIB)

/* libsoup holds a message twice, as a frame and as a whole, each in an array whose size is a power
 * of two. The signal log also holds the previous message. */
#define MAX_MESSAGE MIB
#define ROOM_FOR_A_MESSAGE (6 * MAX_MESSAGE + ROOM_FOR_BUFFERS)

/* The number of bytes after which the server stops. The memory in use must not depend on it. */
#define PLENTY (64 * MIB)

typedef struct
{
  HbWebsocketTask *task;
  SignalLog       *log;
  Flood           *flood;
  guint64          start;
  guint64          peak;
} Bounds;

/* Returns 0 if the allocator does not report the bytes in use. */
static guint64
get_heap (void)
{
#if defined (__SANITIZE_ADDRESS__) || !defined (__GLIBC__)
  return 0;
#else
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#endif
}

static void
look (Bounds *bounds)
{
  bounds->peak = MAX (bounds->peak, get_heap ());
}

static void
skip (gconstpointer data)
{
  g_test_skip ("needs the allocator of glibc");
}

#define add_measured(name, data, function) \
  g_test_add_data_func (PREFIX name, data, get_heap () != 0 ? function : skip)

static void
message_cb (HbWebsocketTask *task,
            int              type,
            GBytes          *message,
            Bounds          *bounds)
{
  look (bounds);
}

static Bounds *
bounds_new (Flood *flood)
{
  Bounds *bounds = g_new0 (Bounds, 1);

  bounds->flood = flood;
  bounds->task = hb_websocket_task_new (flood_get_uri (flood));
  hb_websocket_task_set_ping_timeout (bounds->task, 0);
  hb_websocket_task_set_repeat_limit (bounds->task, 0);
  hb_websocket_task_set_max_message_size (bounds->task, MAX_MESSAGE);
  g_signal_connect (bounds->task, "message", G_CALLBACK (message_cb), bounds);

  return bounds;
}

static void
open_task (Bounds *bounds)
{
  bounds->log = signal_log_new (bounds->task);
  bounds->start = bounds->peak = get_heap ();
  hb_websocket_task_open (bounds->task);
}

static void
report (Bounds *bounds)
{
  g_test_message ("%" G_GUINT64_FORMAT " KiB sent, %" G_GUINT64_FORMAT " KiB of the heap in use",
                  flood_get_n_sent (bounds->flood) / KIB, (bounds->peak - bounds->start) / KIB);
}

static void
run (Bounds *bounds)
{
  gint64 deadline = wait_get_deadline ();

  while (hb_websocket_task_get_state (bounds->task) != HB_STATE_CLOSED
         && !flood_is_over (bounds->flood))
    {
      wait_iterate (deadline, "the end of the flood", G_STRLOC);
      look (bounds);
    }

  report (bounds);
}

/* A task that stays open emits no signal that the test could wait for. */
static void
run_for (Bounds *bounds,
         guint   milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;

  while (hb_websocket_task_get_state (bounds->task) != HB_STATE_CLOSED
         && g_get_monotonic_time () < end)
    {
      wait_iterate (end + G_TIME_SPAN_MINUTE, "the end of the flood", G_STRLOC);
      look (bounds);
    }

  report (bounds);
}

/* Fails if the test has used more than @room bytes of the heap. */
static void
bounds_free (Bounds  *bounds,
             guint64  room)
{
  guint64 taken = bounds->peak - bounds->start;

  g_assert_cmpuint (taken, <=, room);
  if (bounds->log != NULL)
    signal_log_forget (bounds->log);

  g_assert_finalize_object (bounds->task);
  g_clear_pointer (&bounds->log, signal_log_free);
  flood_free (bounds->flood);
  wait_idle ();
  g_free (bounds);
}

static GByteArray *
from_text (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  return g_byte_array_append (bytes, (const guint8 *) text, strlen (text));
}

static GByteArray *
make_frame (guint8 first,
            gsize  length)
{
  g_autofree char *payload = g_strnfill (length, 'x');
  GByteArray *bytes = g_byte_array_new ();

  raw_frame_append (bytes, first, payload, length);

  return bytes;
}

/* Makes a frame of about a kibibyte that inflates to a mebibyte of zeros, even if it is
 * repeated. */
static GByteArray *
make_bomb (guint8 first)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 9);
  g_autofree guint8 *zeros = g_malloc0 (MIB);
  g_autofree guint8 *small = g_malloc (8 * KIB);
  GByteArray *bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize n_read;
  gsize n_written;

  g_converter_convert (G_CONVERTER (compressor), zeros, MIB, small, 8 * KIB, G_CONVERTER_FLUSH,
                       &n_read, &n_written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_read, ==, MIB);

  /* The last frame of a message must not contain the last four bytes of the compressor's output:
   * RFC 7692, 7.2.1. */
  raw_frame_append (bytes, first, small, n_written - ((first & RAW_FIN) != 0 ? 4 : 0));

  return bytes;
}

/* The task refuses the frame when it has read the header. */
static void
test_announced (gconstpointer data)
{
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", raw_frame_from_hex (data),
                                          make_frame (RAW_FIN | RAW_BINARY, 64 * KIB), PLENTY));

  open_task (bounds);
  signal_log_expect (bounds->log, WORDS_OPEN " state:closed error:message-too-big close:1006");
  look (bounds);
  report (bounds);
  bounds_free (bounds, ROOM_FOR_BUFFERS);
}

/* The frame is refused, because libsoup cannot hold a message of 2 GiB or more. */
static void
test_announced_without_limit (gconstpointer data)
{
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", raw_frame_from_hex (data), NULL, 0));

  hb_websocket_task_set_max_message_size (bounds->task, 0);
  open_task (bounds);
  signal_log_expect (bounds->log, WORDS_OPEN " state:closed error:message-too-big close:1006");
  bounds_free (bounds, G_MAXUINT64);
}

/* The server sends only the header, or the beginning, of a message of the maximum size. The task
 * must not allocate memory for the rest. */
static void
test_claimed (gconstpointer data)
{
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", raw_frame_from_hex (data), NULL, 0));

  hb_websocket_task_set_max_message_size (bounds->task, 16 * MIB);
  open_task (bounds);
  signal_log_expect (bounds->log, WORDS_OPEN);
  run_for (bounds, 50);
  assert_state (bounds->task, HB_STATE_OPEN);
  bounds_free (bounds, ROOM_FOR_BUFFERS);
}

static void
test_messages (gconstpointer data)
{
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", NULL,
                                          make_frame (RAW_FIN | RAW_BINARY, MAX_MESSAGE), PLENTY));

  open_task (bounds);
  run (bounds);
  g_assert_cmpuint (signal_log_count (bounds->log, "message:binary:1048576"), >, 0);
  bounds_free (bounds, ROOM_FOR_A_MESSAGE);
}

static void
dawdle_cb (HbWebsocketTask *task,
           int              type,
           GBytes          *message,
           guint           *n_messages)
{
  g_usleep (50);
  (*n_messages)++;
}

/* If the application is slow, the data must stay in the server and in the kernel. */
static void
test_slow_application (gconstpointer data)
{
  GByteArray *message = make_frame (RAW_FIN | RAW_BINARY, 10);
  guint64 n_bytes = 10000 * message->len;
  guint n_messages = 0;
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", NULL, message, n_bytes));

  g_signal_connect (bounds->task, "message", G_CALLBACK (dawdle_cb), &n_messages);
  open_task (bounds);
  signal_log_expect (bounds->log, WORDS_OPEN);

  /* The signal log would keep a word for each message, and so change the measured memory. */
  signal_log_free (bounds->log);
  bounds->log = NULL;
  wait_until (n_messages > 9900);
  bounds_free (bounds, ROOM_FOR_BUFFERS);
}

/* The maximum number of bytes of an unread flood that the sockets of both sides buffer */
#define ROOM_IN_KERNELS (24 * MIB)

/* Room for the waiting messages, for as many bytes again in libsoup's array, and for one more
 * read */
#define ROOM_FOR_WAITING (2 * MIB + ROOM_FOR_BUFFERS)

static void
receive_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (HbMessage) message = NULL;
  guint *n_messages = user_data;

  message = hb_websocket_task_receive_finish (HB_WEBSOCKET_TASK (source), result, NULL);
  g_assert_nonnull (message);
  (*n_messages)++;
}

/* The server must stop sending while the task is paused, and while the application takes the
 * messages slowly. */
static void
test_paused (gconstpointer data)
{
  gsize length = GPOINTER_TO_UINT (data);
  g_autoptr (GByteArray) frame = make_frame (RAW_FIN | RAW_BINARY, length);
  GByteArray *frames = g_byte_array_new ();
  guint n_messages = 0;
  Bounds *bounds;
  guint i;

  /* The server writes many frames at once, because it would otherwise be too slow. */
  while (frames->len < 64 * KIB)
    g_byte_array_append (frames, frame->data, frame->len);

  bounds = bounds_new (flood_new (FLOOD_SHAKES, "", NULL, frames, PLENTY));
  hb_websocket_task_set_paused (bounds->task, TRUE);
  open_task (bounds);
  run_for (bounds, 300);
  assert_state (bounds->task, HB_STATE_OPEN);
  g_assert_cmpuint (flood_get_n_sent (bounds->flood), <, ROOM_IN_KERNELS);
  g_assert_cmpuint (get_metric (bounds->task, hb_metrics_get_bytes_received), <,
                    MIB + 2 * length + KIB);

  for (i = 1; i <= 100; i++)
    {
      hb_websocket_task_receive_async (bounds->task, NULL, receive_cb, &n_messages);
      wait_until (n_messages == i);
      look (bounds);
    }

  g_assert_cmpuint (flood_get_n_sent (bounds->flood), <, ROOM_IN_KERNELS + 100 * frame->len);
  report (bounds);
  bounds_free (bounds, ROOM_FOR_WAITING + 2 * length);
}

/* libsoup reads up to 64 KiB of headers, or 100 KiB in version 3.6 and later. The task accepts at
 * most 100 interim responses, and reads no body.
 *
 * @data: the beginning of the answer, and the text that is repeated after it */
static void
test_answer (gconstpointer data)
{
  const char * const *parts = data;
  Bounds *bounds = bounds_new (flood_new (parts[0], "", NULL, from_text (parts[1]), G_MAXUINT64));

  hb_websocket_task_set_connect_timeout (bounds->task, 300);
  open_task (bounds);
  run (bounds);
  assert_state (bounds->task, HB_STATE_CLOSED);
  bounds_free (bounds, ROOM_FOR_BUFFERS);
}

/* The message never ends, and each fragment is shorter than max-message-size. */
static void
test_fragments (gconstpointer data)
{
  gsize length = GPOINTER_TO_UINT (data);
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", make_frame (RAW_BINARY, length),
                                          make_frame (0, length),
                                          length > 1 ? PLENTY : PLENTY / 16));

  open_task (bounds);
  run (bounds);
  assert_state (bounds->task, HB_STATE_CLOSED);
  g_assert_cmpuint (signal_log_count (bounds->log, "error:message-too-big"), ==, 1);
  bounds_free (bounds, ROOM_FOR_A_MESSAGE);
}

static void
test_bomb (gconstpointer data)
{
  gboolean is_fragmented = GPOINTER_TO_UINT (data);
  Bounds *bounds;

  bounds = bounds_new (flood_new (FLOOD_SHAKES, "Sec-WebSocket-Extensions: permessage-deflate\r\n",
                                  make_bomb ((is_fragmented ? 0 : RAW_FIN) | 0x40 | RAW_BINARY),
                                  make_bomb (is_fragmented ? 0 : RAW_FIN | 0x40 | RAW_BINARY),
                                  100 * KIB));
  hb_websocket_task_set_compression (bounds->task, TRUE);
  hb_websocket_task_set_max_message_size (bounds->task, 100 * KIB);
  open_task (bounds);
  run_for (bounds, 500);
  assert_state (bounds->task, HB_STATE_CLOSED);
  g_assert_cmpuint (signal_log_count (bounds->log, "error:message-too-big"), ==, 1);
  bounds_free (bounds, ROOM_FOR_A_MESSAGE);
}

/* The server sends pings, and does not read the pongs. */
static void
test_pings (gconstpointer data)
{
  Bounds *bounds = bounds_new (flood_new (FLOOD_SHAKES, "", NULL,
                                          make_frame (RAW_FIN | RAW_PING, 125), 6 * MIB));

  open_task (bounds);
  run (bounds);
  bounds_free (bounds, 2 * ROOM_FOR_BUFFERS);
}

#define CHUNKS_10 "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n" \
                  "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n"
#define CHUNKS_100 CHUNKS_10 CHUNKS_10 CHUNKS_10 CHUNKS_10 CHUNKS_10 \
                   CHUNKS_10 CHUNKS_10 CHUNKS_10 CHUNKS_10 CHUNKS_10

static const char *endless_headers[] = {
  "HTTP/1.1 101 Switching Protocols\r\n", "X-Header: and another one, and another one\r\n",
};
static const char *endless_header[] = {
  "HTTP/1.1 101 Switching Protocols\r\nX-Header: ", "and more, and more, and more, and more",
};
static const char *endless_status[] = { "HTTP/1.1 101 ", "and more, and more, and more" };
static const char *endless_information[] = {
  "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n",
};
static const char *endless_body[] = {
  "HTTP/1.1 200 OK\r\n\r\n", "and more, and more, and more, and more, and more, and more, and more",
};
static const char *endless_chunks[] = {
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNKS_100 CHUNKS_100 CHUNKS_100,
};
static const char *endless_redirect[] = {
  "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 99999999999\r\n\r\n",
  "and more, and more, and more, and more, and more, and more, and more, and more, and more",
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A hostile server can make the task use only a limited amount of memory");

  ignore_debug_messages ();

  add_measured ("announced/2^63-1", "82 7f 7fffffffffffffff", test_announced);
  add_measured ("announced/2^64-1", "82 7f ffffffffffffffff", test_announced);
  g_test_add_data_func (PREFIX "announced/without-limit/2^63-1", "82 7f 7fffffffffffffff",
                        test_announced_without_limit);
  g_test_add_data_func (PREFIX "announced/without-limit/2^64-1", "82 7f ffffffffffffffff",
                        test_announced_without_limit);
  add_measured ("claimed/header", "82 7f 0000000001000000", test_claimed);
  add_measured ("claimed/begun", "81 7f 0000000001000000 61*40000", test_claimed);
  add_measured ("messages", NULL, test_messages);
  add_measured ("slow-application", NULL, test_slow_application);
  add_measured ("paused/empty", GUINT_TO_POINTER (0), test_paused);
  add_measured ("paused/short", GUINT_TO_POINTER (100), test_paused);
  add_measured ("paused/long", GUINT_TO_POINTER (100000), test_paused);
  add_measured ("answer/headers", endless_headers, test_answer);
  add_measured ("answer/header", endless_header, test_answer);
  add_measured ("answer/status", endless_status, test_answer);
  add_measured ("answer/information", endless_information, test_answer);
  add_measured ("answer/body", endless_body, test_answer);
  add_measured ("answer/chunks", endless_chunks, test_answer);
  add_measured ("answer/redirect", endless_redirect, test_answer);
  add_measured ("fragments/long", GUINT_TO_POINTER (64 * 1024), test_fragments);
  add_measured ("fragments/short", GUINT_TO_POINTER (1), test_fragments);
  add_measured ("bomb/frame", GUINT_TO_POINTER (FALSE), test_bomb);
  add_measured ("bomb/fragments", GUINT_TO_POINTER (TRUE), test_bomb);
  add_measured ("pings", NULL, test_pings);

  return g_test_run ();
}
