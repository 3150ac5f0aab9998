/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-frame-private.h"
#include "hb-output-steps-private.h"

/* Implements GPollableOutputStream for libsoup. */

/* The source with which libsoup waits to write. The source polls nothing. hb_output_run () sets its
 * ready time when bytes can be written. */
typedef struct
{
  GSource   source;
  HbOutput *output; /* (owned) */
} Writer;

static gssize
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room to write now");

  return -1;
}

/* Stores the kind of the frame that libsoup begins to write and, unless messages wait, the position
 * after the frame. If the frame is refused before the stream below gets it, the next write begins
 * the frame again. */
static void
begin_frame (HbOutput *self,
             guint     first,
             gsize     count)
{
  self->is_control = (first & HB_FRAME_CONTROL) != 0;
  self->is_inserted = !hb_message_writer_is_empty (&self->messages);

  if (!self->is_inserted)
    self->frame_end = hb_output_get_end (self) + count;
}

/* Must be called after each write by libsoup, unless the frame was refused before the stream below
 * got it.
 *
 * @first: the first byte of the frame, if @was_begun is FALSE */
static void
on_frame (HbOutput *self,
          guint     first,
          gboolean  was_begun)
{
  if (!was_begun && (first & HB_FRAME_OPCODE) == HB_FRAME_CLOSE)
    self->is_closed = TRUE;

  /* Our messages may have waited for the end of this frame. */
  if (!self->is_begun && !hb_message_writer_is_empty (&self->messages))
    hb_watch_wake (self->block_writer.watch);
}

/* Writes or gathers a frame of libsoup. A frame that the stream below has refused must not be
 * gathered, because TLS must get exactly the same bytes again. Returns how many bytes were written
 * or gathered. */
static gsize
write_frame (HbOutput     *self,
             const guint8 *buffer,
             gsize         count)
{
  HbBlockWriter *writer = &self->block_writer;
  gboolean may_gather = !self->is_begun && !self->is_inserted && count <= HB_BLOCK_SIZE
                        && hb_output_is_gathering (self);
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

  self->turn = hb_watch_get_turn (writer->watch);
  n_written = hb_block_writer_write (writer, buffer, count);
  self->is_begun = n_written < count;
  if (self->is_inserted)
    self->n_inserted += n_written;

  return n_written;
}

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

  if (!was_begun && !hb_output_may_interpose (self))
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

  if (self->block_writer.is_blocked)
    g_source_set_ready_time (source, -1);

  hb_output_write_messages (self);
  hb_output_flush (self);

  hb_output_emit_activity (self);
  hb_output_emit_progress (self);
  hb_output_emit_writable (self);

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
  if (hb_output_is_writable_now (pollable))
    g_source_set_ready_time (source, 0);
  self->writer = source;

  return source;
}

void
hb_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = hb_output_is_writable_now;
  iface->create_source = hb_output_create_source;
  iface->write_nonblocking = hb_output_write_nonblocking;
}
