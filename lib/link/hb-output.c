/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-private.h"
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
  GOutputStream          parent_instance;

  GPollableOutputStream *base;
  GSource               *watch;
  GSource               *writer;    /* (nullable) (not owned) libsoup waits to write */
  HbEventFunc            func;      /* (nullable) NULL once detached */
  gpointer               user_data;
  GError                *error;     /* (nullable) why a write failed; then `blocked` stays TRUE */
  guint8                *block;     /* (nullable) NULL while no bytes are gathered */
  gsize                  begin;     /* of the gathered bytes */
  gsize                  end;
  guint64                taken;     /* bytes that the kernel has taken since the stream was made */
  guint64                told;      /* the value of taken that the callback has seen */
  guint64                frame_end; /* the value of taken with which the last frame is complete */
  guint                  corks;
  guint                  turn;      /* of the loop, in which a frame was last written */
  gboolean               blocked;   /* the kernel takes no more bytes for now */
  gboolean               is_owed;   /* libsoup must repeat the refused rest of a frame */
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
set_blocked (HbOutput *self,
             gboolean  blocked)
{
  self->blocked = blocked;
  hb_watch_want (self->watch, G_IO_OUT, blocked);
}

/* Writes bytes until the kernel takes no more. Returns how many the kernel took, also if the rest
 * failed with an error. Bytes that the kernel has must not be sent again on another connection,
 * because they would arrive twice. */
static gsize
push (HbOutput     *self,
      const guint8 *data,
      gsize         length)
{
  gsize n_taken = 0;

  while (n_taken < length && !self->blocked && self->error == NULL)
    {
      gssize n;

      n = g_pollable_output_stream_write_nonblocking (self->base, data + n_taken, length - n_taken,
                                                      NULL, &self->error);
      n_taken += MAX (n, 0);

      if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_clear_error (&self->error);
          set_blocked (self, TRUE);
        }
    }

  /* Reported from here, the error would end the connection at once and lose received messages that
   * are still unread. So the reader reports it. */
  if (self->error != NULL)
    {
      set_blocked (self, FALSE);
      self->blocked = TRUE;
    }

  self->taken += n_taken;

  return n_taken;
}

static void
tell (HbOutput      *self,
      const HbEvent *event)
{
  if (self->func != NULL)
    self->func (event, self->user_data);
}

/* Must not be called from within a write: the callback may send the next message, and libsoup is
 * still writing this one. */
static void
tell_taken (HbOutput *self)
{
  if (self->told == self->taken)
    return;

  self->told = self->taken;
  tell (self, &(HbEvent) { .kind = HB_EVENT_PROGRESS, .written = self->taken });
}

/* Reports activity too, because the kernel takes more of a backlog only after the peer has taken
 * some. */
static void
tell_progress (HbOutput *self)
{
  if (self->told != self->taken)
    tell (self, &(HbEvent) { .kind = HB_EVENT_ACTIVITY });

  tell_taken (self);
}

/* The reader reports a failure. */
void
hb_output_flush (HbOutput *self)
{
  if (self->block == NULL)
    return;

  self->begin += push (self, self->block + self->begin, self->end - self->begin);

  if (self->begin == self->end || self->error != NULL)
    {
      hb_block_give (g_steal_pointer (&self->block));
      self->begin = self->end = 0;
    }
}

static void
gather (HbOutput     *self,
        const guint8 *data,
        gsize         length)
{
  if (self->block == NULL)
    self->block = hb_block_take ();

  memcpy (self->block + self->end, data, length);
  self->end += length;
  hb_watch_wake (self->watch);
}

/* TLS wants a refused write repeated with exactly the same bytes. A block gains bytes meanwhile, so
 * a refused frame must not be gathered. */
static gboolean
is_gathering (HbOutput *self,
              gsize     count)
{
  return (self->corks > 0 || self->turn == hb_watch_get_turn (self->watch))
         && !self->is_owed && count <= HB_BLOCK_SIZE;
}

static gssize
hb_output_write_nonblocking (GPollableOutputStream  *pollable,
                             const void             *buffer,
                             gsize                   count,
                             GError                **error)
{
  HbOutput *self = HB_OUTPUT (pollable);
  gsize n_taken;

  self->frame_end = self->taken + (self->end - self->begin) + count;

  if (!is_gathering (self, count) || self->end + count > HB_BLOCK_SIZE)
    hb_output_flush (self);

  if (self->error == NULL && !self->blocked && is_gathering (self, count))
    {
      gather (self, buffer, count);
      return count;
    }

  self->turn = hb_watch_get_turn (self->watch);
  n_taken = push (self, buffer, count);
  self->is_owed = n_taken < count;
  if (n_taken > 0)
    return n_taken;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room to write now");
  return -1;
}

static gboolean
hb_output_is_writable_now (GPollableOutputStream *pollable)
{
  HbOutput *self = HB_OUTPUT (pollable);

  return !self->blocked;
}

static void
tell_blocked (HbOutput *self)
{
  tell (self, &(HbEvent) { .kind = HB_EVENT_BLOCKED });
}

static void
tell_writable (HbOutput *self)
{
  if (hb_output_is_writable (self))
    tell (self, &(HbEvent) { .kind = HB_EVENT_WRITABLE });
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

  tell_progress (self);
  tell_writable (self);

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

/* An iteration of the loop has begun in which the kernel may take bytes, or bytes are gathered. */
static gboolean
watch_cb (gpointer user_data)
{
  g_autoptr (HbOutput) self = g_object_ref (user_data);
  gboolean was_blocked = self->blocked;
  gboolean has_room = was_blocked && hb_watch_is_ready (self->watch, G_IO_OUT);

  if (has_room)
    set_blocked (self, FALSE);

  hb_output_flush (self);

  if (has_room)
    tell_progress (self);
  else
    tell_taken (self);

  if (self->blocked && !was_blocked)
    tell_blocked (self);
  else if (was_blocked && !self->blocked)
    tell_writable (self);

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

  if (self->block != NULL)
    hb_block_give (self->block);

  g_clear_object (&self->base);
  g_clear_error (&self->error);
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

/* Takes the callback of @watch. */
HbOutput *
hb_output_new (GPollableOutputStream *base,
               GSource               *watch,
               HbEventFunc            func,
               gpointer               user_data)
{
  HbOutput *self = g_object_new (HB_TYPE_OUTPUT, NULL);

  self->base = g_object_ref (base);
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
  gboolean was_blocked = self->blocked;

  self->corks--;

  if (self->corks > 0)
    return;

  hb_output_flush (self);
  tell_taken (self);

  if (self->blocked && !was_blocked)
    tell_blocked (self);
}

/* Whether a frame that is written now is taken at once: the kernel takes bytes as far as is known,
 * and libsoup's own queue is empty. */
gboolean
hb_output_is_writable (HbOutput *self)
{
  return !self->blocked && !has_writer (self);
}

/* Returns how many bytes the kernel has taken. */
guint64
hb_output_get_taken (HbOutput *self)
{
  return self->taken;
}

/* Returns how many bytes the kernel will have taken with the last frame. */
guint64
hb_output_get_frame_end (HbOutput *self)
{
  return self->frame_end;
}

/* Whether a write has failed, so that no byte will be written any more */
gboolean
hb_output_has_failed (HbOutput *self)
{
  return self->error != NULL;
}

/* Returns: (transfer full) (nullable): why a write has failed */
GError *
hb_output_dup_error (HbOutput *self)
{
  return self->error != NULL ? g_error_copy (self->error) : NULL;
}
