/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-block-writer-private.h"
#include "hb-output-private.h"
#include "hb-watch-private.h"

/* Gathers frames and counts bytes.
 *
 * The first frame in an iteration of the loop is written at once. Later frames of the same
 * iteration, and all frames while the output is corked, are gathered in a block. The block is
 * written when the output is uncorked, when the block is full, or in the next iteration, whichever
 * comes first.
 *
 * libsoup writes one frame, or the rest of one, in each call. So the position of a frame's end is
 * known, and whether the kernel has all of the frame. */
struct _HbOutput
{
  GOutputStream  parent_instance;

  HbBlockWriter  block_writer;
  GSource       *watch;
  GSource       *writer;      /* (nullable) (not owned) libsoup waits to write */
  HbEventFunc    func;        /* (nullable) NULL once detached */
  gpointer       user_data;
  guint64        emitted;     /* the position in the last HB_EVENT_PROGRESS */
  guint64        frame_end;   /* the position after the last frame */
  guint          corks;
  guint          turn;        /* the iteration of the loop in which a frame was written */
  gboolean       has_refused; /* libsoup must repeat the refused rest of a frame. */
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

static void
emit (HbOutput    *self,
      HbEventKind  kind)
{
  if (self->func != NULL)
    self->func (&(HbEvent) { .kind = kind, .written = self->block_writer.written },
                self->user_data);
}

/* No event may be emitted within a write: the callback may send the next message, and libsoup is
 * still writing this one. */
static void
emit_progress (HbOutput *self)
{
  if (self->emitted == self->block_writer.written)
    return;

  self->emitted = self->block_writer.written;
  emit (self, HB_EVENT_PROGRESS);
}

/* After a backlog, the kernel takes more bytes only because the peer has taken some. */
static void
emit_activity (HbOutput *self)
{
  if (self->emitted != self->block_writer.written)
    emit (self, HB_EVENT_ACTIVITY);
}

static void
emit_writable (HbOutput *self)
{
  if (hb_output_is_writable (self))
    emit (self, HB_EVENT_WRITABLE);
}

/* After a refused write, TLS must get exactly the same bytes again. A block gains bytes meanwhile,
 * so a refused frame must not be gathered. */
static gboolean
is_gathering (HbOutput *self,
              gsize     count)
{
  return (self->corks > 0 || self->turn == hb_watch_get_turn (self->watch))
         && !self->has_refused && count <= HB_BLOCK_SIZE;
}

static gssize
hb_output_write_nonblocking (GPollableOutputStream  *pollable,
                             const void             *buffer,
                             gsize                   count,
                             GError                **error)
{
  HbOutput *self = HB_OUTPUT (pollable);
  HbBlockWriter *writer = &self->block_writer;
  gsize n_written;

  self->frame_end = hb_block_writer_get_end (writer) + count;

  if (!is_gathering (self, count) || count > hb_block_get_room (&writer->block))
    hb_block_writer_flush (writer);

  if (writer->error == NULL && !writer->is_blocked && is_gathering (self, count))
    {
      hb_block_writer_gather (writer, buffer, count);
      return count;
    }

  self->turn = hb_watch_get_turn (self->watch);
  n_written = hb_block_writer_write (writer, buffer, count);
  self->has_refused = n_written < count;
  if (n_written > 0)
    return n_written;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room to write now");
  return -1;
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
  gboolean has_room = was_blocked && hb_watch_is_ready (self->watch, G_IO_OUT);

  if (has_room)
    hb_block_writer_on_ready (writer);

  hb_block_writer_flush (writer);

  if (has_room)
    emit_activity (self);
  emit_progress (self);

  if (writer->is_blocked && !was_blocked)
    emit (self, HB_EVENT_BLOCKED);
  else if (was_blocked && !writer->is_blocked)
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

/* Returns whether a frame would be written at once: as far as is known the kernel takes bytes, and
 * libsoup's own queue is empty. */
gboolean
hb_output_is_writable (HbOutput *self)
{
  return !self->block_writer.is_blocked && !has_writer (self);
}

/* Returns how many bytes the kernel has. */
guint64
hb_output_get_written (HbOutput *self)
{
  return self->block_writer.written;
}

/* Returns how many bytes the kernel will have with the last frame. */
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
