/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GMainContext       *hb_context_new  (void);
GMainContextPusher *hb_context_push (GMainContext *context);

G_END_DECLS
