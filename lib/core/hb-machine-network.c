/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-machine-steps-private.h"

/* After a network change, the machine sends a ping, or makes the next attempt at once, but at most
 * once in each CHECK_INTERVAL. */

/* Networks change in bursts: first an interface, then an address, then a route. */
#define CHECK_INTERVAL (5 * G_TIME_SPAN_SECOND)

/* Returns when the check of a network change is due, or HB_NEVER. An attempt may have begun on the
 * previous network, so the check waits until the attempt has failed, or until a ping may be sent on
 * its link. */
gint64
hb_machine_get_check_at (HbMachine *self)
{
  gboolean is_attempting = self->state == HB_STATE_CONNECTING
                           || (self->state == HB_STATE_OPEN && !hb_machine_may_ping (self));

  return is_attempting ? HB_NEVER : self->check_at;
}

/* Does not shorten a delay that the server has asked for. If that delay is already over, cuts short
 * a longer one that the properties or a function of the application has set. */
void
hb_machine_check_network (HbMachine *self,
                          gint64     now)
{
  if (now < hb_machine_get_check_at (self))
    return;

  self->check_at = HB_NEVER;
  self->checked_at = now;

  if (self->settings.network_aware && now >= self->since + hb_milliseconds (self->retry_after))
    hb_machine_check (self, now);
}

/* Acts on the first change of a burst at once, and once more when the interval is over if other
 * changes follow, so that the last change is not missed. */
void
hb_machine_on_network (HbMachine *self,
                       gint64     now)
{
  if (self->state == HB_STATE_CLOSED || self->check_at != HB_NEVER)
    return;

  self->check_at = MAX (now, self->checked_at + CHECK_INTERVAL);
  hb_machine_check_network (self, now);
}
