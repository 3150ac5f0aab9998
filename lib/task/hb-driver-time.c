/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* The clock, the next deadline, and the handling of a deadline that has passed */

gint64
hb_driver_read_clock (HbDriver *self)
{
  self->now = hb_clock_now ();

  return self->now;
}

/* Returns the time of an event that is not a message. The time of a pong, like that of a message,
 * is `now`, which was stored at the HB_EVENT_ACTIVITY of the same read, or later. The clock is read
 * only if the machine needs the time, because reading it takes as long as the work of the
 * machine. */
gint64
hb_driver_get_time (HbDriver      *self,
                    const HbEvent *event)
{
  gboolean has_time = event->kind == HB_EVENT_PONG || event->kind == HB_EVENT_BLOCKED
                      || (event->kind == HB_EVENT_PROGRESS
                          && !hb_machine_needs_time (&self->machine, event->written, FALSE));

  return has_time ? self->now : hb_driver_read_clock (self);
}

/* While effects are left, the alarm must fire at once, because the effects must not wait until a
 * main loop that a handler runs has ended. */
gint64
hb_driver_get_deadline (gpointer  user_data,
                        gint64   *earliest)
{
  HbDriver *self = user_data;

  if (hb_machine_has_effect (&self->machine))
    return HB_AT_ONCE;

  if (earliest != NULL)
    *earliest = hb_machine_get_early_ping_at (&self->machine);

  return hb_machine_get_deadline (&self->machine);
}

/* Returns whether received bytes have been read. Ends a pause of reading if a deadline of the link
 * has passed, so that the socket is read in the next iteration. After any other deadline, the pause
 * goes on. While messages wait for acknowledgements, such deadlines follow one another so closely
 * that, without pauses, other sources would never be dispatched. */
static HbReading
read_on (HbDriver *self)
{
  if (self->link == NULL)
    return HB_READING_DONE;

  if (hb_link_is_held_up (self->link))
    return HB_READING_HELD_UP;

  return hb_machine_is_link_due (&self->machine, self->now) && hb_link_read_on (self->link)
         ? HB_READING_LATER : HB_READING_DONE;
}

/* Handles a deadline that has passed, or sends a ping early.
 *
 * If the deadline passed after the sockets were polled, bytes that prove that the server is alive
 * may have arrived since, so the socket is read again before the link is ended. */
void
hb_driver_tick (HbDriver *self)
{
  HbEvent event = {
    .kind = HB_EVENT_TICK,
    .tick.is_queued = self->link != NULL && hb_link_is_queued (self->link),
  };

  hb_driver_catch_up (self);
  hb_driver_read_clock (self);

  event.tick.reading = read_on (self);
  if (event.tick.reading == HB_READING_DONE && !self->alarm.is_due
      && hb_machine_may_end_link (&self->machine))
    event.tick.reading = HB_READING_LATER;

  if (self->trace.is_wanted)
    hb_trace_begin_tick (&self->trace, &self->machine, self->now);

  hb_machine_handle (&self->machine, self->now, &event);

  if (self->trace.is_wanted)
    hb_trace_end_tick (&self->trace, &self->machine);
}
