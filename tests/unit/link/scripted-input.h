/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A stream that returns the pieces of a test's script, one for each read, and would block after the
 * last one. Its descriptor becomes readable when the test writes to the other end of the socket
 * pair, and remains readable until all pieces are read. */
#define SCRIPTED_TYPE_INPUT (scripted_input_get_type ())
G_DECLARE_FINAL_TYPE (ScriptedInput, scripted_input, SCRIPTED, INPUT, GInputStream)

ScriptedInput *scripted_input_new          (int            fd);
void           scripted_input_add_piece    (ScriptedInput *self,
                                            const void    *data,
                                            gsize          size);
void           scripted_input_add_blocking (ScriptedInput *self);
void           scripted_input_set_end      (ScriptedInput *self);
void           scripted_input_add_error    (ScriptedInput *self,
                                            GIOErrorEnum   code);
guint          scripted_input_get_n_reads  (ScriptedInput *self);

G_END_DECLS
