/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "control.h"

EchoSocket *echo_socket_new  (EchoControl *control,
                              SoupServer  *soup,
                              guint16      port);
void        echo_socket_free (EchoSocket  *self);
