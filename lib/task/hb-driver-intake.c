/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* The task's side of the intake: when the task takes in what other threads have asked for */

/* How long, in microseconds, other threads may keep the task busy before all other sources have
 * their turn */
#define MAX_BUSY 4000

/* For hb_driver_take_in () */
void
hb_driver_take_batch_in (HbDriver *self)
{
  HbBatch batch;

  hb_intake_take (&self->intake, &batch);
  hb_driver_make_room (self, batch.unreserved);
  self->now = hb_clock_now ();
  hb_machine_take_in (&self->machine, self->now, &batch);
  hb_tickets_unref_all (&batch.cancelled);
  hb_batch_clear (&batch);
}

/* Makes the link read acknowledgements only as long as messages need them. */
void
hb_driver_follow_delivery (HbDriver *self)
{
  if (self->link == NULL)
    return;

  if (hb_machine_needs_acknowledgements (&self->machine))
    hb_link_begin_acknowledgements (self->link);
  else
    hb_link_end_acknowledgements (self->link);
}

/* Asks the link what the peer has acknowledged. */
void
hb_driver_query (HbDriver *self)
{
  if (self->link == NULL)
    return;

  if (hb_machine_is_unacknowledged (&self->machine))
    hb_link_query (self->link);

  hb_driver_follow_delivery (self);
}

/* Brings the machine up to date before it may leave the link or give messages back. When libsoup
 * writes a frame, gathered messages may be written with it, and no event can report that from
 * within libsoup. On the next link such a message would be sent again, and would arrive twice, as
 * would one whose acknowledgement has come. */
void
hb_driver_catch_up (HbDriver *self)
{
  hb_driver_take_in (self);

  if (self->link != NULL)
    hb_machine_handle (&self->machine, self->now, &(HbEvent) {
      .kind = HB_EVENT_PROGRESS,
      .serial = hb_link_get_serial (self->link),
      .written = hb_link_get_written (self->link),
    });

  hb_driver_query (self);
}

/* For hb_driver_show_state (). What other threads have sent before they could see that the task
 * does not accept messages is taken in, and fails. */
void
hb_driver_show_change (HbDriver *self)
{
  g_autoptr (GError) refusal = NULL;

  self->shown_state = self->machine.state;
  hb_machine_check_accepting (&self->machine, &refusal);
  hb_intake_set_refusal (&self->intake, refusal, self->machine.state == HB_STATE_CLOSED);

  if (refusal != NULL)
    hb_driver_take_in (self);
}

/* Dispatched when all other sources have had their turn. The alarm then carries out the effects. */
static gboolean
turn_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  g_clear_pointer (&self->turn, g_source_unref);

  if (self->awaits_turn)
    {
      self->awaits_turn = FALSE;
      hb_intake_rearm (&self->intake);
      hb_driver_take_in (self);
      hb_alarm_touch (&self->alarm);
    }

  return G_SOURCE_REMOVE;
}

/* Takes in what other threads have sent, or leaves that to turn_cb (). */
void
hb_driver_on_woken (HbDriver *self)
{
  gint64 now = hb_clock_now ();

  if (self->turn == NULL)
    {
      self->busy_since = now;
      self->turn = g_idle_source_new ();
      g_source_set_callback (self->turn, turn_cb, self, NULL);
      g_source_set_static_name (self->turn, "[hb] turn");
      g_source_attach (self->turn, self->home.context);
    }

  self->awaits_turn = now - self->busy_since >= MAX_BUSY;
  if (self->awaits_turn)
    return;

  hb_intake_rearm (&self->intake);
  hb_driver_take_in (self);
}

void
hb_driver_forget_turn (HbDriver *self)
{
  if (self->turn != NULL)
    g_source_destroy (self->turn);

  g_clear_pointer (&self->turn, g_source_unref);
  self->awaits_turn = FALSE;
}
