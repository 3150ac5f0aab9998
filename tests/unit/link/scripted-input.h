/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A stream whose reads follow a test's script of pieces of data and errors. Each read returns as
 * much of the next piece as fits into the buffer, or the next error. After the last step, reads
 * would block, unless the test sets an end.
 *
 * The descriptor is one end of a pair of sockets. The descriptor becomes readable when the test
 * writes any byte to the other end, and remains readable until the last step has been taken. */
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
