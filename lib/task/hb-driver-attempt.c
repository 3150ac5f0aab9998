/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-driver-steps-private.h"

/* Chooses the delay before an attempt, makes the link, and sends the request. */

void
hb_driver_send_request (HbDriver       *self,
                        const HbEffect *effect)
{
  if (self->link == NULL || !hb_machine_is_current (&self->machine, effect))
    return;

  if (hb_machine_on_requested (&self->machine, hb_driver_read_clock (self))
      && !hb_link_connect (self->link, self->session))
    hb_machine_await_turn (&self->machine);
}

/* Makes a link, and emits `connecting`. Sends the request when the handlers have returned, unless
 * one of them has ended or held the attempt. */
void
hb_driver_connect (HbDriver       *self,
                   const HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  g_autoptr (SoupMessage) request = NULL;

  if (owner == NULL || !hb_machine_is_current (&self->machine, effect)
      || !hb_machine_on_announcing (&self->machine, hb_driver_read_clock (self)))
    return;

  self->link = hb_link_new (effect->serial, &self->machine.settings, self->request_headers,
                            self->event_func, self);
  request = g_object_ref (hb_link_get_request (self->link));
  hb_trace_refresh (&self->trace, &self->machine);
  if (self->trace.is_wanted)
    hb_trace_request (&self->trace, request, self->machine.attempt);

  self->funcs->connecting (owner, request);
  g_clear_object (&owner);

  if (hb_machine_on_announced (&self->machine, effect))
    hb_driver_send_request (self, effect);
}

/* Replaces the delay, both in the machine and in @effect, with the result of the application's
 * function, if any. A delay that the server has asked for remains the minimum. The function may
 * call any method.
 *
 * Returns whether to emit `reconnect`: FALSE if the attempt is no longer scheduled, or the owner no
 * longer exists. */
gboolean
hb_driver_choose_delay (HbDriver *self,
                        HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  gboolean has_delay;
  guint delay;

  if (owner == NULL || !hb_machine_is_current (&self->machine, effect))
    return FALSE;

  hb_machine_on_choosing (&self->machine);
  has_delay = self->funcs->get_delay (owner, effect->reconnect.attempt, &delay);
  g_clear_object (&owner);

  if (!hb_machine_is_current (&self->machine, effect))
    return FALSE;

  hb_machine_on_chosen (&self->machine);
  if (has_delay)
    hb_machine_set_delay (&self->machine, effect, delay);

  hb_trace (&self->trace, "attempt %u in %u ms%s", effect->reconnect.attempt,
            effect->reconnect.delay,
            self->machine.retry_after > 0 ? ", not before the time of Retry-After" : "");

  return TRUE;
}
