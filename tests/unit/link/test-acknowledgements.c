/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "certificate.h"
#include "hb-block-writer-private.h"
#include "hb-output-private.h"
#include "hb-watch-private.h"
#include "test-wait.h"

/* The environment variable G_TLS_GNUTLS_PRIORITY selects the version of TLS. */

/* Sizes in bytes */
#define BLOCK          3000
#define SMALL_BLOCK    300
#define RECEIVE_BUFFER 32768

/* The maximum number of bytes that one TLS record carries (RFC 8446, 5.1) */
#define RECORD 16384

typedef struct
{
  const char *name;
  gboolean    is_tls;
} Kind;

static const Kind kinds[] = {
  { "plain", FALSE },
  { "tls", TRUE },
};

/* A connection between two sockets of this process */
typedef struct
{
  gboolean            is_tls;
  GSocketConnection  *sockets[2];
  GIOStream          *sender;
  GIOStream          *receiver;
  HbAcknowledgements *acknowledgements; /* (nullable) */
  guint64             written;
} Line;

static GTlsCertificate *certificate; /* (nullable) NULL without a TLS backend or openssl */

static GSocketConnection *
take_socket (GSocket *socket)
{
  GSocketConnection *connection = g_socket_connection_factory_create_connection (socket);

  g_object_unref (socket);

  return connection;
}

static void
connect_sockets (Line *line)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GSocket) listener = NULL;
  GSocket *sockets[2];
  g_autoptr (GError) error = NULL;

  listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                           &error);
  g_assert_no_error (error);
  g_socket_set_option (listener, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (listener, address, TRUE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  effective = g_socket_get_local_address (listener, NULL);

  sockets[0] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                             NULL);
  g_assert_true (g_socket_connect (sockets[0], effective, NULL, NULL));
  sockets[1] = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
  line->sockets[0] = take_socket (sockets[0]);
  line->sockets[1] = take_socket (sockets[1]);
}

static gboolean
accept_cb (GTlsConnection       *connection,
           GTlsCertificate      *peer,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return TRUE;
}

static void
handshake_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  guint *n_pending = user_data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
  (*n_pending)--;
}

static void
begin_tls (Line *line)
{
  guint n_pending = 2;
  g_autoptr (GError) error = NULL;

  line->sender = g_tls_client_connection_new (G_IO_STREAM (line->sockets[0]), NULL, &error);
  g_assert_no_error (error);
  line->receiver = g_tls_server_connection_new (G_IO_STREAM (line->sockets[1]), certificate,
                                                &error);
  g_assert_no_error (error);
  g_signal_connect (line->sender, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (line->sender), G_PRIORITY_DEFAULT, NULL,
                                    handshake_cb, &n_pending);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (line->receiver), G_PRIORITY_DEFAULT, NULL,
                                    handshake_cb, &n_pending);
  wait_until (n_pending == 0);
}

static void
line_set_up (Line          *line,
             gconstpointer  data)
{
  const Kind *kind = data;

  line->is_tls = kind->is_tls;
  connect_sockets (line);

  if (kind->is_tls)
    {
      begin_tls (line);
      return;
    }

  line->sender = g_object_ref (G_IO_STREAM (line->sockets[0]));
  line->receiver = g_object_ref (G_IO_STREAM (line->sockets[1]));
}

static GSocket *
get_socket (Line  *line,
            guint  i)
{
  return g_socket_connection_get_socket (line->sockets[i]);
}

static void
line_tear_down (Line          *line,
                gconstpointer  data)
{
  guint i;

  g_clear_pointer (&line->acknowledgements, hb_acknowledgements_free);

  /* If a socket were full, TLS would wait for room for its last record. */
  for (i = 0; i < 2; i++)
    g_socket_shutdown (get_socket (line, i), TRUE, TRUE, NULL);

  g_clear_object (&line->sender);
  g_clear_object (&line->receiver);

  for (i = 0; i < 2; i++)
    g_clear_object (&line->sockets[i]);
}

/* Writes up to @length bytes, after which a block ends. Returns whether the kernel accepts no more
 * bytes. */
static gboolean
write_bytes (Line  *line,
             gsize  length)
{
  GPollableOutputStream *output;
  g_autofree char *bytes = g_strnfill (length, 'x');
  g_autoptr (GError) error = NULL;
  gsize n_written = 0;

  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (line->sender));

  while (n_written < length && error == NULL)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (output, bytes + n_written,
                                                             length - n_written, NULL, &error);

      n_written += MAX (n, 0);
    }

  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  line->written += n_written;
  if (n_written > 0 && line->acknowledgements != NULL)
    hb_acknowledgements_end_block (line->acknowledgements, line->written);

  return error != NULL;
}

/* Reads the bytes that have arrived. Returns their number. Passes a place for the error, because
 * glib-networking 2.80 would leak it otherwise. */
static gsize
read_bytes (Line *line)
{
  g_autoptr (GError) error = NULL;
  GPollableInputStream *input;
  char buffer[4096];
  gsize n_read = 0;
  gssize n;

  input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (line->receiver));
  while ((n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL,
                                                        &error)) > 0)
    n_read += n;

  return n_read;
}

static void
start (Line *line)
{
  line->acknowledgements = hb_acknowledgements_new (get_socket (line, 0), !line->is_tls,
                                                    line->written);
  g_assert_nonnull (line->acknowledgements);
}

static guint64
ask (Line *line)
{
  return hb_acknowledgements_read (line->acknowledgements, line->written);
}

/* Reads until the peer's TCP has acknowledged all bytes. */
static void
expect_all (Line *line)
{
  gint64 deadline = wait_get_deadline ();

  while (ask (line) < line->written)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      read_bytes (line);
      g_thread_yield ();
    }
}

static void
test_all (Line          *line,
          gconstpointer  data)
{
  guint i;

  start (line);
  g_assert_cmpuint (ask (line), ==, 0);

  for (i = 0; i < 100; i++)
    {
      write_bytes (line, BLOCK);
      if (i % 10 == 0)
        expect_all (line);
    }

  expect_all (line);
  g_assert_cmpuint (line->acknowledgements->round_trip, >, 0);
  g_assert_cmpuint (line->acknowledgements->blocks.length, ==, 0);
}

static guint64
count_unread (Line *line)
{
  int n_unread;

  g_assert_cmpint (ioctl (g_socket_get_fd (get_socket (line, 1)), FIONREAD, &n_unread), ==, 0);

  return n_unread;
}

/* Writes until the kernel accepts no more bytes, and the peer has received and acknowledged at
 * least half of RECEIVE_BUFFER. Returns how many bytes the peer can read, including those that TLS
 * adds. */
static guint64
fill (Line *line)
{
  gint64 deadline = wait_get_deadline ();
  guint64 acked_before;
  guint64 n_unread;

  ask (line);
  acked_before = line->acknowledgements->tcp_acked;

  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      while (!write_bytes (line, BLOCK))
        ;

      n_unread = count_unread (line);
      ask (line);
    }
  while (n_unread < RECEIVE_BUFFER / 2
         || line->acknowledgements->tcp_acked < acked_before + n_unread);

  return n_unread;
}

/* Closes socket @i in a way that makes the kernel send an RST. */
static void
reset (Line  *line,
       guint  i)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  g_assert_cmpint (setsockopt (g_socket_get_fd (get_socket (line, i)), SOL_SOCKET, SO_LINGER,
                               &linger, sizeof linger), ==, 0);
  g_assert_true (g_socket_close (get_socket (line, i), NULL));
}

/* The peer can read all acknowledged bytes, even after the sender has reset the connection. Over
 * TLS, the bytes that TLS adds do not count, and neither does a record of which only a part is
 * acknowledged. */
static void
test_full (Line          *line,
           gconstpointer  data)
{
  guint64 acknowledged;
  guint64 n_unread;

  start (line);
  n_unread = fill (line);
  acknowledged = ask (line);
  g_assert_cmpuint (acknowledged, <, line->written);
  g_assert_cmpuint (acknowledged, >=, line->is_tls ? n_unread - n_unread / 8 - BLOCK : n_unread);

  g_clear_pointer (&line->acknowledgements, hb_acknowledgements_free);
  reset (line, 0);
  g_assert_cmpuint (read_bytes (line), >=, acknowledged);
}

static void
wait_for_end (Line *line)
{
  g_autoptr (GError) error = NULL;

  g_socket_condition_timed_wait (get_socket (line, 0), G_IO_ERR | G_IO_HUP, 20 * G_USEC_PER_SEC,
                                 NULL, &error);
  g_assert_no_error (error);
}

/* After a reset, the kernel still reports the bytes that had been acknowledged before it. */
static void
test_reset (Line          *line,
            gconstpointer  data)
{
  guint64 acknowledged;

  start (line);
  fill (line);
  acknowledged = ask (line);
  reset (line, 1);
  wait_for_end (line);
  line->acknowledgements->tcp_acked = 0;
  line->acknowledgements->acknowledged = 0;
  g_assert_cmpuint (ask (line), <, line->written);
  g_assert_cmpuint (line->acknowledgements->tcp_acked, >, acknowledged);
}

/* The count starts in the middle of a connection, while some bytes are unacknowledged. */
static void
test_late (Line          *line,
           gconstpointer  data)
{
  while (!write_bytes (line, BLOCK))
    ;
  g_assert_cmpuint (count_unread (line), <, line->written);
  start (line);
  g_assert_cmpuint (ask (line), <, line->written);
  expect_all (line);
  write_bytes (line, BLOCK);
  expect_all (line);
}

/* TCP counts the end of a connection as another byte, which must not count as data. Over TLS, only
 * the positions of blocks count, so this test uses no TLS. */
static void
test_end (Line          *line,
          gconstpointer  data)
{
  gint64 deadline = wait_get_deadline ();
  guint64 acked;

  start (line);
  write_bytes (line, BLOCK);
  expect_all (line);
  acked = line->acknowledgements->tcp_acked;
  g_assert_true (g_socket_shutdown (get_socket (line, 0), FALSE, TRUE, NULL));

  while (line->acknowledgements->tcp_acked == acked)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      line->acknowledgements->acknowledged = 0;
      ask (line);
    }

  g_assert_cmpuint (ask (line), <=, line->written);
}

static gpointer
read_thread (gpointer user_data)
{
  char buffer[1000];

  while (recv (GPOINTER_TO_INT (user_data), buffer, sizeof buffer, 0) > 0)
    ;

  return NULL;
}

/* TCP's position is read correctly even if acknowledgements arrive at the same time. Without TLS,
 * the difference between this position and the number of written bytes is always the same. */
static void
test_moving (Line          *line,
             gconstpointer  data)
{
  GThread *reader;
  guint64 base;
  guint i;

  start (line);
  base = line->acknowledgements->base;
  g_socket_set_blocking (get_socket (line, 1), TRUE);
  reader = g_thread_new ("reader", read_thread,
                         GINT_TO_POINTER (g_socket_get_fd (get_socket (line, 1))));

  for (i = 0; i < 50000; i++)
    {
      write_bytes (line, SMALL_BLOCK);
      g_clear_pointer (&line->acknowledgements, hb_acknowledgements_free);
      start (line);
      g_assert_cmpuint (line->acknowledgements->base, ==, base);
    }

  g_assert_true (g_socket_shutdown (get_socket (line, 0), FALSE, TRUE, NULL));
  g_thread_join (reader);
}

/* Each TLS record of a block counts as soon as it is acknowledged. The peer reads nothing, and its
 * buffer has no room for all records. */
static void
test_records (Line          *line,
              gconstpointer  data)
{
  gint64 deadline = wait_get_deadline ();
  g_autofree guint8 *bytes = g_malloc0 (HB_BLOCK_SIZE);
  HbBlockWriter writer;
  HbWatch *watch;

  watch = hb_watch_new (g_socket_get_fd (get_socket (line, 0)), NULL, NULL);
  hb_block_writer_init (&writer,
                        G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (line->sender)),
                        watch);
  writer.acknowledgements = hb_acknowledgements_new (get_socket (line, 0), !line->is_tls, 0);
  g_assert_nonnull (writer.acknowledgements);
  while (!writer.is_blocked)
    hb_block_writer_write (&writer, bytes, HB_BLOCK_SIZE);

  while (hb_acknowledgements_read (writer.acknowledgements, writer.written) < RECORD)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }

  g_assert_cmpuint (writer.acknowledgements->acknowledged, <, HB_BLOCK_SIZE);
  hb_block_writer_clear (&writer);
  hb_watch_unref (watch);
}

/* Asks the kernel, so that the output itself reads no acknowledgements during the wait. */
static void
wait_acknowledged (Line *line)
{
  gint64 deadline = wait_get_deadline ();
  int n_unacknowledged;

  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_assert_cmpint (ioctl (g_socket_get_fd (get_socket (line, 0)), TIOCOUTQ, &n_unacknowledged),
                       ==, 0);
    }
  while (n_unacknowledged > 0);
}

/* Sends a message, and waits until it is acknowledged. Returns the position in the output after
 * it. */
static guint64
send_message (Line     *line,
              HbOutput *output)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (SMALL_BLOCK), SMALL_BLOCK);
  HbSpan span;

  g_assert_true (hb_output_send (output, HB_OPCODE_BINARY, bytes, &span));
  hb_output_flush (output);
  wait_acknowledged (line);

  return span.end;
}

/* When the count ends, the output reads the acknowledgements once more. Afterwards the socket may
 * be closed. As long as it is open, the count may begin again. */
static void
test_output (Line          *line,
             gconstpointer  data)
{
  g_autoptr (HbOutput) output = NULL;
  guint64 first, second, third;
  guint round_trip;
  HbWatch *watch;

  watch = hb_watch_new (g_socket_get_fd (get_socket (line, 0)), NULL, NULL);
  hb_watch_enter (watch, g_main_context_default ());
  output = hb_output_new (G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (line->sender)),
                          watch, NULL, NULL);

  hb_output_begin_acknowledgements (output, get_socket (line, 0), !line->is_tls);
  first = send_message (line, output);
  hb_output_end_acknowledgements (output);
  second = send_message (line, output);
  g_assert_cmpuint (hb_output_get_acknowledged (output, &round_trip), ==, first);
  g_assert_cmpuint (round_trip, ==, 0);

  hb_output_begin_acknowledgements (output, get_socket (line, 0), !line->is_tls);
  g_assert_cmpuint (hb_output_get_acknowledged (output, &round_trip), ==, second);
  g_assert_cmpuint (round_trip, >, 0);
  third = send_message (line, output);
  hb_output_end_acknowledgements (output);
  hb_watch_leave (watch);
  reset (line, 0);
  hb_output_end_acknowledgements (output);
  g_assert_cmpuint (hb_output_get_acknowledged (output, &round_trip), ==, third);

  hb_output_detach (output);
  hb_watch_unref (watch);
}

static void
assert_impossible (GSocket *socket)
{
  guint round_trip;

  g_assert_false (hb_acknowledgements_are_possible (socket, &round_trip));
  g_assert_null (hb_acknowledgements_new (socket, TRUE, 0));
}

static void
test_unix (void)
{
  GSocket *sockets[2];
  int fds[2];
  guint i;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  for (i = 0; i < 2; i++)
    sockets[i] = g_socket_new_from_fd (fds[i], NULL);

  assert_impossible (sockets[0]);
  g_clear_object (&sockets[0]);
  g_clear_object (&sockets[1]);
}

/* With a kernel that only imitates Linux, the count may always be 0. Messages would then wait
 * forever, so the library must not use such a count. Linux also returns 0 for a socket without a
 * connection. */
static void
test_no_count (void)
{
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  assert_impossible (socket);
}

#ifdef CAN_WRAP_IOCTL

/* With the linker's option --wrap, calls to ioctl () reach __wrap_ioctl (), and __real_ioctl () is
 * the function of the C library. */
int __real_ioctl (int            fd,
                  unsigned long  request,
                  ...);
int __wrap_ioctl (int            fd,
                  unsigned long  request,
                  ...);

static gboolean is_forbidden;

int
__wrap_ioctl (int            fd,
              unsigned long  request,
              ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, request);
  argument = va_arg (arguments, void *);
  va_end (arguments);

  return is_forbidden ? -1 : __real_ioctl (fd, request, argument);
}

/* If a sandbox forbids SIOCOUTQ, messages would wait forever for their acknowledgements. */
static void
test_forbidden (Line          *line,
                gconstpointer  data)
{
  is_forbidden = TRUE;
  assert_impossible (get_socket (line, 0));
  is_forbidden = FALSE;
}

#endif

/* Takes the place of each test with TLS if no certificate could be made. */
static void
test_skipped (void)
{
  certificate_exists (certificate);
}

static const struct
{
  const char *name;
  void      (*func) (Line          *line,
                     gconstpointer  data);
} tests[] = {
  { "all", test_all },
  { "full", test_full },
  { "reset", test_reset },
  { "late", test_late },
  { "records", test_records },
  { "output", test_output },
};

int
main (int   argc,
      char *argv[])
{
  guint i;
  guint k;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("The bytes that the peer's TCP has acknowledged are counted, with and without "
                  "TLS");
  certificate = certificate_get ();

  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    for (k = 0; k < G_N_ELEMENTS (kinds); k++)
      {
        g_autofree char *path = g_strdup_printf ("/link/acknowledgements/%s/%s", tests[i].name,
                                                 kinds[k].name);

        if (certificate != NULL || !kinds[k].is_tls)
          g_test_add (path, Line, &kinds[k], line_set_up, tests[i].func, line_tear_down);
        else
          g_test_add_func (path, test_skipped);
      }

  g_test_add ("/link/acknowledgements/end", Line, &kinds[0], line_set_up, test_end, line_tear_down);
  g_test_add ("/link/acknowledgements/moving", Line, &kinds[0], line_set_up, test_moving,
              line_tear_down);
#ifdef CAN_WRAP_IOCTL
  g_test_add ("/link/acknowledgements/forbidden", Line, &kinds[0], line_set_up, test_forbidden,
              line_tear_down);
#endif

  g_test_add_func ("/link/acknowledgements/unix", test_unix);
  g_test_add_func ("/link/acknowledgements/no-count", test_no_count);

  return g_test_run ();
}
