/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean            hb_context_has_descriptors (void);
GMainContext       *hb_context_new             (void);
GMainContextPusher *hb_context_push            (GMainContext *context);

/* Destroys @source, so that it is not dispatched any more, and releases it. */
static inline void
hb_context_end_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

G_END_DECLS
