/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server.h"

EchoControl *echo_control_new  (EchoServer  *server,
                                guint16      port);
void         echo_control_free (EchoControl *self);
