/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GSource *counter_attach (GMainContext *context,
                         int           priority,
                         guint        *n);

G_END_DECLS
