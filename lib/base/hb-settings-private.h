/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-enums.h"

G_BEGIN_DECLS

#define HB_DEFAULT_PING_TIMEOUT        15000
#define HB_DEFAULT_PONG_TIMEOUT        10000
#define HB_DEFAULT_PING_MESSAGE        "heartbeat"
#define HB_DEFAULT_RECONNECT_TIMEOUT   2000
#define HB_DEFAULT_REPEAT_LIMIT        (-1)
#define HB_DEFAULT_MIN_UPTIME          5000
#define HB_DEFAULT_CONNECT_TIMEOUT     10000
#define HB_DEFAULT_CLOSE_TIMEOUT       2000
#define HB_DEFAULT_MAX_MESSAGE_SIZE    (16 * 1024 * 1024)
#define HB_DEFAULT_MAX_BUFFERED_AMOUNT (8 * 1024 * 1024)

/* The settings of a task. Times are in milliseconds, as in the API. */
typedef struct
{
  char            *uri;      /* (nullable) */
  char           **protocols; /* (nullable) */
  char            *origin;   /* (nullable) */
  char            *ping_message;
  char            *pong_message; /* (nullable) */
  guint64          max_message_size;
  guint64          max_buffered_amount;
  double           reconnect_jitter;
  HbHeartbeatMode  heartbeat_mode;
  HbLiveness       liveness;
  HbOverflow       overflow;
  guint            ping_timeout;
  guint            pong_timeout;
  guint            reconnect_timeout;
  guint            reconnect_timeout_max;
  int              repeat_limit;
  guint            min_uptime;
  guint            connect_timeout;
  guint            close_timeout;
  gboolean         compression;
  gboolean         network_aware;
} HbSettings;

void     hb_settings_init            (HbSettings        *self);
void     hb_settings_clear           (HbSettings        *self);
gboolean hb_settings_check           (const HbSettings  *self,
                                      GError           **error);
gboolean hb_settings_check_handshake (const HbSettings  *self,
                                      GError           **error);

G_END_DECLS
