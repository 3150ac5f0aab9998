/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-output-steps-private.h"

/* Gathers frames and counts bytes. The frames come from hb_output_send () and from libsoup.
 *
 * The first frame in an iteration of the loop is written at once. Later frames of the same
 * iteration, and all frames while the output is corked, are gathered in a block where possible. The
 * block is written when the output is uncorked or flushed, when the next frame does not fit, or in
 * the next iteration.
 *
 * libsoup writes one frame, or the rest of one, in each call, so the output knows where the frame
 * ends.
 *
 * Between the frames of a fragmented message, libsoup's control frames may be written, but none of
 * its data frames (RFC 6455, 5.4). The positions of waiting messages are computed before libsoup
 * writes its next frame, so a frame that libsoup writes while messages wait has no position. */

G_DEFINE_FINAL_TYPE_WITH_CODE (HbOutput, hb_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      hb_output_pollable_init))

static gboolean
has_writer (HbOutput *self)
{
  return self->writer != NULL && !g_source_is_destroyed (self->writer);
}

static void
emit (HbOutput    *self,
      HbEventKind  kind)
{
  if (self->func != NULL)
    self->func (&(HbEvent) { .kind = kind, .written = hb_output_get_written (self) },
                self->user_data);
}

/* Must not be called within a write, because the callback may send the next message while libsoup
 * is still writing the current one. */
void
hb_output_emit_progress (HbOutput *self)
{
  if (self->emitted == hb_output_get_written (self))
    return;

  self->emitted = hb_output_get_written (self);
  emit (self, HB_EVENT_PROGRESS);
}

/* Must be called only after a backlog, when the kernel accepts bytes only because the peer has
 * received earlier ones. */
void
hb_output_emit_activity (HbOutput *self)
{
  if (self->emitted != hb_output_get_written (self))
    emit (self, HB_EVENT_ACTIVITY);
}

/* Returns whether a frame would be written or gathered at once. */
gboolean
hb_output_is_writable (HbOutput *self)
{
  return !self->block_writer.is_blocked && !has_writer (self)
         && hb_message_writer_is_empty (&self->messages);
}

void
hb_output_emit_writable (HbOutput *self)
{
  if (hb_output_is_writable (self))
    emit (self, HB_EVENT_WRITABLE);
}

/* After a refused write, TLS must get exactly the same bytes again, so no other byte may be written
 * before them. No message may follow a close frame. */
static gboolean
may_write_messages (HbOutput *self)
{
  return !self->block_writer.is_blocked && !self->is_begun && !self->is_closed;
}

/* Writes our messages until the kernel accepts no more bytes, or a waiting frame of libsoup may be
 * written. The last piece may stay in the block. */
void
hb_output_write_messages (HbOutput *self)
{
  HbBlockWriter *writer = &self->block_writer;

  while (!hb_message_writer_is_empty (&self->messages) && may_write_messages (self)
         && !(has_writer (self) && hb_output_may_interpose (self)))
    {
      hb_message_writer_gather (&self->messages);

      if (!hb_message_writer_is_between_frames (&self->messages)
          || hb_block_get_room (&writer->block) < HB_FRAME_MAX_HEADER)
        hb_block_writer_flush (writer);
    }
}

/* Writes the first frame of an iteration, as far as it has been gathered. */
static void
flush_first (HbOutput *self)
{
  self->turn = hb_watch_get_turn (self->block_writer.watch);
  hb_block_writer_flush (&self->block_writer);
}

static gssize
hb_output_write (GOutputStream  *stream,
                 const void     *buffer,
                 gsize           count,
                 GCancellable   *cancellable,
                 GError        **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "A WebSocket does not support blocking writes");
  return -1;
}

static void
hb_output_dispose (GObject *object)
{
  HbOutput *self = HB_OUTPUT (object);

  hb_output_detach (self);

  G_OBJECT_CLASS (hb_output_parent_class)->dispose (object);
}

static void
hb_output_finalize (GObject *object)
{
  HbOutput *self = HB_OUTPUT (object);

  g_assert (self->writer == NULL);

  hb_message_writer_clear (&self->messages);
  hb_block_writer_clear (&self->block_writer);

  G_OBJECT_CLASS (hb_output_parent_class)->finalize (object);
}

static void
hb_output_class_init (HbOutputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->dispose = hb_output_dispose;
  object_class->finalize = hb_output_finalize;
  stream_class->write_fn = hb_output_write;
}

static void
hb_output_init (HbOutput *self)
{
}

/* @watch: its function must call hb_output_run () */
HbOutput *
hb_output_new (GPollableOutputStream *base,
               HbWatch               *watch,
               HbEventFunc            func,
               gpointer               user_data)
{
  HbOutput *self = g_object_new (HB_TYPE_OUTPUT, NULL);

  hb_block_writer_init (&self->block_writer, base, watch);
  hb_message_writer_init (&self->messages, &self->block_writer);
  self->func = func;
  self->user_data = user_data;

  return self;
}

/* Writes the gathered bytes and the waiting messages. Must be called even if no poll has found the
 * socket writable, because bytes that were gathered in the last iteration may be waiting.
 *
 * @has_room: whether a poll has found the socket writable; FALSE unless the output is blocked */
void
hb_output_run (HbOutput *self,
               gboolean  has_room)
{
  HbBlockWriter *writer = &self->block_writer;
  gboolean was_blocked = writer->is_blocked;
  gboolean was_writable = hb_output_is_writable (self);

  if (has_room)
    hb_block_writer_on_ready (writer);

  hb_block_writer_flush (writer);
  hb_output_write_messages (self);
  hb_block_writer_flush (writer);

  if (has_room && has_writer (self) && !writer->is_blocked)
    g_source_set_ready_time (self->writer, 0);

  if (has_room)
    hb_output_emit_activity (self);
  hb_output_emit_progress (self);

  if (writer->is_blocked && !was_blocked)
    emit (self, HB_EVENT_BLOCKED);
  else if (!was_writable)
    hb_output_emit_writable (self);
}

void
hb_output_detach (HbOutput *self)
{
  self->func = NULL;
}

/* Gathers frames until hb_output_uncork () has been called as many times as this function. */
void
hb_output_cork (HbOutput *self)
{
  self->corks++;
}

void
hb_output_uncork (HbOutput *self)
{
  self->corks--;

  if (self->corks > 0)
    return;

  hb_output_flush (self);
  hb_output_emit_progress (self);

  /* Emits the event even if the socket was full before, because a write of libsoup may have been
   * refused, and no event can be emitted within a write. */
  if (self->block_writer.is_blocked)
    emit (self, HB_EVENT_BLOCKED);
}

/* Emits no event. If a write fails, HbBlockReader reports the error after the received bytes have
 * been read. */
void
hb_output_flush (HbOutput *self)
{
  hb_block_writer_flush (&self->block_writer);
}

/* @fragment_size: the maximum payload, in bytes, of a frame in later messages; G_MAXSIZE for no
 *   limit */
void
hb_output_set_fragment_size (HbOutput *self,
                             gsize     fragment_size)
{
  self->messages.fragment_size = fragment_size;
}

/* Sends a message without libsoup. Holds a reference to the payload until all of it has been
 * written or gathered. Returns whether another message would be written or gathered at once.
 *
 * @span: (out): the position of the message, empty after a close frame, which no message may
 *   follow */
gboolean
hb_output_send (HbOutput *self,
                HbOpcode  opcode,
                GBytes   *payload,
                HbSpan   *span)
{
  gboolean may_gather = may_write_messages (self) && hb_output_is_writable (self);
  gboolean is_next = may_gather || (!self->is_begun
                                    && hb_message_writer_is_empty (&self->messages));
  guint64 size = 0;
  gboolean is_gathered;

  span->begin = is_next ? hb_output_get_end (self) : self->frame_end;
  span->end = span->begin;
  span->written = hb_output_get_written (self);

  if (!may_gather && self->is_closed)
    return FALSE;

  if (may_gather)
    size = hb_message_writer_gather_whole (&self->messages, opcode, payload);

  is_gathered = size > 0;
  if (!is_gathered)
    size = hb_message_writer_add (&self->messages, opcode, payload);

  span->end += size;
  self->frame_end = span->end;

  if (!is_gathered)
    hb_output_write_messages (self);

  if (hb_output_is_gathering (self))
    {
      hb_watch_wake (self->block_writer.watch);
      if (is_gathered)
        return TRUE;
    }
  else
    {
      flush_first (self);
    }

  span->written = hb_output_get_written (self);

  return hb_output_is_writable (self);
}

/* Returns the position before which the kernel has accepted all bytes. */
guint64
hb_output_get_written (HbOutput *self)
{
  return self->block_writer.written - self->n_inserted;
}

/* Returns the position after the last frame that has one, written or not. */
guint64
hb_output_get_frame_end (HbOutput *self)
{
  return self->frame_end;
}

/* @is_direct: whether the bytes of the stream below reach the socket unchanged */
void
hb_output_begin_acknowledgements (HbOutput *self,
                                  GSocket  *socket,
                                  gboolean  is_direct)
{
  HbBlockWriter *writer = &self->block_writer;

  if (writer->acknowledgements == NULL)
    writer->acknowledgements = hb_acknowledgements_new (socket, is_direct, writer->written);
}

/* Reads the acknowledgements once more. Must be called before the socket is closed. */
void
hb_output_end_acknowledgements (HbOutput *self)
{
  guint round_trip;

  hb_output_get_acknowledged (self, &round_trip);
  g_clear_pointer (&self->block_writer.acknowledgements, hb_acknowledgements_free);
}

/* Returns the position before which the peer's TCP has received all bytes. While a frame without a
 * position is unacknowledged, the result may be too low by the size of that frame, but is never too
 * high.
 *
 * @round_trip: (out): in microseconds, 0 if it is not known */
guint64
hb_output_get_acknowledged (HbOutput *self,
                            guint    *round_trip)
{
  HbAcknowledgements *acknowledgements = self->block_writer.acknowledgements;
  guint64 acknowledged;

  *round_trip = 0;
  if (acknowledgements == NULL)
    return self->acknowledged;

  acknowledged = hb_acknowledgements_read (acknowledgements, self->block_writer.written);
  if (acknowledged > self->acknowledged + self->n_inserted)
    self->acknowledged = acknowledged - self->n_inserted;

  *round_trip = acknowledgements->round_trip;

  return self->acknowledged;
}

/* No more bytes are written after a write has failed. */
gboolean
hb_output_has_failed (HbOutput *self)
{
  return self->block_writer.error != NULL;
}

/* Returns: (transfer full) (nullable): the error of a failed write */
GError *
hb_output_dup_error (HbOutput *self)
{
  return self->block_writer.error != NULL ? g_error_copy (self->block_writer.error) : NULL;
}
