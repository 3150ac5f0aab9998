/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-input-steps-private.h"

/* Reads large blocks. Emits the messages and pongs that the fast lane takes, and gives libsoup all
 * other frames. Pauses so that other sources are dispatched, because libsoup alone would read until
 * no data is left.
 *
 * The bytes that one call of hb_input_run () handles are a delivery. The input emits messages
 * during a delivery, but never while it calls libsoup. */

static void hb_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HbInput, hb_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hb_input_pollable_init))

/* Returns whether libsoup is still reading. If not, the connection may be gone. */
static gboolean
is_read (HbInput *self)
{
  return self->source != NULL;
}

/* Polls the socket if it must be read, and schedules a read in the next iteration for bytes that no
 * poll reports. Does not poll during a delivery, because a main loop in a handler would wake up
 * again and again for bytes that nothing reads. */
void
hb_input_want (HbInput *self)
{
  gboolean is_wanted = (is_read (self) && self->pause == NULL && !self->is_stopped
                        && !self->is_delivering);

  hb_watch_want (self->watch, G_IO_IN, is_wanted);
  if (is_wanted && hb_input_has_something (self))
    hb_watch_wake (self->watch);
}

static gboolean
pause_cb (gpointer user_data)
{
  hb_input_read_on (user_data);

  return G_SOURCE_REMOVE;
}

/* Stops reading until the other ready sources have been dispatched, down to idle priority. The
 * context of the delivery is thread-default. */
static void
pause_reading (HbInput *self)
{
  hb_watch_want (self->watch, G_IO_IN, FALSE);
  self->pause = g_idle_source_new ();
  g_source_set_callback (self->pause, pause_cb, self, NULL);
  g_source_set_static_name (self->pause, "[hb] pause");
  g_source_attach (self->pause, g_main_context_get_thread_default ());
}

void
hb_input_emit (HbInput     *self,
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

/* Returns whether the delivery may go on. Pauses reading if the time budget is spent. */
gboolean
hb_input_may_read (HbInput *self)
{
  if (!hb_input_has_something (self))
    return FALSE;

  if (self->untimed < CLOCK_INTERVAL)
    return TRUE;

  self->untimed = 0;
  if (hb_budget_is_spent (&self->budget, g_get_monotonic_time ()))
    pause_reading (self);

  return self->pause == NULL;
}

/* Reads from the socket, and emits HB_EVENT_ACTIVITY if bytes were read. Returns their number. */
gsize
hb_input_fill (HbInput *self)
{
  gsize n = hb_fast_lane_fill (&self->fast_lane, &self->reader);

  if (n > 0)
    hb_input_emit (self, HB_EVENT_ACTIVITY);

  /* Receiving a long message may take a long time, although no handler runs, so its bytes count
   * before it is complete. */
  if (hb_fast_lane_is_collecting (&self->fast_lane))
    self->untimed += n;

  return n;
}

/* Reports the end in a delivery of its own, because libsoup then closes the stream. All frames that
 * were sent in this delivery, including a close frame, must be written first. */
static gssize
report_end (HbInput  *self,
            GError  **error)
{
  return self->delivered > 0 ? fail_for_now (error)
                             : hb_block_reader_report_end (&self->reader, error);
}

/* Call this only after libsoup has been given all received bytes that are meant for it. */
static gssize
read_more (HbInput  *self,
           guint8   *buffer,
           gsize     count,
           GError  **error)
{
  gsize n;

  /* libsoup must not get the next bytes, which are a message or a pong. */
  if (hb_fast_lane_has_bytes (&self->fast_lane, &self->reader.block))
    return fail_for_now (error);

  if (hb_input_fill (self) == 0)
    return report_end (self, error);

  n = hb_fast_lane_give (&self->fast_lane, &self->reader.block, buffer, count);

  return n > 0 ? (gssize) n : fail_for_now (error);
}

static gssize
hb_input_read_nonblocking (GPollableInputStream  *pollable,
                           void                  *buffer,
                           gsize                  count,
                           GError               **error)
{
  HbInput *self = HB_INPUT (pollable);
  gssize n = 0;

  self->is_drained = TRUE;
  if (self->given >= self->max_delivery || !hb_input_may_read (self))
    return fail_for_now (error);

  n = hb_fast_lane_give (&self->fast_lane, &self->reader.block, buffer, count);
  if (n == 0)
    n = read_more (self, buffer, count, error);

  if (n > 0)
    {
      self->is_drained = FALSE;
      self->delivered += n;
      self->untimed += n;
      self->given += n;
    }

  return n;
}

static gboolean
hb_input_is_readable (GPollableInputStream *pollable)
{
  return hb_input_has_something (HB_INPUT (pollable));
}

static GSource *
hb_input_create_source (GPollableInputStream *pollable,
                        GCancellable         *cancellable)
{
  HbInput *self = HB_INPUT (pollable);

  self->source = hb_input_source_new (self);
  hb_input_want (self);

  return self->source;
}

static gssize
hb_input_read (GInputStream  *stream,
               void          *buffer,
               gsize          count,
               GCancellable  *cancellable,
               GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "A WebSocket does not support blocking reads");
  return -1;
}

static void
hb_input_dispose (GObject *object)
{
  HbInput *self = HB_INPUT (object);

  hb_input_detach (self);
  g_clear_pointer (&self->pause, hb_context_end_source);

  G_OBJECT_CLASS (hb_input_parent_class)->dispose (object);
}

static void
hb_input_finalize (GObject *object)
{
  HbInput *self = HB_INPUT (object);

  hb_block_reader_clear (&self->reader);
  hb_fast_lane_clear (&self->fast_lane);
  hb_watch_unref (self->watch);

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
  hb_fast_lane_init (&self->fast_lane);
  self->max_delivery = G_MAXSIZE;
}

/* @is_direct: see hb_block_reader_init ()
 * @watch: its function must call hb_input_run ()
 * @output: is corked during each delivery */
HbInput *
hb_input_new (GPollableInputStream *base,
              gboolean              is_direct,
              HbWatch              *watch,
              HbOutput             *output,
              HbEventFunc           func,
              gpointer              user_data)
{
  HbInput *self = g_object_new (HB_TYPE_INPUT, NULL);

  hb_block_reader_init (&self->reader, base, is_direct, output);
  self->watch = hb_watch_ref (watch);
  self->func = func;
  self->user_data = user_data;

  return self;
}

/* In each call to libsoup, makes it stop reading after @bytes. Some versions of libsoup handle
 * messages only after they have read everything. With these versions, the time budget would not
 * limit a flood, because the handlers run only after all reads. */
void
hb_input_set_max_delivery (HbInput *self,
                           gsize    bytes)
{
  self->max_delivery = bytes;
}

/* Must be called before the first byte is received.
 *
 * @handlers: the owner's handlers for libsoup's signals; must exist until hb_input_detach () */
void
hb_input_open_fast_lane (HbInput    *self,
                         HbHandlers *handlers)
{
  self->handlers = handlers;
  hb_fast_lane_open (&self->fast_lane);
}

/* After a read without bytes, libsoup again compares its limit with the length of a frame of which
 * only a part has arrived. If the limit was lowered, that read may close the connection. */
void
hb_input_set_max_message_size (HbInput *self,
                               guint64  bytes)
{
  if (bytes < self->fast_lane.lane.max_length && self->fast_lane.n_slow > 0)
    self->may_fail = TRUE;

  self->fast_lane.lane.max_length = bytes;
}

/* Must be called after handlers may have been connected or disconnected. libsoup must get the pongs
 * of an exposed connection, because the application may have a handler for libsoup's `pong`, or may
 * set the property keepalive-pong-timeout, which libsoup 3.6 and later have. */
static void
follow_handlers (HbInput *self)
{
  self->fast_lane.is_exposed = self->handlers != NULL && self->handlers->is_exposed;
  self->fast_lane.is_heard = hb_handlers_has_other (self->handlers);
}

static gboolean
call_libsoup (HbInput *self)
{
  gboolean goes_on = hb_input_call_libsoup (self);

  follow_handlers (self);

  return goes_on;
}

static void
emit_taken (HbInput *self,
            HbEvent *event)
{
  gsize size = hb_fast_lane_get_frame_size (&self->fast_lane);

  self->delivered += size;
  self->untimed += size;
  self->func (event, self->user_data);

  /* Querying the handlers is slow, so they are queried only if the result may have changed. */
  if (self->handlers != NULL && self->handlers->is_exposed)
    follow_handlers (self);
}

/* Reads and emits until no bytes are left, the time budget is spent, reading is stopped, or libsoup
 * leaves bytes unread. Handlers may do anything, so nothing is assumed after they have run. If this
 * delivery had no bytes and the reader is still readable, the reader has the end of the stream, or
 * an error, for libsoup. */
static void
deliver (HbInput *self)
{
  HbEvent event;

  while (is_read (self) && hb_input_may_read (self))
    {
      gsize max_size = self->untimed == 0 ? G_MAXSIZE : CLOCK_INTERVAL - self->untimed;

      if (!hb_fast_lane_is_open (&self->fast_lane))
        {
          call_libsoup (self);
          return;
        }

      switch (hb_fast_lane_take (&self->fast_lane, &self->reader.block, max_size, &event))
        {
        case HB_PORTION_MESSAGE:
          emit_taken (self, &event);
          g_bytes_unref (event.message.bytes);
          break;
        case HB_PORTION_PONG:
          emit_taken (self, &event);
          break;
        case HB_PORTION_LARGE:
          self->untimed = CLOCK_INTERVAL;
          break;
        case HB_PORTION_SLOW:
          if (!call_libsoup (self))
            return;
          break;
        case HB_PORTION_PARTIAL:
          if (hb_input_fill (self) > 0)
            break;
          if (self->delivered == 0 && hb_block_reader_is_readable (&self->reader))
            call_libsoup (self);
          return;
        default:
          g_assert_not_reached ();
        }
    }
}

/* Reads and emits messages, unless an outer call is already doing so. The caller must keep a
 * reference to the input.
 *
 * @is_readable: whether the socket is ready to be read */
void
hb_input_run (HbInput  *self,
              gboolean  is_readable)
{
  if (is_readable)
    hb_block_reader_on_ready (&self->reader);

  if (self->is_delivering || self->reader_func == NULL || !is_read (self)
      || !hb_input_has_something (self))
    return;

  hb_watch_want (self->watch, G_IO_IN, FALSE);
  hb_budget_begin (&self->budget, g_get_monotonic_time ());
  hb_output_cork (self->reader.output);
  self->is_delivering = TRUE;
  self->delivered = 0;
  self->untimed = 0;
  follow_handlers (self);
  hb_input_emit (self, HB_EVENT_DELIVERY);

  /* These bytes are left over from the last delivery, so hb_input_fill () does not report them. */
  if (hb_fast_lane_has_bytes (&self->fast_lane, &self->reader.block))
    hb_input_emit (self, HB_EVENT_ACTIVITY);

  deliver (self);

  self->is_delivering = FALSE;
  hb_output_uncork (self->reader.output);
  hb_budget_end (&self->budget, g_get_monotonic_time ());
  hb_input_want (self);
  hb_input_emit (self, HB_EVENT_DELIVERED);
}

/* Does not check whether the connection is open. */
gboolean
hb_input_can_park (HbInput *self)
{
  return !self->is_parked && !self->is_delivering && self->reader_func != NULL && is_read (self)
         && !self->may_fail;
}

void
hb_input_detach (HbInput *self)
{
  self->func = NULL;
  self->handlers = NULL;
  hb_fast_lane_close (&self->fast_lane);
}

/* Returns whether reading was paused. */
gboolean
hb_input_read_on (HbInput *self)
{
  if (self->pause == NULL)
    return FALSE;

  g_clear_pointer (&self->pause, hb_context_end_source);
  hb_budget_renew (&self->budget);
  hb_input_want (self);

  return TRUE;
}

/* While reading is stopped, libsoup still makes messages from bytes that it has already read. */
void
hb_input_set_reading (HbInput  *self,
                      gboolean  is_reading)
{
  self->is_stopped = !is_reading;
  hb_input_want (self);
}
