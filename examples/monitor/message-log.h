/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "monitor-message.h"

G_BEGIN_DECLS

/* The maximum number of messages in the list model */
#define MESSAGE_LOG_CAPACITY 4000

#define MESSAGE_TYPE_LOG     (message_log_get_type ())

G_DECLARE_FINAL_TYPE (MessageLog, message_log, MESSAGE, LOG, GObject)

MessageLog *message_log_new   (void);
void        message_log_push  (MessageLog     *self,
                               MonitorMessage *message);
gboolean    message_log_flush (MessageLog     *self);
void        message_log_clear (MessageLog     *self);

G_END_DECLS
