/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-event-private.h"
#include "hb-settings-private.h"
#include "hb-time-private.h"

G_BEGIN_DECLS

/* The result of a tick */
typedef enum {
  HB_VERDICT_WAIT,
  HB_VERDICT_PING,
  HB_VERDICT_DEAD, /* end the link, because the peer has not responded in time */
} HbVerdict;

/* Detects a dead link. Activity changes only the fields, because resetting a timer for each message
 * would cost a system call. */
typedef struct
{
  gint64   last_activity; /* HB_NEVER while the heartbeat is stopped */
  gint64   awaited_since; /* HB_NEVER unless a ping waits for activity */
  gint64   pinged_at;     /* the start of the latency; HB_NEVER unless a ping waits for its reply */
  gint64   last_ping;     /* the last ping, or the start of the heartbeat; HB_NEVER while stopped */
  guint    n_unsent;      /* how many pings have been requested, but not sent */
  gboolean is_unsent;     /* The ping that waits for activity has not been sent. */
  gboolean is_due;        /* Another ping is due at once: see hb_heartbeat_change_reply (). */
  gboolean is_stale;      /* The next reply does not give a latency. */
} HbHeartbeat;

#define HB_LATENCY_NONE    -1 /* no reply, or a reply for which no ping waited */
#define HB_LATENCY_UNKNOWN -2 /* a reply whose latency cannot be measured */

void      hb_heartbeat_init         (HbHeartbeat       *self);
void      hb_heartbeat_start        (HbHeartbeat       *self,
                                     gint64             now);
void      hb_heartbeat_stop         (HbHeartbeat       *self);
gboolean  hb_heartbeat_is_awaiting  (const HbHeartbeat *self);
gboolean  hb_heartbeat_is_judged    (const HbHeartbeat *self,
                                     const HbSettings  *settings);
void      hb_heartbeat_change_pong_timeout
                                    (HbHeartbeat       *self,
                                     guint              before,
                                     guint              after,
                                     gint64             now);
void      hb_heartbeat_on_ping      (HbHeartbeat       *self,
                                     const HbSettings  *settings,
                                     gint64             now);
void      hb_heartbeat_on_pinged    (HbHeartbeat       *self,
                                     gint64             now);
void      hb_heartbeat_on_activity  (HbHeartbeat       *self,
                                     const HbSettings  *settings,
                                     gint64             now);
void      hb_heartbeat_change_reply (HbHeartbeat       *self);
void      hb_heartbeat_on_reading   (HbHeartbeat       *self,
                                     gint64             now);
gint64    hb_heartbeat_on_reply     (HbHeartbeat       *self,
                                     const HbSettings  *settings,
                                     gint64             now);
gint64    hb_heartbeat_on_pong      (HbHeartbeat       *self,
                                     const HbSettings  *settings,
                                     gint64             now);
GBytes   *hb_heartbeat_make_ping    (const HbSettings  *settings,
                                     const char        *text,
                                     HbOpcode          *opcode);
gboolean  hb_heartbeat_on_message   (HbHeartbeat       *self,
                                     const HbSettings  *settings,
                                     gint64             now,
                                     HbOpcode           opcode,
                                     GBytes            *bytes,
                                     HbReply            reply,
                                     gint64            *latency);
HbVerdict hb_heartbeat_tick         (const HbHeartbeat *self,
                                     const HbSettings  *settings,
                                     gint64             now,
                                     gboolean           held_up);
gint64    hb_heartbeat_get_deadline (const HbHeartbeat *self,
                                     const HbSettings  *settings);
gint64    hb_heartbeat_get_early_ping_at
                                    (const HbHeartbeat *self,
                                     const HbSettings  *settings);

G_END_DECLS
