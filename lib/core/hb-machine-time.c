/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"

/* Deadlines, and the steps that the machine takes when one has passed */

/* An attempt lasts until its link is ready. */
static gint64
get_connect_deadline (HbMachine *self)
{
  if (self->settings.connect_timeout == 0 || self->is_announcing || self->is_request_held
      || self->awaits_turn || hb_machine_is_ready (self))
    return HB_NEVER;

  return self->requested_at + hb_milliseconds (self->settings.connect_timeout);
}

static gint64
get_heartbeat_deadline (HbMachine *self)
{
  return hb_machine_may_ping (self)
         ? hb_heartbeat_get_deadline (&self->heartbeat, &self->settings)
         : HB_NEVER;
}

static gint64
get_state_deadline (HbMachine *self)
{
  gint64 heartbeat, settled, connected;

  switch (self->state)
    {
    case HB_STATE_WAITING:
      return self->is_choosing ? HB_NEVER : hb_machine_get_attempt_at (self);

    case HB_STATE_CONNECTING:
      return get_connect_deadline (self);

    case HB_STATE_OPEN:
      heartbeat = get_heartbeat_deadline (self);
      settled = hb_machine_get_settled_at (self);
      connected = get_connect_deadline (self);
      settled = MIN (settled, connected);
      return MIN (heartbeat, settled);

    case HB_STATE_CLOSING:
      return self->since + hb_milliseconds (self->settings.close_timeout);

    case HB_STATE_CLOSED:
      return HB_NEVER;

    default:
      g_assert_not_reached ();
    }
}

static gint64
get_link_deadline (HbMachine *self)
{
  gint64 deadline = get_state_deadline (self);
  gint64 check_at = hb_machine_get_check_at (self);

  return MIN (deadline, check_at);
}

gboolean
hb_machine_is_link_due (HbMachine *self,
                        gint64     now)
{
  return now >= get_link_deadline (self);
}

gint64
hb_machine_get_deadline (HbMachine *self)
{
  gint64 link, outbox, query_at;

  if (self->state == HB_STATE_CLOSED)
    return HB_NEVER;

  link = get_link_deadline (self);
  outbox = hb_outbox_get_deadline (&self->outbox, &self->settings);

  query_at = hb_outbox_get_query_at (&self->outbox, &self->settings);
  outbox = MIN (outbox, query_at);

  return MIN (link, outbox);
}

gint64
hb_machine_get_early_ping_at (HbMachine *self)
{
  return self->state == HB_STATE_OPEN && hb_machine_may_ping (self)
         ? hb_heartbeat_get_early_ping_at (&self->heartbeat, &self->settings)
         : HB_NEVER;
}

/* If the link is ready and no ping is judged, a deadline of the link leads only to a ping, or to a
 * reset of the count of attempts. */
gboolean
hb_machine_may_end_link (HbMachine *self)
{
  return self->state != HB_STATE_OPEN || !hb_machine_is_ready (self)
         || hb_heartbeat_is_judged (&self->heartbeat, &self->settings);
}

static void
lose_with_error (HbMachine *self,
                 gint64     now,
                 GError    *error)
{
  hb_machine_on_lost (self, now, &(HbLoss) { .error = error, .code = HB_CLOSE_ABNORMAL });
}

/* A server that has never replied to a ping message may be alive, but not know the text of
 * `ping-message`, so the error names a remedy. A busy connection that is lost may end at its first
 * ping, so the error must not assume that the server is at fault. */
static GError *
new_pong_error (HbMachine *self)
{
  if (self->settings.heartbeat_mode == HB_HEARTBEAT_MODE_MESSAGE && self->metrics.replies == 0
      && self->settings.ping_bytes == NULL)
    return g_error_new (HB_ERROR, HB_ERROR_PONG_TIMEOUT,
                        _("The server has not replied to a ping within %u ms, nor to any earlier "
                          "ping. If every quiet connection ends like this, the server probably "
                          "does not know the text of ping-message. In that case, set "
                          "heartbeat-mode to PING, because every server replies to ping frames"),
                        self->settings.pong_timeout);

  return g_error_new (HB_ERROR, HB_ERROR_PONG_TIMEOUT,
                      _("The server has not replied to a ping within %u ms"),
                      self->settings.pong_timeout);
}

/* If this process did not run, or could not read, the server's response or answer may already be in
 * the socket, so the time starts again. */
static gboolean
is_timed_out (HbMachine *self,
              gint64     now,
              gboolean   held_up)
{
  gint64 deadline = get_connect_deadline (self);

  if (now < deadline)
    return FALSE;

  if (!held_up && now - deadline <= HB_LATE)
    return TRUE;

  self->requested_at = now;

  return FALSE;
}

static void
tick_open (HbMachine *self,
           gint64     now,
           gboolean   held_up)
{
  g_autoptr (GError) error = NULL;

  if (now >= hb_machine_get_settled_at (self))
    hb_machine_set_attempt (self, 0);

  if (is_timed_out (self, now, held_up))
    {
      error = g_error_new (HB_ERROR, HB_ERROR_CONNECT_TIMEOUT,
                           _("The connection was open, but not ready after %u ms"),
                           self->settings.connect_timeout);
      lose_with_error (self, now, error);
      return;
    }

  if (!hb_machine_may_ping (self))
    return;

  switch (hb_heartbeat_tick (&self->heartbeat, &self->settings, now, held_up))
    {
    case HB_VERDICT_WAIT:
      break;

    case HB_VERDICT_PING:
      hb_machine_ping (self, now);
      break;

    case HB_VERDICT_DEAD:
      self->metrics.pong_timeouts++;
      error = new_pong_error (self);
      lose_with_error (self, now, error);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
tick_connecting (HbMachine *self,
                 gint64     now,
                 gboolean   is_queued)
{
  g_autoptr (GError) error = NULL;

  if (!is_timed_out (self, now, FALSE))
    return;

  error = g_error_new (HB_ERROR, HB_ERROR_CONNECT_TIMEOUT,
                       is_queued
                       ? _("No WebSocket was open after %u ms, because all connections of the "
                           "session were in use: give the task a session of its own")
                       : _("No WebSocket was open after %u ms"),
                       self->settings.connect_timeout);
  lose_with_error (self, now, error);
}

/* Returns whether to put off a deadline that has passed, because received bytes must be read first.
 * Each deadline is put off only once, because in a flood, more bytes always follow. */
static gboolean
puts_off (HbMachine *self,
          gint64     now,
          HbReading  reading)
{
  gint64 deadline = get_link_deadline (self);

  if (reading != HB_READING_LATER || now < deadline || deadline == self->put_off)
    return FALSE;

  self->put_off = deadline;
  return TRUE;
}

/* A ping may be sent a little before its deadline. If messages wait for an acknowledgement, the
 * caller must query the link before this call. */
void
hb_machine_on_tick (HbMachine *self,
                    gint64     now,
                    HbReading  reading,
                    gboolean   is_queued)
{
  hb_machine_expire (self, now);

  hb_outbox_tick (&self->outbox, &self->settings, now);

  if (puts_off (self, now, reading))
    return;

  hb_machine_check_network (self, now);

  switch (self->state)
    {
    case HB_STATE_WAITING:
      if (now >= get_state_deadline (self))
        hb_machine_attempt (self, now);
      break;

    case HB_STATE_CONNECTING:
      tick_connecting (self, now, is_queued);
      break;

    case HB_STATE_OPEN:
      tick_open (self, now, reading == HB_READING_HELD_UP || self->stands_still);
      break;

    case HB_STATE_CLOSING:
      if (now >= get_state_deadline (self))
        lose_with_error (self, now, NULL);
      break;

    case HB_STATE_CLOSED:
      break;

    default:
      g_assert_not_reached ();
    }
}
