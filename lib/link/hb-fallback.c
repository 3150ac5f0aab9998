/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-fallback-private.h"
#include "hb-limits-private.h"

/* A channel for a connection whose stream cannot be replaced. libsoup reads and writes the socket,
 * and does not show how many bytes the kernel has accepted. A frame counts as written when libsoup
 * has it, and a position is a number of frames. */
typedef struct
{
  SoupWebsocketConnection *connection; /* (not owned) */
  GMainContext            *context;
  GSource                 *writer;     /* (nullable) waits until the socket accepts bytes */
  HbEventFunc              func;       /* (nullable) NULL once detached */
  gpointer                 user_data;
  guint64                  n_sent;
} HbFallback;

static gboolean
writable_cb (GObject  *stream,
             gpointer  user_data)
{
  HbFallback *self = user_data;

  g_clear_pointer (&self->writer, hb_context_end_source);
  self->func (&(HbEvent) { .kind = HB_EVENT_WRITABLE }, self->user_data);

  return G_SOURCE_REMOVE;
}

/* HB_EVENT_WRITABLE is useful even if no other frame must be sent, because it proves that the peer
 * has received bytes. */
static void
watch_output (HbFallback *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);
  GPollableOutputStream *output;

  if (self->func == NULL || self->writer != NULL || !hb_channel_is_open (self->connection))
    return;

  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  if (g_pollable_output_stream_is_writable (output))
    return;

  self->writer = g_pollable_output_stream_create_source (output, NULL);
  g_source_set_callback (self->writer, G_SOURCE_FUNC (writable_cb), self, NULL);
  g_source_set_static_name (self->writer, "[hb] output");
  g_source_attach (self->writer, self->context);
}

/* A message may be sent at any time, because it counts as written even if it waits in libsoup's
 * queue behind a pong. */
static gboolean
hb_fallback_may_send (gpointer data)
{
  return TRUE;
}

static gboolean
hb_fallback_send (gpointer  data,
                  HbOpcode  opcode,
                  GBytes   *payload,
                  HbSpan   *span)
{
  HbFallback *self = data;

  span->begin = self->n_sent;
  hb_channel_send (self->connection, self->context, opcode, payload);

  /* libsoup drops the frame if it detects that the connection is dead. */
  if (hb_channel_is_open (self->connection))
    self->n_sent++;

  span->end = self->n_sent;
  span->written = self->n_sent;
  watch_output (self);

  return hb_channel_is_open (self->connection) && self->writer == NULL;
}

static guint64
hb_fallback_get_written (gpointer data)
{
  return ((HbFallback *) data)->n_sent;
}

/* libsoup gathers no bytes. */
static void
hb_fallback_flush (gpointer data)
{
}

/* libsoup does not pause reading. */
static gboolean
hb_fallback_read_on (gpointer data)
{
  return FALSE;
}

/* libsoup does not stop reading, so the owner must keep the messages that libsoup reads, however
 * many there are. */
static void
hb_fallback_set_reading (gpointer data,
                         gboolean is_reading)
{
}

static void
hb_fallback_set_max_message_size (gpointer data,
                                  guint64  bytes)
{
  hb_limits_set_on_connection (((HbFallback *) data)->connection, bytes);
}

/* libsoup sends each message in one frame. */
static void
hb_fallback_set_fragment_size (gpointer data,
                               gsize    bytes)
{
}

static void
hb_fallback_detach (gpointer data)
{
  HbFallback *self = data;

  self->func = NULL;
  g_clear_pointer (&self->writer, hb_context_end_source);
}

static void
hb_fallback_free (gpointer data)
{
  HbFallback *self = data;

  g_clear_pointer (&self->writer, hb_context_end_source);
  g_main_context_unref (self->context);
  g_free (self);
}

static const HbChannelFuncs channel_funcs = {
  .may_send = hb_fallback_may_send,
  .send = hb_fallback_send,
  .get_written = hb_fallback_get_written,
  .flush = hb_fallback_flush,
  .read_on = hb_fallback_read_on,
  .set_reading = hb_fallback_set_reading,
  .set_max_message_size = hb_fallback_set_max_message_size,
  .set_fragment_size = hb_fallback_set_fragment_size,
  .detach = hb_fallback_detach,
  .free = hb_fallback_free,
};

void
hb_fallback_open (HbChannel               *channel,
                  SoupWebsocketConnection *connection,
                  GMainContext            *context,
                  HbEventFunc              func,
                  gpointer                 user_data)
{
  HbFallback *self = g_new0 (HbFallback, 1);

  self->connection = connection;
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;

  channel->funcs = &channel_funcs;
  channel->data = self;
}
