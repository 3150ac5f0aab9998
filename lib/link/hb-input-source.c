/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-input-steps-private.h"

/* The source for which libsoup asks, and that it would have dispatched for each read.
 *
 * The main context would look at the sources of all connections in each iteration, so libsoup's
 * source does not stay in it. The first one is dispatched once, which shows what libsoup wants to
 * have called. From then on, the watch has it called, and each new source of libsoup is destroyed
 * at once. libsoup does not notice: it keeps its reference until it destroys the source itself,
 * before its next read or for good. So libsoup reads as long as the source exists. */
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

/* Lets libsoup read. libsoup creates its next source in here, in the thread-default context, unless
 * it stops reading. After it has sent a close frame, libsoup reads once and leaves the rest for its
 * next source. Returns whether to go on. */
gboolean
hb_input_call_libsoup (HbInput *self)
{
  self->given = 0;
  self->is_drained = FALSE;
  hb_handler_set_blocked (self->handler, FALSE);

  self->reader_func (G_OBJECT (self), self->reader_data);
  if (self->source != NULL)
    g_source_destroy (self->source);

  hb_handler_set_blocked (self->handler, TRUE);

  return self->given > 0 && self->is_drained;
}
