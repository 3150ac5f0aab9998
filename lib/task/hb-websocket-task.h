/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (HB_INSIDE) && !defined (HB_COMPILATION)
# error "Only <hb-websocket.h> can be included directly."
#endif

#include <libsoup/soup.h>

#include "hb-enums.h"
#include "hb-message.h"
#include "hb-metrics.h"
#include "hb-version-macros.h"

G_BEGIN_DECLS

#define HB_TYPE_WEBSOCKET_TASK (hb_websocket_task_get_type ())

HB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (HbWebsocketTask, hb_websocket_task, HB, WEBSOCKET_TASK, GObject)

/**
 * HbPingFunc:
 * @task: the task
 * @user_data: the data that was passed to [method@WebsocketTask.set_ping_func]
 *
 * Generates the text of a ping.
 *
 * Returns: (transfer full) (nullable): the text in UTF-8, or `NULL` to send
 *   [property@WebsocketTask:ping-bytes] or [property@WebsocketTask:ping-message] instead
 *
 * Since: 1.0
 */
typedef char *(*HbPingFunc) (HbWebsocketTask *task,
                             gpointer         user_data);

/**
 * HbPongFunc:
 * @task: the task
 * @type: whether the message is text or binary
 * @message: the payload, followed by a NUL that its size does not include
 * @user_data: the data that was passed to [method@WebsocketTask.set_pong_func]
 *
 * Returns whether a received message is the reply to a ping.
 *
 * The task calls the function for each message that it receives while
 * [property@WebsocketTask:state] is `OPEN`, before it delivers the message.
 *
 * Returns: `TRUE` if the message is a reply, which is then not delivered; `FALSE` to deliver it
 *
 * Since: 1.0
 */
typedef gboolean (*HbPongFunc) (HbWebsocketTask       *task,
                                SoupWebsocketDataType  type,
                                GBytes                *message,
                                gpointer               user_data);

/**
 * HbReconnectFunc:
 * @task: the task
 * @attempt: the number of the next attempt: see [property@WebsocketTask:attempt]
 * @user_data: the data that was passed to [method@WebsocketTask.set_reconnect_func]
 *
 * Returns the delay before an attempt to reconnect.
 *
 * Returns: the delay in milliseconds; a longer delay that the server requests (`Retry-After`)
 *   takes precedence
 *
 * Since: 1.0
 */
typedef guint (*HbReconnectFunc) (HbWebsocketTask *task,
                                  guint            attempt,
                                  gpointer         user_data);

HB_AVAILABLE_IN_1_0
HbWebsocketTask  *hb_websocket_task_new              (const char  *uri);
HB_AVAILABLE_IN_1_0
HbWebsocketTask  *hb_websocket_task_new_with_session (const char  *uri,
                                                      SoupSession *session);

HB_AVAILABLE_IN_1_0
SoupSession         *hb_websocket_task_get_session               (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_session               (HbWebsocketTask    *self,
                                                                  SoupSession        *session);
HB_AVAILABLE_IN_1_0
const char          *hb_websocket_task_get_uri                   (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_uri                   (HbWebsocketTask    *self,
                                                                  const char         *uri);
HB_AVAILABLE_IN_1_0
const char * const  *hb_websocket_task_get_protocols             (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_protocols             (HbWebsocketTask    *self,
                                                                  const char * const *protocols);
HB_AVAILABLE_IN_1_0
const char          *hb_websocket_task_get_origin                (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_origin                (HbWebsocketTask    *self,
                                                                  const char         *origin);
HB_AVAILABLE_IN_1_0
gboolean             hb_websocket_task_get_compression           (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_compression           (HbWebsocketTask    *self,
                                                                  gboolean            compression);
HB_AVAILABLE_IN_1_0
HbHeartbeatMode      hb_websocket_task_get_heartbeat_mode        (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_heartbeat_mode        (HbWebsocketTask    *self,
                                                                  HbHeartbeatMode     mode);
HB_AVAILABLE_IN_1_0
HbLiveness           hb_websocket_task_get_liveness              (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_liveness              (HbWebsocketTask    *self,
                                                                  HbLiveness          liveness);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_ping_timeout          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_ping_timeout          (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_pong_timeout          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_pong_timeout          (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
const char          *hb_websocket_task_get_ping_message          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_ping_message          (HbWebsocketTask    *self,
                                                                  const char         *text);
HB_AVAILABLE_IN_1_0
const char          *hb_websocket_task_get_pong_message          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_pong_message          (HbWebsocketTask    *self,
                                                                  const char         *text);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_reconnect_timeout     (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_reconnect_timeout     (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_reconnect_timeout_max (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_reconnect_timeout_max (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
double               hb_websocket_task_get_reconnect_jitter      (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_reconnect_jitter      (HbWebsocketTask    *self,
                                                                  double              share);
HB_AVAILABLE_IN_1_0
int                  hb_websocket_task_get_repeat_limit          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_repeat_limit          (HbWebsocketTask    *self,
                                                                  int                 attempts);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_min_uptime            (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_min_uptime            (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_connect_timeout       (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_connect_timeout       (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_close_timeout         (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_close_timeout         (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint64              hb_websocket_task_get_max_message_size      (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_max_message_size      (HbWebsocketTask    *self,
                                                                  guint64             bytes);
HB_AVAILABLE_IN_1_0
guint64              hb_websocket_task_get_max_buffered_amount   (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_max_buffered_amount   (HbWebsocketTask    *self,
                                                                  guint64             bytes);
HB_AVAILABLE_IN_1_0
HbOverflow           hb_websocket_task_get_overflow              (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_overflow              (HbWebsocketTask    *self,
                                                                  HbOverflow          overflow);
HB_AVAILABLE_IN_1_0
HbDelivery           hb_websocket_task_get_delivery              (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_delivery              (HbWebsocketTask    *self,
                                                                  HbDelivery          delivery);
HB_AVAILABLE_IN_1_0
gboolean             hb_websocket_task_get_network_aware         (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_network_aware         (HbWebsocketTask    *self,
                                                                  gboolean            follow);
HB_AVAILABLE_IN_1_0
gboolean             hb_websocket_task_get_manual_ready          (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_manual_ready          (HbWebsocketTask    *self,
                                                                  gboolean            manual_ready);
HB_AVAILABLE_IN_1_0
gboolean             hb_websocket_task_get_paused                (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_paused                (HbWebsocketTask    *self,
                                                                  gboolean            paused);
HB_AVAILABLE_IN_1_0
GBytes              *hb_websocket_task_get_ping_bytes            (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_ping_bytes            (HbWebsocketTask    *self,
                                                                  GBytes             *bytes);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_queue_timeout         (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_queue_timeout         (HbWebsocketTask    *self,
                                                                  guint               milliseconds);
HB_AVAILABLE_IN_1_0
guint                hb_websocket_task_get_fragment_size         (HbWebsocketTask    *self);
HB_AVAILABLE_IN_1_0
void                 hb_websocket_task_set_fragment_size         (HbWebsocketTask    *self,
                                                                  guint               bytes);

HB_AVAILABLE_IN_1_0
HbState                   hb_websocket_task_get_state           (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
SoupWebsocketConnection  *hb_websocket_task_get_connection      (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
const char               *hb_websocket_task_get_protocol        (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
guint                     hb_websocket_task_get_attempt         (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
gint64                    hb_websocket_task_get_reconnect_at    (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
guint64                   hb_websocket_task_get_buffered_amount (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
gint64                    hb_websocket_task_get_latency         (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
gint64                    hb_websocket_task_get_downtime        (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
guint                     hb_websocket_task_get_http_status     (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
const GError             *hb_websocket_task_get_last_error      (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
gboolean                  hb_websocket_task_get_ready           (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
gboolean                  hb_websocket_task_can_acknowledge     (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
HbMetrics                *hb_websocket_task_get_metrics         (HbWebsocketTask *self);
HB_AVAILABLE_IN_1_0
SoupMessageHeaders       *hb_websocket_task_get_request_headers (HbWebsocketTask *self);

HB_AVAILABLE_IN_1_0
void     hb_websocket_task_open            (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_open_async      (HbWebsocketTask      *self,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
HB_AVAILABLE_IN_1_0
gboolean hb_websocket_task_open_finish     (HbWebsocketTask      *self,
                                            GAsyncResult         *result,
                                            GError              **error);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_close           (HbWebsocketTask      *self,
                                            guint                 code,
                                            const char           *reason);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_close_async     (HbWebsocketTask      *self,
                                            guint                 code,
                                            const char           *reason,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
HB_AVAILABLE_IN_1_0
gboolean hb_websocket_task_close_finish    (HbWebsocketTask      *self,
                                            GAsyncResult         *result,
                                            GError              **error);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_reconnect_now   (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_reconnect_later (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_check           (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_mark_ready      (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_hold            (HbWebsocketTask      *self);
HB_AVAILABLE_IN_1_0
void     hb_websocket_task_release         (HbWebsocketTask      *self);

HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_send_text            (HbWebsocketTask        *self,
                                                   const char             *text,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_send_text_with_flags (HbWebsocketTask        *self,
                                                   const char             *text,
                                                   HbSendFlags             flags,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_send_bytes           (HbWebsocketTask        *self,
                                                   GBytes                 *bytes,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_send_message         (HbWebsocketTask        *self,
                                                   SoupWebsocketDataType   type,
                                                   GBytes                 *message,
                                                   HbSendFlags             flags,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
void       hb_websocket_task_send_message_async   (HbWebsocketTask        *self,
                                                   SoupWebsocketDataType   type,
                                                   GBytes                 *message,
                                                   HbSendFlags             flags,
                                                   GCancellable           *cancellable,
                                                   GAsyncReadyCallback     callback,
                                                   gpointer                user_data);
HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_send_message_finish  (HbWebsocketTask        *self,
                                                   GAsyncResult           *result,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
void       hb_websocket_task_flush_async          (HbWebsocketTask        *self,
                                                   GCancellable           *cancellable,
                                                   GAsyncReadyCallback     callback,
                                                   gpointer                user_data);
HB_AVAILABLE_IN_1_0
gboolean   hb_websocket_task_flush_finish         (HbWebsocketTask        *self,
                                                   GAsyncResult           *result,
                                                   GError                **error);
HB_AVAILABLE_IN_1_0
GPtrArray *hb_websocket_task_take_queue           (HbWebsocketTask        *self);

HB_AVAILABLE_IN_1_0
void       hb_websocket_task_receive_async  (HbWebsocketTask      *self,
                                             GCancellable         *cancellable,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
HB_AVAILABLE_IN_1_0
HbMessage *hb_websocket_task_receive_finish (HbWebsocketTask      *self,
                                             GAsyncResult         *result,
                                             GError              **error);

HB_AVAILABLE_IN_1_0
void hb_websocket_task_set_ping_func      (HbWebsocketTask *self,
                                           HbPingFunc       func,
                                           gpointer         user_data,
                                           GDestroyNotify   destroy);
HB_AVAILABLE_IN_1_0
void hb_websocket_task_set_pong_func      (HbWebsocketTask *self,
                                           HbPongFunc       func,
                                           gpointer         user_data,
                                           GDestroyNotify   destroy);
HB_AVAILABLE_IN_1_0
void hb_websocket_task_set_reconnect_func (HbWebsocketTask *self,
                                           HbReconnectFunc  func,
                                           gpointer         user_data,
                                           GDestroyNotify   destroy);

G_END_DECLS
