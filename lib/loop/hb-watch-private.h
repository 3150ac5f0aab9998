/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GSource  *hb_watch_new      (int           fd);
void      hb_watch_want     (GSource      *source,
                             GIOCondition  condition,
                             gboolean      wanted);
gboolean  hb_watch_is_ready (GSource      *source,
                             GIOCondition  condition);
void      hb_watch_wake     (GSource      *source);
guint     hb_watch_get_turn (GSource      *source);

G_END_DECLS
