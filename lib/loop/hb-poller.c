/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#include <unistd.h>
#endif

#include "hb-context-private.h"
#include "hb-poller-private.h"

/* poll(2) always reports these conditions. Both a reader and a writer must be called for them. */
#define ENDINGS (G_IO_HUP | G_IO_ERR | G_IO_NVAL)

/* poll(2) looks at every descriptor. epoll(7) looks only at the ready ones, but needs one more
 * system call when a socket is ready. If more than MAX_DIRECT sockets must be polled, one epoll
 * descriptor is polled in their place, until fewer than MIN_IN_SET are left. */
#define MAX_DIRECT 32
#define MIN_IN_SET 16

void
hb_poller_init (HbPoller *self,
                GSource  *source)
{
  *self = (HbPoller) { .source = source, .set.fd = -1, .turn = 1 };
  self->watches = g_ptr_array_new ();
  g_queue_init (&self->queue);
}

void
hb_poller_clear (HbPoller *self)
{
  g_assert (self->watches->len == 0 && self->set.fd < 0);

  g_clear_pointer (&self->watches, g_ptr_array_unref);
  g_clear_pointer (&self->parking, g_main_context_unref);
}

static HbWatch *
get_watch (HbPoller *self,
           guint     i)
{
  return g_ptr_array_index (self->watches, i);
}

static void
add_poll (HbPoller *self,
          GPollFD  *poll)
{
  poll->revents = 0;
  if (!g_source_is_destroyed (self->source))
    g_source_add_poll (self->source, poll);
}

static void
remove_poll (HbPoller *self,
             GPollFD  *poll)
{
  if (!g_source_is_destroyed (self->source))
    g_source_remove_poll (self->source, poll);
}

#ifdef HAVE_EPOLL

G_STATIC_ASSERT ((int) G_IO_IN == (int) EPOLLIN && (int) G_IO_OUT == (int) EPOLLOUT);
G_STATIC_ASSERT ((int) G_IO_ERR == (int) EPOLLERR && (int) G_IO_HUP == (int) EPOLLHUP);

static gboolean
control_set (HbPoller *self,
             int       operation,
             HbWatch  *watch)
{
  struct epoll_event event = { .events = watch->poll.events, .data.ptr = watch };

  return epoll_ctl (self->set.fd, operation, watch->poll.fd, &event) == 0;
}

static void
close_set (HbPoller *self)
{
  guint i;

  remove_poll (self, &self->set);
  close (self->set.fd);
  self->set.fd = -1;

  for (i = 0; i < self->watches->len; i++)
    add_poll (self, &get_watch (self, i)->poll);
}

/* @watch must already be in the list, because close_set () polls the watches of the list if the
 * kernel refuses this one. */
static void
add_to_set (HbPoller *self,
            HbWatch  *watch)
{
  if (control_set (self, EPOLL_CTL_ADD, watch))
    return;

  self->has_no_set = TRUE;
  close_set (self);
}

static void
open_set (HbPoller *self)
{
  guint i;

  self->set = (GPollFD) { .fd = epoll_create1 (EPOLL_CLOEXEC), .events = G_IO_IN };
  if (self->set.fd < 0)
    {
      self->has_no_set = TRUE;
      return;
    }

  if (self->parking == NULL)
    self->parking = hb_context_new ();

  add_poll (self, &self->set);
  for (i = 0; i < self->watches->len; i++)
    remove_poll (self, &get_watch (self, i)->poll);

  for (i = 0; i < self->watches->len && self->set.fd >= 0; i++)
    add_to_set (self, get_watch (self, i));
}

#endif

static void
add_watch (HbPoller *self,
           HbWatch  *watch)
{
  g_ptr_array_add (self->watches, watch);
  watch->position = self->watches->len;

#ifdef HAVE_EPOLL
  if (self->set.fd >= 0)
    {
      add_to_set (self, watch);
      return;
    }
#endif

  add_poll (self, &watch->poll);

#ifdef HAVE_EPOLL
  if (self->watches->len > MAX_DIRECT && !self->has_no_set)
    open_set (self);
#endif
}

static void
change_watch (HbPoller *self,
              HbWatch  *watch)
{
#ifdef HAVE_EPOLL
  if (self->set.fd >= 0)
    control_set (self, EPOLL_CTL_MOD, watch);
#endif
}

static void
remove_watch (HbPoller *self,
              HbWatch  *watch)
{
  guint i = watch->position - 1;

  g_ptr_array_remove_index_fast (self->watches, i);
  if (i < self->watches->len)
    get_watch (self, i)->position = i + 1;

  watch->position = 0;

#ifdef HAVE_EPOLL
  if (self->set.fd >= 0)
    {
      /* If the program has closed the socket by mistake, the kernel cannot remove it. The set would
       * then report the freed watch as long as a child process has the socket open. */
      if (!control_set (self, EPOLL_CTL_DEL, watch) || self->watches->len < MIN_IN_SET)
        close_set (self);
      return;
    }
#endif

  remove_poll (self, &watch->poll);
}

/* Polls the socket for the wanted conditions. If none is wanted, stops polling it, because poll(2)
 * and epoll(7) would still report a hang-up in every iteration. */
void
hb_poller_update (HbPoller *self,
                  HbWatch  *watch)
{
  gushort before = watch->poll.events;

  watch->poll.events = watch->wanted;

  if (watch->position == 0 && watch->wanted != 0)
    add_watch (self, watch);
  else if (watch->position > 0 && watch->wanted == 0)
    remove_watch (self, watch);
  else if (watch->wanted != before)
    change_watch (self, watch);
}

void
hb_poller_queue (HbPoller *self,
                 HbWatch  *watch)
{
  if (watch->is_queued)
    return;

  watch->is_queued = TRUE;
  g_queue_push_tail_link (&self->queue, &watch->in_queue);
}

void
hb_poller_remove (HbPoller *self,
                  HbWatch  *watch)
{
  if (watch->position > 0)
    remove_watch (self, watch);

  watch->poll.events = 0;
  watch->ready = 0;

  if (watch->is_queued)
    g_queue_unlink (&self->queue, &watch->in_queue);

  watch->is_queued = FALSE;
}

gboolean
hb_poller_check (HbPoller *self)
{
  guint i;

  if (self->queue.length > 0)
    return TRUE;

  if (self->set.fd >= 0)
    return self->set.revents != 0;

  for (i = 0; i < self->watches->len; i++)
    if (get_watch (self, i)->poll.revents != 0)
      return TRUE;

  return FALSE;
}

/* Queues the watch if its socket is ready for a wanted condition. Otherwise stops polling for the
 * conditions that are no longer wanted. */
static void
take (HbPoller     *self,
      HbWatch      *watch,
      GIOCondition  found)
{
  if ((found & ENDINGS) != 0)
    found |= G_IO_IN | G_IO_OUT;

  if ((found & watch->wanted) == 0)
    {
      hb_poller_update (self, watch);
      return;
    }

  watch->ready |= found & (G_IO_IN | G_IO_OUT);
  hb_poller_queue (self, watch);
}

static void
collect_polled (HbPoller *self)
{
  guint i;

  /* Goes backwards, because the last watch takes the place of a watch that leaves the list. */
  for (i = self->watches->len; i-- > 0;)
    {
      HbWatch *watch = get_watch (self, i);
      GIOCondition found = watch->poll.revents;

      watch->poll.revents = 0;
      if (found != 0)
        take (self, watch, found);
    }
}

#ifdef HAVE_EPOLL

/* A batch of epoll_wait(2) that is not full is the last one. A socket that stays ready is reported
 * again, after all others, so this function stops once it has taken as many reports as there were
 * watches. take () may remove a watch from the list, and may thereby close the set. */
static void
collect_from_set (HbPoller *self,
                  gboolean  is_complete)
{
  struct epoll_event events[64];
  guint n_watches = self->watches->len, n_taken = 0;
  gboolean goes_on = self->set.revents != 0;

  self->set.revents = 0;

  while (goes_on && self->set.fd >= 0)
    {
      guint n_before = self->queue.length;
      int n = epoll_wait (self->set.fd, events, G_N_ELEMENTS (events), 0);
      int i;

      for (i = 0; i < n; i++)
        take (self, events[i].data.ptr, events[i].events);

      n_taken += MAX (n, 0);
      goes_on = n == G_N_ELEMENTS (events) && n_taken < n_watches
                && (is_complete || self->queue.length > n_before);
    }
}

#endif

/* Queues the watches whose sockets are ready. Must return before a watch is called, because such a
 * call could make the results of the poll stale.
 *
 * @is_complete: whether every ready socket must be found in this call, even if that takes longer */
void
hb_poller_collect (HbPoller *self,
                   gboolean  is_complete)
{
#ifdef HAVE_EPOLL
  if (self->set.fd >= 0)
    {
      collect_from_set (self, is_complete);
      return;
    }
#endif

  collect_polled (self);
}

void
hb_poller_set_mark (HbPoller *self)
{
  self->is_marked = TRUE;
  g_queue_push_tail_link (&self->queue, &self->mark);
}

/* Returns: (nullable): NULL if the first entry is the mark, or the queue is empty */
HbWatch *
hb_poller_pop (HbPoller *self)
{
  GList *link = g_queue_pop_head_link (&self->queue);
  HbWatch *watch = link != NULL ? link->data : NULL;

  if (watch != NULL)
    watch->is_queued = FALSE;
  else
    self->is_marked = FALSE;

  return watch;
}
