/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <sys/timerfd.h>
#include <time.h>

#include "test-clock.h"

/* Greater than any descriptor of a test */
#define MAX_DESCRIPTORS 1024

/* With --wrap, calls reach the functions with the prefix __wrap_, and the prefix __real_ stands for
 * the system functions: ld(1). */
int __real_timerfd_create  (int                      clock,
                            int                      flags);
int __real_timerfd_settime (int                      fd,
                            int                      flags,
                            const struct itimerspec *timer,
                            struct itimerspec       *old);
int __real_clock_gettime   (clockid_t                clock,
                            struct timespec         *time);
int __wrap_timerfd_create  (int                      clock,
                            int                      flags);
int __wrap_timerfd_settime (int                      fd,
                            int                      flags,
                            const struct itimerspec *timer,
                            struct itimerspec       *old);
int __wrap_clock_gettime   (clockid_t                clock,
                            struct timespec         *time);

typedef struct
{
  gboolean is_ours;  /* The timer uses CLOCK_BOOTTIME. */
  gint64   deadline; /* the last one set; 0 disarms the timer, as for timerfd_settime () */
} Timer;

static Timer timers[MAX_DESCRIPTORS];

/* Any time after 0, because a deadline of 0 disarms a timer */
static gint64 now = G_TIME_SPAN_DAY;

static gboolean is_without_timerfd;

/* The kernel's timer fires at once if the deadline has passed, and is disarmed otherwise. */
static int
arm (int    fd,
     gint64 deadline)
{
  gboolean is_due = deadline > 0 && deadline <= now;
  struct itimerspec timer = { .it_value = { .tv_nsec = is_due ? 1 : 0 } };
  GPollFD poll = { .fd = fd, .events = G_IO_IN };
  int result = __real_timerfd_settime (fd, TFD_TIMER_ABSTIME, &timer, NULL);

  timers[fd].deadline = deadline;

  /* Waits until the descriptor is readable, so that the next iteration notices the timer. */
  if (is_due && result == 0)
    g_assert_cmpint (g_poll (&poll, 1, -1), ==, 1);

  return result;
}

int
__wrap_timerfd_create (int clock,
                       int flags)
{
  int fd;

  if (is_without_timerfd)
    return -1;

  fd = __real_timerfd_create (clock, flags);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fd, <, MAX_DESCRIPTORS);
  timers[fd] = (Timer) { .is_ours = clock == CLOCK_BOOTTIME };

  return fd;
}

int
__wrap_timerfd_settime (int                      fd,
                        int                      flags,
                        const struct itimerspec *timer,
                        struct itimerspec       *old)
{
  if (!timers[fd].is_ours)
    return __real_timerfd_settime (fd, flags, timer, old);

  /* The library arms such timers only to fire once, at an absolute time. */
  g_assert_cmpint (flags, ==, TFD_TIMER_ABSTIME);
  g_assert_cmpint (timer->it_interval.tv_sec, ==, 0);
  g_assert_cmpint (timer->it_interval.tv_nsec, ==, 0);

  return arm (fd, (gint64) timer->it_value.tv_sec * G_USEC_PER_SEC
                  + timer->it_value.tv_nsec / 1000);
}

int
__wrap_clock_gettime (clockid_t        clock,
                      struct timespec *time)
{
  if (clock != CLOCK_BOOTTIME)
    return __real_clock_gettime (clock, time);

  *time = (struct timespec) { now / G_USEC_PER_SEC, now % G_USEC_PER_SEC * 1000 };

  return 0;
}

gint64
test_clock_get_now (void)
{
  return now;
}

/* Fires the timers that have become due. The descriptor of a closed timer may refer to another
 * file, which the kernel refuses to arm. */
void
test_clock_jump (gint64 milliseconds)
{
  gint64 before = now;
  int fd;

  now += milliseconds * G_TIME_SPAN_MILLISECOND;

  for (fd = 0; fd < MAX_DESCRIPTORS; fd++)
    if (timers[fd].deadline > before && timers[fd].deadline <= now)
      arm (fd, timers[fd].deadline);
}

void
test_clock_set_without (gboolean without_timerfd)
{
  is_without_timerfd = without_timerfd;
}
