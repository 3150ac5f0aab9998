/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-input-steps-private.h"
#include "hb-watch-private.h"

/* The source for which libsoup asks. Messages are emitted when it is dispatched, but never in a
 * call of libsoup. */
typedef struct
{
  GSource  source;
  HbInput *input; /* (owned) */
} InputSource;

static gboolean
source_prepare (GSource *source,
                int     *timeout)
{
  HbInput *self = ((InputSource *) source)->input;

  *timeout = -1;

  return !self->is_delivering && hb_input_has_something (self);
}

static gboolean
source_check (GSource *source)
{
  HbInput *self = ((InputSource *) source)->input;

  if (hb_watch_is_ready (self->watch, G_IO_IN))
    hb_block_reader_on_ready (&self->reader);

  return !self->is_delivering && hb_input_has_something (self);
}

/* Whether libsoup still reads. If not, the connection may be gone. */
static gboolean
is_read (HbInput *self)
{
  return self->source != NULL && !g_source_is_destroyed (self->source);
}

/* Notices handlers that have come or gone. */
static void
follow_handlers (HbInput *self)
{
  self->fast_lane.is_heard = hb_handler_has_others (self->handler);
}

/* Lets libsoup read. Returns whether to go on. After it has sent a close frame, libsoup reads once
 * and leaves the rest for the next iteration. */
static gboolean
call_libsoup (HbInput             *self,
              GPollableSourceFunc  func,
              gpointer             user_data)
{
  g_autoptr (GSource) source = g_source_ref (self->source);

  self->given = 0;
  self->is_drained = FALSE;
  hb_handler_set_blocked (self->handler, FALSE);

  if (!func (G_OBJECT (self), user_data))
    g_source_destroy (source);

  hb_handler_set_blocked (self->handler, TRUE);
  follow_handlers (self);

  return self->given > 0 && self->is_drained;
}

static void
emit_message (HbInput *self,
              HbEvent *event)
{
  g_autoptr (GBytes) bytes = event->message.bytes;
  gsize size = g_bytes_get_size (bytes) + hb_fast_lane_get_header_size (&self->fast_lane);

  self->delivered += size;
  self->untimed += size;
  self->func (event, self->user_data);

  /* The question takes a quarter of the time of all other work here, so it is asked only where the
   * answer may have changed. */
  if (self->handler != NULL && self->handler->is_exposed)
    follow_handlers (self);
}

/* Handlers may do anything, so nothing is assumed after they have run. */
static void
deliver (HbInput             *self,
         GPollableSourceFunc  func,
         gpointer             user_data)
{
  HbEvent event;

  while (is_read (self) && hb_input_may_read (self))
    {
      gsize max_size = self->untimed == 0 ? G_MAXSIZE : CLOCK_INTERVAL - self->untimed;

      if (!hb_fast_lane_is_open (&self->fast_lane))
        {
          call_libsoup (self, func, user_data);
          return;
        }

      switch (hb_fast_lane_take (&self->fast_lane, &self->reader.block, max_size, &event))
        {
        case HB_PORTION_MESSAGE:
          emit_message (self, &event);
          break;
        case HB_PORTION_LARGE:
          self->untimed = CLOCK_INTERVAL;
          break;
        case HB_PORTION_SLOW:
          if (!call_libsoup (self, func, user_data))
            return;
          break;
        case HB_PORTION_PARTIAL:
          if (hb_input_fill (self) > 0)
            break;
          if (self->delivered == 0)
            call_libsoup (self, func, user_data);
          return;
        default:
          g_assert_not_reached ();
        }
    }
}

/* libsoup creates its next source in here, in the thread-default context. No reference to the
 * context is kept: an abandoned context would keep itself alive. */
static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  g_autoptr (HbInput) self = g_object_ref (((InputSource *) source)->input);
  GMainContext *context = g_source_get_context (source);
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);

  hb_watch_want (self->watch, G_IO_IN, FALSE);
  hb_budget_begin (&self->budget, g_get_monotonic_time ());
  hb_output_cork (self->output);
  self->is_delivering = TRUE;
  self->source = source;
  self->delivered = 0;
  self->untimed = 0;
  follow_handlers (self);
  hb_input_emit (self, HB_EVENT_DELIVERY);

  /* The bytes were left by the last delivery. */
  if (hb_fast_lane_has_bytes (&self->fast_lane, &self->reader.block))
    hb_input_emit (self, HB_EVENT_ACTIVITY);

  deliver (self, (GPollableSourceFunc) (void (*) (void)) callback, user_data);

  self->is_delivering = FALSE;
  hb_output_uncork (self->output);
  hb_budget_end (&self->budget, g_get_monotonic_time ());
  if (is_read (self))
    hb_input_want (self);

  hb_input_emit (self, HB_EVENT_DELIVERED);

  return G_SOURCE_CONTINUE;
}

static void
source_finalize (GSource *source)
{
  HbInput *self = ((InputSource *) source)->input;

  if (self->source == source)
    self->source = NULL;

  g_object_unref (self);
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize,
};

GSource *
hb_input_source_new (HbInput *self)
{
  GSource *source = g_source_new (&source_funcs, sizeof (InputSource));

  ((InputSource *) source)->input = g_object_ref (self);
  g_source_set_static_name (source, "[hb] reader");

  return source;
}
