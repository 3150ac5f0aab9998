/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-input-steps-private.h"

/* The source for which libsoup asks, and that it would have dispatched for each read.
 *
 * The main context would prepare and check the sources of all connections in each iteration. To
 * prevent this, libsoup's first source is dispatched once, which shows its callback. From then on
 * the watch calls the callback, and each new source of libsoup is destroyed at once. libsoup does
 * not notice, because it keeps its reference until it destroys the source itself, before its next
 * read or when it stops reading. libsoup reads as long as the source exists.
 *
 * The context still looks at a destroyed source as long as it exists. If there are many such
 * sources, libsoup is called once more, in a context that is never iterated, and creates its source
 * there. */
typedef struct
{
  GSource  source;
  HbInput *input; /* (owned) */
} InputSource;

/* Calls nothing, because GLib now has a reference to the source, which would seem to exist after
 * libsoup has destroyed it. */
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

/* Returns: (transfer full): the source for libsoup, which attaches it next */
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

/* Lets libsoup read. libsoup creates its next source in this call, in the thread-default context,
 * unless it stops reading. After it has sent a close frame, libsoup reads once and leaves the rest
 * for its next source. Returns whether to continue. */
gboolean
hb_input_call_libsoup (HbInput *self)
{
  self->given = 0;
  self->is_drained = FALSE;
  hb_handlers_begin_call (self->handlers);

  self->reader_func (G_OBJECT (self), self->reader_data);
  retire_source (self);
  self->is_parked = FALSE;

  hb_handlers_end_call (self->handlers);

  return self->given > 0 && self->is_drained;
}

/* Moves libsoup's source to @context, by a read that returns no bytes. The connection must be open,
 * because libsoup then only creates its source, and nothing else that would have to be
 * dispatched, and emits no signal. */
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
