/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server.h"

char *echo_report_update    (EchoServer   *server,
                             guint64       n_seen);
char *echo_report_reply     (const char   *command,
                             const GError *error);
char *echo_report_listening (const char   *uri);
