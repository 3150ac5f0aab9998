/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <json-glib/json-glib.h>

#include "server.h"

gboolean echo_command_run (EchoServer  *server,
                           const char  *name,
                           JsonObject  *command,
                           GError     **error);
