/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-private.h"
#include "hb-input-private.h"
#include "hb-watch-private.h"

/* Reads large blocks, and lets other sources have their turn.
 *
 * libsoup reads until no data is left, and calls the application for each message, from a source
 * that it creates again each time. These sources have no descriptor: prepare and check alone decide
 * when they are ready. */
struct _HbInput
{
  GInputStream          parent_instance;

  GPollableInputStream *base;
  GSource              *watch;
  GSource              *rest;       /* (nullable) ends the pause */
  HbOutput             *output;
  HbEventFunc           func;       /* (nullable) NULL once detached */
  gpointer              user_data;
  guint8               *block;      /* (nullable) while there is nothing in it */
  gsize                 begin;      /* of what is in the block */
  gsize                 end;
  gsize                 given;      /* bytes, in the delivery that is going on */
  gsize                 max_given;  /* after which it ends */
  gint64                busy;       /* time spent on delivering since others had theirs */
  gint64                began_at;   /* when the delivery began that is going on, else NOT_BEGUN */
  gint64                ended_at;   /* when the last one ended */
  GError               *error;      /* (nullable) to be told when all that came before is read */
  gboolean              is_direct;  /* the base is the socket's own stream */
  gboolean              is_drained; /* the base had no more when it was last asked */
};

typedef struct
{
  GSource  source;
  HbInput *input; /* (owned) */
} Reader;

/* After so much time, in microseconds, every other source has its turn. Half of it remains for them
 * where frames are to be drawn at 120 Hz. */
#define MAX_BUSY 4000

/* Time for others counts against it by this part of it: messages that come now and then never add
 * up to a pause, and the poll between one message of a flood and the next does not prevent it. */
#define FORGIVENESS 8

#define NOT_BEGUN G_MAXINT64

static void hb_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HbInput, hb_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hb_input_pollable_init))

static gboolean
has_bytes (HbInput *self)
{
  return self->begin < self->end;
}

static gboolean
rest_cb (gpointer user_data)
{
  hb_input_read_on (user_data);

  return G_SOURCE_REMOVE;
}

/* A source of this priority is dispatched when all have been that are before it, and so are the
 * others that share it. The context of the delivery is thread-default. */
static void
pause_reading (HbInput *self)
{
  hb_watch_want (self->watch, G_IO_IN, FALSE);
  self->rest = g_idle_source_new ();
  g_source_set_callback (self->rest, rest_cb, self, NULL);
  g_source_set_static_name (self->rest, "[hb] rest");
  g_source_attach (self->rest, g_main_context_get_thread_default ());
}

static void
tell_activity (HbInput *self)
{
  if (self->func != NULL)
    self->func (&(HbEvent) { .kind = HB_EVENT_ACTIVITY }, self->user_data);
}

static gboolean
is_blocked (HbInput *self)
{
  return g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gssize
fail_for_now (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to read now");

  return -1;
}

/* Reads as much as there is, and as there is room for. Returns how many bytes, 0 at the end, -1 on
 * an error. */
static gssize
receive (HbInput  *self,
         guint8   *buffer,
         gsize     size,
         GError  **error)
{
  gsize n_received = 0;
  gboolean has_ended;

  /* No more is to come then than there is now, so it is looked for once more. */
  if (hb_output_has_failed (self->output))
    self->is_drained = FALSE;

  while (n_received < size && self->error == NULL && !self->is_drained)
    {
      gssize n;

      n = g_pollable_input_stream_read_nonblocking (self->base, buffer + n_received,
                                                    size - n_received, NULL, &self->error);
      /* The end is told when it comes first, and no poll need tell that it is there. */
      if (n == 0)
        break;

      /* TLS gives a record at a time, and may keep more where no poll can see it. Of a socket the
       * poll tells, so there is no need to ask in vain. */
      if (n < 0 || (self->is_direct && (gsize) n < size - n_received))
        self->is_drained = TRUE;

      n_received += MAX (n, 0);
    }

  if (n_received > 0)
    {
      if (is_blocked (self))
        g_clear_error (&self->error);

      tell_activity (self);
      return n_received;
    }

  has_ended = !is_blocked (self);
  if (!has_ended)
    g_clear_error (&self->error);

  /* On the end libsoup closes the stream, so that has a delivery to itself: what handlers have sent
   * in this one goes out before, and the close frame too. */
  if (self->given > 0)
    return fail_for_now (error);

  /* A reset that a write has met is an end, when all that came before it is read. */
  if (self->error == NULL)
    self->error = hb_output_dup_error (self->output);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return -1;
    }

  return has_ended ? 0 : fail_for_now (error);
}

static void
release_block (HbInput *self)
{
  hb_block_give (g_steal_pointer (&self->block));
  self->begin = self->end = 0;
}

static gssize
refill (HbInput  *self,
        GError  **error)
{
  gssize n_received;

  self->block = hb_block_take ();
  n_received = receive (self, self->block, HB_BLOCK_SIZE, error);

  if (n_received <= 0)
    release_block (self);
  else
    self->end = n_received;

  return n_received;
}

static gboolean
hb_input_is_readable (GPollableInputStream *pollable)
{
  HbInput *self = HB_INPUT (pollable);

  return self->rest == NULL
         && (has_bytes (self) || self->error != NULL || !self->is_drained
             || hb_output_has_failed (self->output));
}

/* Looks at the clock for each KiB that libsoup reads, and not where there is nothing to read. The
 * first is read in any case, whatever this process did meanwhile: it may be all that there is. */
static gboolean
may_read (HbInput *self)
{
  if (self->given >= self->max_given || !hb_input_is_readable (G_POLLABLE_INPUT_STREAM (self)))
    return FALSE;

  if (self->given > 0 && self->busy + (g_get_monotonic_time () - self->began_at) > MAX_BUSY)
    pause_reading (self);

  return self->rest == NULL;
}

static gssize
hb_input_read_nonblocking (GPollableInputStream  *pollable,
                           void                  *buffer,
                           gsize                  count,
                           GError               **error)
{
  HbInput *self = HB_INPUT (pollable);
  gsize n;

  if (!may_read (self))
    return fail_for_now (error);

  if (!has_bytes (self))
    {
      gssize n_received;

      if (count >= HB_BLOCK_SIZE)
        n_received = receive (self, buffer, count, error);
      else
        n_received = refill (self, error);

      if (n_received <= 0)
        return n_received;

      /* Straight into the caller's memory */
      if (!has_bytes (self))
        {
          self->given += n_received;
          return n_received;
        }
    }
  else if (self->given == 0)
    {
      /* Left over from before others had their turn */
      tell_activity (self);
    }

  n = MIN (count, self->end - self->begin);
  self->given += n;
  memcpy (buffer, self->block + self->begin, n);
  self->begin += n;

  if (!has_bytes (self))
    release_block (self);

  return n;
}

static gboolean
reader_prepare (GSource *source,
                int     *timeout)
{
  *timeout = -1;

  return hb_input_is_readable (G_POLLABLE_INPUT_STREAM (((Reader *) source)->input));
}

static gboolean
reader_check (GSource *source)
{
  HbInput *self = ((Reader *) source)->input;

  if (hb_watch_is_ready (self->watch, G_IO_IN))
    self->is_drained = FALSE;

  return hb_input_is_readable (G_POLLABLE_INPUT_STREAM (self));
}

static void
begin_delivery (HbInput *self)
{
  self->began_at = g_get_monotonic_time ();
  self->busy = MAX (self->busy - (self->began_at - self->ended_at) / FORGIVENESS, 0);
  self->given = 0;
}

static void
end_delivery (HbInput *self)
{
  self->ended_at = g_get_monotonic_time ();
  self->busy += self->ended_at - self->began_at;
  self->began_at = NOT_BEGUN;
}

/* libsoup makes its next source in here, in the context that is thread-default. No reference to it
 * is kept: a context that is abandoned would keep itself. */
static gboolean
reader_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  g_autoptr (HbInput) self = g_object_ref (((Reader *) source)->input);
  GMainContext *context = g_source_get_context (source);
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  GPollableSourceFunc func = (GPollableSourceFunc) (void (*) (void)) callback;
  gboolean keep;

  hb_watch_want (self->watch, G_IO_IN, FALSE);
  begin_delivery (self);
  hb_output_cork (self->output);

  keep = func (G_OBJECT (self), user_data);

  hb_output_uncork (self->output);
  end_delivery (self);
  if (keep)
    hb_watch_want (self->watch, G_IO_IN, TRUE);

  return keep;
}

static void
reader_finalize (GSource *source)
{
  g_object_unref (((Reader *) source)->input);
}

static GSourceFuncs reader_funcs = {
  .prepare = reader_prepare,
  .check = reader_check,
  .dispatch = reader_dispatch,
  .finalize = reader_finalize,
};

static GSource *
hb_input_create_source (GPollableInputStream *pollable,
                        GCancellable         *cancellable)
{
  HbInput *self = HB_INPUT (pollable);
  GSource *source = g_source_new (&reader_funcs, sizeof (Reader));

  ((Reader *) source)->input = g_object_ref (self);
  g_source_set_static_name (source, "[hb] reader");
  hb_watch_want (self->watch, G_IO_IN, self->rest == NULL);

  return source;
}

static gssize
hb_input_read (GInputStream  *stream,
               void          *buffer,
               gsize          count,
               GCancellable  *cancellable,
               GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "A WebSocket does not wait to read");
  return -1;
}

static void
hb_input_dispose (GObject *object)
{
  HbInput *self = HB_INPUT (object);

  hb_input_detach (self);

  if (self->rest != NULL)
    g_source_destroy (self->rest);

  g_clear_pointer (&self->rest, g_source_unref);

  G_OBJECT_CLASS (hb_input_parent_class)->dispose (object);
}

static void
hb_input_finalize (GObject *object)
{
  HbInput *self = HB_INPUT (object);

  if (self->block != NULL)
    hb_block_give (self->block);

  g_clear_object (&self->base);
  g_clear_object (&self->output);
  g_clear_error (&self->error);
  g_source_unref (self->watch);

  G_OBJECT_CLASS (hb_input_parent_class)->finalize (object);
}

static void
hb_input_class_init (HbInputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  object_class->dispose = hb_input_dispose;
  object_class->finalize = hb_input_finalize;
  stream_class->read_fn = hb_input_read;
}

static void
hb_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = hb_input_is_readable;
  iface->create_source = hb_input_create_source;
  iface->read_nonblocking = hb_input_read_nonblocking;
}

static void
hb_input_init (HbInput *self)
{
  self->began_at = NOT_BEGUN;
  self->max_given = G_MAXSIZE;
}

/* @is_direct: whether all unread bytes are in the socket: @base keeps none of its own, except those
 * that it gives first
 * @output: is corked while messages are delivered */
HbInput *
hb_input_new (GPollableInputStream *base,
              gboolean              is_direct,
              GSource              *watch,
              HbOutput             *output,
              HbEventFunc           func,
              gpointer              user_data)
{
  HbInput *self = g_object_new (HB_TYPE_INPUT, NULL);

  self->base = g_object_ref (base);
  self->is_direct = is_direct;
  self->watch = g_source_ref (watch);
  self->output = g_object_ref (output);
  self->func = func;
  self->user_data = user_data;

  return self;
}

/* Ends each delivery when it has given so many bytes, or up to one read more. A reader that handles
 * nothing before it has read everything would otherwise take a flood for one delivery, because the
 * limit to the time counts only if handlers run between the reads. This is no pause: the reader
 * continues in the next iteration. */
void
hb_input_set_max_given (HbInput *self,
                        gsize    bytes)
{
  self->max_given = bytes;
}

/* Calls the function of the owner no more. */
void
hb_input_detach (HbInput *self)
{
  self->func = NULL;
}

/* Whether others are having their turn, and what has come is not read */
gboolean
hb_input_is_paused (HbInput *self)
{
  return self->rest != NULL;
}

/* Ends a pause. Returns whether there was one. */
gboolean
hb_input_read_on (HbInput *self)
{
  if (self->rest == NULL)
    return FALSE;

  g_source_destroy (self->rest);
  g_clear_pointer (&self->rest, g_source_unref);
  self->busy = 0;
  hb_watch_want (self->watch, G_IO_IN, TRUE);

  return TRUE;
}
