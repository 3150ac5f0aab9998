/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* The time of an event, and when the next one is due */

gint64
hb_driver_read_clock (HbDriver *self)
{
  self->now = hb_clock_now ();

  return self->now;
}

/* Reads the clock for a message only if messages have an age, because that takes as long as a part
 * of the sending. */
gint64
hb_driver_read_ages (HbDriver *self)
{
  return self->machine.settings.queue_timeout != 0 ? hb_driver_read_clock (self) : HB_NEVER;
}

/* The events of one read share the time of its HB_EVENT_ACTIVITY: to read the clock for each
 * message would take as long as the machine does. */
gint64
hb_driver_get_time (HbDriver    *self,
                    HbEventKind  kind)
{
  gboolean is_of_read = kind == HB_EVENT_MESSAGE || kind == HB_EVENT_PONG;
  gboolean is_of_write = kind == HB_EVENT_SENT || kind == HB_EVENT_PROGRESS
                         || kind == HB_EVENT_BLOCKED;

  return is_of_read || is_of_write ? self->now : hb_driver_read_clock (self);
}

/* Asks for a dispatch at once while effects are left, because they must not wait for the end of a
 * main loop that a handler runs. */
gint64
hb_driver_get_deadline (gpointer user_data)
{
  HbDriver *self = user_data;

  return hb_machine_has_effect (&self->machine)
         ? HB_AT_ONCE
         : hb_machine_get_deadline (&self->machine);
}
