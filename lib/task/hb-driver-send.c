/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-driver-steps-private.h"

/* Returns whether another message may follow. */
static inline gboolean
give_to_link (HbDriver         *self,
              const HbOutgoing *message,
              HbSpan           *span)
{
  gboolean is_awaited = message->ticket != NULL;
  gboolean is_writable = hb_link_send (self->link, message->opcode, message->bytes, span);

  if (hb_machine_needs_time (&self->machine, span->written, is_awaited))
    hb_driver_read_clock (self);

  return is_writable;
}

/* Sends a message that hb_machine_take_message () has returned. Handlers that the application has
 * connected to the SoupWebsocketConnection may run in this function, and may replace the link. */
static void
send_taken (HbDriver         *self,
            const HbOutgoing *message)
{
  guint serial = self->machine.serial;
  HbSpan span;
  gboolean is_writable = give_to_link (self, message, &span);

  hb_machine_on_sent (&self->machine, self->now, serial, &span, is_writable);
}

/* Sends a message that hb_machine_send () has not added to the queue. The caller carries out the
 * effects. */
void
hb_driver_send_directly (HbDriver         *self,
                         const HbOutgoing *message)
{
  HbSpan span;
  gboolean is_writable = give_to_link (self, message, &span);

  hb_machine_on_sent_directly (&self->machine, self->now, message, &span, is_writable);
}

/* Sends as many messages as the machine and the link allow. The caller carries out the effects. */
void
hb_driver_transmit (HbDriver *self)
{
  const HbOutgoing *message;

  /* One check is enough, because each hb_link_send () returns whether another message may
   * follow. */
  if (self->link != NULL && hb_machine_can_transmit (&self->machine)
      && !hb_link_may_send (self->link))
    hb_machine_on_blocked (&self->machine);

  while (self->link != NULL && hb_machine_can_transmit (&self->machine)
         && (message = hb_machine_take_message (&self->machine,
                                                hb_driver_read_ages (self))) != NULL)
    send_taken (self, message);
}

void
hb_driver_ping (HbDriver *self)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  g_autofree char *text = NULL;
  g_autoptr (GBytes) payload = NULL;
  HbOpcode opcode;
  guint serial;

  if (owner == NULL || self->link == NULL)
    return;

  serial = hb_link_get_serial (self->link);
  hb_trace_refresh (&self->trace, &self->machine);
  text = self->funcs->make_ping (owner);
  g_clear_object (&owner);

  /* The application's function may have dropped or replaced the link. */
  if (self->link == NULL || hb_link_get_serial (self->link) != serial)
    return;

  /* A link whose end has begun sends nothing. */
  if (hb_link_has_ended (self->link)
      || !hb_machine_on_pinged (&self->machine, hb_driver_read_clock (self)))
    return;

  payload = hb_heartbeat_make_ping (&self->machine.settings, text, &opcode);
  hb_link_ping (self->link, opcode, payload);
}
