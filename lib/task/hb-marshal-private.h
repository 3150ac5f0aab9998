/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

void hb_marshal_message    (GClosure     *closure,
                            GValue       *result,
                            guint         n_values,
                            const GValue *values,
                            gpointer      hint,
                            gpointer      data);
void hb_marshal_message_va (GClosure     *closure,
                            GValue       *result,
                            gpointer      instance,
                            va_list       arguments,
                            gpointer      data,
                            int           n_params,
                            GType        *types);

G_END_DECLS
