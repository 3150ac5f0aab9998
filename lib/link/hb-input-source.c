/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-input-steps-private.h"

/* The source with which libsoup waits to read. libsoup requests a new one for each wait.
 *
 * The main context would prepare and check the sources of all connections in each iteration. To
 * prevent this, only libsoup's first source is dispatched, once, to provide libsoup's callback.
 * hb_input_run () then calls the callback, and each new source is destroyed at once. libsoup holds
 * a reference to its source until its next read, or until it stops reading. As long as the source
 * exists, libsoup has not stopped reading.
 *
 * The context keeps examining a destroyed source while the source exists. If many such sources
 * exist, hb_input_park () moves each to a context that is never iterated. */
typedef struct
{
  GSource  source;
  HbInput *input; /* (owned) */
} InputSource;

/* Stores libsoup's callback, but does not call it, because GLib's reference during the dispatch
 * would keep the source alive after libsoup has destroyed it. */
static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  HbInput *self = ((InputSource *) source)->input;

  self->reader_func = (GPollableSourceFunc) (void (*) (void)) callback;
  self->reader_data = user_data;
  hb_input_want (self);

  return G_SOURCE_REMOVE;
}

static void
source_finalize (GSource *source)
{
  HbInput *self = ((InputSource *) source)->input;

  if (self->source == source)
    {
      self->source = NULL;
      hb_input_want (self);
    }

  g_object_unref (self);
}

static GSourceFuncs source_funcs = {
  .dispatch = source_dispatch,
  .finalize = source_finalize,
};

/* Returns: (transfer full) */
GSource *
hb_input_source_new (HbInput *self)
{
  GSource *source = g_source_new (&source_funcs, sizeof (InputSource));

  ((InputSource *) source)->input = g_object_ref (self);
  g_source_set_static_name (source, "[hb] reader");
  if (self->reader_func == NULL)
    g_source_set_ready_time (source, 0);

  return source;
}

static void
retire_source (HbInput *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
}

/* Lets libsoup read. libsoup creates its next source in the thread-default context, unless it stops
 * reading. After libsoup has sent a close frame, it reads only once in each call.
 *
 * Returns: whether libsoup has got bytes, and has read until it got no more, so that the next
 *   message may be taken */
gboolean
hb_input_call_libsoup (HbInput *self)
{
  self->given = 0;
  self->is_drained = FALSE;
  self->may_fail = FALSE;
  hb_handlers_begin_call (self->handlers);

  self->reader_func (G_OBJECT (self), self->reader_data);
  retire_source (self);
  self->is_parked = FALSE;

  hb_handlers_end_call (self->handlers);

  return self->given > 0 && self->is_drained;
}

/* Moves libsoup's source to @context by a read that returns no bytes, and disconnects the handlers
 * until libsoup is called again. The connection must be open, and hb_input_can_park () must have
 * returned TRUE. Otherwise libsoup might emit signals or create other sources, which would never be
 * dispatched in @context. */
void
hb_input_park (HbInput      *self,
               GMainContext *context)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);

  self->given = G_MAXSIZE;
  self->reader_func (G_OBJECT (self), self->reader_data);
  retire_source (self);
  hb_handlers_disconnect (self->handlers);
  self->is_parked = TRUE;
}
