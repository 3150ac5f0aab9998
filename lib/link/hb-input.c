/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-block-reader-private.h"
#include "hb-budget-private.h"
#include "hb-input-private.h"
#include "hb-watch-private.h"

/* Reads large blocks, and lets other sources have their turn.
 *
 * libsoup reads until no data is left, and calls the application for each message, from a source
 * that it creates again each time. These sources have no descriptor: prepare and check alone decide
 * when they are ready. What libsoup reads in one dispatch is a delivery. */
struct _HbInput
{
  GInputStream   parent_instance;

  HbBlockReader  reader;
  HbBudget       budget;
  GSource       *watch;
  GSource       *pause;        /* (nullable) ends the pause */
  HbOutput      *output;
  HbEventFunc    func;         /* (nullable) NULL once detached */
  gpointer       user_data;
  gsize          delivered;    /* bytes, in the present delivery */
  gsize          max_delivery; /* The delivery ends after so many bytes. */
  gboolean       is_stopped;   /* The owner wants no more for now. */
};

/* The source for which libsoup asks */
typedef struct
{
  GSource  source;
  HbInput *input; /* (owned) */
} Reader;

static void hb_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HbInput, hb_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hb_input_pollable_init))

static void
want_input (HbInput *self)
{
  hb_watch_want (self->watch, G_IO_IN, self->pause == NULL && !self->is_stopped);
}

static gboolean
pause_cb (gpointer user_data)
{
  hb_input_read_on (user_data);

  return G_SOURCE_REMOVE;
}

/* A source of idle priority is dispatched after all sources of higher priority, and in the same
 * iteration as others of idle priority. The context of the delivery is thread-default. */
static void
pause_reading (HbInput *self)
{
  hb_watch_want (self->watch, G_IO_IN, FALSE);
  self->pause = g_idle_source_new ();
  g_source_set_callback (self->pause, pause_cb, self, NULL);
  g_source_set_static_name (self->pause, "[hb] pause");
  g_source_attach (self->pause, g_main_context_get_thread_default ());
}

static void
emit (HbInput     *self,
      HbEventKind  kind)
{
  if (self->func != NULL)
    self->func (&(HbEvent) { .kind = kind }, self->user_data);
}

static gssize
fail_for_now (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to read now");

  return -1;
}

static gboolean
hb_input_is_readable (GPollableInputStream *pollable)
{
  HbInput *self = HB_INPUT (pollable);

  return self->pause == NULL && !self->is_stopped && hb_block_reader_is_readable (&self->reader);
}

/* Reads the clock for each KiB that libsoup reads, except if no bytes are left. The first bytes are
 * read in any case, because they may be the only ones. */
static gboolean
may_read (HbInput *self)
{
  if (self->delivered >= self->max_delivery
      || !hb_input_is_readable (G_POLLABLE_INPUT_STREAM (self)))
    return FALSE;

  if (self->delivered > 0 && hb_budget_is_spent (&self->budget, g_get_monotonic_time ()))
    pause_reading (self);

  return self->pause == NULL;
}

/* Returns why no bytes were read. libsoup closes the stream at its end. So the end gets a delivery
 * of its own: frames that handlers have sent in this one, and the close frame, are written
 * before. */
static gssize
report_end (HbInput  *self,
            GError  **error)
{
  return self->delivered > 0 ? fail_for_now (error)
                             : hb_block_reader_report_end (&self->reader, error);
}

static gssize
hb_input_read_nonblocking (GPollableInputStream  *pollable,
                           void                  *buffer,
                           gsize                  count,
                           GError               **error)
{
  HbInput *self = HB_INPUT (pollable);
  HbBlock *block = &self->reader.block;
  gsize n;

  if (!may_read (self))
    return fail_for_now (error);

  if (hb_block_get_length (block) > 0)
    {
      /* The bytes were left in the block by the last delivery. */
      if (self->delivered == 0)
        emit (self, HB_EVENT_ACTIVITY);
    }
  else if (count >= HB_BLOCK_SIZE)
    {
      n = hb_block_reader_read (&self->reader, buffer, count);
      if (n == 0)
        return report_end (self, error);

      self->delivered += n;
      emit (self, HB_EVENT_ACTIVITY);
      return n;
    }
  else
    {
      if (hb_block_reader_fill (&self->reader) == 0)
        return report_end (self, error);

      emit (self, HB_EVENT_ACTIVITY);
    }

  n = MIN (count, hb_block_get_length (block));
  self->delivered += n;
  memcpy (buffer, hb_block_get_bytes (block), n);
  hb_block_consume (block, n);

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
    hb_block_reader_on_ready (&self->reader);

  return hb_input_is_readable (G_POLLABLE_INPUT_STREAM (self));
}

/* libsoup creates its next source in here, in the thread-default context. No reference to the
 * context is kept: an abandoned context would keep itself alive. */
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
  hb_budget_begin (&self->budget, g_get_monotonic_time ());
  self->delivered = 0;
  hb_output_cork (self->output);
  emit (self, HB_EVENT_DELIVERY);

  keep = func (G_OBJECT (self), user_data);

  hb_output_uncork (self->output);
  hb_budget_end (&self->budget, g_get_monotonic_time ());
  if (keep && !self->is_stopped)
    hb_watch_want (self->watch, G_IO_IN, TRUE);

  emit (self, HB_EVENT_DELIVERED);

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
  want_input (self);

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

  if (self->pause != NULL)
    g_source_destroy (self->pause);

  g_clear_pointer (&self->pause, g_source_unref);

  G_OBJECT_CLASS (hb_input_parent_class)->dispose (object);
}

static void
hb_input_finalize (GObject *object)
{
  HbInput *self = HB_INPUT (object);

  hb_block_reader_clear (&self->reader);
  g_clear_object (&self->output);
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
  self->budget = (HbBudget) HB_BUDGET_INIT;
  self->max_delivery = G_MAXSIZE;
}

/* @is_direct: see hb_block_reader_init ()
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

  hb_block_reader_init (&self->reader, base, is_direct, output);
  self->watch = g_source_ref (watch);
  self->output = g_object_ref (output);
  self->func = func;
  self->user_data = user_data;

  return self;
}

/* Ends each delivery after so many bytes, and at most one read more. If libsoup handled messages
 * only after it had read everything, it would take a flood for one delivery, because the time
 * budget is spent only by handlers that run between reads. The reader continues in the next
 * iteration of the loop, without a pause. */
void
hb_input_set_max_delivery (HbInput *self,
                           gsize    bytes)
{
  self->max_delivery = bytes;
}

/* Calls no callback from now on. */
void
hb_input_detach (HbInput *self)
{
  self->func = NULL;
}

/* Returns whether received bytes stay unread until other sources have had their turn. */
gboolean
hb_input_is_paused (HbInput *self)
{
  return self->pause != NULL;
}

/* Ends a pause. Returns whether reading was paused. */
gboolean
hb_input_read_on (HbInput *self)
{
  if (self->pause == NULL)
    return FALSE;

  g_source_destroy (self->pause);
  g_clear_pointer (&self->pause, g_source_unref);
  hb_budget_renew (&self->budget);
  want_input (self);

  return TRUE;
}

/* Starts or stops to read. The bytes that libsoup has read already become messages nevertheless. */
void
hb_input_set_reading (HbInput  *self,
                      gboolean  is_reading)
{
  self->is_stopped = !is_reading;
  want_input (self);
}
