/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

#include "hb-mask-keys-private.h"

/* RFC 6455, 10.3, requires masks that the provider of the payload cannot predict, so the kernel
 * makes them if possible. One system call gets many masks, because a call for each frame would take
 * longer than the masking of a short frame. */

/* Returns how many bytes the kernel has written. Returns 0 if the system has no getrandom (), or a
 * sandbox forbids it. After a signal, the result may be less than @size. */
static gsize
read_kernel (guint8 *buffer,
             gsize   size)
{
  gssize n = -1;

#ifdef HAVE_GETRANDOM
  do
    n = getrandom (buffer, size, 0);
  while (n < 0 && errno == EINTR);
#endif

  return MAX (n, 0);
}

void
hb_mask_keys_fill (HbMaskKeys *self)
{
  guint8 *buffer = (guint8 *) self->keys;
  gsize at = 0;
  gsize n;

  do
    {
      n = read_kernel (buffer + at, sizeof self->keys - at);
      at += n;
    }
  while (n > 0 && at < sizeof self->keys);

  /* If the kernel writes no more bytes, g_random_int () makes the other masks, as in libsoup. */
  for (at /= sizeof *self->keys; n == 0 && at < HB_N_MASK_KEYS; at++)
    self->keys[at] = g_random_int ();

  self->n_left = HB_N_MASK_KEYS;
}
