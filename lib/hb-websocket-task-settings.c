/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-websocket-task-private.h"

/* The getters and setters of what the application sets. What the properties mean is said in
 * hb-websocket-task.c. */

static HbSettings *
get_settings (HbWebsocketTask *self)
{
  return &hb_driver_get_machine (hb_websocket_task_get_driver (self))->settings;
}

static gboolean
may_set (HbWebsocketTask *self,
         const char      *property)
{
  return hb_driver_check_thread (hb_websocket_task_get_driver (self), property);
}

static void
changed (HbWebsocketTask *self,
         const char      *property)
{
  hb_driver_apply_settings (hb_websocket_task_get_driver (self));
  g_object_notify (G_OBJECT (self), property);
}

static void
set_string (HbWebsocketTask  *self,
            const char       *property,
            char            **field,
            const char       *value)
{
  if (!may_set (self, property) || g_strcmp0 (*field, value) == 0)
    return;

  g_free (*field);
  *field = g_strdup (value);
  changed (self, property);
}

static gboolean
same_strings (char               **a,
              const char * const  *b)
{
  if (a == NULL || b == NULL)
    return a == NULL && b == NULL;

  return g_strv_equal ((const char * const *) a, b);
}

/* Any type that memcpy () copies */
static void
set_plain (HbWebsocketTask *self,
           const char      *property,
           gpointer         field,
           gconstpointer    value,
           gsize            size)
{
  if (!may_set (self, property) || memcmp (field, value, size) == 0)
    return;

  memcpy (field, value, size);
  changed (self, property);
}

/**
 * hb_websocket_task_get_uri: (get-property uri)
 * @self: a task
 *
 * Gets [property@WebsocketTask:uri].
 *
 * Returns: (transfer none) (nullable): the URI
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_uri (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_settings (self)->uri;
}

/**
 * hb_websocket_task_set_uri: (set-property uri)
 * @self: a task
 * @uri: (nullable): the URI
 *
 * Sets [property@WebsocketTask:uri].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_uri (HbWebsocketTask *self,
                           const char      *uri)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_string (self, "uri", &get_settings (self)->uri, uri);
}

/**
 * hb_websocket_task_get_protocols: (get-property protocols)
 * @self: a task
 *
 * Gets [property@WebsocketTask:protocols].
 *
 * Returns: (transfer none) (array zero-terminated=1) (nullable): the subprotocols
 *
 * Since: 1.0
 */
const char * const *
hb_websocket_task_get_protocols (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return (const char * const *) get_settings (self)->protocols;
}

/**
 * hb_websocket_task_set_protocols: (set-property protocols)
 * @self: a task
 * @protocols: (array zero-terminated=1) (nullable): the subprotocols
 *
 * Sets [property@WebsocketTask:protocols].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_protocols (HbWebsocketTask    *self,
                                 const char * const *protocols)
{
  HbSettings *settings;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  settings = get_settings (self);
  if (!may_set (self, "protocols") || same_strings (settings->protocols, protocols))
    return;

  g_strfreev (settings->protocols);
  settings->protocols = g_strdupv ((char **) protocols);
  changed (self, "protocols");
}

/**
 * hb_websocket_task_get_origin: (get-property origin)
 * @self: a task
 *
 * Gets [property@WebsocketTask:origin].
 *
 * Returns: (transfer none) (nullable): the origin
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_origin (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_settings (self)->origin;
}

/**
 * hb_websocket_task_set_origin: (set-property origin)
 * @self: a task
 * @origin: (nullable): the origin
 *
 * Sets [property@WebsocketTask:origin].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_origin (HbWebsocketTask *self,
                              const char      *origin)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_string (self, "origin", &get_settings (self)->origin, origin);
}

/**
 * hb_websocket_task_get_compression: (get-property compression)
 * @self: a task
 *
 * Gets [property@WebsocketTask:compression].
 *
 * Returns: whether to offer compression
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_compression (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_settings (self)->compression;
}

/**
 * hb_websocket_task_set_compression: (set-property compression)
 * @self: a task
 * @compression: whether to offer compression
 *
 * Sets [property@WebsocketTask:compression].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_compression (HbWebsocketTask *self,
                                   gboolean         compression)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  compression = !!compression;
  set_plain (self, "compression", &get_settings (self)->compression,
             &compression, sizeof compression);
}

/**
 * hb_websocket_task_get_heartbeat_mode: (get-property heartbeat-mode)
 * @self: a task
 *
 * Gets [property@WebsocketTask:heartbeat-mode].
 *
 * Returns: the mode
 *
 * Since: 1.0
 */
HbHeartbeatMode
hb_websocket_task_get_heartbeat_mode (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_HEARTBEAT_MODE_MESSAGE);

  return get_settings (self)->heartbeat_mode;
}

/**
 * hb_websocket_task_set_heartbeat_mode: (set-property heartbeat-mode)
 * @self: a task
 * @mode: the mode
 *
 * Sets [property@WebsocketTask:heartbeat-mode].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_heartbeat_mode (HbWebsocketTask *self,
                                      HbHeartbeatMode  mode)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "heartbeat-mode", &get_settings (self)->heartbeat_mode, &mode, sizeof mode);
}

/**
 * hb_websocket_task_get_liveness: (get-property liveness)
 * @self: a task
 *
 * Gets [property@WebsocketTask:liveness].
 *
 * Returns: what counts
 *
 * Since: 1.0
 */
HbLiveness
hb_websocket_task_get_liveness (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_LIVENESS_ANY);

  return get_settings (self)->liveness;
}

/**
 * hb_websocket_task_set_liveness: (set-property liveness)
 * @self: a task
 * @liveness: what counts
 *
 * Sets [property@WebsocketTask:liveness].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_liveness (HbWebsocketTask *self,
                                HbLiveness       liveness)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "liveness", &get_settings (self)->liveness, &liveness, sizeof liveness);
}

/**
 * hb_websocket_task_get_ping_timeout: (get-property ping-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:ping-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_ping_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->ping_timeout;
}

/**
 * hb_websocket_task_set_ping_timeout: (set-property ping-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:ping-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_ping_timeout (HbWebsocketTask *self,
                                    guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "ping-timeout", &get_settings (self)->ping_timeout,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_pong_timeout: (get-property pong-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:pong-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_pong_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->pong_timeout;
}

/**
 * hb_websocket_task_set_pong_timeout: (set-property pong-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:pong-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_pong_timeout (HbWebsocketTask *self,
                                    guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "pong-timeout", &get_settings (self)->pong_timeout,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_ping_message: (get-property ping-message)
 * @self: a task
 *
 * Gets [property@WebsocketTask:ping-message].
 *
 * Returns: (transfer none): the text in UTF-8
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_ping_message (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_settings (self)->ping_message;
}

/**
 * hb_websocket_task_set_ping_message: (set-property ping-message)
 * @self: a task
 * @text: the text in UTF-8
 *
 * Sets [property@WebsocketTask:ping-message].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_ping_message (HbWebsocketTask *self,
                                    const char      *text)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (text != NULL && g_utf8_validate (text, -1, NULL));

  set_string (self, "ping-message", &get_settings (self)->ping_message, text);
}

/**
 * hb_websocket_task_get_pong_message: (get-property pong-message)
 * @self: a task
 *
 * Gets [property@WebsocketTask:pong-message].
 *
 * Returns: (transfer none) (nullable): the text in UTF-8
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_pong_message (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_settings (self)->pong_message;
}

/**
 * hb_websocket_task_set_pong_message: (set-property pong-message)
 * @self: a task
 * @text: (nullable): the text in UTF-8
 *
 * Sets [property@WebsocketTask:pong-message].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_pong_message (HbWebsocketTask *self,
                                    const char      *text)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (text == NULL || g_utf8_validate (text, -1, NULL));

  set_string (self, "pong-message", &get_settings (self)->pong_message, text);
}

/**
 * hb_websocket_task_get_reconnect_timeout: (get-property reconnect-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:reconnect-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_reconnect_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->reconnect_timeout;
}

/**
 * hb_websocket_task_set_reconnect_timeout: (set-property reconnect-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:reconnect-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_reconnect_timeout (HbWebsocketTask *self,
                                         guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "reconnect-timeout", &get_settings (self)->reconnect_timeout,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_reconnect_timeout_max: (get-property reconnect-timeout-max)
 * @self: a task
 *
 * Gets [property@WebsocketTask:reconnect-timeout-max].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_reconnect_timeout_max (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->reconnect_timeout_max;
}

/**
 * hb_websocket_task_set_reconnect_timeout_max: (set-property reconnect-timeout-max)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:reconnect-timeout-max].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_reconnect_timeout_max (HbWebsocketTask *self,
                                             guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "reconnect-timeout-max", &get_settings (self)->reconnect_timeout_max,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_reconnect_jitter: (get-property reconnect-jitter)
 * @self: a task
 *
 * Gets [property@WebsocketTask:reconnect-jitter].
 *
 * Returns: the share
 *
 * Since: 1.0
 */
double
hb_websocket_task_get_reconnect_jitter (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->reconnect_jitter;
}

/**
 * hb_websocket_task_set_reconnect_jitter: (set-property reconnect-jitter)
 * @self: a task
 * @share: the share
 *
 * Sets [property@WebsocketTask:reconnect-jitter].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_reconnect_jitter (HbWebsocketTask *self,
                                        double           share)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (share >= 0 && share <= 1);

  set_plain (self, "reconnect-jitter", &get_settings (self)->reconnect_jitter,
             &share, sizeof share);
}

/**
 * hb_websocket_task_get_repeat_limit: (get-property repeat-limit)
 * @self: a task
 *
 * Gets [property@WebsocketTask:repeat-limit].
 *
 * Returns: the number of attempts
 *
 * Since: 1.0
 */
int
hb_websocket_task_get_repeat_limit (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->repeat_limit;
}

/**
 * hb_websocket_task_set_repeat_limit: (set-property repeat-limit)
 * @self: a task
 * @attempts: the number of attempts
 *
 * Sets [property@WebsocketTask:repeat-limit].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_repeat_limit (HbWebsocketTask *self,
                                    int              attempts)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (attempts >= -1);

  set_plain (self, "repeat-limit", &get_settings (self)->repeat_limit, &attempts, sizeof attempts);
}

/**
 * hb_websocket_task_get_min_uptime: (get-property min-uptime)
 * @self: a task
 *
 * Gets [property@WebsocketTask:min-uptime].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_min_uptime (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->min_uptime;
}

/**
 * hb_websocket_task_set_min_uptime: (set-property min-uptime)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:min-uptime].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_min_uptime (HbWebsocketTask *self,
                                  guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "min-uptime", &get_settings (self)->min_uptime,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_connect_timeout: (get-property connect-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:connect-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_connect_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->connect_timeout;
}

/**
 * hb_websocket_task_set_connect_timeout: (set-property connect-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:connect-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_connect_timeout (HbWebsocketTask *self,
                                       guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "connect-timeout", &get_settings (self)->connect_timeout,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_close_timeout: (get-property close-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:close-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_close_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->close_timeout;
}

/**
 * hb_websocket_task_set_close_timeout: (set-property close-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds
 *
 * Sets [property@WebsocketTask:close-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_close_timeout (HbWebsocketTask *self,
                                     guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "close-timeout", &get_settings (self)->close_timeout,
             &milliseconds, sizeof milliseconds);
}

/**
 * hb_websocket_task_get_max_message_size: (get-property max-message-size)
 * @self: a task
 *
 * Gets [property@WebsocketTask:max-message-size].
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_websocket_task_get_max_message_size (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->max_message_size;
}

/**
 * hb_websocket_task_set_max_message_size: (set-property max-message-size)
 * @self: a task
 * @bytes: the number of bytes
 *
 * Sets [property@WebsocketTask:max-message-size].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_max_message_size (HbWebsocketTask *self,
                                        guint64          bytes)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "max-message-size", &get_settings (self)->max_message_size,
             &bytes, sizeof bytes);
}

/**
 * hb_websocket_task_get_max_buffered_amount: (get-property max-buffered-amount)
 * @self: a task
 *
 * Gets [property@WebsocketTask:max-buffered-amount].
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_websocket_task_get_max_buffered_amount (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->max_buffered_amount;
}

/**
 * hb_websocket_task_set_max_buffered_amount: (set-property max-buffered-amount)
 * @self: a task
 * @bytes: the number of bytes
 *
 * Sets [property@WebsocketTask:max-buffered-amount].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_max_buffered_amount (HbWebsocketTask *self,
                                           guint64          bytes)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "max-buffered-amount", &get_settings (self)->max_buffered_amount,
             &bytes, sizeof bytes);
}

/**
 * hb_websocket_task_get_overflow: (get-property overflow)
 * @self: a task
 *
 * Gets [property@WebsocketTask:overflow].
 *
 * Returns: what happens
 *
 * Since: 1.0
 */
HbOverflow
hb_websocket_task_get_overflow (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_OVERFLOW_FAIL);

  return get_settings (self)->overflow;
}

/**
 * hb_websocket_task_set_overflow: (set-property overflow)
 * @self: a task
 * @overflow: what happens
 *
 * Sets [property@WebsocketTask:overflow].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_overflow (HbWebsocketTask *self,
                                HbOverflow       overflow)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  set_plain (self, "overflow", &get_settings (self)->overflow, &overflow, sizeof overflow);
}

/**
 * hb_websocket_task_get_network_aware: (get-property network-aware)
 * @self: a task
 *
 * Gets [property@WebsocketTask:network-aware].
 *
 * Returns: whether to act on them
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_network_aware (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_settings (self)->network_aware;
}

/**
 * hb_websocket_task_set_network_aware: (set-property network-aware)
 * @self: a task
 * @follow: whether to act on them
 *
 * Sets [property@WebsocketTask:network-aware].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_network_aware (HbWebsocketTask *self,
                                     gboolean         follow)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  follow = !!follow;
  set_plain (self, "network-aware", &get_settings (self)->network_aware, &follow, sizeof follow);
}
