/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* Calls emit () and is_pong () of the object that owns the driver. Both may run code of the
 * application. */

void
hb_driver_emit (HbDriver       *self,
                const HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);

  if (owner != NULL)
    self->funcs->emit (owner, effect);
}

/* Emits a message of a delivery. Keeps the reference to the owner for the next message, because
 * taking one needs a lock, and makes the binding of a scripting language change how it holds the
 * object. If a handler drops the application's last reference, no further message is emitted. */
void
hb_driver_emit_message (HbDriver      *self,
                        const HbEvent *event)
{
  HbEffect effect = {
    .kind = HB_EFFECT_MESSAGE,
    .message.bytes = event->message.bytes,
    .message.opcode = event->message.opcode,
  };

  if (self->recipient == NULL)
    self->recipient = g_weak_ref_get (&self->owner);

  if (self->recipient == NULL)
    return;

  self->funcs->emit (self->recipient, &effect);

  if (self->recipient != NULL && g_atomic_int_get (&self->recipient->ref_count) == 1)
    g_clear_object (&self->recipient);
}

/* Call this when the message handlers have returned. Does not store the time in the driver.
 * Otherwise the latency of a pong of the same read would include the time that the handlers
 * took. */
void
hb_driver_end_emission (HbDriver *self)
{
  hb_machine_on_given (&self->machine, hb_clock_now ());
}

/* The owner and the driver may no longer exist afterwards. */
void
hb_driver_end_delivery (HbDriver *self)
{
  self->is_delivering = FALSE;
  g_clear_object (&self->recipient);
}

/* Asks the application whether a message is the reply to a ping. Until the application's function
 * returns or runs a main loop, effects wait, except a drop of the link. */
HbReply
hb_driver_judge (HbDriver      *self,
                 const HbEvent *event)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  gboolean is_pong;

  if (owner == NULL || !hb_machine_would_deliver (&self->machine, event))
    return HB_REPLY_UNJUDGED;

  self->depth++;
  is_pong = self->funcs->is_pong (owner, event->message.opcode, event->message.bytes);
  g_clear_object (&owner);
  self->depth--;

  return is_pong ? HB_REPLY_YES : HB_REPLY_NO;
}
