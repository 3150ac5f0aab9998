/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "control.h"

typedef struct _EchoLines EchoLines;

EchoLines *echo_lines_new  (EchoControl  *control,
                            const char   *path,
                            const char   *uri,
                            GMainLoop    *loop,
                            GError      **error);
void       echo_lines_free (EchoLines    *self);
