/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A stream that handles each write as a test's script says, and accepts all writes after the end of
 * the script. As with TLS, a write that blocked must be repeated with the same bytes. */
#define SCRIPTED_TYPE_OUTPUT (scripted_output_get_type ())
G_DECLARE_FINAL_TYPE (ScriptedOutput, scripted_output, SCRIPTED, OUTPUT, GOutputStream)

ScriptedOutput *scripted_output_new          (void);
void            scripted_output_add_taking   (ScriptedOutput *self,
                                              guint           n_bytes);
void            scripted_output_add_blocking (ScriptedOutput *self);
void            scripted_output_add_error    (ScriptedOutput *self,
                                              GIOErrorEnum    code);
guint           scripted_output_get_n_writes (ScriptedOutput *self);
GByteArray     *scripted_output_get_taken    (ScriptedOutput *self);

G_END_DECLS
