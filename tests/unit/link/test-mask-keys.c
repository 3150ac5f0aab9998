/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <errno.h>
#include <sys/random.h>

#include "hb-mask-keys-private.h"

/* The results of __wrap_getrandom (), which the library calls instead of getrandom () */
typedef enum {
  KERNEL_GIVES,
  KERNEL_IS_INTERRUPTED, /* returns at most 256 bytes, and fails on every second call */
  KERNEL_REFUSES,
} Kernel;

static Kernel kernel;
static guint n_calls;

gssize __real_getrandom (void         *buffer,
                         size_t        length,
                         unsigned int  flags);
gssize __wrap_getrandom (void         *buffer,
                         size_t        length,
                         unsigned int  flags);

gssize
__wrap_getrandom (void         *buffer,
                  size_t        length,
                  unsigned int  flags)
{
  n_calls++;

  switch (kernel)
    {
    case KERNEL_GIVES:
      return __real_getrandom (buffer, length, flags);

    case KERNEL_IS_INTERRUPTED:
      if (n_calls % 2 == 0)
        {
          errno = EINTR;
          return -1;
        }
      return __real_getrandom (buffer, MIN (length, 256), flags);

    case KERNEL_REFUSES:
      errno = ENOSYS;
      return -1;

    default:
      g_assert_not_reached ();
    }
}

/* Among 4096 random numbers of 32 bits, the probability of more than four repetitions is less than
 * 1 in 10^15. */
#define N_KEYS 4096

static void
test_keys (gconstpointer data)
{
  g_autoptr (GHashTable) keys = g_hash_table_new (NULL, NULL);
  HbMaskKeys memories[2] = { 0 };
  guint i;

  g_test_summary ("Masks differ even if the kernel refuses random bytes, and one system call is "
                  "enough for many masks");

  kernel = GPOINTER_TO_INT (data);
  n_calls = 0;

  for (i = 0; i < N_KEYS; i++)
    g_hash_table_add (keys, GUINT_TO_POINTER (hb_mask_keys_next (&memories[i % 3 == 0])));

  g_assert_cmpuint (g_hash_table_size (keys), >=, N_KEYS - 4);

  if (kernel == KERNEL_GIVES)
    g_assert_cmpuint (n_calls, <=, N_KEYS / 100);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/link/mask-keys/given", GINT_TO_POINTER (KERNEL_GIVES), test_keys);
  g_test_add_data_func ("/link/mask-keys/interrupted", GINT_TO_POINTER (KERNEL_IS_INTERRUPTED),
                        test_keys);
  g_test_add_data_func ("/link/mask-keys/refused", GINT_TO_POINTER (KERNEL_REFUSES), test_keys);

  return g_test_run ();
}
