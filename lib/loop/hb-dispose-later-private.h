/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

void hb_dispose_later (GObject      *object,
                       GMainContext *context);

G_END_DECLS
