/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fixture.h"
#include "raw-frame.h"

/* The same bytes must have the same effects, whether the task reads them without libsoup, or
 * libsoup handles them. A listener is a handler for `message` of libsoup's connection. */

#define LIMIT 70000

/* A number of bytes that the kernel always accepts */
#define MAX_PIECE 30000

typedef enum
{
  LANE_FAST,      /* The connection has no listener. */
  LANE_SLOW,      /* A listener makes every frame go through libsoup. */
  LANE_SWITCHING, /* A listener is added and removed at random. */
  N_LANES,
} Lane;

/* One connection, and a log of everything that the server's bytes cause */
typedef struct
{
  RawServer       *server;
  HbWebsocketTask *task;
  GString         *log;
  GRand           *rand;       /* decides when the listener is added and removed */
  Lane             lane;
  gulong           listener;   /* the id of the handler, or 0 */
  guint            n_unheard;  /* delivered messages that the listener has not received yet */
} Exchange;

/* The number of times that libsoup has emitted `message` */
static guint n_emissions;

/* After an error, libsoup may deliver a message that the task does not deliver, so `n_unheard` can
 * already be 0. */
static void
exchange_heard_cb (SoupWebsocketConnection *connection,
                   SoupWebsocketDataType    type,
                   GBytes                  *message,
                   Exchange                *exchange)
{
  if (exchange->n_unheard > 0)
    exchange->n_unheard--;
}

static void
listen (Exchange *exchange)
{
  SoupWebsocketConnection *connection = hb_websocket_task_get_connection (exchange->task);

  exchange->listener = g_signal_connect (connection, "message", G_CALLBACK (exchange_heard_cb),
                                         exchange);
}

static void
switch_listener (Exchange *exchange)
{
  SoupWebsocketConnection *connection = hb_websocket_task_get_connection (exchange->task);

  if (exchange->listener == 0)
    listen (exchange);
  else
    g_clear_signal_handler (&exchange->listener, connection);
}

static void
open_cb (HbWebsocketTask *task,
         Exchange        *exchange)
{
  g_string_append (exchange->log, "open\n");
  if (exchange->lane == LANE_SLOW)
    listen (exchange);
}

/* The listener runs after this handler, so a listener that is removed here misses the message. */
static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            Exchange              *exchange)
{
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, message);
  gboolean was_listening = exchange->listener != 0;
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  g_assert_cmphex (text[size], ==, '\0');
  g_string_append_printf (exchange->log, "message %d %" G_GSIZE_FORMAT " %s\n", type, size, sum);

  if (exchange->lane == LANE_SWITCHING && g_rand_int_range (exchange->rand, 0, 3) == 0)
    switch_listener (exchange);

  g_assert_cmpuint (exchange->n_unheard, ==, 0);
  if (was_listening && exchange->listener != 0)
    exchange->n_unheard++;
}

static void
error_cb (HbWebsocketTask *task,
          GError          *error,
          Exchange        *exchange)
{
  g_autofree char *name = signal_log_name_error (error);

  g_string_append_printf (exchange->log, "error %s %s\n", name, error->message);
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          Exchange        *exchange)
{
  exchange->listener = 0;
  g_string_append_printf (exchange->log, "close %u %s\n", code, reason);
}

static void
begin (Exchange *exchange,
       Lane      lane,
       guint32   seed)
{
  *exchange = (Exchange) { .lane = lane };
  exchange->server = raw_server_new ();
  exchange->log = g_string_new (NULL);
  exchange->rand = g_rand_new_with_seed (seed);
  exchange->task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                                 "uri", raw_server_get_uri (exchange->server),
                                 "repeat-limit", 0,
                                 "ping-timeout", 0,
                                 "max-message-size", (guint64) LIMIT,
                                 "network-aware", FALSE,
                                 NULL);
  g_signal_connect (exchange->task, "open", G_CALLBACK (open_cb), exchange);
  g_signal_connect (exchange->task, "message", G_CALLBACK (message_cb), exchange);
  g_signal_connect (exchange->task, "error", G_CALLBACK (error_cb), exchange);
  g_signal_connect (exchange->task, "close", G_CALLBACK (close_cb), exchange);
}

/* Ends the server's stream if the connection is still open, waits for the end of the connection,
 * and frees the contents of @exchange.
 *
 * Returns: (transfer full): the log, followed by the messages and control frames of the client */
static char *
end (Exchange *exchange,
     RawPeer  *peer)
{
  if (hb_websocket_task_get_state (exchange->task) == HB_STATE_OPEN)
    raw_peer_half_close (peer);

  wait_until (hb_websocket_task_get_state (exchange->task) == HB_STATE_CLOSED);
  wait_until (raw_peer_has_ended (peer));

  while (raw_peer_get_n_frames (peer) > 0)
    {
      g_autofree char *frame = raw_peer_take (peer);

      g_string_append_printf (exchange->log, "frame %s\n", frame);
    }

  g_assert_cmpuint (exchange->n_unheard, ==, 0);
  g_assert_finalize_object (exchange->task);
  raw_server_free (exchange->server);
  g_rand_free (exchange->rand);

  return g_string_free (exchange->log, FALSE);
}

/* Sends @bytes in pieces of random sizes, up to the smaller of @max_piece and MAX_PIECE.
 *
 * Returns: (transfer full): the log: see end () */
static char *
run (GByteArray *bytes,
     Lane        lane,
     gsize       max_piece,
     guint32     seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  Exchange exchange;
  RawPeer *peer;
  gsize at = 0;

  begin (&exchange, lane, seed);
  hb_websocket_task_open (exchange.task);
  peer = raw_server_wait_peer (exchange.server, 0);
  wait_until (hb_websocket_task_get_state (exchange.task) == HB_STATE_OPEN);

  while (at < bytes->len && hb_websocket_task_get_state (exchange.task) == HB_STATE_OPEN)
    {
      gsize n = g_rand_int_range (rand, 1, MIN (max_piece, MAX_PIECE) + 1);

      n = MIN (n, bytes->len - at);
      raw_peer_write (peer, bytes->data + at, n);
      wait_idle ();
      at += n;
    }

  return end (&exchange, peer);
}

/* Removes the close frame from the end of @log, if libsoup sent it because of an error. */
static void
forget_close_frame (char *log)
{
  char *line = g_strrstr (log, "\nframe close:");

  if (line != NULL && strstr (log, "\nerror soup-websocket-error-quark:") != NULL)
    line[1] = '\0';
}

/* If an error ended the connection, removes from the end of the longer log the pongs that the
 * shorter log does not have. */
static void
forget_missing_pongs (char *log,
                      char *other)
{
  gsize length = MIN (strlen (log), strlen (other));

  if (strstr (log, "\nerror ") == NULL)
    return;

  if (g_str_has_prefix (log + length, "frame pong:"))
    log[length] = '\0';
  if (g_str_has_prefix (other + length, "frame pong:"))
    other[length] = '\0';
}

/* @drops_answers: whether a bad frame may follow a ping or another bad frame. If libsoup reads both
 *   at once, it closes the stream before it has sent its answer to the first, so the close frames
 *   and the last pongs are not compared. */
static void
compare (GByteArray *bytes,
         gsize       max_piece,
         guint32     seed,
         gboolean    drops_answers)
{
  g_autofree char *expected = run (bytes, LANE_SLOW, max_piece, seed);
  g_autofree char *fast = run (bytes, LANE_FAST, max_piece, seed + 1);
  g_autofree char *switching = run (bytes, LANE_SWITCHING, max_piece, seed + 2);

  if (drops_answers)
    {
      forget_close_frame (expected);
      forget_close_frame (fast);
      forget_close_frame (switching);
      forget_missing_pongs (fast, switching);
      forget_missing_pongs (fast, expected);
      forget_missing_pongs (switching, expected);
    }

  g_assert_cmpstr (fast, ==, expected);
  g_assert_cmpstr (switching, ==, expected);
}

typedef struct
{
  const char *name;
  const char *bytes;      /* for raw_frame_from_hex () */
  gboolean    is_plain;   /* Each frame is a whole message. */
} Case;

static const Case cases[] = {
  { "text", "81 05 68656c6c6f 81 02 c3a4", TRUE },
  { "binary", "82 03 00ff80 82 01 00", TRUE },
  { "empty", "81 00 82 00 81 00", TRUE },
  { "nul", "81 01 00 81 05 6100c3a400", TRUE },
  { "lengths", "81 7d 61*125 81 7e 007e 61*126 82 7e ffff 61*65535 82 7f 0000000000010000 61*65536",
    TRUE },
  { "middle", "81 7e 7fff 61*32767 81 7e 8000 61*32768 81 7e 9000 c3a4*18432 81 01 62", TRUE },
  { "limit", "82 7f 0000000000011170 61*70000 81 01 61", TRUE },
  { "limit-text", "81 7f 0000000000011170 61*70000", TRUE },
  { "over-limit", "81 01 61 82 7f 0000000000011171 61*70001 81 01 62", FALSE },
  { "over-limit-header", "81 01 61 82 7f 0000000000011171", FALSE },
  { "longest", "82 7f ffffffffffffffff 61", FALSE },
  { "ping-between", "81 01 61 89 03 010203 81 01 62 8a 00 81 01 63", FALSE },
  { "long-ping", "81 01 61 89 7e 007e 61*126 81 01 62", FALSE },
  { "long-pong", "8a 7e 0100 61*256 81 01 62", FALSE },
  { "ping-after-long", "82 7f 0000000000010000 61*65536 89 01 61 82 7f 0000000000010000 61*65536",
    FALSE },
  { "fragments", "01 01 61 00 01 62 80 01 63 81 01 64", FALSE },
  { "ping-within-fragments", "01 01 61 89 01 78 80 01 63 81 01 64", FALSE },
  { "character-in-fragments", "01 01 c3 80 01 a4 81 02 c3a4", FALSE },
  { "wrong-fragments", "01 01 c3 80 01 28 81 01 61", FALSE },
  { "fragments-over-limit", "02 7e ffff 61*65535 80 7e 2000 61*8192 81 01 61", FALSE },
  { "text-within-fragments", "01 01 61 81 01 62 80 01 63", FALSE },
  { "continuation-of-nothing-after-long", "82 7f 0000000000011170 61*70000 80 01 62 81 01 63",
    FALSE },
  { "continuation-of-nothing", "81 01 61 80 01 62 81 01 63", FALSE },
  { "close", "81 01 61 88 02 03e8 81 01 62", FALSE },
  { "close-reason", "88 05 0fa0 627965 82 01 00", FALSE },
  { "close-empty", "88 00 81 01 62", FALSE },
  { "close-half", "81 01 61 88 01 03 81 01 62", FALSE },
  { "close-forbidden", "88 02 03ed 81 01 62", FALSE },
  { "close-then-too-long", "81 01 61 88 02 03e8 82 7f 7fffffffffffffff", FALSE },
  { "close-within-fragments", "01 01 61 88 02 03e8 80 01 62", FALSE },
  { "not-utf8", "81 01 61 81 02 c328 81 01 62", FALSE },
  { "not-utf8-cut", "81 01 c3 81 01 62", FALSE },
  { "not-utf8-surrogate", "81 03 eda080 81 01 62", FALSE },
  { "not-utf8-long", "81 7f 0000000000011170 61*69999 ff 81 01 62", FALSE },
  { "not-utf8-begins-long", "81 7e ffff ff 61*65534 81 01 62", FALSE },
  { "masked", "81 01 61 81 81 6d61736b 11 81 01 62", FALSE },
  { "reserved", "81 01 61 c1 01 61 81 01 62", FALSE },
  { "reserved-long", "a2 7e ffff 61*65535 81 01 62", FALSE },
  { "opcode", "81 01 61 83 01 61 81 01 62", FALSE },
  { "opcode-control", "8b 01 61 81 01 62", FALSE },
  { "ping-in-fragments", "09 01 61 80 01 62 81 01 62", FALSE },
  { "not-minimal", "81 7e 0001 61 81 01 62", FALSE },
  { "not-minimal-long", "82 7f 000000000000ffff 61*65535", FALSE },
  { "cut-header", "81 01 61 82", FALSE },
  { "cut-length", "81 01 61 82 7e 01", FALSE },
  { "cut-payload", "81 01 61 81 05 6161", FALSE },
  { "cut-long", "81 01 61 82 7f 0000000000010000 61*40000", FALSE },
  { "cut-ping", "81 01 61 89 05 61", FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GByteArray) bytes = raw_frame_from_hex (test->bytes);
  gsize least = 1 + bytes->len / 40;

  g_test_summary ("The same bytes have the same effects with libsoup and without");

  compare (bytes, least, 1, FALSE);
  compare (bytes, MAX (least, 7), 2, FALSE);
  compare (bytes, MAX (bytes->len, 1), 3, FALSE);
}

static void
test_plain (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GByteArray) bytes = raw_frame_from_hex (test->bytes);
  g_autofree char *slow = NULL;
  g_autofree char *fast = NULL;

  g_test_summary ("A valid message in a single frame does not pass through libsoup unless a "
                  "handler is connected to `message` of libsoup's connection");

  n_emissions = 0;
  fast = run (bytes, LANE_FAST, bytes->len, 1);
  g_assert_cmpuint (n_emissions, ==, 0);
  slow = run (bytes, LANE_SLOW, bytes->len, 1);
  g_assert_cmpuint (n_emissions, >, 0);
}

/* The bytes that a server sends after its answer to the request */
typedef struct
{
  GByteArray *bytes;
  gsize       n_with_answer; /* how many of these bytes are in the segment of the answer */
} FirstBytes;

static void
answer_cb (RawPeer  *peer,
           gpointer  user_data)
{
  const FirstBytes *first = user_data;

  raw_peer_gather (peer, TRUE);
  raw_peer_accept (peer);
  raw_peer_write (peer, first->bytes->data, first->n_with_answer);
  raw_peer_gather (peer, FALSE);
}

static guint
count_messages (const char *log)
{
  guint n = 0;

  for (; (log = strstr (log, "\nmessage ")) != NULL; log++)
    n++;

  return n;
}

/* Works like run (), but sends the first bytes in the segment of the answer. The stream does not
 * end before @n_messages messages have arrived, because a task that has overlooked bytes would find
 * them when it reads the end of the stream. */
static char *
run_with_answer (FirstBytes *first,
                 Lane        lane,
                 guint       n_messages)
{
  Exchange exchange;
  RawPeer *peer;

  begin (&exchange, lane, 1);
  raw_server_set_requested (exchange.server, answer_cb, first);
  hb_websocket_task_open (exchange.task);
  peer = raw_server_wait_peer (exchange.server, 0);
  wait_until (strstr (exchange.log->str, "open") != NULL);
  wait_idle ();
  raw_peer_write (peer, first->bytes->data + first->n_with_answer,
                  first->bytes->len - first->n_with_answer);
  wait_until (count_messages (exchange.log->str) == n_messages);

  return end (&exchange, peer);
}

static const Case first_cases[] = {
  { "messages", "81 05 68656c6c6f 82 02 00ff 81 00", TRUE },
  { "middle", "82 7e 0100 61*256 81 01 62", TRUE },
  { "control", "89 01 78 81 01 61 88 02 03e8", FALSE },
  { "fragments", "01 01 c3 80 01 a4 81 01 63", FALSE },
  { "not-utf8", "81 02 c328 81 01 62", FALSE },
};

static void
test_with_answer (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GByteArray) bytes = raw_frame_from_hex (test->bytes);
  g_autofree char *expected = run (bytes, LANE_SLOW, bytes->len, 1);
  FirstBytes first = { bytes, 0 };

  g_test_summary ("Bytes in the segment of the server's answer have the same effects as later "
                  "bytes, wherever the segment ends");

  for (; first.n_with_answer <= bytes->len; first.n_with_answer++)
    {
      g_autofree char *fast = NULL;

      n_emissions = 0;
      fast = run_with_answer (&first, LANE_FAST, count_messages (expected));
      g_assert_cmpstr (fast, ==, expected);
      if (test->is_plain)
        g_assert_cmpuint (n_emissions, ==, 0);
    }
}

/* The text sometimes contains a NUL, or a byte that may make the text invalid. */
static void
fill (guint8 *payload,
      gsize   length,
      GRand  *rand)
{
  static const char character[] = "\xf0\x9f\x98\x80";
  gsize i;

  memset (payload, 'a', length);

  for (i = 0; i + 4 <= length && i < 400; i += g_rand_int_range (rand, 4, 100))
    memcpy (payload + i, character, 4);

  if (length > 0 && g_rand_int_range (rand, 0, 4) == 0)
    payload[g_rand_int_range (rand, 0, length)] = '\0';

  if (length > 0 && g_rand_int_range (rand, 0, 60) == 0)
    payload[g_rand_int_range (rand, 0, length)] = 0x80;
}

static void
append_random_frame (GByteArray *bytes,
                     gboolean   *is_fragmented,
                     GRand      *rand)
{
  static const gsize lengths[] = {
    0, 1, 5, 30, 125, 126, 127, 700, 1024, 0, 3, 40, 16, 5, 32000, 40000, 65535, 65536, LIMIT,
  };
  gsize length = lengths[g_rand_int_range (rand, 0, G_N_ELEMENTS (lengths))];
  g_autofree guint8 *payload = g_malloc (length + 1);
  guint opcode = g_rand_int_range (rand, 0, 5) > 0 ? RAW_TEXT : RAW_BINARY;
  gboolean is_final = g_rand_int_range (rand, 0, 4) > 0;
  guint kind = g_rand_int_range (rand, 0, 40);
  gsize header = bytes->len;

  fill (payload, length, rand);

  if (kind < 5)
    raw_frame_append (bytes, RAW_FIN | (kind < 4 ? RAW_PING : RAW_PONG), payload, length % 126);
  else if (kind == 5)
    raw_frame_append (bytes, RAW_FIN | RAW_CLOSE, "\x03\xe8" "bye", 5);
  else if (*is_fragmented)
    raw_frame_append (bytes, is_final ? RAW_FIN : 0, payload, length % 1000);
  else
    raw_frame_append (bytes, (is_final ? RAW_FIN : 0) | opcode, payload, length);

  if (kind > 5)
    *is_fragmented = !is_final;

  if (g_rand_int_range (rand, 0, 60) == 0)
    bytes->data[header + g_rand_int_range (rand, 0, 2)] ^= 1 << g_rand_int_range (rand, 0, 8);
}

static void
test_random (void)
{
  guint n_walks = g_test_slow () ? 2000 : 60;
  guint i;

  g_test_summary ("Random frames have the same effects with libsoup and without");

  for (i = 0; i < n_walks; i++)
    {
      guint32 seed = g_test_rand_int ();
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      gboolean is_fragmented = FALSE;
      guint n_frames = g_rand_int_range (rand, 1, 40);

      g_test_message ("seed %u", seed);
      while (n_frames-- > 0 && bytes->len < 300000)
        append_random_frame (bytes, &is_fragmented, rand);

      compare (bytes, 1 + bytes->len / g_rand_int_range (rand, 1, 30), seed, TRUE);
    }
}

int
main (int   argc,
      char *argv[])
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Messages that are read with and without libsoup.");

  count_emissions ("message", &n_emissions);

  test_rows_add ("/loopback/lanes/same/", cases, test_case);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/loopback/lanes/plain/", cases[i].name, NULL);

      if (cases[i].is_plain)
        g_test_add_data_func (path, &cases[i], test_plain);
    }

  test_rows_add ("/loopback/lanes/with-answer/", first_cases, test_with_answer);
  g_test_add_func ("/loopback/lanes/random", test_random);

  return g_test_run ();
}
