/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"

/* The events of one link, except its end */

/* Call this before a request is made. If a handler for `connecting` calls hold (), this attempt is
 * held.
 *
 * Returns FALSE, and closes the task, if the settings have become invalid since the attempt was
 * started. */
gboolean
hb_machine_on_announcing (HbMachine *self,
                          gint64     now)
{
  if (!hb_settings_check (&self->settings, NULL))
    {
      hb_machine_attempt (self, now);
      return FALSE;
    }

  self->is_announcing = TRUE;
  g_free (self->request_uri);
  self->request_uri = g_strdup (self->settings.uri);

  return TRUE;
}

/* Call this after the handlers for `connecting` have run. Returns whether to send the request now.
 * A held request waits for hb_machine_release (). */
gboolean
hb_machine_on_announced (HbMachine      *self,
                         const HbEffect *connect)
{
  if (!hb_machine_is_current (self, connect))
    return FALSE;

  self->is_announcing = FALSE;

  return !self->is_request_held;
}

/* Call this before a request is sent. The time for the attempt starts here, because handlers have
 * been running, or the request has been held, until now. If `uri` has changed since the request was
 * made, the next attempt uses the new URI.
 *
 * Returns FALSE, and closes the task, if the subprotocols or the origin is invalid, because libsoup
 * might send them anyway. */
gboolean
hb_machine_on_requested (HbMachine *self,
                         gint64     now)
{
  if (!hb_settings_check_handshake (&self->settings, NULL))
    {
      hb_machine_attempt (self, now);
      return FALSE;
    }

  g_clear_pointer (&self->request_uri, g_free);
  self->requested_at = now;
  self->metrics.attempts++;

  return TRUE;
}

/* Call this after hb_machine_on_requested () if the request has to wait until fewer attempts are
 * running. The time for the attempt then starts at HB_EVENT_TURN. */
void
hb_machine_await_turn (HbMachine *self)
{
  self->awaits_turn = TRUE;
}

void
hb_machine_on_turn (HbMachine *self,
                    gint64     now)
{
  self->awaits_turn = FALSE;
  self->requested_at = now;
}

/* Stops reading the socket while too many received bytes wait. When reading resumes, the silence of
 * the peer and the time for becoming ready count from then. A closing task continues reading,
 * because it waits for the server's close frame. */
void
hb_machine_follow_inbox (HbMachine *self,
                         gint64     now)
{
  gboolean stands_still = self->state == HB_STATE_OPEN && hb_inbox_is_full (&self->inbox);

  if (self->stands_still == stands_still)
    return;

  self->stands_still = stands_still;
  hb_effects_push (&self->effects, HB_EFFECT_READ);

  if (stands_still)
    return;

  hb_heartbeat_on_reading (&self->heartbeat, now);
  self->requested_at = now;
}

static void
set_latency (HbMachine *self,
             gint64     latency)
{
  if (self->latency == latency)
    return;

  self->latency = latency;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_LATENCY);
}

static void
add_reply (HbMachine *self,
           gint64     latency)
{
  if (latency == HB_LATENCY_NONE)
    return;

  self->metrics.replies++;
  if (latency == HB_LATENCY_UNKNOWN)
    return;

  hb_metrics_add_latency (&self->metrics, latency);
  set_latency (self, latency);
}

/* RFC 6455, 1.3: the status of a handshake that succeeded */
#define HTTP_SWITCHING_PROTOCOLS 101

void
hb_machine_on_opened (HbMachine     *self,
                      gint64         now,
                      const HbEvent *event)
{
  if (self->state != HB_STATE_CONNECTING)
    return;

  /* A handler of the session's signals may run a main loop while the request is being sent. If the
   * link opens in that loop, HB_EVENT_TURN never comes. */
  if (self->awaits_turn)
    hb_machine_on_turn (self, now);

  hb_outbox_on_opened (&self->outbox, !self->settings.manual_ready,
                       event->opened.can_acknowledge, event->opened.round_trip);
  self->ready_at = now;
  hb_machine_enter (self, HB_STATE_OPEN, now);
  self->metrics.opens++;
  self->shut_down = FALSE;
  self->check_at = HB_NEVER;
  hb_heartbeat_start (&self->heartbeat, now);
  hb_machine_follow_inbox (self, now);
  set_latency (self, -1);
  hb_machine_set_http_status (self, HTTP_SWITCHING_PROTOCOLS);
  hb_machine_set_last_error (self, NULL);
  hb_effects_push_notify (&self->effects, HB_PROPERTY_CONNECTION);
  hb_effects_push_notify (&self->effects, HB_PROPERTY_PROTOCOL);

  if (self->lost_at != HB_NEVER)
    {
      self->downtime = now - self->lost_at;
      self->metrics.downtime += self->downtime;
      self->lost_at = HB_NEVER;
      hb_effects_push_notify (&self->effects, HB_PROPERTY_DOWNTIME);
    }

  hb_effects_push (&self->effects, HB_EFFECT_OPEN)->serial = self->serial;
}

/* Call this after the handlers for `open` have run. The messages that they have sent precede those
 * of HB_LINE_WAITING. */
void
hb_machine_on_greeted (HbMachine *self,
                       guint      serial)
{
  if (serial != self->serial || !hb_machine_has_open_link (self))
    return;

  hb_outbox_on_greeted (&self->outbox);
  hb_effects_resolve_all (&self->effects, &self->opens, HB_OUTCOME_DONE, NULL);
  hb_machine_pump (self);
}

/* Returns whether the message must be emitted now. A recognized reply is never emitted, and a
 * message that has to wait is passed to the inbox. */
gboolean
hb_machine_accept_message (HbMachine     *self,
                           gint64         now,
                           const HbEvent *event)
{
  GBytes *bytes = event->message.bytes;
  gboolean is_reply;
  gint64 latency;

  /* As in a browser (WHATWG), a message that arrives after close () is not delivered. */
  if (self->state != HB_STATE_OPEN)
    return FALSE;

  is_reply = !hb_heartbeat_on_message (&self->heartbeat, &self->settings, now,
                                       event->message.opcode, bytes, event->message.reply,
                                       &latency);
  add_reply (self, latency);
  if (is_reply)
    return FALSE;

  self->metrics.messages_received++;
  self->metrics.bytes_received += g_bytes_get_size (bytes);

  if (hb_inbox_is_needed (&self->inbox))
    {
      hb_inbox_push (&self->inbox, event->message.opcode, bytes);
      hb_machine_follow_inbox (self, now);
      return FALSE;
    }

  return TRUE;
}

void
hb_machine_push_message (HbMachine     *self,
                         const HbEvent *event)
{
  HbEffect *effect = hb_effects_push (&self->effects, HB_EFFECT_MESSAGE);

  effect->message.opcode = event->message.opcode;
  effect->message.bytes = g_bytes_ref (event->message.bytes);
}

void
hb_machine_on_message (HbMachine     *self,
                       gint64         now,
                       const HbEvent *event)
{
  if (hb_machine_accept_message (self, now, event))
    hb_machine_push_message (self, event);
}

void
hb_machine_on_pong (HbMachine *self,
                    gint64     now)
{
  if (self->state == HB_STATE_OPEN)
    add_reply (self, hb_heartbeat_on_pong (&self->heartbeat, &self->settings, now));
}

void
hb_machine_on_activity (HbMachine *self,
                        gint64     now)
{
  if (hb_outbox_on_receipt (&self->outbox, now))
    hb_effects_push (&self->effects, HB_EFFECT_QUERY);

  if (self->state == HB_STATE_OPEN && self->settings.liveness != HB_LIVENESS_REPLY)
    hb_heartbeat_on_activity (&self->heartbeat, &self->settings, now);
}

/* Call this before a ping is sent. Returns FALSE if it may not be sent, because code of the
 * application has closed the task, or has changed the heartbeat mode on a link that is not ready.
 * In the second case, the heartbeat starts again, so that no reply to this ping is awaited. */
gboolean
hb_machine_on_pinged (HbMachine *self,
                      gint64     now)
{
  if (self->state != HB_STATE_OPEN)
    return FALSE;

  hb_heartbeat_on_pinged (&self->heartbeat, now);
  if (!hb_machine_may_ping (self))
    {
      hb_heartbeat_start (&self->heartbeat, now);
      return FALSE;
    }

  self->metrics.pings++;

  return TRUE;
}

void
hb_machine_on_given (HbMachine *self,
                     gint64     now)
{
  hb_inbox_on_given (&self->inbox, now, self->state != HB_STATE_CLOSED);
  hb_machine_follow_inbox (self, now);
}

/* Call this after HB_EFFECT_YIELD, when other sources have had their turn. */
void
hb_machine_on_yielded (HbMachine *self)
{
  hb_inbox_on_yielded (&self->inbox);
}

/* Unlike hb_machine_pump (), pushes no effect for messages that wait, because HB_EVENT_WRITABLE
 * reports when the link accepts them. */
static void
shut_down_when_written (HbMachine *self)
{
  if (self->state == HB_STATE_CLOSING && hb_outbox_is_written (&self->outbox))
    hb_machine_pump (self);
}

/* Call this after a message from hb_machine_take_message () has been passed to the link.
 *
 * @now: matters only if hb_machine_needs_time () returns TRUE
 * @serial: of the link; a call for an earlier link is ignored
 * @span: empty if the link could not send the message
 * @is_writable: whether the link accepts another message now */
void
hb_machine_on_sent (HbMachine    *self,
                    gint64        now,
                    guint         serial,
                    const HbSpan *span,
                    gboolean      is_writable)
{
  if (serial != self->serial)
    return;

  if (span->end != span->begin)
    {
      hb_outbox_on_sent (&self->outbox, now, span);
      shut_down_when_written (self);
    }

  if (!is_writable)
    hb_machine_on_blocked (self);
}

/* Call this after passing to the link a message for which hb_machine_send () has set `is_direct`. A
 * task that is closing accepts no message, so no close frame waits for this one. For the arguments,
 * see hb_machine_on_sent (). */
void
hb_machine_on_sent_directly (HbMachine        *self,
                             gint64            now,
                             const HbOutgoing *message,
                             const HbSpan     *span,
                             gboolean          is_writable)
{
  hb_outbox_add_sent (&self->outbox, now, message, span);

  if (!is_writable)
    hb_machine_on_blocked (self);
}

void
hb_machine_on_progress (HbMachine *self,
                        gint64     now,
                        guint64    written)
{
  hb_outbox_on_progress (&self->outbox, now, written);
  shut_down_when_written (self);
}

void
hb_machine_on_acknowledged (HbMachine     *self,
                            gint64         now,
                            const HbEvent *event)
{
  hb_outbox_on_acknowledged (&self->outbox, now, event->acknowledged.position,
                             event->acknowledged.round_trip);
  shut_down_when_written (self);
}

void
hb_machine_on_blocked (HbMachine *self)
{
  hb_outbox_on_blocked (&self->outbox);
  shut_down_when_written (self);
}

/* The link was full and accepts messages again, so the peer has received bytes, and is alive. */
void
hb_machine_on_writable (HbMachine *self,
                        gint64     now)
{
  if (!hb_machine_has_open_link (self))
    return;

  hb_machine_on_activity (self, now);
  hb_outbox_on_writable (&self->outbox);
  hb_machine_pump (self);
}

/* Takes the next message that may be sent, and adds it to those in flight.
 *
 * @now: HB_NEVER if queue-timeout is 0 and the clock was not read
 *
 * Returns: (nullable) */
const HbOutgoing *
hb_machine_take_message (HbMachine *self,
                         gint64     now)
{
  hb_machine_expire (self, now);

  return hb_outbox_take (&self->outbox);
}
