/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-websocket-task-private.h"

/* The properties, each with its meaning, its getter and its setter. */

static GParamSpec *properties[HB_N_PROPERTIES];

static HbDriver *
get_driver (HbWebsocketTask *self)
{
  return hb_websocket_task_get_driver (self);
}

static HbMachine *
get_machine (HbWebsocketTask *self)
{
  return hb_driver_get_machine (get_driver (self));
}

static HbSettings *
get_settings (HbWebsocketTask *self)
{
  return &get_machine (self)->settings;
}

static gboolean
may_set (HbWebsocketTask *self,
         HbProperty       property)
{
  return hb_driver_check_thread (get_driver (self), hb_property_get_name (property));
}

static void
changed (HbWebsocketTask *self,
         HbProperty       property)
{
  G_GNUC_UNUSED g_autoptr (HbWebsocketTask) alive = g_object_ref (self);

  hb_driver_apply_settings (get_driver (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_string (HbWebsocketTask  *self,
            HbProperty        property,
            char            **field,
            const char       *value)
{
  G_GNUC_UNUSED g_autofree char *old = NULL;

  if (!may_set (self, property) || g_strcmp0 (*field, value) == 0)
    return;

  old = g_steal_pointer (field);
  *field = g_strdup (value);
  changed (self, property);
}

/* An empty list of them is none: libsoup 3.2 would send a header without a value for it. */
static const char * const *
list_protocols (char **protocols)
{
  static const char * const none[] = { NULL };

  return protocols != NULL ? (const char * const *) protocols : none;
}

/* Any type that memcpy () copies */
static void
set_plain (HbWebsocketTask *self,
           HbProperty       property,
           gpointer         field,
           gconstpointer    value,
           gsize            size)
{
  if (!may_set (self, property) || memcmp (field, value, size) == 0)
    return;

  memcpy (field, value, size);
  changed (self, property);
}

static void
hb_websocket_task_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  switch ((HbProperty) prop_id)
    {
    case HB_PROPERTY_SESSION:
      g_value_set_object (value, hb_websocket_task_get_session (self));
      break;
    case HB_PROPERTY_URI:
      g_value_set_string (value, hb_websocket_task_get_uri (self));
      break;
    case HB_PROPERTY_PROTOCOLS:
      g_value_set_boxed (value, hb_websocket_task_get_protocols (self));
      break;
    case HB_PROPERTY_ORIGIN:
      g_value_set_string (value, hb_websocket_task_get_origin (self));
      break;
    case HB_PROPERTY_COMPRESSION:
      g_value_set_boolean (value, hb_websocket_task_get_compression (self));
      break;
    case HB_PROPERTY_HEARTBEAT_MODE:
      g_value_set_enum (value, hb_websocket_task_get_heartbeat_mode (self));
      break;
    case HB_PROPERTY_LIVENESS:
      g_value_set_enum (value, hb_websocket_task_get_liveness (self));
      break;
    case HB_PROPERTY_PING_TIMEOUT:
      g_value_set_uint (value, hb_websocket_task_get_ping_timeout (self));
      break;
    case HB_PROPERTY_PONG_TIMEOUT:
      g_value_set_uint (value, hb_websocket_task_get_pong_timeout (self));
      break;
    case HB_PROPERTY_PING_MESSAGE:
      g_value_set_string (value, hb_websocket_task_get_ping_message (self));
      break;
    case HB_PROPERTY_PONG_MESSAGE:
      g_value_set_string (value, hb_websocket_task_get_pong_message (self));
      break;
    case HB_PROPERTY_RECONNECT_TIMEOUT:
      g_value_set_uint (value, hb_websocket_task_get_reconnect_timeout (self));
      break;
    case HB_PROPERTY_RECONNECT_TIMEOUT_MAX:
      g_value_set_uint (value, hb_websocket_task_get_reconnect_timeout_max (self));
      break;
    case HB_PROPERTY_RECONNECT_JITTER:
      g_value_set_double (value, hb_websocket_task_get_reconnect_jitter (self));
      break;
    case HB_PROPERTY_REPEAT_LIMIT:
      g_value_set_int (value, hb_websocket_task_get_repeat_limit (self));
      break;
    case HB_PROPERTY_MIN_UPTIME:
      g_value_set_uint (value, hb_websocket_task_get_min_uptime (self));
      break;
    case HB_PROPERTY_CONNECT_TIMEOUT:
      g_value_set_uint (value, hb_websocket_task_get_connect_timeout (self));
      break;
    case HB_PROPERTY_CLOSE_TIMEOUT:
      g_value_set_uint (value, hb_websocket_task_get_close_timeout (self));
      break;
    case HB_PROPERTY_MAX_MESSAGE_SIZE:
      g_value_set_uint64 (value, hb_websocket_task_get_max_message_size (self));
      break;
    case HB_PROPERTY_MAX_BUFFERED_AMOUNT:
      g_value_set_uint64 (value, hb_websocket_task_get_max_buffered_amount (self));
      break;
    case HB_PROPERTY_OVERFLOW:
      g_value_set_enum (value, hb_websocket_task_get_overflow (self));
      break;
    case HB_PROPERTY_NETWORK_AWARE:
      g_value_set_boolean (value, hb_websocket_task_get_network_aware (self));
      break;
    case HB_PROPERTY_STATE:
      g_value_set_enum (value, hb_websocket_task_get_state (self));
      break;
    case HB_PROPERTY_CONNECTION:
      g_value_set_object (value, hb_websocket_task_get_connection (self));
      break;
    case HB_PROPERTY_PROTOCOL:
      g_value_set_string (value, hb_websocket_task_get_protocol (self));
      break;
    case HB_PROPERTY_ATTEMPT:
      g_value_set_uint (value, hb_websocket_task_get_attempt (self));
      break;
    case HB_PROPERTY_RECONNECT_AT:
      g_value_set_int64 (value, hb_websocket_task_get_reconnect_at (self));
      break;
    case HB_PROPERTY_BUFFERED_AMOUNT:
      g_value_set_uint64 (value, hb_websocket_task_get_buffered_amount (self));
      break;
    case HB_PROPERTY_LATENCY:
      g_value_set_int64 (value, hb_websocket_task_get_latency (self));
      break;
    case HB_PROPERTY_DOWNTIME:
      g_value_set_int64 (value, hb_websocket_task_get_downtime (self));
      break;
    case HB_PROPERTY_HTTP_STATUS:
      g_value_set_uint (value, hb_websocket_task_get_http_status (self));
      break;
    case HB_PROPERTY_LAST_ERROR:
      g_value_set_boxed (value, hb_websocket_task_get_last_error (self));
      break;
    case HB_PROPERTY_READY:
      g_value_set_boolean (value, hb_websocket_task_get_ready (self));
      break;
    case HB_PROPERTY_0:
    case HB_N_PROPERTIES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
hb_websocket_task_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  HbWebsocketTask *self = HB_WEBSOCKET_TASK (object);

  switch ((HbProperty) prop_id)
    {
    case HB_PROPERTY_SESSION:
      hb_websocket_task_set_session (self, g_value_get_object (value));
      break;
    case HB_PROPERTY_URI:
      hb_websocket_task_set_uri (self, g_value_get_string (value));
      break;
    case HB_PROPERTY_PROTOCOLS:
      hb_websocket_task_set_protocols (self, g_value_get_boxed (value));
      break;
    case HB_PROPERTY_ORIGIN:
      hb_websocket_task_set_origin (self, g_value_get_string (value));
      break;
    case HB_PROPERTY_COMPRESSION:
      hb_websocket_task_set_compression (self, g_value_get_boolean (value));
      break;
    case HB_PROPERTY_HEARTBEAT_MODE:
      hb_websocket_task_set_heartbeat_mode (self, g_value_get_enum (value));
      break;
    case HB_PROPERTY_LIVENESS:
      hb_websocket_task_set_liveness (self, g_value_get_enum (value));
      break;
    case HB_PROPERTY_PING_TIMEOUT:
      hb_websocket_task_set_ping_timeout (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_PONG_TIMEOUT:
      hb_websocket_task_set_pong_timeout (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_PING_MESSAGE:
      hb_websocket_task_set_ping_message (self, g_value_get_string (value));
      break;
    case HB_PROPERTY_PONG_MESSAGE:
      hb_websocket_task_set_pong_message (self, g_value_get_string (value));
      break;
    case HB_PROPERTY_RECONNECT_TIMEOUT:
      hb_websocket_task_set_reconnect_timeout (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_RECONNECT_TIMEOUT_MAX:
      hb_websocket_task_set_reconnect_timeout_max (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_RECONNECT_JITTER:
      hb_websocket_task_set_reconnect_jitter (self, g_value_get_double (value));
      break;
    case HB_PROPERTY_REPEAT_LIMIT:
      hb_websocket_task_set_repeat_limit (self, g_value_get_int (value));
      break;
    case HB_PROPERTY_MIN_UPTIME:
      hb_websocket_task_set_min_uptime (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_CONNECT_TIMEOUT:
      hb_websocket_task_set_connect_timeout (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_CLOSE_TIMEOUT:
      hb_websocket_task_set_close_timeout (self, g_value_get_uint (value));
      break;
    case HB_PROPERTY_MAX_MESSAGE_SIZE:
      hb_websocket_task_set_max_message_size (self, g_value_get_uint64 (value));
      break;
    case HB_PROPERTY_MAX_BUFFERED_AMOUNT:
      hb_websocket_task_set_max_buffered_amount (self, g_value_get_uint64 (value));
      break;
    case HB_PROPERTY_OVERFLOW:
      hb_websocket_task_set_overflow (self, g_value_get_enum (value));
      break;
    case HB_PROPERTY_NETWORK_AWARE:
      hb_websocket_task_set_network_aware (self, g_value_get_boolean (value));
      break;
    case HB_PROPERTY_0:
    case HB_PROPERTY_STATE:
    case HB_PROPERTY_CONNECTION:
    case HB_PROPERTY_PROTOCOL:
    case HB_PROPERTY_ATTEMPT:
    case HB_PROPERTY_RECONNECT_AT:
    case HB_PROPERTY_BUFFERED_AMOUNT:
    case HB_PROPERTY_LATENCY:
    case HB_PROPERTY_DOWNTIME:
    case HB_PROPERTY_HTTP_STATUS:
    case HB_PROPERTY_LAST_ERROR:
    case HB_PROPERTY_READY:
    case HB_N_PROPERTIES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
hb_websocket_task_install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = readable | G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * HbWebsocketTask:session:
   *
   * The session that makes the connections.
   *
   * A session of the application brings its proxy, cookies, TLS database, credentials and logger.
   * A change takes effect at the next attempt, which may be the one that
   * [signal@WebsocketTask::connecting] announces.
   *
   * With `NULL`, the default, the task makes a private session, which no other code can see. The
   * private session is replaced after a failed attempt. A session looks up the name of a server
   * only once, so an application that sets a session has to replace it when the server's address
   * may have changed; [the page on sessions](session.html#a-server-that-moves) shows how.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_SESSION] =
    g_param_spec_object (hb_property_get_name (HB_PROPERTY_SESSION), NULL, NULL,
                         SOUP_TYPE_SESSION,
                         writable);

  /**
   * HbWebsocketTask:uri:
   *
   * Where to connect to.
   *
   * `ws://host/path` or `wss://host/path`, without a fragment ([RFC 6455,
   * 3](https://www.rfc-editor.org/rfc/rfc6455#section-3)). It is looked at when an attempt begins,
   * so a change acts at the next attempt, or when an attempt that is held is released
   * ([method@WebsocketTask.hold]). A URI that is not valid then ends the task with
   * `HB_ERROR_INVALID_URI`.
   *
   * A redirect of the server is followed for the attempt that meets it, up to ten in a row; the
   * next attempt starts from `uri` again. Not followed, but an error `HB_ERROR_HANDSHAKE` that says
   * why, are redirects from `wss` to `ws`, to another scheme than those and `http` and `https`,
   * which count as the same, to a URI with user info, and to what is no valid URI. What goes along
   * to another origin, [method@WebsocketTask.get_request_headers] tells.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_URI] =
    g_param_spec_string (hb_property_get_name (HB_PROPERTY_URI), NULL, NULL,
                         NULL,
                         writable);

  /**
   * HbWebsocketTask:protocols:
   *
   * The subprotocols to offer, in order of preference.
   *
   * Each is a token, none stands twice ([RFC 6455,
   * 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)). What is not valid ends the task with
   * `HB_ERROR_INVALID_ARGUMENT` at the next attempt. An empty list, the default, offers none.
   *
   * [property@WebsocketTask:protocol] tells which one the server chose. An attempt fails with
   * `HB_ERROR_HANDSHAKE` if the server names a subprotocol that is not in the list; case matters.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PROTOCOLS] =
    g_param_spec_boxed (hb_property_get_name (HB_PROPERTY_PROTOCOLS), NULL, NULL,
                        G_TYPE_STRV,
                        writable);

  /**
   * HbWebsocketTask:origin:
   *
   * What to send as `Origin` header.
   *
   * `NULL` sends none, as befits a program that is not a web page. It acts at the next attempt.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_ORIGIN] =
    g_param_spec_string (hb_property_get_name (HB_PROPERTY_ORIGIN), NULL, NULL,
                         NULL,
                         writable);

  /**
   * HbWebsocketTask:compression:
   *
   * Whether to offer compression of messages.
   *
   * The extension is `permessage-deflate` ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)). A
   * [property@WebsocketTask:session] of your own needs the feature
   * [class@Soup.WebsocketExtensionManager] for it: add it before the session sends anything,
   * because libsoup 3.2 frees a feature that comes while a message is under way. It acts at the
   * next attempt.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_COMPRESSION] =
    g_param_spec_boolean (hb_property_get_name (HB_PROPERTY_COMPRESSION), NULL, NULL,
                          FALSE,
                          writable);

  /**
   * HbWebsocketTask:heartbeat-mode:
   *
   * What a ping is.
   *
   * A message that the server's application answers, or a ping frame that the server answers by
   * itself.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_HEARTBEAT_MODE] =
    g_param_spec_enum (hb_property_get_name (HB_PROPERTY_HEARTBEAT_MODE), NULL, NULL,
                       HB_TYPE_HEARTBEAT_MODE, HB_HEARTBEAT_MODE_MESSAGE,
                       writable);

  /**
   * HbWebsocketTask:liveness:
   *
   * What counts as life of the peer.
   *
   * By default everything that arrives.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_LIVENESS] =
    g_param_spec_enum (hb_property_get_name (HB_PROPERTY_LIVENESS), NULL, NULL,
                       HB_TYPE_LIVENESS, HB_LIVENESS_ANY,
                       writable);

  /**
   * HbWebsocketTask:ping-timeout:
   *
   * How long the peer may be silent before a ping goes out, in milliseconds.
   *
   * 0 switches the heartbeat off; [method@WebsocketTask.check] still pings then.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PING_TIMEOUT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_PING_TIMEOUT), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_PING_TIMEOUT,
                       writable);

  /**
   * HbWebsocketTask:pong-timeout:
   *
   * How long to wait for life after a ping, in milliseconds.
   *
   * When it is over, the link is dropped with `HB_ERROR_PONG_TIMEOUT`. With 0 pings go out, to keep
   * the way through routers open, and nobody waits for the answer.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PONG_TIMEOUT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_PONG_TIMEOUT), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_PONG_TIMEOUT,
                       writable);

  /**
   * HbWebsocketTask:ping-message:
   *
   * The text of a ping.
   *
   * In mode `MESSAGE` it is a text message, in mode `PING` the payload of the ping frame, of which
   * the first 125 bytes are sent.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PING_MESSAGE] =
    g_param_spec_string (hb_property_get_name (HB_PROPERTY_PING_MESSAGE), NULL, NULL,
                         HB_DEFAULT_PING_MESSAGE,
                         writable);

  /**
   * HbWebsocketTask:pong-message:
   *
   * The text message that is the reply to a ping.
   *
   * A text message equal to it is taken for the reply and is not delivered. `NULL` delivers every
   * message.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PONG_MESSAGE] =
    g_param_spec_string (hb_property_get_name (HB_PROPERTY_PONG_MESSAGE), NULL, NULL,
                         NULL,
                         writable);

  /**
   * HbWebsocketTask:reconnect-timeout:
   *
   * How long to wait before an attempt to reconnect, in milliseconds.
   *
   * It is the first wait where the waits grow, see [property@WebsocketTask:reconnect-timeout-max].
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_RECONNECT_TIMEOUT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_RECONNECT_TIMEOUT), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_RECONNECT_TIMEOUT,
                       writable);

  /**
   * HbWebsocketTask:reconnect-timeout-max:
   *
   * The maximum reconnect delay, in milliseconds.
   *
   * With 0 every wait is [property@WebsocketTask:reconnect-timeout]. Otherwise a wait is twice as
   * long as the one before, up to this.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_RECONNECT_TIMEOUT_MAX] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_RECONNECT_TIMEOUT_MAX), NULL, NULL,
                       0, G_MAXUINT, 0,
                       writable);

  /**
   * HbWebsocketTask:reconnect-jitter:
   *
   * Which share of each wait is left to chance, from 0 to 1.
   *
   * A wait is shortened by a random part of up to this share, so that the clients of a server that
   * has gone down do not all come back at the same moment.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_RECONNECT_JITTER] =
    g_param_spec_double (hb_property_get_name (HB_PROPERTY_RECONNECT_JITTER), NULL, NULL,
                         0, 1, 0,
                         writable);

  /**
   * HbWebsocketTask:repeat-limit:
   *
   * The number of attempts in a row that may fail before the task gives up.
   *
   * -1 sets no limit, 0 never reconnects. A link that does not last for
   * [property@WebsocketTask:min-uptime] counts as an attempt that failed. When the limit is
   * reached, the task ends CLOSED with `HB_ERROR_REPEAT_LIMIT`. With 0, a close of the server with
   * code 1000 is a normal end, without this error. A new limit that is reached already ends a wait.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_REPEAT_LIMIT] =
    g_param_spec_int (hb_property_get_name (HB_PROPERTY_REPEAT_LIMIT), NULL, NULL,
                      -1, G_MAXINT, HB_DEFAULT_REPEAT_LIMIT,
                      writable);

  /**
   * HbWebsocketTask:min-uptime:
   *
   * The time that a link must stay open before the count of attempts starts again, in milliseconds.
   *
   * With 0, a server that accepts and drops each connection at once would be tried forever, without
   * a growing wait.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_MIN_UPTIME] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_MIN_UPTIME), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_MIN_UPTIME,
                       writable);

  /**
   * HbWebsocketTask:connect-timeout:
   *
   * The time that one attempt may take, in milliseconds.
   *
   * From the look-up of the name to the end of the handshake. When it is over, the attempt fails
   * with `HB_ERROR_CONNECT_TIMEOUT`. 0 sets no limit of our own. While a handler of
   * [signal@WebsocketTask::connecting] holds the attempt, the time does not run.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_CONNECT_TIMEOUT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_CONNECT_TIMEOUT), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_CONNECT_TIMEOUT,
                       writable);

  /**
   * HbWebsocketTask:close-timeout:
   *
   * How long [method@WebsocketTask.close] may take, in milliseconds.
   *
   * In this time what is buffered has to go out and the peer's close frame to come; then the link
   * is dropped. With 0 the close frame is sent, if the socket takes it, and not waited for.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_CLOSE_TIMEOUT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_CLOSE_TIMEOUT), NULL, NULL,
                       0, G_MAXUINT, HB_DEFAULT_CLOSE_TIMEOUT,
                       writable);

  /**
   * HbWebsocketTask:max-message-size:
   *
   * How long a message from the server may be, in bytes.
   *
   * A longer one ends the task with `HB_ERROR_MESSAGE_TOO_BIG`, since the server would send it
   * again after a reconnect. It holds for a message as it is delivered, all fragments together and
   * inflated. 0 sets no limit but libsoup's own, 2,147,483,647 bytes.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_MAX_MESSAGE_SIZE] =
    g_param_spec_uint64 (hb_property_get_name (HB_PROPERTY_MAX_MESSAGE_SIZE), NULL, NULL,
                         0, G_MAXUINT64, HB_DEFAULT_MAX_MESSAGE_SIZE,
                         writable);

  /**
   * HbWebsocketTask:max-buffered-amount:
   *
   * How much may wait to be sent, in bytes.
   *
   * [property@WebsocketTask:overflow] says what happens to more. A single message that is longer
   * can never be sent. 0 sets no limit.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_MAX_BUFFERED_AMOUNT] =
    g_param_spec_uint64 (hb_property_get_name (HB_PROPERTY_MAX_BUFFERED_AMOUNT), NULL, NULL,
                         0, G_MAXUINT64, HB_DEFAULT_MAX_BUFFERED_AMOUNT,
                         writable);

  /**
   * HbWebsocketTask:overflow:
   *
   * What happens when more is sent than may wait.
   *
   * See [property@WebsocketTask:max-buffered-amount].
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_OVERFLOW] =
    g_param_spec_enum (hb_property_get_name (HB_PROPERTY_OVERFLOW), NULL, NULL,
                       HB_TYPE_OVERFLOW, HB_OVERFLOW_FAIL,
                       writable);

  /**
   * HbWebsocketTask:network-aware:
   *
   * Whether to act on changes of the network.
   *
   * A change does what [method@WebsocketTask.check] does, at most once in 5 seconds, but keeps to a
   * wait that the server has asked for. [iface@Gio.NetworkMonitor] reports changes, and so does the
   * kernel on Linux, where it can be asked. No attempt is ever left out because the network is said
   * to be unavailable.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_NETWORK_AWARE] =
    g_param_spec_boolean (hb_property_get_name (HB_PROPERTY_NETWORK_AWARE), NULL, NULL,
                          TRUE,
                          writable);

  /**
   * HbWebsocketTask:state:
   *
   * Where the task stands.
   *
   * It changes before the signal that tells of it.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_STATE] =
    g_param_spec_enum (hb_property_get_name (HB_PROPERTY_STATE), NULL, NULL,
                       HB_TYPE_STATE, HB_STATE_CLOSED,
                       readable);

  /**
   * HbWebsocketTask:connection:
   *
   * The connection of the open link.
   *
   * It is `NULL` while no link is open, and another after each reconnect. What is connected to it
   * is lost with it; the task's own signals stay.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_CONNECTION] =
    g_param_spec_object (hb_property_get_name (HB_PROPERTY_CONNECTION), NULL, NULL,
                         SOUP_TYPE_WEBSOCKET_CONNECTION,
                         readable);

  /**
   * HbWebsocketTask:protocol:
   *
   * The subprotocol that the server chose.
   *
   * It is `NULL` while no link is open, or if none was agreed on.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_PROTOCOL] =
    g_param_spec_string (hb_property_get_name (HB_PROPERTY_PROTOCOL), NULL, NULL,
                         NULL,
                         readable);

  /**
   * HbWebsocketTask:attempt:
   *
   * How many attempts to reconnect there were in a row, with the one to come.
   *
   * It goes back to 0 when a link has been open for [property@WebsocketTask:min-uptime].
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_ATTEMPT] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_ATTEMPT), NULL, NULL,
                       0, G_MAXUINT, 0,
                       readable);

  /**
   * HbWebsocketTask:reconnect-at:
   *
   * When the next attempt is due, in microseconds of [func@GLib.get_monotonic_time].
   *
   * It is -1 if none is due, or if it is held. For a countdown, subtract the present time.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_RECONNECT_AT] =
    g_param_spec_int64 (hb_property_get_name (HB_PROPERTY_RECONNECT_AT), NULL, NULL,
                        -1, G_MAXINT64, -1,
                        readable);

  /**
   * HbWebsocketTask:buffered-amount:
   *
   * How many bytes of messages wait to be sent.
   *
   * It is notified when messages have to wait, and then each time that some have gone out until all
   * have, not for a message that goes straight through.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_BUFFERED_AMOUNT] =
    g_param_spec_uint64 (hb_property_get_name (HB_PROPERTY_BUFFERED_AMOUNT), NULL, NULL,
                         0, G_MAXUINT64, 0,
                         readable);

  /**
   * HbWebsocketTask:latency:
   *
   * The time from the last ping of this link to its reply, in microseconds.
   *
   * It is -1 while unknown, and stays as it was from the loss of a link until the next one is
   * open. In mode `MESSAGE`, where [property@WebsocketTask:pong-message] is `NULL`, the first
   * message after a ping is taken for its reply. A ping over which the program has slept, by a
   * suspend or a stop, leaves it as it is.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_LATENCY] =
    g_param_spec_int64 (hb_property_get_name (HB_PROPERTY_LATENCY), NULL, NULL,
                        -1, G_MAXINT64, -1,
                        readable);

  /**
   * HbWebsocketTask:downtime:
   *
   * How long the link had been lost when it was last opened, in microseconds.
   *
   * It is 0 for the first link.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_DOWNTIME] =
    g_param_spec_int64 (hb_property_get_name (HB_PROPERTY_DOWNTIME), NULL, NULL,
                        0, G_MAXINT64, 0,
                        readable);

  /**
   * HbWebsocketTask:http-status:
   *
   * The status of the server's answer to the last handshake.
   *
   * 101 if it became a WebSocket, 0 if there was no answer yet. Where a redirect was followed, it
   * is the answer of the last server that was asked, and where one was not, that of the redirect.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_HTTP_STATUS] =
    g_param_spec_uint (hb_property_get_name (HB_PROPERTY_HTTP_STATUS), NULL, NULL,
                       0, G_MAXUINT, 0,
                       readable);

  /**
   * HbWebsocketTask:last-error:
   *
   * The error with which the last attempt or link has ended.
   *
   * It is `NULL` once a link is open, and stays `NULL` if that link ends without an error, for
   * example by a close frame of the server. It can be bound to a label. Errors of single messages
   * do not set it.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_LAST_ERROR] =
    g_param_spec_boxed (hb_property_get_name (HB_PROPERTY_LAST_ERROR), NULL, NULL,
                        G_TYPE_ERROR,
                        readable);

  /**
   * HbWebsocketTask:ready:
   *
   * Whether messages go out now.
   *
   * That is while the link is open. It can be bound to the sensitivity of a widget.
   *
   * Since: 1.0
   */
  properties[HB_PROPERTY_READY] =
    g_param_spec_boolean (hb_property_get_name (HB_PROPERTY_READY), NULL, NULL,
                          FALSE,
                          readable);

  object_class->get_property = hb_websocket_task_get_property;
  object_class->set_property = hb_websocket_task_set_property;

  g_object_class_install_properties (object_class, HB_N_PROPERTIES, properties);
}

void
hb_websocket_task_notify (HbWebsocketTask *self,
                          HbProperty       property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * hb_websocket_task_get_session: (get-property session)
 * @self: a task
 *
 * Gets the session that the application has set.
 *
 * Returns: (transfer none) (nullable): the session, or `NULL` if the task uses a private one
 *
 * Since: 1.0
 */
SoupSession *
hb_websocket_task_get_session (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_session (get_driver (self));
}

/**
 * hb_websocket_task_set_session: (set-property session)
 * @self: a task
 * @session: (nullable): a session, or `NULL` for a private one
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

  if (!may_set (self, HB_PROPERTY_SESSION) || hb_driver_get_session (get_driver (self)) == session)
    return;

  hb_driver_set_session (get_driver (self), session);
  changed (self, HB_PROPERTY_SESSION);
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

  set_string (self, HB_PROPERTY_URI, &get_settings (self)->uri, uri);
}

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

  return list_protocols (get_settings (self)->protocols);
}

/**
 * hb_websocket_task_set_protocols: (set-property protocols)
 * @self: a task
 * @protocols: (array zero-terminated=1) (nullable): the subprotocols; `NULL` and an empty list both
 *   stand for none
 *
 * Sets [property@WebsocketTask:protocols].
 *
 * Since: 1.0
 */
void
hb_websocket_task_set_protocols (HbWebsocketTask    *self,
                                 const char * const *protocols)
{
  G_GNUC_UNUSED g_auto (GStrv) old = NULL;
  HbSettings *settings;

  g_return_if_fail (HB_IS_WEBSOCKET_TASK (self));

  settings = get_settings (self);
  protocols = list_protocols ((char **) protocols);
  if (!may_set (self, HB_PROPERTY_PROTOCOLS)
      || g_strv_equal (list_protocols (settings->protocols), protocols))
    return;

  old = g_steal_pointer (&settings->protocols);
  if (protocols[0] != NULL)
    settings->protocols = g_strdupv ((char **) protocols);

  changed (self, HB_PROPERTY_PROTOCOLS);
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

  set_string (self, HB_PROPERTY_ORIGIN, &get_settings (self)->origin, origin);
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
  set_plain (self, HB_PROPERTY_COMPRESSION, &get_settings (self)->compression,
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
  g_return_if_fail (mode <= HB_HEARTBEAT_MODE_PING);

  set_plain (self, HB_PROPERTY_HEARTBEAT_MODE, &get_settings (self)->heartbeat_mode, &mode, sizeof mode);
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
  g_return_if_fail (liveness <= HB_LIVENESS_REPLY);

  set_plain (self, HB_PROPERTY_LIVENESS, &get_settings (self)->liveness, &liveness, sizeof liveness);
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

  set_plain (self, HB_PROPERTY_PING_TIMEOUT, &get_settings (self)->ping_timeout,
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

  set_plain (self, HB_PROPERTY_PONG_TIMEOUT, &get_settings (self)->pong_timeout,
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

  set_string (self, HB_PROPERTY_PING_MESSAGE, &get_settings (self)->ping_message, text);
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

  set_string (self, HB_PROPERTY_PONG_MESSAGE, &get_settings (self)->pong_message, text);
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

  set_plain (self, HB_PROPERTY_RECONNECT_TIMEOUT, &get_settings (self)->reconnect_timeout,
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

  set_plain (self, HB_PROPERTY_RECONNECT_TIMEOUT_MAX, &get_settings (self)->reconnect_timeout_max,
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

  set_plain (self, HB_PROPERTY_RECONNECT_JITTER, &get_settings (self)->reconnect_jitter,
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

  set_plain (self, HB_PROPERTY_REPEAT_LIMIT, &get_settings (self)->repeat_limit,
             &attempts, sizeof attempts);
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

  set_plain (self, HB_PROPERTY_MIN_UPTIME, &get_settings (self)->min_uptime,
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

  set_plain (self, HB_PROPERTY_CONNECT_TIMEOUT, &get_settings (self)->connect_timeout,
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

  set_plain (self, HB_PROPERTY_CLOSE_TIMEOUT, &get_settings (self)->close_timeout,
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

  set_plain (self, HB_PROPERTY_MAX_MESSAGE_SIZE, &get_settings (self)->max_message_size,
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

  set_plain (self, HB_PROPERTY_MAX_BUFFERED_AMOUNT, &get_settings (self)->max_buffered_amount,
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
  g_return_if_fail (overflow <= HB_OVERFLOW_DROP_NEWEST);

  set_plain (self, HB_PROPERTY_OVERFLOW, &get_settings (self)->overflow, &overflow, sizeof overflow);
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
  set_plain (self, HB_PROPERTY_NETWORK_AWARE, &get_settings (self)->network_aware, &follow, sizeof follow);
}

/**
 * hb_websocket_task_get_state: (get-property state)
 * @self: a task
 *
 * Gets [property@WebsocketTask:state].
 *
 * Returns: the state
 *
 * Since: 1.0
 */
HbState
hb_websocket_task_get_state (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), HB_STATE_CLOSED);

  return get_machine (self)->state;
}

/**
 * hb_websocket_task_get_connection: (get-property connection)
 * @self: a task
 *
 * Gets [property@WebsocketTask:connection].
 *
 * Returns: (transfer none) (nullable): the connection
 *
 * Since: 1.0
 */
SoupWebsocketConnection *
hb_websocket_task_get_connection (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_connection (get_driver (self));
}

/**
 * hb_websocket_task_get_protocol: (get-property protocol)
 * @self: a task
 *
 * Gets [property@WebsocketTask:protocol].
 *
 * Returns: (transfer none) (nullable): the subprotocol
 *
 * Since: 1.0
 */
const char *
hb_websocket_task_get_protocol (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return hb_driver_get_protocol (get_driver (self));
}

/**
 * hb_websocket_task_get_attempt: (get-property attempt)
 * @self: a task
 *
 * Gets [property@WebsocketTask:attempt].
 *
 * Returns: the number of attempts
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_attempt (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_machine (self)->attempt;
}

/**
 * hb_websocket_task_get_reconnect_at: (get-property reconnect-at)
 * @self: a task
 *
 * Gets [property@WebsocketTask:reconnect-at].
 *
 * Returns: the time, or -1
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_reconnect_at (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), -1);

  return hb_driver_get_reconnect_at (get_driver (self));
}

/**
 * hb_websocket_task_get_buffered_amount: (get-property buffered-amount)
 * @self: a task
 *
 * Gets [property@WebsocketTask:buffered-amount].
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
hb_websocket_task_get_buffered_amount (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return hb_outbox_get_buffered (&get_machine (self)->outbox);
}

/**
 * hb_websocket_task_get_latency: (get-property latency)
 * @self: a task
 *
 * Gets [property@WebsocketTask:latency].
 *
 * Returns: the time, or -1
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_latency (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), -1);

  return get_machine (self)->latency;
}

/**
 * hb_websocket_task_get_downtime: (get-property downtime)
 * @self: a task
 *
 * Gets [property@WebsocketTask:downtime].
 *
 * Returns: the time
 *
 * Since: 1.0
 */
gint64
hb_websocket_task_get_downtime (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_machine (self)->downtime;
}

/**
 * hb_websocket_task_get_http_status: (get-property http-status)
 * @self: a task
 *
 * Gets [property@WebsocketTask:http-status].
 *
 * Returns: the status
 *
 * Since: 1.0
 */
guint
hb_websocket_task_get_http_status (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), 0);

  return get_machine (self)->http_status;
}

/**
 * hb_websocket_task_get_last_error: (get-property last-error)
 * @self: a task
 *
 * Gets [property@WebsocketTask:last-error].
 *
 * Returns: (transfer none) (nullable): the error
 *
 * Since: 1.0
 */
const GError *
hb_websocket_task_get_last_error (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), NULL);

  return get_machine (self)->last_error;
}

/**
 * hb_websocket_task_get_ready: (get-property ready)
 * @self: a task
 *
 * Gets [property@WebsocketTask:ready].
 *
 * Returns: whether messages go out now
 *
 * Since: 1.0
 */
gboolean
hb_websocket_task_get_ready (HbWebsocketTask *self)
{
  g_return_val_if_fail (HB_IS_WEBSOCKET_TASK (self), FALSE);

  return get_machine (self)->state == HB_STATE_OPEN;
}
