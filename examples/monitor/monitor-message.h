/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef enum {
  MONITOR_MESSAGE_RECEIVED,
  MONITOR_MESSAGE_WAITING, /* not sent yet */
  MONITOR_MESSAGE_SENT,
  MONITOR_MESSAGE_FAILED,
} MonitorMessageStatus;

#define MONITOR_TYPE_MESSAGE_STATUS (monitor_message_status_get_type ())
#define MONITOR_TYPE_MESSAGE        (monitor_message_get_type ())

GType monitor_message_status_get_type (void) G_GNUC_CONST;

/* The part of a message that a row shows. A message may be many megabytes long, so the rest of it
 * is not kept. */
G_DECLARE_FINAL_TYPE (MonitorMessage, monitor_message, MONITOR, MESSAGE, GObject)

MonitorMessage       *monitor_message_new        (SoupWebsocketDataType  type,
                                                  GBytes                *bytes,
                                                  MonitorMessageStatus   status);
const char           *monitor_message_get_text   (MonitorMessage        *self);
gsize                 monitor_message_get_size   (MonitorMessage        *self);
char                 *monitor_message_dup_time   (MonitorMessage        *self);
MonitorMessageStatus  monitor_message_get_status (MonitorMessage        *self);
void                  monitor_message_set_status (MonitorMessage        *self,
                                                  MonitorMessageStatus   status);

G_END_DECLS
