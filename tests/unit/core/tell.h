/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-machine-private.h"

G_BEGIN_DECLS

/* Give the machine an event of its current link. */
void     tell              (HbMachine    *machine,
                            gint64        now,
                            HbEventKind   kind);
void     tell_message      (HbMachine    *machine,
                            gint64        now,
                            HbOpcode      opcode,
                            GBytes       *bytes);
void     tell_judged       (HbMachine    *machine,
                            gint64        now,
                            HbOpcode      opcode,
                            GBytes       *bytes,
                            HbReply       reply);
gboolean tell_delivered    (HbMachine    *machine,
                            gint64        now,
                            HbOpcode      opcode,
                            GBytes       *bytes,
                            HbReply       reply);
void     tell_sent         (HbMachine    *machine,
                            gint64        now,
                            const HbSpan *span);
void     tell_progress     (HbMachine    *machine,
                            gint64        now,
                            guint64       written);
void     tell_opened       (HbMachine    *machine,
                            gint64        now,
                            gboolean      can_acknowledge,
                            guint         round_trip);
void     tell_acknowledged (HbMachine    *machine,
                            gint64        now,
                            guint64       position,
                            guint         round_trip);
void     tell_lost         (HbMachine    *machine,
                            gint64        now,
                            const HbLoss *loss);
void     tell_tick         (HbMachine    *machine,
                            gint64        now,
                            HbReading     reading);

G_END_DECLS
