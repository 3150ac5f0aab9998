/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-property-private.h"

static const char * const names[HB_N_PROPERTIES] = {
  [HB_PROPERTY_SESSION] = "session",
  [HB_PROPERTY_URI] = "uri",
  [HB_PROPERTY_PROTOCOLS] = "protocols",
  [HB_PROPERTY_ORIGIN] = "origin",
  [HB_PROPERTY_COMPRESSION] = "compression",
  [HB_PROPERTY_HEARTBEAT_MODE] = "heartbeat-mode",
  [HB_PROPERTY_LIVENESS] = "liveness",
  [HB_PROPERTY_PING_TIMEOUT] = "ping-timeout",
  [HB_PROPERTY_PONG_TIMEOUT] = "pong-timeout",
  [HB_PROPERTY_PING_MESSAGE] = "ping-message",
  [HB_PROPERTY_PONG_MESSAGE] = "pong-message",
  [HB_PROPERTY_RECONNECT_TIMEOUT] = "reconnect-timeout",
  [HB_PROPERTY_RECONNECT_TIMEOUT_MAX] = "reconnect-timeout-max",
  [HB_PROPERTY_RECONNECT_JITTER] = "reconnect-jitter",
  [HB_PROPERTY_REPEAT_LIMIT] = "repeat-limit",
  [HB_PROPERTY_MIN_UPTIME] = "min-uptime",
  [HB_PROPERTY_CONNECT_TIMEOUT] = "connect-timeout",
  [HB_PROPERTY_CLOSE_TIMEOUT] = "close-timeout",
  [HB_PROPERTY_MAX_MESSAGE_SIZE] = "max-message-size",
  [HB_PROPERTY_MAX_BUFFERED_AMOUNT] = "max-buffered-amount",
  [HB_PROPERTY_OVERFLOW] = "overflow",
  [HB_PROPERTY_NETWORK_AWARE] = "network-aware",
  [HB_PROPERTY_MANUAL_READY] = "manual-ready",
  [HB_PROPERTY_PAUSED] = "paused",
  [HB_PROPERTY_PING_BYTES] = "ping-bytes",
  [HB_PROPERTY_QUEUE_TIMEOUT] = "queue-timeout",
  [HB_PROPERTY_FRAGMENT_SIZE] = "fragment-size",
  [HB_PROPERTY_DELIVERY] = "delivery",
  [HB_PROPERTY_STATE] = "state",
  [HB_PROPERTY_CONNECTION] = "connection",
  [HB_PROPERTY_PROTOCOL] = "protocol",
  [HB_PROPERTY_ATTEMPT] = "attempt",
  [HB_PROPERTY_RECONNECT_AT] = "reconnect-at",
  [HB_PROPERTY_BUFFERED_AMOUNT] = "buffered-amount",
  [HB_PROPERTY_LATENCY] = "latency",
  [HB_PROPERTY_DOWNTIME] = "downtime",
  [HB_PROPERTY_HTTP_STATUS] = "http-status",
  [HB_PROPERTY_LAST_ERROR] = "last-error",
  [HB_PROPERTY_READY] = "ready",
};

/* Returns: (nullable): NULL only for HB_PROPERTY_0 */
const char *
hb_property_get_name (HbProperty property)
{
  g_assert (property < HB_N_PROPERTIES);

  return names[property];
}
