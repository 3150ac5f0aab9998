/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-driver-steps-private.h"

/* The references to a driver, and the function that frees it */

static void
free_driver (gpointer data)
{
  HbDriver *self = data;

  g_assert (self->link == NULL);
  hb_intake_clear (&self->intake);
  hb_machine_clear (&self->machine);
  hb_trace_clear (&self->trace);
  g_clear_object (&self->session);
  g_clear_pointer (&self->request_headers, soup_message_headers_unref);
  g_weak_ref_clear (&self->owner);
  hb_home_clear (&self->home);
}

void
hb_driver_unref (HbDriver *self)
{
  g_atomic_rc_box_release_full (self, free_driver);
}

void
hb_driver_release_cb (gpointer self)
{
  hb_driver_unref (self);
}

/* Begins a section that may run code of the application, and keeps the driver alive until
 * hb_driver_end (), because that code may drop the last reference. A driver in a context already
 * holds a reference to itself. */
void
hb_driver_begin (HbDriver *self)
{
  self->depth++;
  if (self->home.context != NULL || self->is_kept)
    return;

  self->is_kept = TRUE;
  hb_driver_ref (self);
}
