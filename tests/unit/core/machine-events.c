/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "machine-events.h"

static void
handle (HbMachine *machine,
        gint64     now,
        HbEvent    event)
{
  event.serial = machine->serial;
  hb_machine_handle (machine, now, &event);
}

void
handle_event (HbMachine   *machine,
              gint64       now,
              HbEventKind  kind)
{
  handle (machine, now, (HbEvent) { .kind = kind });
}

void
handle_message (HbMachine *machine,
                gint64     now,
                HbOpcode   opcode,
                GBytes    *bytes)
{
  handle_judged (machine, now, opcode, bytes, HB_REPLY_UNJUDGED);
}

void
handle_judged (HbMachine *machine,
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
deliver_message (HbMachine *machine,
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
handle_sent (HbMachine    *machine,
             gint64        now,
             const HbSpan *span)
{
  hb_machine_on_sent (machine, now, machine->serial, span, TRUE);
}

void
handle_progress (HbMachine *machine,
                 gint64     now,
                 guint64    written)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_PROGRESS, .written = written });
}

void
handle_opened (HbMachine *machine,
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
handle_acknowledged (HbMachine *machine,
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
handle_lost (HbMachine    *machine,
             gint64        now,
             const HbLoss *loss)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_LOST, .loss = loss });
}

void
handle_tick (HbMachine *machine,
             gint64     now,
             HbReading  reading)
{
  handle (machine, now, (HbEvent) { .kind = HB_EVENT_TICK, .tick.reading = reading });
}
