/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-machine-steps-private.h"
#include "hb-syntax-private.h"

/* What goes through an open link: messages, pongs, and what they say of the peer. */

static void
on_latency (HbMachine *self,
            gint64     latency)
{
  if (latency == HB_LATENCY_NONE)
    return;

  self->metrics.replies++;
  if (latency == HB_LATENCY_UNKNOWN)
    return;

  hb_metrics_add_latency (&self->metrics, latency);
  hb_machine_set_latency (self, latency);
}

void
hb_machine_set_latency (HbMachine *self,
                        gint64     latency)
{
  if (self->latency == latency)
    return;

  self->latency = latency;
  hb_effects_push_notify (&self->effects, HB_PROPERTY_LATENCY);
}

/* Hands over what can be, and, when all is out and the task is closing, says goodbye. */
void
hb_machine_pump (HbMachine *self)
{
  if (hb_outbox_can_transmit (&self->outbox))
    {
      if (!self->transmitting)
        hb_effects_push (&self->effects, HB_EFFECT_TRANSMIT);
      self->transmitting = TRUE;
    }
  else if (self->state == HB_STATE_CLOSING && !self->shut_down
           && hb_outbox_is_empty (&self->outbox))
    {
      self->shut_down = TRUE;
      hb_effects_push_close (&self->effects, HB_EFFECT_SHUT_DOWN,
                             self->close_code, self->close_reason);
    }
}

static gboolean
check_accepting (HbMachine  *self,
                 GError    **error)
{
  if (self->disposed)
    {
      g_propagate_error (error, hb_machine_new_closed_error ());
      return FALSE;
    }

  switch (self->state)
    {
    case HB_STATE_CLOSED:
      g_set_error_literal (error, HB_ERROR, HB_ERROR_CLOSED,
                           _("The task is closed: open it first"));
      return FALSE;

    case HB_STATE_CLOSING:
      g_set_error_literal (error, HB_ERROR, HB_ERROR_CLOSED,
                           _("The task is closing, and takes no more messages"));
      return FALSE;

    case HB_STATE_CONNECTING:
    case HB_STATE_OPEN:
    case HB_STATE_WAITING:
      return TRUE;

    default:
      g_assert_not_reached ();
    }
}

/* @ticket: (nullable): resolved when the message has gone out or is dropped, unless this fails */
gboolean
hb_machine_send (HbMachine    *self,
                 HbOpcode      opcode,
                 GBytes       *bytes,
                 HbSendFlags   flags,
                 gpointer      ticket,
                 GError      **error)
{
  HbOutgoing message = {
    .bytes = bytes,
    .ticket = ticket,
    .opcode = opcode,
    .is_volatile = (flags & HB_SEND_FLAGS_VOLATILE) != 0,
  };
  gconstpointer data;
  gsize length;

  if (!check_accepting (self, error))
    return FALSE;

  data = g_bytes_get_data (bytes, &length);
  if (opcode == HB_OPCODE_TEXT && !hb_syntax_check_text (data, length, error))
    return FALSE;

  if (!hb_outbox_accept (&self->outbox, &self->settings, &message, error))
    return FALSE;

  hb_machine_pump (self);
  return TRUE;
}

void
hb_machine_flush (HbMachine *self,
                  gpointer   ticket)
{
  hb_outbox_flush (&self->outbox, ticket);
}

/* @taken: as in hb_outbox_take_queue () */
void
hb_machine_take_queue (HbMachine *self,
                       HbDeque   *taken)
{
  hb_outbox_take_queue (&self->outbox, taken);
  hb_machine_pump (self);
}

/* The handlers of `open` have run: what they have sent goes first, and now comes the queue. */
void
hb_machine_on_greeted (HbMachine *self,
                       guint      serial)
{
  if (serial != self->serial || !hb_machine_has_open_link (self))
    return;

  hb_outbox_on_greeted (&self->outbox);
  hb_effects_resolve_all (&self->effects, self->opens, HB_OUTCOME_DONE, NULL);
  hb_machine_pump (self);
}

void
hb_machine_on_message (HbMachine *self,
                       gint64     now,
                       HbOpcode   opcode,
                       GBytes    *bytes)
{
  HbEffect *effect;
  gint64 latency;

  /* As in a browser, nothing is delivered after close (). */
  if (self->state != HB_STATE_OPEN)
    return;

  if (!hb_heartbeat_on_message (&self->heartbeat, &self->settings, now, opcode, bytes, &latency))
    {
      on_latency (self, latency);
      return;
    }

  on_latency (self, latency);
  self->metrics.messages_received++;
  self->metrics.bytes_received += g_bytes_get_size (bytes);

  effect = hb_effects_push (&self->effects, HB_EFFECT_MESSAGE);
  effect->message.opcode = opcode;
  effect->message.bytes = g_bytes_ref (bytes);
}

void
hb_machine_on_pong (HbMachine *self,
                    gint64     now)
{
  if (self->state == HB_STATE_OPEN)
    on_latency (self, hb_heartbeat_on_pong (&self->heartbeat, &self->settings, now));
}

/* Bytes have come from the peer, of whatever kind, or it has taken some of a backlog. */
void
hb_machine_on_life (HbMachine *self,
                    gint64     now)
{
  if (self->state == HB_STATE_OPEN && self->settings.liveness == HB_LIVENESS_ANY)
    hb_heartbeat_on_life (&self->heartbeat, &self->settings, now);
}

void
hb_machine_on_pinged (HbMachine *self,
                      gint64     now)
{
  hb_heartbeat_on_pinged (&self->heartbeat, now);
}

void
hb_machine_on_written (HbMachine *self,
                       guint      n_messages)
{
  hb_outbox_on_written (&self->outbox, n_messages);
  hb_machine_pump (self);
}

void
hb_machine_on_blocked (HbMachine *self)
{
  hb_outbox_on_blocked (&self->outbox);
}

/* The link takes more again. It had been full, so the peer has taken something: that is life. */
void
hb_machine_on_writable (HbMachine *self,
                        gint64     now)
{
  if (!hb_machine_has_open_link (self))
    return;

  hb_machine_on_life (self, now);
  hb_outbox_on_writable (&self->outbox);
  hb_machine_pump (self);
}

const HbOutgoing *
hb_machine_take_message (HbMachine *self)
{
  return hb_outbox_take (&self->outbox);
}
