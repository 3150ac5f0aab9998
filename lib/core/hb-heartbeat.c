/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-heartbeat-private.h"

static gboolean
is_pong_message (const HbSettings *settings,
                 HbOpcode          opcode,
                 GBytes           *bytes)
{
  gconstpointer data;
  gsize length;

  if (settings->pong_message == NULL || opcode != HB_OPCODE_TEXT)
    return FALSE;

  data = g_bytes_get_data (bytes, &length);
  return length == strlen (settings->pong_message)
         && (length == 0 || memcmp (data, settings->pong_message, length) == 0);
}

/* Whether a reply differs from other messages. If it does not, the first message after a ping
 * counts as its reply. */
static gboolean
knows_reply (const HbSettings *settings)
{
  return settings->pong_message != NULL || settings->heartbeat_mode == HB_HEARTBEAT_MODE_PING;
}

void
hb_heartbeat_init (HbHeartbeat *self)
{
  hb_heartbeat_stop (self);
}

void
hb_heartbeat_start (HbHeartbeat *self,
                    gint64       now)
{
  hb_heartbeat_stop (self);
  self->last_activity = now;
}

void
hb_heartbeat_stop (HbHeartbeat *self)
{
  *self = (HbHeartbeat) { HB_NEVER, HB_NEVER, HB_NEVER };
}

gboolean
hb_heartbeat_is_awaiting (const HbHeartbeat *self)
{
  return self->awaited_since != HB_NEVER;
}

/* Whether a ping waits for activity, and not forever. */
gboolean
hb_heartbeat_is_judged (const HbHeartbeat *self,
                        const HbSettings  *settings)
{
  return hb_heartbeat_is_awaiting (self) && settings->pong_timeout > 0;
}

/* Whether this process did not run when the deadline passed. No deadline is earlier than the last
 * activity, so for most messages the deadline need not be computed. */
static gboolean
has_overslept (const HbHeartbeat *self,
               const HbSettings  *settings,
               gint64             now)
{
  return now - self->last_activity > HB_LATE
         && now - hb_heartbeat_get_deadline (self, settings) > HB_LATE;
}

/* If this process did not run while an earlier ping waited, the reply to that ping may still come.
 * It would be taken for the reply to this one, so the latency stays unknown. */
void
hb_heartbeat_on_ping (HbHeartbeat      *self,
                      const HbSettings *settings,
                      gint64            now)
{
  gboolean is_unanswered = hb_heartbeat_is_awaiting (self) || self->pinged_at != HB_NEVER;

  self->is_stale = is_unanswered && has_overslept (self, settings, now);
  self->awaited_since = now;
  self->pinged_at = now;
}

/* Precedes the sending of the ping. The time starts here, because until here the application took
 * its time, not the peer. */
void
hb_heartbeat_on_pinged (HbHeartbeat *self,
                        gint64       now)
{
  if (!hb_heartbeat_is_awaiting (self))
    return;

  self->awaited_since = now;
  self->pinged_at = now;
}

/* The time of a suspend must not count as latency. */
void
hb_heartbeat_on_activity (HbHeartbeat      *self,
                          const HbSettings *settings,
                          gint64            now)
{
  if (has_overslept (self, settings, now))
    self->is_stale = TRUE;

  self->last_activity = now;
  self->awaited_since = HB_NEVER;
}

/* Returns the latency, or HB_LATENCY_NONE if no ping waits for this reply. */
gint64
hb_heartbeat_on_reply (HbHeartbeat      *self,
                       const HbSettings *settings,
                       gint64            now)
{
  gint64 pinged_at = self->pinged_at;

  hb_heartbeat_on_activity (self, settings, now);
  self->pinged_at = HB_NEVER;

  if (pinged_at == HB_NEVER)
    return HB_LATENCY_NONE;

  return self->is_stale ? HB_LATENCY_UNKNOWN : now - pinged_at;
}

/* Returns the latency, or HB_LATENCY_NONE if no ping frame waits for this pong. */
gint64
hb_heartbeat_on_pong (HbHeartbeat      *self,
                      const HbSettings *settings,
                      gint64            now)
{
  if (settings->heartbeat_mode == HB_HEARTBEAT_MODE_PING)
    return hb_heartbeat_on_reply (self, settings, now);

  hb_heartbeat_on_activity (self, settings, now);

  return HB_LATENCY_NONE;
}

/* Returns whether to deliver the message.
 *
 * @latency: (out): the latency if the message is a reply, otherwise HB_LATENCY_NONE */
gboolean
hb_heartbeat_on_message (HbHeartbeat      *self,
                         const HbSettings *settings,
                         gint64            now,
                         HbOpcode          opcode,
                         GBytes           *bytes,
                         gint64           *latency)
{
  gboolean is_reply = is_pong_message (settings, opcode, bytes);

  *latency = HB_LATENCY_NONE;

  if (is_reply || !knows_reply (settings))
    *latency = hb_heartbeat_on_reply (self, settings, now);
  else if (settings->liveness == HB_LIVENESS_ANY)
    hb_heartbeat_on_activity (self, settings, now);

  return !is_reply;
}

/* @held_up: whether received bytes could not be read until now */
HbVerdict
hb_heartbeat_tick (const HbHeartbeat *self,
                   const HbSettings  *settings,
                   gint64             now,
                   gboolean           held_up)
{
  gint64 deadline = hb_heartbeat_get_deadline (self, settings);

  if (now < deadline)
    return HB_VERDICT_WAIT;

  /* The reply may be in the socket, unread, so a late tick sends another ping. */
  if (hb_heartbeat_is_judged (self, settings) && !held_up && now - deadline <= HB_LATE)
    return HB_VERDICT_DEAD;

  return HB_VERDICT_PING;
}

gint64
hb_heartbeat_get_deadline (const HbHeartbeat *self,
                           const HbSettings  *settings)
{
  if (self->last_activity == HB_NEVER)
    return HB_NEVER;

  if (hb_heartbeat_is_judged (self, settings))
    return self->awaited_since + hb_milliseconds (settings->pong_timeout);

  if (settings->ping_timeout == 0)
    return HB_NEVER;

  return (hb_heartbeat_is_awaiting (self) ? self->awaited_since : self->last_activity)
         + hb_milliseconds (settings->ping_timeout);
}
