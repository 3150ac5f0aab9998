/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "measure-counters.h"

guint64 measure_n_allocations;
guint64 measure_n_armings;

/* The GNU C library's own functions */
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n,
                     size_t size);
void *__libc_realloc (void   *data,
                      size_t  size);

void *
malloc (size_t size)
{
  measure_n_allocations++;

  return __libc_malloc (size);
}

void *
calloc (size_t n,
        size_t size)
{
  measure_n_allocations++;

  return __libc_calloc (n, size);
}

void *
realloc (void   *data,
         size_t  size)
{
  measure_n_allocations++;

  return __libc_realloc (data, size);
}

int
timerfd_settime (int                      fd,
                 int                      flags,
                 const struct itimerspec *new_value,
                 struct itimerspec       *old_value)
{
  measure_n_armings++;

  return syscall (SYS_timerfd_settime, fd, flags, new_value, old_value);
}
