/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-mask-private.h"

/* RFC 6455, 5.3. With -O2, gcc 12 generates vector instructions for the loop of copy_small () only
 * because its number of iterations is constant, and `words` cannot overlap other memory. */

/* The sizes of a vector, and of the pieces of a long payload, in bytes */
#define SMALL 16
#define LARGE 64

/* Returns the mask, rotated so that it begins with the byte that masks the byte at @offset. */
static inline guint32
rotate (guint32 mask,
        gsize   offset)
{
  guint n_bits = offset % sizeof mask * 8;

  if (n_bits == 0)
    return mask;

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  return mask >> n_bits | mask << (32 - n_bits);
#else
  return mask << n_bits | mask >> (32 - n_bits);
#endif
}

static inline void
copy_small (guint8       *restrict to,
            const guint8 *restrict from,
            guint32                mask)
{
  guint32 words[SMALL / sizeof mask];
  guint i;

  memcpy (words, from, sizeof words);
  for (i = 0; i < G_N_ELEMENTS (words); i++)
    words[i] ^= mask;
  memcpy (to, words, sizeof words);
}

static inline void
copy_large (guint8       *restrict to,
            const guint8 *restrict from,
            guint32                mask)
{
  copy_small (to, from, mask);
  copy_small (to + SMALL, from + SMALL, mask);
  copy_small (to + 2 * SMALL, from + 2 * SMALL, mask);
  copy_small (to + 3 * SMALL, from + 3 * SMALL, mask);
}

static inline void
copy_word (guint8       *restrict to,
           const guint8 *restrict from,
           guint32                mask)
{
  guint32 word;

  memcpy (&word, from, sizeof word);
  word ^= mask;
  memcpy (to, &word, sizeof word);
}

/* Copies and masks fewer than SMALL bytes. */
static inline void
copy_rest (guint8       *restrict to,
           const guint8 *restrict from,
           gsize                  length,
           guint32                mask)
{
  guint8 bytes[sizeof mask];
  gsize at;

  memcpy (bytes, &mask, sizeof bytes);

  for (at = 0; length - at >= sizeof mask; at += sizeof mask)
    copy_word (to + at, from + at, mask);

  for (; at < length; at++)
    to[at] = from[at] ^ bytes[at % sizeof bytes];
}

/* @to: must not overlap with @from
 * @mask: the four bytes of the mask in the order in which they are sent
 * @offset: of @from in the payload */
void
hb_mask_copy (guint8       *restrict to,
              const guint8 *restrict from,
              gsize                  length,
              guint32                mask,
              gsize                  offset)
{
  gsize at = 0;

  mask = rotate (mask, offset);

  for (; length - at >= LARGE; at += LARGE)
    copy_large (to + at, from + at, mask);

  if (at == length)
    return;

  /* The last piece overlaps the one before it. The bytes in both are written twice, with the same
   * values. */
  if (length >= LARGE)
    {
      copy_large (to + length - LARGE, from + length - LARGE, rotate (mask, length));
      return;
    }

  for (; length - at >= SMALL; at += SMALL)
    copy_small (to + at, from + at, mask);

  if (at == length)
    return;

  if (length >= SMALL)
    copy_small (to + length - SMALL, from + length - SMALL, rotate (mask, length));
  else
    copy_rest (to, from, length, mask);
}
