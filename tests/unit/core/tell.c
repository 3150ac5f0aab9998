/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tell.h"

static void
handle (HbMachine *machine,
        gint64     now,
        HbEvent    event)
{
  event.serial = machine->serial;
  hb_machine_handle (machine, now, &event);
}

void
tell (HbMachine   *machine,
      gint64       now,
      HbEventKind  kind)
{
  handle (machine, now, (HbEvent) { .kind = kind });
}

void
tell_message (HbMachine *machine,
              gint64     now,
              HbOpcode   opcode,
              GBytes    *bytes)
{
  tell_judged (machine, now, opcode, bytes, HB_REPLY_UNJUDGED);
}

void
tell_judged (HbMachine *machine,
             gint64     now,
             HbOpcode   opcode,
             GBytes    *bytes,
             HbReply    reply)
{
  handle (machine, now, (HbEvent) {
    .kind = HB_EVENT_MESSAGE,
    .message.opcode = opcode,
    .message.bytes = bytes,
    .message.reply = reply,
  });
}

/* Returns whether the caller has to emit the message at once. */
gboolean
tell_delivered (HbMachine *machine,
                gint64     now,
                HbOpcode   opcode,
                GBytes    *bytes,
                HbReply    reply)
{
  return hb_machine_deliver (machine, now, &(HbEvent) {
    .kind = HB_EVENT_MESSAGE,
    .serial = machine->serial,
    .message.opcode = opcode,
    .message.bytes = bytes,
    .message.reply = reply,
  });
}

void
tell_sent (HbMachine    *machine,
           gint64        now,
           const HbSpan *span)
{
  hb_machine_on_sent (machine, now, machine->serial, span, TRUE);
}

void
tell_progress (HbMachine *machine,
               gint64     now,
               guint64    written)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_PROGRESS, .written = written });
}

void
tell_opened (HbMachine *machine,
             gint64     now,
             gboolean   can_acknowledge,
             guint      round_trip)
{
  handle (machine, now, (HbEvent) {
    .kind = HB_EVENT_OPENED,
    .opened.can_acknowledge = can_acknowledge,
    .opened.round_trip = round_trip,
  });
}

void
tell_acknowledged (HbMachine *machine,
                   gint64     now,
                   guint64    position,
                   guint      round_trip)
{
  handle (machine, now, (HbEvent) {
    .kind = HB_EVENT_ACKNOWLEDGED,
    .acknowledged.position = position,
    .acknowledged.round_trip = round_trip,
  });
}

void
tell_lost (HbMachine    *machine,
           gint64        now,
           const HbLoss *loss)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_LOST, .loss = loss });
}

void
tell_tick (HbMachine *machine,
           gint64     now,
           HbReading  reading)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_TICK, .tick.reading = reading });
}
