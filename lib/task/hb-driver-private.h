/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "hb-machine-private.h"

G_BEGIN_DECLS

typedef struct _HbDriver HbDriver;

/* The functions of the driver's owner, called only while the owner is alive. Each of them may run
 * code of the application. make_ping () returns NULL, and get_delay () returns FALSE, if the
 * settings apply. The delay is in milliseconds. */
typedef struct
{
  void     (*emit)       (gpointer        owner,
                          const HbEffect *effect);
  void     (*connecting) (gpointer        owner,
                          SoupMessage    *request);
  char *   (*make_ping)  (gpointer        owner);
  gboolean (*is_pong)    (gpointer        owner,
                          HbOpcode        opcode,
                          GBytes         *message);
  gboolean (*get_delay)  (gpointer        owner,
                          guint           attempt,
                          guint          *delay);
} HbDriverFuncs;

HbDriver                *hb_driver_new                 (const HbDriverFuncs  *funcs,
                                                        GObject              *owner);
void                     hb_driver_dispose             (HbDriver             *self);
void                     hb_driver_unref               (HbDriver             *self);

gboolean                 hb_driver_set                 (HbDriver             *self,
                                                        HbProperty            property,
                                                        gconstpointer         value);
const HbSettings        *hb_driver_get_settings        (HbDriver             *self);
SoupSession             *hb_driver_get_session         (HbDriver             *self);
SoupMessageHeaders      *hb_driver_get_request_headers (HbDriver             *self);
void                     hb_driver_set_has_pong_func   (HbDriver             *self,
                                                        gboolean              has_pong_func);

gboolean                 hb_driver_check_thread        (HbDriver             *self,
                                                        const char           *function);
void                     hb_driver_open                (HbDriver             *self,
                                                        GTask                *task);
void                     hb_driver_close               (HbDriver             *self,
                                                        guint                 code,
                                                        const char           *reason,
                                                        GTask                *task);
void                     hb_driver_reconnect_now       (HbDriver             *self);
void                     hb_driver_reconnect_later     (HbDriver             *self);
void                     hb_driver_check               (HbDriver             *self);
void                     hb_driver_mark_ready          (HbDriver             *self);
void                     hb_driver_hold                (HbDriver             *self);
gboolean                 hb_driver_release             (HbDriver             *self);
gboolean                 hb_driver_send                (HbDriver             *self,
                                                        HbOpcode              opcode,
                                                        GBytes               *bytes,
                                                        HbSendFlags           flags,
                                                        GTask                *ticket,
                                                        GError              **error);
void                     hb_driver_send_async          (HbDriver             *self,
                                                        HbOpcode              opcode,
                                                        GBytes               *bytes,
                                                        HbSendFlags           flags,
                                                        GTask                *task);
void                     hb_driver_flush               (HbDriver             *self,
                                                        GTask                *task);
GPtrArray               *hb_driver_take_queue          (HbDriver             *self);
void                     hb_driver_receive             (HbDriver             *self,
                                                        GCancellable         *cancellable,
                                                        GTask                *task);

HbStatus                 hb_driver_get_status          (HbDriver             *self);
gboolean                 hb_driver_will_fail_call      (HbDriver             *self,
                                                        const GError         *error);
SoupWebsocketConnection *hb_driver_get_connection      (HbDriver             *self);
const char              *hb_driver_get_protocol        (HbDriver             *self);
HbMetrics               *hb_driver_get_metrics         (HbDriver             *self);
gint64                   hb_driver_get_reconnect_at    (HbDriver             *self);

G_END_DECLS
