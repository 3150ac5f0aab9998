/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-heartbeat-private.h"

/* RFC 6455, 5.5: the longest payload of a control frame, in bytes */
#define MAX_PING 125

/* A ping may be sent early, by at most 1 / EARLY of ping-timeout, and by at most MAX_EARLY. The
 * pings of several tasks can then share one wake-up. At the default of 15 s, the pings wake a main
 * context at most about once a second. During a period of 15 times ping-timeout, each task usually
 * sends at most 16 pings. */
#define EARLY     16
#define MAX_EARLY G_TIME_SPAN_SECOND

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

/* If the settings do not distinguish a reply, and no function of the application decides, every
 * message counts as a reply. */
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

/* Starts the heartbeat, or starts it again on the same link. Pings that have been requested, but
 * not sent, are still counted. */
void
hb_heartbeat_start (HbHeartbeat *self,
                    gint64       now)
{
  guint n_unsent = self->n_unsent;

  hb_heartbeat_stop (self);
  self->n_unsent = n_unsent;
  self->last_activity = now;
  self->last_ping = now;
}

void
hb_heartbeat_stop (HbHeartbeat *self)
{
  *self = (HbHeartbeat) { HB_NEVER, HB_NEVER, HB_NEVER, HB_NEVER };
}

gboolean
hb_heartbeat_is_awaiting (const HbHeartbeat *self)
{
  return self->awaited_since != HB_NEVER;
}

/* Returns whether a ping is judged: the link is dead if no activity follows within pong-timeout. */
gboolean
hb_heartbeat_is_judged (const HbHeartbeat *self,
                        const HbSettings  *settings)
{
  return hb_heartbeat_is_awaiting (self) && settings->pong_timeout > 0;
}

/* See hb_time_change_timeout (). The latency is still measured from the ping. */
void
hb_heartbeat_change_pong_timeout (HbHeartbeat *self,
                                  guint        before,
                                  guint        after,
                                  gint64       now)
{
  if (hb_heartbeat_is_awaiting (self))
    self->awaited_since = hb_time_change_timeout (self->awaited_since, before, after, now);
}

/* Returns when the link is to be judged dead, or HB_NEVER. */
static gint64
get_judged_at (const HbHeartbeat *self,
               const HbSettings  *settings)
{
  return hb_heartbeat_is_judged (self, settings) && !self->is_unsent
         ? self->awaited_since + hb_milliseconds (settings->pong_timeout)
         : HB_NEVER;
}

/* Returns when the next ping is due, or HB_NEVER. */
static gint64
get_ping_at (const HbHeartbeat *self,
             const HbSettings  *settings)
{
  gint64 since;

  if (self->is_due)
    return self->last_ping;

  if (settings->ping_timeout == 0)
    return HB_NEVER;

  if (settings->liveness == HB_LIVENESS_STEADY)
    since = self->last_ping;
  else if (hb_heartbeat_is_judged (self, settings))
    return HB_NEVER;
  else
    since = hb_heartbeat_is_awaiting (self) ? self->awaited_since : self->last_activity;

  return since + hb_milliseconds (settings->ping_timeout);
}

/* Returns whether the main loop did not run in time, so that the deadline of the heartbeat passed
 * more than HB_LATE ago. Recent activity proves that the loop ran, so for most messages the
 * deadline need not be computed. */
static gboolean
has_overslept (const HbHeartbeat *self,
               const HbSettings  *settings,
               gint64             now)
{
  return now - self->last_activity > HB_LATE
         && now - hb_heartbeat_get_deadline (self, settings) > HB_LATE;
}

/* Call this when the machine decides to send a ping. The link is not judged by this ping until
 * hb_heartbeat_on_pinged (), because a function of the application may make the ping, and may run a
 * main loop for a long time.
 *
 * If the main loop did not run while an earlier ping waited, the reply to that ping may still
 * arrive. This reply would count as the reply to the new ping, so the next reply does not give a
 * latency.
 *
 * An earlier ping that is judged, and whose deadline has not passed, remains the one that is
 * judged. Otherwise pings at intervals shorter than pong-timeout would postpone the deadline
 * forever. */
void
hb_heartbeat_on_ping (HbHeartbeat      *self,
                      const HbSettings *settings,
                      gint64            now)
{
  gboolean is_unanswered = hb_heartbeat_is_awaiting (self) || self->pinged_at != HB_NEVER;
  gboolean is_judged = hb_heartbeat_is_judged (self, settings)
                       && now < get_judged_at (self, settings);

  self->is_stale = is_unanswered && (self->is_stale || has_overslept (self, settings, now));
  self->last_ping = now;
  self->n_unsent++;
  self->is_due = FALSE;

  if (is_judged)
    return;

  self->awaited_since = now;
  self->is_unsent = TRUE;
}

/* @text: (nullable): from a function of the application, in place of the settings
 *
 * Returns: (transfer full): the payload */
GBytes *
hb_heartbeat_make_ping (const HbSettings *settings,
                        const char       *text,
                        HbOpcode         *opcode)
{
  g_autoptr (GBytes) payload = NULL;

  if (text == NULL && settings->ping_bytes != NULL)
    {
      payload = g_bytes_ref (settings->ping_bytes);
      *opcode = HB_OPCODE_BINARY;
    }
  else
    {
      text = text != NULL ? text : settings->ping_message;
      payload = g_bytes_new (text, strlen (text));
      *opcode = HB_OPCODE_TEXT;
    }

  if (settings->heartbeat_mode == HB_HEARTBEAT_MODE_MESSAGE)
    return g_steal_pointer (&payload);

  *opcode = HB_OPCODE_PING;

  return g_bytes_new_from_bytes (payload, 0, MIN (g_bytes_get_size (payload), MAX_PING));
}

/* Call this before the ping is sent. For a ping that waits for activity, pong-timeout and the
 * latency count from this call, because code of the application may have run since
 * hb_heartbeat_on_ping (). A ping that was sent in that time takes the place of the one that waits.
 * If activity was recorded in that time, no other activity is awaited, but the next reply still
 * gives a latency. */
void
hb_heartbeat_on_pinged (HbHeartbeat *self,
                        gint64       now)
{
  g_assert (self->n_unsent > 0);
  self->n_unsent--;

  /* A ping that was sent earlier is the one that waits. */
  if (!self->is_unsent && self->pinged_at != HB_NEVER)
    return;

  self->pinged_at = now;
  if (self->is_unsent && hb_heartbeat_is_awaiting (self))
    self->awaited_since = now;
  self->is_unsent = FALSE;
}

/* Records that the peer is alive. A latency must not include a time in which the main loop did not
 * run, for example a suspend, so the next reply after that time gives none. */
void
hb_heartbeat_on_activity (HbHeartbeat      *self,
                          const HbSettings *settings,
                          gint64            now)
{
  if (has_overslept (self, settings, now))
    self->is_stale = TRUE;

  self->last_activity = now;
  self->awaited_since = HB_NEVER;
  self->is_due = FALSE;
}

/* Call this after the way in which a reply is recognized has changed. The reply to a ping that
 * waits might no longer count, and the link would be judged dead, so another ping is due at once,
 * unless one has been requested, but not sent. The next reply may belong to either ping, so it does
 * not give a latency. */
void
hb_heartbeat_change_reply (HbHeartbeat *self)
{
  if (!hb_heartbeat_is_awaiting (self) || self->n_unsent > 0)
    return;

  self->is_due = TRUE;
  self->is_stale = TRUE;
}

/* Handles the end of a pause in which the socket was not read. Silence counts from now, and earlier
 * pings are no longer judged. The reply to a ping may have been waiting in the socket, so it gives
 * no latency. */
void
hb_heartbeat_on_reading (HbHeartbeat *self,
                         gint64       now)
{
  if (self->last_activity == HB_NEVER)
    return;

  self->last_activity = now;
  self->awaited_since = HB_NEVER;
  self->is_stale = self->pinged_at != HB_NEVER;
}

/* Handles a reply, which is also activity. Returns the latency in microseconds, HB_LATENCY_UNKNOWN
 * or HB_LATENCY_NONE. */
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

  /* The application's function that checks for a reply may have run for so long that another ping
   * has been sent since the reply was received. */
  return self->is_stale || now < pinged_at ? HB_LATENCY_UNKNOWN : now - pinged_at;
}

/* Returns the same values as hb_heartbeat_on_reply (). */
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

/* Returns whether to deliver the message. A recognized reply is not delivered.
 *
 * @reply: the result of the application's function, which takes precedence over the settings
 * @latency: (out): as from hb_heartbeat_on_reply () */
gboolean
hb_heartbeat_on_message (HbHeartbeat      *self,
                         const HbSettings *settings,
                         gint64            now,
                         HbOpcode          opcode,
                         GBytes           *bytes,
                         HbReply           reply,
                         gint64           *latency)
{
  gboolean is_judged = reply != HB_REPLY_UNJUDGED;
  gboolean is_reply = is_judged ? reply == HB_REPLY_YES : is_pong_message (settings, opcode, bytes);

  *latency = HB_LATENCY_NONE;

  if (is_reply || !(is_judged || knows_reply (settings)))
    *latency = hb_heartbeat_on_reply (self, settings, now);
  else if (settings->liveness != HB_LIVENESS_REPLY)
    hb_heartbeat_on_activity (self, settings, now);

  return !is_reply;
}

/* @held_up: whether received bytes could not be read */
HbVerdict
hb_heartbeat_tick (const HbHeartbeat *self,
                   const HbSettings  *settings,
                   gint64             now,
                   gboolean           held_up)
{
  gint64 judged_at = get_judged_at (self, settings);

  /* If the tick is late or reading was held up, the reply may be in the socket, unread, so another
   * ping is sent instead. */
  if (now >= judged_at)
    return !held_up && now - judged_at <= HB_LATE ? HB_VERDICT_DEAD : HB_VERDICT_PING;

  return now >= hb_heartbeat_get_early_ping_at (self, settings) ? HB_VERDICT_PING : HB_VERDICT_WAIT;
}

gint64
hb_heartbeat_get_deadline (const HbHeartbeat *self,
                           const HbSettings  *settings)
{
  gint64 judged_at, ping_at;

  if (self->last_activity == HB_NEVER)
    return HB_NEVER;

  judged_at = get_judged_at (self, settings);
  ping_at = get_ping_at (self, settings);

  return MIN (judged_at, ping_at);
}

/* Returns the earliest time at which a tick sends the next ping, or HB_NEVER if none is due. The
 * loop does not wake up at this time, but at the next deadline. A link is never judged early. */
gint64
hb_heartbeat_get_early_ping_at (const HbHeartbeat *self,
                                const HbSettings  *settings)
{
  gint64 ping_at = self->last_activity == HB_NEVER ? HB_NEVER : get_ping_at (self, settings);
  gint64 early = hb_milliseconds (settings->ping_timeout) / EARLY;

  return ping_at == HB_NEVER ? HB_NEVER : ping_at - MIN (early, MAX_EARLY);
}
