/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-input-private.h"
#include "hb-limits-private.h"
#include "hb-output-private.h"
#include "hb-socket-private.h"
#include "hb-stream-private.h"

/* A stream between libsoup's framing and the socket, or TLS over the socket.
 *
 * Without this stream, the socket would be read 1 KiB at a time, written one frame at a time, and
 * polled with a new source for each wait. libsoup cannot put a stream below a connection that a
 * session has made. Instead, that connection releases its stream, and a second connection works
 * over an HbStream, which uses the released stream. */
struct _HbStream
{
  GIOStream                parent_instance;

  SoupWebsocketConnection *connection; /* (not owned) the second one, which owns this stream */
  GIOStream               *base;
  GMainContext            *context;    /* (not owned) the context of the link */
  HbInput                 *input;
  HbOutput                *output;
  GSocket                 *socket;
  HbWatch                 *watch;
  gboolean                 is_fast;    /* No extension was negotiated, so messages can be sent
                                        * and received without libsoup. */
};

/* See hb_input_set_max_delivery (). These bytes hold a few hundred short messages. */
#define MAX_UNHANDLED 4096

G_DEFINE_FINAL_TYPE (HbStream, hb_stream, G_TYPE_IO_STREAM)

static GInputStream *
hb_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (HB_STREAM (stream)->input);
}

static GOutputStream *
hb_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (HB_STREAM (stream)->output);
}

/* Closes the stream below without waiting. If TLS has a part of a frame that the kernel does not
 * have, closing TLS would also send that part. The message is sent again on the next connection and
 * would arrive twice, so the socket is shut down first. */
static void
shut (HbStream *self)
{
  hb_output_end_acknowledgements (self->output);

  if (hb_output_get_written (self->output) != hb_output_get_frame_end (self->output))
    hb_socket_shut_down (self->socket);

  /* The socket may be closed in another thread, and a new socket may then get the same descriptor,
   * so the watch stops polling first. */
  hb_watch_leave (self->watch);
  g_io_stream_close_async (self->base, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static gboolean
hb_stream_close (GIOStream     *stream,
                 GCancellable  *cancellable,
                 GError       **error)
{
  shut (HB_STREAM (stream));

  return TRUE;
}

static void
hb_stream_close_async (GIOStream           *stream,
                       int                  priority,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, hb_stream_close_async);
  g_task_set_priority (task, priority);
  shut (HB_STREAM (stream));
  g_task_return_boolean (task, TRUE);
}

static gboolean
hb_stream_close_finish (GIOStream     *stream,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hb_stream_finalize (GObject *object)
{
  HbStream *self = HB_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->base);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->watch, hb_watch_unref);

  G_OBJECT_CLASS (hb_stream_parent_class)->finalize (object);
}

static void
hb_stream_class_init (HbStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->finalize = hb_stream_finalize;
  stream_class->get_input_stream = hb_stream_get_input_stream;
  stream_class->get_output_stream = hb_stream_get_output_stream;
  stream_class->close_fn = hb_stream_close;
  stream_class->close_async = hb_stream_close_async;
  stream_class->close_finish = hb_stream_close_finish;
}

static void
hb_stream_init (HbStream *self)
{
}

/* Disposes of the session's connection, which removes its source from the loop. The connection
 * would also close @stream. A pending operation makes this close fail. The source that reports the
 * failure would keep alive a main context that is never iterated again, so it is attached, if
 * possible, to a context of its own, which is iterated here. */
static void
dispose_connection (SoupWebsocketConnection *connection,
                    GIOStream               *stream)
{
  g_autoptr (GMainContext) context = hb_context_new ();
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_context_push (context);
  gboolean is_pending = g_io_stream_set_pending (stream, NULL);

  g_object_run_dispose (G_OBJECT (connection));

  while (context != NULL && g_main_context_iteration (context, FALSE))
    ;

  if (is_pending)
    g_io_stream_clear_pending (stream);
}

/* Returns whether libsoup handles the messages of each read before its next read. Older versions
 * are affected by CVE-2024-52532. If a distribution has fixed an older version, MAX_UNHANDLED
 * limits its deliveries needlessly, which costs a little speed. */
static gboolean
handles_each_read (void)
{
  guint minor = soup_get_minor_version ();
  guint micro = soup_get_micro_version ();

  return soup_check_version (3, 6, 1)
         || (minor == 4 && micro >= 5)
         || (minor == 2 && micro >= 3);
}

static void
park (HbStream *self)
{
  GMainContext *context = hb_watch_get_parking (self->watch);

  if (context != NULL && hb_channel_is_open (self->connection))
    hb_input_park (self->input, context);
}

static void
watch_cb (GIOCondition ready,
          gpointer     user_data)
{
  g_autoptr (HbStream) self = g_object_ref (user_data);

  hb_output_run (self->output, (ready & G_IO_OUT) != 0);
  hb_input_run (self->input, (ready & G_IO_IN) != 0);

  if (hb_input_can_park (self->input))
    park (self);
}

static HbStream *
new_over (GIOStream           *base,
          GSocket             *socket,
          GMainContext        *context,
          HbEventFunc          func,
          gpointer             user_data)
{
  HbStream *self = g_object_new (HB_TYPE_STREAM, NULL);

  self->base = g_object_ref (base);
  self->context = context;
  self->socket = g_object_ref (socket);
  self->watch = hb_watch_new (g_socket_get_fd (socket), watch_cb, self);
  self->output = hb_output_new (G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (base)),
                                self->watch, func, user_data);
  self->input = hb_input_new (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (base)),
                              hb_socket_is_direct (base), self->watch, self->output,
                              func, user_data);
  if (!handles_each_read ())
    hb_input_set_max_delivery (self->input, MAX_UNHANDLED);
  hb_watch_enter (self->watch, context);

  return self;
}

static gpointer
ref_extension (gconstpointer extension,
               gpointer      user_data)
{
  return g_object_ref ((gpointer) extension);
}

/* Copies the list, and adds HbLimits, in place of permessage-deflate if that was negotiated. Other
 * extensions stay in the list.
 *
 * Returns: (transfer full) */
static GList *
copy_extensions (HbStream *self,
                 GList    *negotiated)
{
  GList *extensions = g_list_copy_deep (negotiated, ref_extension, NULL);
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (self->output);
  GList *link = extensions;
  HbLimits *limits;

  while (link != NULL && !SOUP_IS_WEBSOCKET_EXTENSION_DEFLATE (link->data))
    link = link->next;

  limits = hb_limits_new (link != NULL ? link->data : NULL, output);

  if (link == NULL)
    return g_list_prepend (extensions, limits);

  g_object_unref (link->data);
  link->data = limits;

  return extensions;
}

static SoupWebsocketConnection *
new_connection_like (SoupWebsocketConnection *connection,
                     HbStream                *stream)
{
  GList *extensions = soup_websocket_connection_get_extensions (connection);

  stream->is_fast = extensions == NULL;

  return soup_websocket_connection_new (G_IO_STREAM (stream),
                                        soup_websocket_connection_get_uri (connection),
                                        SOUP_WEBSOCKET_CONNECTION_CLIENT,
                                        soup_websocket_connection_get_origin (connection),
                                        soup_websocket_connection_get_protocol (connection),
                                        copy_extensions (stream, extensions));
}

/* A message that waited in libsoup's queue behind a pong would have no position. The message would
 * never count as written, and would be sent again on the next link. Messages that wait in the
 * output have positions. */
static gboolean
hb_stream_may_send (gpointer data)
{
  HbStream *self = data;

  return self->is_fast || hb_output_is_writable (self->output);
}

static gboolean
hb_stream_send (gpointer  data,
                HbOpcode  opcode,
                GBytes   *payload,
                HbSpan   *span)
{
  HbStream *self = data;

  if (self->is_fast && opcode != HB_OPCODE_PING)
    return hb_output_send (self->output, opcode, payload, span);

  span->begin = hb_output_get_frame_end (self->output);
  hb_channel_send (self->connection, self->context, opcode, payload);
  span->end = hb_output_get_frame_end (self->output);
  span->written = hb_output_get_written (self->output);

  return hb_channel_is_open (self->connection) && hb_output_is_writable (self->output);
}

static guint64
hb_stream_get_written (gpointer data)
{
  return hb_output_get_written (((HbStream *) data)->output);
}

static void
hb_stream_begin_acknowledgements (gpointer data)
{
  HbStream *self = data;

  hb_output_begin_acknowledgements (self->output, self->socket, hb_socket_is_direct (self->base));
}

static void
hb_stream_end_acknowledgements (gpointer data)
{
  hb_output_end_acknowledgements (((HbStream *) data)->output);
}

static guint64
hb_stream_get_acknowledged (gpointer  data,
                            guint    *round_trip)
{
  return hb_output_get_acknowledged (((HbStream *) data)->output, round_trip);
}

static void
hb_stream_flush (gpointer data)
{
  hb_output_flush (((HbStream *) data)->output);
}

static gboolean
hb_stream_read_on (gpointer data)
{
  return hb_input_read_on (((HbStream *) data)->input);
}

static void
hb_stream_set_reading (gpointer data,
                       gboolean is_reading)
{
  hb_input_set_reading (((HbStream *) data)->input, is_reading);
}

static void
hb_stream_set_max_message_size (gpointer data,
                                guint64  bytes)
{
  HbStream *self = data;

  hb_limits_set_on_connection (self->connection, bytes);
  hb_input_set_max_message_size (self->input, bytes);
}

static void
hb_stream_open_fast_lane (gpointer    data,
                          HbHandlers *handlers)
{
  hb_input_open_fast_lane (((HbStream *) data)->input, handlers);
}

static void
hb_stream_set_fragment_size (gpointer data,
                             gsize    bytes)
{
  hb_output_set_fragment_size (((HbStream *) data)->output, bytes);
}

static void
hb_stream_detach (gpointer data)
{
  HbStream *self = data;

  hb_input_detach (self->input);
  hb_output_detach (self->output);
  hb_watch_leave (self->watch);
}

static const HbChannelFuncs channel_funcs = {
  .reports_activity = TRUE,
  .may_send = hb_stream_may_send,
  .send = hb_stream_send,
  .get_written = hb_stream_get_written,
  .begin_acknowledgements = hb_stream_begin_acknowledgements,
  .end_acknowledgements = hb_stream_end_acknowledgements,
  .get_acknowledged = hb_stream_get_acknowledged,
  .flush = hb_stream_flush,
  .read_on = hb_stream_read_on,
  .set_reading = hb_stream_set_reading,
  .set_max_message_size = hb_stream_set_max_message_size,
  .set_fragment_size = hb_stream_set_fragment_size,
  .open_fast_lane = hb_stream_open_fast_lane,
  .detach = hb_stream_detach,
  .free = g_object_unref,
};

/* Replaces *@connection, from which libsoup has read nothing yet, with a connection over a new
 * stream, and opens @channel with that stream. The new connection closes the stream when it is
 * disposed of. @context must exist as long as the channel. */
void
hb_stream_insert (HbChannel                *channel,
                  SoupWebsocketConnection **connection,
                  GSocket                  *socket,
                  GMainContext             *context,
                  HbEventFunc               func,
                  gpointer                  user_data)
{
  g_autoptr (SoupWebsocketConnection) first = g_steal_pointer (connection);
  GIOStream *base = soup_websocket_connection_get_io_stream (first);
  HbStream *self;

  self = new_over (base, socket, context, func, user_data);
  self->connection = new_connection_like (first, self);
  dispose_connection (first, base);

  *connection = self->connection;
  channel->funcs = &channel_funcs;
  channel->data = self;
  channel->is_direct = self->is_fast;
}
