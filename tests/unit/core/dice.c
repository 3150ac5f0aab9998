/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "dice.h"

void
dice_init_from_seed (Dice    *self,
                     guint32  seed)
{
  /* From the state 0, the generator would return 0 forever. */
  *self = (Dice) { .state = (guint64) seed << 1 | 1 };
}

void
dice_init_from_bytes (Dice         *self,
                      const guint8 *bytes,
                      gsize         length)
{
  *self = (Dice) { .bytes = bytes, .length = length };
}

gboolean
dice_are_used_up (const Dice *self)
{
  return self->state == 0 && self->length == 0;
}

/* Marsaglia's xorshift with Vigna's multiplier is fast enough for millions of steps. */
static guint64
draw (Dice *self)
{
  self->state ^= self->state >> 12;
  self->state ^= self->state << 25;
  self->state ^= self->state >> 27;

  return (self->state * G_GUINT64_CONSTANT (2685821657736338717)) >> 32;
}

/* No two choices share a byte, so a change of one byte changes only one choice directly. */
static guint64
read_bytes (Dice  *self,
            guint  n_sides)
{
  guint n_bytes = n_sides <= 256 ? 1 : n_sides <= 65536 ? 2 : 4;
  guint64 number = 0;

  for (; n_bytes > 0 && self->length > 0; n_bytes--)
    {
      number = number << 8 | *self->bytes;
      self->bytes++;
      self->length--;
    }

  return number;
}

/* Returns: a number from 0 to one less than @n_sides */
guint
dice_roll (Dice  *self,
           guint  n_sides)
{
  if (n_sides <= 1)
    return 0;

  return (self->state != 0 ? draw (self) : read_bytes (self, n_sides)) % n_sides;
}

gboolean
dice_one_in (Dice  *self,
             guint  n)
{
  return dice_roll (self, n) == n - 1;
}
