/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-enums.h"
#include "hb-property-private.h"

G_BEGIN_DECLS

/* The values of the properties that can be set, except `session`. Times are in milliseconds. */
typedef struct
{
  char            *uri;          /* (nullable) */
  char           **protocols;    /* (nullable) NULL, not an empty list, if none are offered */
  char            *origin;       /* (nullable) */
  char            *ping_message;
  GBytes          *ping_bytes;   /* (nullable) sent in place of ping_message */
  char            *pong_message; /* (nullable) */
  guint64          max_message_size;
  guint64          max_buffered_amount;
  double           reconnect_jitter;
  HbHeartbeatMode  heartbeat_mode;
  HbLiveness       liveness;
  HbOverflow       overflow;
  HbDelivery       delivery;
  guint            ping_timeout;
  guint            pong_timeout;
  guint            reconnect_timeout;
  guint            reconnect_timeout_max;
  int              repeat_limit;
  guint            min_uptime;
  guint            connect_timeout;
  guint            close_timeout;
  guint            queue_timeout;
  guint            fragment_size;
  gboolean         compression;
  gboolean         network_aware;
  gboolean         manual_ready;
  gboolean         paused;
} HbSettings;

gboolean             hb_settings_has             (HbProperty         property);
GParamSpec          *hb_settings_new_pspec       (HbProperty         property,
                                                  GParamFlags        flags);
gboolean             hb_settings_is_allowed      (HbProperty         property,
                                                  gconstpointer      value);

void                 hb_settings_init            (HbSettings        *self);
void                 hb_settings_clear           (HbSettings        *self);
gboolean             hb_settings_set             (HbSettings        *self,
                                                  HbProperty         property,
                                                  gconstpointer      value);
gconstpointer        hb_settings_peek            (const HbSettings  *self,
                                                  HbProperty         property);
const char * const  *hb_settings_list_protocols  (const HbSettings  *self);

gboolean             hb_settings_check           (const HbSettings  *self,
                                                  GError           **error);
gboolean             hb_settings_check_handshake (const HbSettings  *self,
                                                  GError           **error);

G_END_DECLS
