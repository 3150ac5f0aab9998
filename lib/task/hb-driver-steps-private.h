/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-driver-private.h"
#include "hb-home-private.h"
#include "hb-link-private.h"
#include "hb-network-private.h"
#include "hb-sessions-private.h"

G_BEGIN_DECLS

/* Shared by hb-driver-calls.c and, below it, hb-driver.c only */
struct _HbDriver
{
  const HbDriverFuncs *funcs;
  GWeakRef             owner;           /* empty early if another thread drops the owner */
  HbMachine            machine;
  HbSessions           sessions;
  SoupMessageHeaders  *request_headers;
  HbLink              *link;            /* (nullable) */
  HbHome               home;            /* entered until CLOSED, as the next three */
  GSource             *alarm;           /* (nullable) */
  HbNetwork           *network;         /* (nullable) */
  GSource             *yielding;        /* (nullable) ends the turn of other sources */
  gint64               now;             /* when the clock was last read */
  guint                depth;           /* of the effects that are being carried out */
};

HbDriver *hb_driver_ref           (HbDriver *self);
void      hb_driver_release_cb    (gpointer  self);
gint64    hb_driver_read_clock    (HbDriver *self);
void      hb_driver_enter_context (HbDriver *self);
void      hb_driver_wake          (HbDriver *self);
void      hb_driver_transmit_now  (HbDriver *self);

G_END_DECLS
