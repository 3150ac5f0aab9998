/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "server.h"

/* The maximum size of a command that the page sends, in bytes */
#define ECHO_MAX_COMMAND 16384

typedef struct _EchoWatcher EchoWatcher;

/* Sends a line of JSON to a page or a program. */
typedef void (*EchoControlFunc) (gpointer    user_data,
                                 const char *json);

EchoControl *echo_control_new      (EchoServer      *server);
void         echo_control_free     (EchoControl     *self);

EchoWatcher *echo_control_watch    (EchoControl     *self,
                                    EchoControlFunc  func,
                                    gpointer         user_data);
void         echo_watcher_free     (EchoWatcher     *self);
void         echo_watcher_command  (EchoWatcher     *self,
                                    GBytes          *message);
