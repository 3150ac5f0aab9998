/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-block-writer-private.h"
#include "hb-frame-private.h"
#include "hb-message-writer-private.h"
#include "hb-output-private.h"
#include "hb-watch-private.h"

/* Gathers frames and counts bytes. The frames are those of the messages that hb_output_send ()
 * takes, and those that libsoup writes.
 *
 * The first frame in an iteration of the loop is written at once. Later frames of the same
 * iteration, and all frames while the output is corked, are gathered in a block. The block is
 * written when the output is uncorked, when the block is full, or in the next iteration, whichever
 * comes first.
 *
 * libsoup writes one frame, or the rest of one, in each call. So the position of a frame's end is
 * known, and whether the kernel has all of the frame.
 *
 * A long message leaves in several frames. Between these frames, libsoup's control frames may be
 * written, but none of its data frames (RFC 6455, 5.4). The position of a message's end is known
 * before such frames are, so they have no position. */
struct _HbOutput
{
  GOutputStream    parent_instance;

  HbBlockWriter    block_writer;
  HbMessageWriter  messages;    /* those that are not in the block in whole */
  GSource         *watch;
  GSource         *writer;      /* (nullable) (not owned) libsoup waits to write */
  HbEventFunc      func;        /* (nullable) NULL once detached */
  gpointer         user_data;
  guint64          emitted;     /* the position in the last HB_EVENT_PROGRESS */
  guint64          frame_end;   /* the position after the last frame */
  guint64          n_inserted;  /* bytes of libsoup's frames that have no position */
  guint            corks;
  guint            turn;        /* the iteration of the loop in which a frame was written */
  guint            is_begun : 1;    /* libsoup must repeat the refused rest of its frame. */
  guint            is_control : 1;  /* libsoup's last frame is a control frame. */
  guint            is_inserted : 1; /* libsoup's last frame has no position. */
  guint            is_closed : 1;   /* libsoup has written a close frame, the last frame. */
};

/* Ready when bytes can be written; polls nothing itself */
typedef struct
{
  GSource   source;
  HbOutput *output; /* (owned) */
} Writer;

static void hb_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HbOutput, hb_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      hb_output_pollable_init))

static gboolean
has_writer (HbOutput *self)
{
  return self->writer != NULL && !g_source_is_destroyed (self->writer);
}

/* Returns the position after the last byte that was written or gathered. */
static guint64
get_end (HbOutput *self)
{
  return hb_block_writer_get_end (&self->block_writer) - self->n_inserted;
}

static void
emit (HbOutput    *self,
      HbEventKind  kind)
{
  if (self->func != NULL)
    self->func (&(HbEvent) { .kind = kind, .written = hb_output_get_written (self) },
                self->user_data);
}

/* No event may be emitted within a write: the callback may send the next message, and libsoup is
 * still writing this one. */
static void
emit_progress (HbOutput *self)
{
  if (self->emitted == hb_output_get_written (self))
    return;

  self->emitted = hb_output_get_written (self);
  emit (self, HB_EVENT_PROGRESS);
}

/* After a backlog, the kernel takes more bytes only because the peer has taken some. */
static void
emit_activity (HbOutput *self)
{
  if (self->emitted != hb_output_get_written (self))
    emit (self, HB_EVENT_ACTIVITY);
}

static gboolean
is_writable (HbOutput *self)
{
  return !self->block_writer.is_blocked && !has_writer (self)
         && hb_message_writer_is_empty (&self->messages);
}

static void
emit_writable (HbOutput *self)
{
  if (is_writable (self))
    emit (self, HB_EVENT_WRITABLE);
}

static gboolean
is_gathering (HbOutput *self)
{
  return self->corks > 0 || self->turn == hb_watch_get_turn (self->watch);
}

/* Whether libsoup's frame may be written now, as far as our messages are concerned */
static gboolean
may_interpose (HbOutput *self)
{
  return hb_message_writer_is_between_messages (&self->messages)
         || (self->is_control && hb_message_writer_is_between_frames (&self->messages));
}

/* After a refused write, TLS must get exactly the same bytes again, so no other byte may be written
 * before them. */
static gboolean
may_write_messages (HbOutput *self)
{
  return !self->block_writer.is_blocked && !self->is_begun && !self->is_closed;
}

/* Writes our messages, except for a last piece, which stays in the block. Stops where libsoup's
 * frame has its turn. */
static void
write_messages (HbOutput *self)
{
  HbBlockWriter *writer = &self->block_writer;

  while (!hb_message_writer_is_empty (&self->messages) && may_write_messages (self)
         && !(has_writer (self) && may_interpose (self)))
    {
      hb_message_writer_gather (&self->messages);

      if (!hb_message_writer_is_between_frames (&self->messages)
          || hb_block_get_room (&writer->block) < HB_FRAME_MAX_HEADER)
        hb_block_writer_flush (writer);
    }
}

/* Writes the first frame of an iteration, as far as it is gathered. */
static void
flush_first (HbOutput *self)
{
  self->turn = hb_watch_get_turn (self->watch);
  hb_block_writer_flush (&self->block_writer);
}

static gssize
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room to write now");

  return -1;
}

/* Notes which frame libsoup begins to write. A frame of which neither the kernel nor TLS has a part
 * is begun again by the next write. */
static void
begin_frame (HbOutput *self,
             guint     first,
             gsize     count)
{
  self->is_control = (first & HB_FRAME_CONTROL) != 0;
  self->is_inserted = !hb_message_writer_is_empty (&self->messages);

  if (!self->is_inserted)
    self->frame_end = get_end (self) + count;
}

/* Follows the writing of a frame, or of a part of it, by libsoup. */
static void
on_frame (HbOutput *self,
          guint     first,
          gboolean  was_begun)
{
  if (!was_begun && (first & HB_FRAME_OPCODE) == HB_FRAME_CLOSE)
    self->is_closed = TRUE;

  /* Our messages have waited for this frame. */
  if (!self->is_begun && !hb_message_writer_is_empty (&self->messages))
    hb_watch_wake (self->watch);
}

/* Writes a frame, or what the kernel takes of it. A refused frame must not be gathered, because TLS
 * must get exactly the same bytes again. */
static gsize
write_frame (HbOutput     *self,
             const guint8 *buffer,
             gsize         count)
{
  HbBlockWriter *writer = &self->block_writer;
  gboolean may_gather = !self->is_begun && !self->is_inserted && count <= HB_BLOCK_SIZE
                        && is_gathering (self);
  gsize n_written;

  if (!may_gather || count > hb_block_get_room (&writer->block))
    hb_block_writer_flush (writer);

  if (writer->is_blocked)
    return 0;

  if (may_gather)
    {
      hb_block_writer_gather (writer, buffer, count);
      return count;
    }

  self->turn = hb_watch_get_turn (self->watch);
  n_written = hb_block_writer_write (writer, buffer, count);
  self->is_begun = n_written < count;
  if (self->is_inserted)
    self->n_inserted += n_written;

  return n_written;
}

/* Called by libsoup, with its next frame or the rest of one. */
static gssize
hb_output_write_nonblocking (GPollableOutputStream  *pollable,
                             const void             *buffer,
                             gsize                   count,
                             GError                **error)
{
  HbOutput *self = HB_OUTPUT (pollable);
  guint first = *(const guint8 *) buffer;
  gboolean was_begun = self->is_begun;
  gsize n_written;

  if (!was_begun)
    begin_frame (self, first, count);

  if (!was_begun && !may_interpose (self))
    return refuse (error);

  n_written = write_frame (self, buffer, count);
  if (n_written > 0 || self->is_begun)
    on_frame (self, first, was_begun);

  return n_written > 0 ? (gssize) n_written : refuse (error);
}

static gboolean
hb_output_is_writable_now (GPollableOutputStream *pollable)
{
  HbOutput *self = HB_OUTPUT (pollable);

  return !self->block_writer.is_blocked;
}

static gboolean
writer_prepare (GSource *source,
                int     *timeout)
{
  *timeout = -1;

  return hb_output_is_writable_now (G_POLLABLE_OUTPUT_STREAM (((Writer *) source)->output));
}

static gboolean
writer_check (GSource *source)
{
  return hb_output_is_writable_now (G_POLLABLE_OUTPUT_STREAM (((Writer *) source)->output));
}

static gboolean
writer_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  g_autoptr (HbOutput) self = g_object_ref (((Writer *) source)->output);
  GPollableSourceFunc func = (GPollableSourceFunc) (void (*) (void)) callback;
  gboolean keep;

  keep = func (G_OBJECT (self), user_data);
  if (!keep && self->writer == source)
    self->writer = NULL;

  write_messages (self);
  hb_output_flush (self);

  emit_activity (self);
  emit_progress (self);
  emit_writable (self);

  return keep;
}

static void
writer_finalize (GSource *source)
{
  Writer *writer = (Writer *) source;

  if (writer->output->writer == source)
    writer->output->writer = NULL;

  g_object_unref (writer->output);
}

static GSourceFuncs writer_funcs = {
  .prepare = writer_prepare,
  .check = writer_check,
  .dispatch = writer_dispatch,
  .finalize = writer_finalize,
};

static GSource *
hb_output_create_source (GPollableOutputStream *pollable,
                         GCancellable          *cancellable)
{
  HbOutput *self = HB_OUTPUT (pollable);
  GSource *source = g_source_new (&writer_funcs, sizeof (Writer));

  ((Writer *) source)->output = g_object_ref (self);
  g_source_set_static_name (source, "[hb] writer");
  self->writer = source;

  return source;
}

/* Runs in an iteration of the loop in which the kernel may take bytes, or bytes are gathered. */
static gboolean
watch_cb (gpointer user_data)
{
  g_autoptr (HbOutput) self = g_object_ref (user_data);
  HbBlockWriter *writer = &self->block_writer;
  gboolean was_blocked = writer->is_blocked;
  gboolean was_writable = is_writable (self);
  gboolean has_room = was_blocked && hb_watch_is_ready (self->watch, G_IO_OUT);

  if (has_room)
    hb_block_writer_on_ready (writer);

  hb_block_writer_flush (writer);
  write_messages (self);
  hb_block_writer_flush (writer);

  if (has_room)
    emit_activity (self);
  emit_progress (self);

  if (writer->is_blocked && !was_blocked)
    emit (self, HB_EVENT_BLOCKED);
  else if (!was_writable)
    emit_writable (self);

  return G_SOURCE_CONTINUE;
}

static gssize
hb_output_write (GOutputStream  *stream,
                 const void     *buffer,
                 gsize           count,
                 GCancellable   *cancellable,
                 GError        **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "A WebSocket does not wait to write");
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
  g_source_unref (self->watch);

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
hb_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = hb_output_is_writable_now;
  iface->create_source = hb_output_create_source;
  iface->write_nonblocking = hb_output_write_nonblocking;
}

static void
hb_output_init (HbOutput *self)
{
}

/* Sets the callback of @watch. */
HbOutput *
hb_output_new (GPollableOutputStream *base,
               GSource               *watch,
               HbEventFunc            func,
               gpointer               user_data)
{
  HbOutput *self = g_object_new (HB_TYPE_OUTPUT, NULL);

  hb_block_writer_init (&self->block_writer, base, watch);
  hb_message_writer_init (&self->messages, &self->block_writer);
  self->watch = g_source_ref (watch);
  self->func = func;
  self->user_data = user_data;
  g_source_set_callback (watch, watch_cb, self, NULL);

  return self;
}

/* Calls no callback from now on. */
void
hb_output_detach (HbOutput *self)
{
  self->func = NULL;
}

/* Gathers frames until as many calls of hb_output_uncork (). */
void
hb_output_cork (HbOutput *self)
{
  self->corks++;
}

void
hb_output_uncork (HbOutput *self)
{
  gboolean was_blocked = self->block_writer.is_blocked;

  self->corks--;

  if (self->corks > 0)
    return;

  hb_output_flush (self);
  emit_progress (self);

  if (self->block_writer.is_blocked && !was_blocked)
    emit (self, HB_EVENT_BLOCKED);
}

/* Writes the gathered bytes, without an event. The reader reports a failure. */
void
hb_output_flush (HbOutput *self)
{
  hb_block_writer_flush (&self->block_writer);
}

/* Limits the payload of a frame in the messages that are sent from now on.
 *
 * @fragment_size: G_MAXSIZE for no limit */
void
hb_output_set_fragment_size (HbOutput *self,
                             gsize     fragment_size)
{
  hb_message_writer_set_fragment_size (&self->messages, fragment_size);
}

/* Sends a message without libsoup. If not all of it can be written now, the rest follows when the
 * kernel takes more, with a reference to the payload until then. Returns whether another message
 * would be written at once.
 *
 * @span: (out): the position of the message, empty after a close frame, which no message may
 *   follow */
gboolean
hb_output_send (HbOutput *self,
                HbOpcode  opcode,
                GBytes   *payload,
                HbSpan   *span)
{
  gboolean may_gather = may_write_messages (self) && is_writable (self);
  gboolean is_next = may_gather || (!self->is_begun
                                    && hb_message_writer_is_empty (&self->messages));

  span->begin = is_next ? get_end (self) : self->frame_end;
  span->end = span->begin;
  span->written = hb_output_get_written (self);

  if (!may_gather && self->is_closed)
    return FALSE;

  span->end += hb_message_writer_add (&self->messages, opcode, payload, may_gather);
  self->frame_end = span->end;

  if (!hb_message_writer_is_empty (&self->messages))
    {
      write_messages (self);
      may_gather = FALSE;
    }

  if (is_gathering (self))
    {
      hb_watch_wake (self->watch);
      if (may_gather)
        return TRUE;
    }
  else
    {
      flush_first (self);
    }

  span->written = hb_output_get_written (self);

  return is_writable (self);
}

/* Returns whether a frame would be written at once: as far as is known the kernel takes bytes, and
 * neither messages nor libsoup's own frames wait. */
gboolean
hb_output_is_writable (HbOutput *self)
{
  return is_writable (self);
}

/* Returns the position before which the kernel has all bytes. */
guint64
hb_output_get_written (HbOutput *self)
{
  return self->block_writer.written - self->n_inserted;
}

/* Returns the position after the last frame. */
guint64
hb_output_get_frame_end (HbOutput *self)
{
  return self->frame_end;
}

/* Returns whether a write has failed. No bytes are written then. */
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
