/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-websocket-task-private.h"

/* The properties that can be set, and the method get_request_headers (). lib/base/hb-settings.c
 * contains the defaults and the limits. */

static const HbSettings *
get_settings (HbWebsocketTask *self)
{
  return hb_driver_get_settings (self->driver);
}

/**
 * HbWebsocketTask:session:
 *
 * The session that makes the connections.
 *
 * If the application sets a session, the connections use its proxy, cookies, TLS database,
 * credentials and logger. A change takes effect at the next attempt, or at the current one if a
 * handler for [signal@WebsocketTask::connecting] makes the change or holds that attempt.
 *
 * With `NULL`, the default, the task makes a private session for each attempt.
 *
 * A session keeps the address of a server, so set another session when [the address may have
 * changed](session.html#a-server-that-moves).
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_session: (get-property session)
 * @self: a task
 *
 * Gets the session that the application has set.
 *
 * Returns: (transfer none) (nullable): the session, or `NULL` if the task makes private ones
 *
 * Since: 1.0
 */
SoupSession *
hb_websocket_task_get_session (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_session (self->driver);
}

/**
 * hb_websocket_task_set_session: (set-property session)
 * @self: a task
 * @session: (nullable): a session, or `NULL` for private ones
 *
 * Sets [property@WebsocketTask:session].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_session (HbWebsocketTask *self,
                               SoupSession     *session)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));
  g_return_if_fail (session == NULL || SOUP_IS_SESSION (session));

  hb_websocket_task_set (self, HB_PROPERTY_SESSION, &session);
}

/**
 * HbWebsocketTask:uri:
 *
 * The URI of the server.
 *
 * A valid URI has the form `ws://host/path` or `wss://host/path`. Such a URI has no fragment ([RFC
 * 6455, 3](https://www.rfc-editor.org/rfc/rfc6455#section-3)) and no control character, and does
 * not end with a space. A change takes effect at the next attempt, or when an attempt that is held
 * is released ([method@WebsocketTask.hold]). If the URI is not valid at that time, the task becomes
 * or stays `CLOSED`, with `HB_ERROR_INVALID_URI`.
 *
 * An attempt follows redirects, and the next attempt starts from `uri` again. A redirect of one of
 * these kinds makes the attempt fail with an `HB_ERROR_HANDSHAKE` that names the reason:
 *
 * - from `wss` or `https` to `ws` or `http`
 * - to a scheme other than these four
 * - to a URI that adds or changes user info, or takes it to another origin
 * - to a string that is not a valid URI
 * - after ten redirects in the same attempt
 *
 * [method@WebsocketTask.get_request_headers] lists the headers that a redirect to another origin
 * keeps.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_URI, &uri);
}

/**
 * HbWebsocketTask:protocols:
 *
 * The subprotocols to offer, in order of preference.
 *
 * Each subprotocol is a token, and none occurs twice ([RFC 6455,
 * 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)). A change takes effect at the next
 * attempt, or at the current one if a handler for [signal@WebsocketTask::connecting] makes the
 * change or holds that attempt. If the list is not valid at that time, the task becomes or stays
 * `CLOSED`, with `HB_ERROR_INVALID_ARGUMENT`. With an empty list, the default, the task offers
 * none.
 *
 * [property@WebsocketTask:protocol] is the subprotocol that the server chose. An attempt fails with
 * `HB_ERROR_HANDSHAKE` if the server names a subprotocol that is not in the list. The comparison is
 * case-sensitive. If the server names none, the connection opens without a subprotocol.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_protocols: (get-property protocols)
 * @self: a task
 *
 * Gets [property@WebsocketTask:protocols].
 *
 * Returns: (transfer none) (array zero-terminated=1): the subprotocols
 *
 * Since: 1.0
 */
const char * const *
hb_websocket_task_get_protocols (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_settings_list_protocols (get_settings (self));
}

/**
 * hb_websocket_task_set_protocols: (set-property protocols)
 * @self: a task
 * @protocols: (array zero-terminated=1) (nullable): the subprotocols, `NULL` for none
 *
 * Sets [property@WebsocketTask:protocols].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_protocols (HbWebsocketTask    *self,
                                 const char * const *protocols)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_PROTOCOLS, &protocols);
}

/**
 * HbWebsocketTask:origin:
 *
 * The value of the `Origin` header.
 *
 * With `NULL`, the default, the task adds no such header.
 *
 * A change takes effect at the next attempt, or at the current one if a handler for
 * [signal@WebsocketTask::connecting] makes the change or holds that attempt. If, at that time, the
 * value contains a character that is neither visible ASCII nor a space, the task becomes or stays
 * `CLOSED`, with `HB_ERROR_INVALID_ARGUMENT`.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_ORIGIN, &origin);
}

/**
 * HbWebsocketTask:compression:
 *
 * Whether to offer compression of messages.
 *
 * The extension is `permessage-deflate` ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)). A
 * change takes effect at the next attempt, or at the current one if a handler for
 * [signal@WebsocketTask::connecting] makes the change or holds that attempt.
 *
 * If the application sets [property@WebsocketTask:session], that session needs the feature
 * [class@Soup.WebsocketExtensionManager] to offer compression. Add the feature before the session
 * sends anything, because libsoup before 3.6.6 frees a feature that is added while a request is
 * under way.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_COMPRESSION, &compression);
}

/**
 * HbWebsocketTask:heartbeat-mode:
 *
 * The kind of ping that the heartbeat sends.
 *
 * With `MESSAGE`, the default, the application on the server has to answer. Every server answers
 * the frames of `PING` automatically.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_HEARTBEAT_MODE, &mode);
}

/**
 * HbWebsocketTask:liveness:
 *
 * The rule for what proves that the server is alive, and for the time of the next ping.
 *
 * By default, any data that arrives proves that the server is alive, and delays the next ping.
 *
 * With `REPLY`, if a ping is waiting for its reply, the task sends another ping at once after a
 * change to this property, to [property@WebsocketTask:heartbeat-mode], to
 * [property@WebsocketTask:pong-message] or to the function set with
 * [method@WebsocketTask.set_pong_func]. [property@WebsocketTask:pong-timeout] is still measured
 * from the earlier ping.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_liveness: (get-property liveness)
 * @self: a task
 *
 * Gets [property@WebsocketTask:liveness].
 *
 * Returns: the rule
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
 * @liveness: the rule
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

  hb_websocket_task_set (self, HB_PROPERTY_LIVENESS, &liveness);
}

/**
 * HbWebsocketTask:ping-timeout:
 *
 * The time for which the server may be silent before a ping is sent, in milliseconds.
 *
 * If [property@WebsocketTask:liveness] is `REPLY`, this is the time from a reply to the next ping.
 * If `liveness` is `STEADY`, this is the time from one ping to the next.
 *
 * With 0, the heartbeat is off. The task still sends a ping when [method@WebsocketTask.check] is
 * called, and after a network change if [property@WebsocketTask:network-aware] is set.
 *
 * If the main context wakes for another deadline, a ping that is due soon is sent early, by at most
 * a sixteenth of `ping-timeout` and at most a second.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_PING_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:pong-timeout:
 *
 * The time after a ping within which the server must prove that it is alive, in milliseconds.
 *
 * [property@WebsocketTask:liveness] defines what counts as proof. Without proof within this time,
 * the connection is dropped with `HB_ERROR_PONG_TIMEOUT`. With 0, the task sends pings, so that
 * routers keep the connection in their tables, but does not require proof.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_PONG_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:ping-message:
 *
 * The text of a ping.
 *
 * In mode `MESSAGE`, the ping is a text message. In mode `PING`, the first 125 bytes of the text
 * are the payload of the ping frame. [property@WebsocketTask:ping-bytes] and a function that is set
 * with [method@WebsocketTask.set_ping_func] replace this text.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_PING_MESSAGE, &text);
}

/**
 * HbWebsocketTask:pong-message:
 *
 * The text message that is the reply to a ping.
 *
 * A text message that is equal to this text is not delivered. If the reply varies, or is binary,
 * set a function ([method@WebsocketTask.set_pong_func]), which replaces this property. With `NULL`,
 * the default, and without a function, every message is delivered.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_PONG_MESSAGE, &text);
}

/**
 * HbWebsocketTask:reconnect-timeout:
 *
 * The delay before an attempt to reconnect, in milliseconds.
 *
 * If the delays grow, this is the first one: see [property@WebsocketTask:reconnect-timeout-max]. A
 * server that answers the handshake with 429 or 503 can request a longer delay (`Retry-After`), up
 * to one hour.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_RECONNECT_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:reconnect-timeout-max:
 *
 * The maximum reconnect delay, in milliseconds.
 *
 * With 0, every delay is [property@WebsocketTask:reconnect-timeout]. Otherwise each delay is twice
 * as long as the one before, up to this maximum. After a first delay of 0, the second is 2 ms. A
 * maximum that does not exceed `reconnect-timeout` has no effect. The server can request a longer
 * delay.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_RECONNECT_TIMEOUT_MAX, &milliseconds);
}

/**
 * HbWebsocketTask:reconnect-jitter:
 *
 * The random share of each reconnect delay, from 0 to 1.
 *
 * Each delay is shortened by a random amount, up to this share, so that the clients of a server
 * that has failed do not all reconnect at the same moment.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_RECONNECT_JITTER, &share);
}

/**
 * HbWebsocketTask:repeat-limit:
 *
 * The number of consecutive attempts to reconnect that may fail before the task gives up.
 *
 * With -1, the default, the number is not limited. With 0, the task never reconnects by itself. A
 * connection that does not stay [property@WebsocketTask:ready] for
 * [property@WebsocketTask:min-uptime] counts as a failed attempt.
 *
 * When the limit is reached, the task becomes `CLOSED` with `HB_ERROR_REPEAT_LIMIT`. If the limit
 * is 0 and the server closes a ready connection with code 1000, the task becomes `CLOSED` without
 * this error. During a delay, the task becomes `CLOSED` as soon as the property is set to a limit
 * that has already been reached.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_REPEAT_LIMIT, &attempts);
}

/**
 * HbWebsocketTask:min-uptime:
 *
 * The time after which a ready connection resets the count of attempts, in milliseconds.
 *
 * See [property@WebsocketTask:ready] and [property@WebsocketTask:attempt].
 *
 * With 0, if each connection becomes ready and is then lost, the delays do not grow, and a
 * [property@WebsocketTask:repeat-limit] above 0 is never reached.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_MIN_UPTIME, &milliseconds);
}

/**
 * HbWebsocketTask:connect-timeout:
 *
 * The time that one attempt may take, in milliseconds.
 *
 * The time includes the wait for a free connection of [property@WebsocketTask:session], the name
 * lookup and the handshake. If [property@WebsocketTask:manual-ready] is set, the time runs until
 * [method@WebsocketTask.mark_ready] is called. When the time has elapsed, the attempt fails with
 * `HB_ERROR_CONNECT_TIMEOUT`. With 0, the task sets no limit.
 *
 * The time does not run while handlers for [signal@WebsocketTask::connecting] run or hold the
 * attempt, or while the attempt waits because 64 other attempts are running. If the program was
 * suspended or blocked until more than a second after the end of the time, the time starts again.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_CONNECT_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:close-timeout:
 *
 * The maximum time from [method@WebsocketTask.close] to the state `CLOSED`, in milliseconds.
 *
 * Within this time, the task sends the waiting messages, except those that wait until the
 * connection is ready, and waits for the server's close frame. When the time has elapsed, the
 * connection is dropped. With 0, the task sends its close frame if the socket accepts it, and does
 * not wait for the server's.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_CLOSE_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:max-message-size:
 *
 * The maximum size of a message from the server, in bytes.
 *
 * A longer message ends the task with `HB_ERROR_MESSAGE_TOO_BIG`, because the server would probably
 * send it again after a reconnection. The size is that of the complete message after decompression.
 * With 0, the limit is 2,147,483,647 bytes, which is also the highest limit.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_MAX_MESSAGE_SIZE, &bytes);
}

/**
 * HbWebsocketTask:max-buffered-amount:
 *
 * The maximum number of bytes that may wait to be sent.
 *
 * [property@WebsocketTask:overflow] selects the treatment of a message for which this limit leaves
 * no room. A message that is longer than the limit can never be sent. With 0, any number of bytes
 * may wait.
 *
 * Since: 1.0
 */

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

  hb_websocket_task_set (self, HB_PROPERTY_MAX_BUFFERED_AMOUNT, &bytes);
}

/**
 * HbWebsocketTask:overflow:
 *
 * The treatment of a message for which [property@WebsocketTask:max-buffered-amount] leaves no room.
 *
 * By default, the call that sends the message fails.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_overflow: (get-property overflow)
 * @self: a task
 *
 * Gets [property@WebsocketTask:overflow].
 *
 * Returns: the treatment
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
 * @overflow: the treatment
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

  hb_websocket_task_set (self, HB_PROPERTY_OVERFLOW, &overflow);
}

/**
 * HbWebsocketTask:delivery:
 *
 * The moment from which a message counts as sent.
 *
 * By default, a message counts as sent when all of it has been written to the kernel. A change
 * applies to the messages that the application sends after it.
 *
 * With `ACKNOWLEDGED`, messages wait until the peer's TCP has acknowledged them. If the connection
 * is lost before that, they are sent again on the next connection, in the same order. While a
 * message waits for its acknowledgement, the following applies:
 *
 * - The message counts towards [property@WebsocketTask:buffered-amount] and
 *   [property@WebsocketTask:max-buffered-amount]. If the maximum is less than the number of bytes
 *   that the network carries in a round trip, the queue fills up before the first acknowledgement
 *   arrives.
 * - [method@WebsocketTask.send_message_async], [method@WebsocketTask.flush_async] and, if messages
 *   had to wait before they were written, [signal@WebsocketTask::drain] wait too.
 * - The task queries the kernel for acknowledgements when the server sends data, and at intervals
 *   of at most a second. The first interval is a round trip if a call or the emission of
 *   [signal@WebsocketTask::drain] waits, or the queue is at least half full. Otherwise it is at
 *   least 100 ms.
 *
 * A message that waits for its acknowledgement will probably arrive, and cannot be taken back. In
 * the following cases, the task does not send it again:
 *
 * - `HB_OVERFLOW_DROP_OLDEST` has dropped it to make room. Messages that wait for an
 *   acknowledgement are dropped before messages that have not been written yet.
 * - The `GCancellable` of its call was triggered, or [method@WebsocketTask.take_queue] was called.
 * - The message has expired ([property@WebsocketTask:queue-timeout]) after the connection was lost.
 * - The message was sent with `HB_SEND_FLAGS_VOLATILE` or `HB_SEND_FLAGS_THIS_LINK`.
 * - The server has reset the connection 10 times without acknowledging the message
 *   (`HB_ERROR_MESSAGE_REFUSED`).
 * - The task has become `CLOSED`.
 *
 * A message can arrive more than once: see [method@Metrics.get_messages_resent]. If
 * [method@WebsocketTask.can_acknowledge] is `FALSE` on an open connection, `ACKNOWLEDGED` has no
 * effect on that connection.
 *
 * If the value changes while a connection is open, a message still counts as sent only when every
 * message before it does. When the connection is lost, written messages that were sent with
 * `WRITTEN` are not sent again.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_delivery: (get-property delivery)
 * @self: a task
 *
 * Gets [property@WebsocketTask:delivery].
 *
 * Returns: the moment
 *
 * Since: 1.0
 */
HbDelivery
hb_websocket_task_get_delivery (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_DELIVERY_WRITTEN);

  return get_settings (self)->delivery;
}

/**
 * hb_websocket_task_set_delivery: (set-property delivery)
 * @self: a task
 * @delivery: the moment
 *
 * Sets [property@WebsocketTask:delivery].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_delivery (HbWebsocketTask *self,
                                HbDelivery       delivery)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_DELIVERY, &delivery);
}

/**
 * HbWebsocketTask:network-aware:
 *
 * Whether to check the connection after a network change.
 *
 * A network change has the effect of [method@WebsocketTask.check], at most once every 5 seconds. A
 * change during an attempt has this effect if the attempt fails. The change does not shorten a
 * delay that the server has requested. [iface@Gio.NetworkMonitor] reports the changes. On Linux,
 * the kernel reports them too, if the program may query it. The task makes every attempt, even if
 * the network is reported as unavailable.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_network_aware: (get-property network-aware)
 * @self: a task
 *
 * Gets [property@WebsocketTask:network-aware].
 *
 * Returns: whether the task checks the connection after a network change
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
 * @follow: whether to check the connection after a network change
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

  hb_websocket_task_set (self, HB_PROPERTY_NETWORK_AWARE, &follow);
}

/**
 * HbWebsocketTask:manual-ready:
 *
 * Whether the application marks each connection as ready, with [method@WebsocketTask.mark_ready].
 *
 * Set this property for a server that requires a login, or another exchange, before anything else.
 * Until a connection is marked as ready, the task sends only messages with
 * `HB_SEND_FLAGS_THIS_LINK`. Messages with only `HB_SEND_FLAGS_VOLATILE` are refused. All other
 * messages wait, including those that a handler for [signal@WebsocketTask::open] sends. A heartbeat
 * of mode `MESSAGE` does not run, but one of mode `PING` does.
 *
 * A connection that is not yet marked as ready still counts as an attempt. When
 * [property@WebsocketTask:connect-timeout] has elapsed, the connection is dropped. If the server
 * closes the connection, the attempt has failed, whatever the close code is.
 *
 * With `FALSE`, the default, a connection is ready when it is open. A change to `FALSE` makes an
 * open connection ready at once. A change to `TRUE` takes effect at the next connection.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_manual_ready: (get-property manual-ready)
 * @self: a task
 *
 * Gets [property@WebsocketTask:manual-ready].
 *
 * Returns: whether the application marks each connection as ready
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_manual_ready (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_settings (self)->manual_ready;
}

/**
 * hb_websocket_task_set_manual_ready: (set-property manual-ready)
 * @self: a task
 * @manual_ready: whether the application marks each connection as ready
 *
 * Sets [property@WebsocketTask:manual-ready].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_manual_ready (HbWebsocketTask *self,
                                    gboolean         manual_ready)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_MANUAL_READY, &manual_ready);
}

/**
 * HbWebsocketTask:paused:
 *
 * Whether received messages wait.
 *
 * While the property is `TRUE`, [signal@WebsocketTask::message] is not emitted. Messages wait, and
 * [method@WebsocketTask.receive_async] returns them. When the property becomes `FALSE`, the task
 * emits the signal for each message that waits, in order. Other sources of the main loop may be
 * dispatched in between. To avoid missing messages, set the property before
 * [method@WebsocketTask.open].
 *
 * The task reads the socket only while the waiting messages have a total size of less than 1 MiB.
 * Each message counts as its payload plus 128 bytes. While the socket is not read, the server has
 * to wait, and the task neither detects the loss of the connection nor answers the pings of the
 * server. The heartbeat starts again when the task resumes reading.
 *
 * The task keeps the waiting messages when their connection ends, so it may deliver them after
 * [signal@WebsocketTask::close]. [method@WebsocketTask.close] drops these messages.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_paused: (get-property paused)
 * @self: a task
 *
 * Gets [property@WebsocketTask:paused].
 *
 * Returns: whether received messages wait
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_paused (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_settings (self)->paused;
}

/**
 * hb_websocket_task_set_paused: (set-property paused)
 * @self: a task
 * @paused: whether received messages wait
 *
 * Sets [property@WebsocketTask:paused].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_paused (HbWebsocketTask *self,
                              gboolean         paused)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_PAUSED, &paused);
}

/**
 * HbWebsocketTask:ping-bytes:
 *
 * The payload of a binary ping.
 *
 * Unless this property is `NULL`, the default, it replaces [property@WebsocketTask:ping-message].
 * In mode `MESSAGE`, the ping is then a binary message with this payload, as MQTT requires. In mode
 * `PING`, the first 125 bytes are the payload of the ping frame. If a function that is set with
 * [method@WebsocketTask.set_ping_func] returns a text, the task sends that text instead.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_ping_bytes: (get-property ping-bytes)
 * @self: a task
 *
 * Gets [property@WebsocketTask:ping-bytes].
 *
 * Returns: (transfer none) (nullable): the payload
 *
 * Since: 1.0
 */
GBytes *
hb_websocket_task_get_ping_bytes (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_settings (self)->ping_bytes;
}

/**
 * hb_websocket_task_set_ping_bytes: (set-property ping-bytes)
 * @self: a task
 * @bytes: (nullable): the payload
 *
 * Sets [property@WebsocketTask:ping-bytes].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_ping_bytes (HbWebsocketTask *self,
                                  GBytes          *bytes)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_PING_BYTES, &bytes);
}

/**
 * HbWebsocketTask:queue-timeout:
 *
 * The maximum time for which a message waits to be sent, in milliseconds.
 *
 * A message that has waited this long is dropped, and its [method@WebsocketTask.send_message_async]
 * fails with `HB_ERROR_EXPIRED`. [signal@WebsocketTask::error] is emitted with the same error, for
 * the first message that has expired since the queue was last empty. Set this property if an old
 * message, such as a command to a device, would do harm.
 *
 * The time starts when the message is accepted, and on Linux also runs while the system is
 * suspended. Messages expire in every state. A message that the connection has accepted, completely
 * or in part, does not expire, unless that connection is lost and the message must be sent again
 * ([property@WebsocketTask:delivery]).
 *
 * A change takes effect at once. For messages that were accepted while the property was 0, the time
 * starts at the change. With 0, messages wait forever.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_queue_timeout: (get-property queue-timeout)
 * @self: a task
 *
 * Gets [property@WebsocketTask:queue-timeout].
 *
 * Returns: the time in milliseconds
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_queue_timeout (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->queue_timeout;
}

/**
 * hb_websocket_task_set_queue_timeout: (set-property queue-timeout)
 * @self: a task
 * @milliseconds: the time in milliseconds, 0 for no limit
 *
 * Sets [property@WebsocketTask:queue-timeout].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_queue_timeout (HbWebsocketTask *self,
                                     guint            milliseconds)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_QUEUE_TIMEOUT, &milliseconds);
}

/**
 * HbWebsocketTask:fragment-size:
 *
 * The maximum size of a frame's payload in a sent message, in bytes.
 *
 * A longer message is sent in several frames. Between two of them, the connection answers the pings
 * of the server, and sends ping frames of its own. Over a slow network, a server that pings its
 * clients might otherwise drop the connection before it has received a long message. A frame of the
 * default size is 32 KiB long, including its header. Some gateways refuse longer frames.
 *
 * Messages, including pings of `HB_HEARTBEAT_MODE_MESSAGE`, are never sent between the frames of
 * another message.
 *
 * A change applies to the messages that the connection accepts afterwards. With 0, or if
 * compression was negotiated ([property@WebsocketTask:compression]), each message is one frame. Use
 * 0 for a server that cannot join frames.
 *
 * Since: 1.0
 */

/**
 * hb_websocket_task_get_fragment_size: (get-property fragment-size)
 * @self: a task
 *
 * Gets [property@WebsocketTask:fragment-size].
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_fragment_size (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_settings (self)->fragment_size;
}

/**
 * hb_websocket_task_set_fragment_size: (set-property fragment-size)
 * @self: a task
 * @bytes: the size in bytes, 0 for no limit
 *
 * Sets [property@WebsocketTask:fragment-size].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_fragment_size (HbWebsocketTask *self,
                                     guint            bytes)
{
  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  hb_websocket_task_set (self, HB_PROPERTY_FRAGMENT_SIZE, &bytes);
}

/**
 * hb_websocket_task_get_request_headers:
 * @self: a task
 *
 * Gets the headers that are added to the request of each attempt.
 *
 * A change to these headers takes effect at the next attempt. For a header that differs in each
 * attempt, use [signal@WebsocketTask::connecting]. libsoup rejects a name or a value that is not
 * valid in a header, with a warning since 3.6.6, and with a critical message in earlier versions.
 *
 * The headers are for the origin of [property@WebsocketTask:uri], which consists of the scheme, the
 * host and the port. A redirect to another origin removes `Authorization`, `Cookie`, these headers,
 * and those that a handler for [signal@WebsocketTask::connecting] has added. The request keeps only
 * the headers of the handshake, such as `Sec-WebSocket-Protocol` and `Origin`, and `User-Agent`,
 * `Accept-Encoding` and `Accept-Language`, even if the application has set them. A redirect back
 * does not restore the removed headers.
 *
 * Returns: (transfer none): the headers
 *
 * Since: 1.0
 */
SoupMessageHeaders *
hb_websocket_task_get_request_headers (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_request_headers (self->driver);
}
