/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cell.h"

G_BEGIN_DECLS

/* The two sides of a cell: an application, and a server that has one fault and works afterwards.
 * cell.c decides when they act, except in callbacks. */

/* The sizes of message number 0, in bytes. Message number N is N bytes longer. A backlog of
 * messages of CELL_BIG bytes exceeds the kernel's buffers. */
#define CELL_SMALL 1000
#define CELL_BIG   16384

typedef struct
{
  RawPeer *peer;
  guint    link;   /* the number of the connection, plus 1000 on the second server */
  guint    number; /* of the message, computed from its size */
} CellArrival;

void     cell_set_up        (Cell  *self);
void     cell_tear_down     (Cell  *self);

gboolean cell_goes_on       (Cell  *self);
void     cell_strike        (Cell  *self);
void     cell_disarm        (Cell  *self);
void     cell_mark_ready    (Cell  *self);
void     cell_send_messages (Cell  *self,
                             guint  n);
gboolean cell_has_last      (Cell  *self);

G_END_DECLS
