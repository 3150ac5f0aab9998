/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "system-calls.h"

/* The dynamic linker prefers these send (), sendmsg () and recv () to those of the C library, for
 * GIO as well. */

static guint16 watched_port;
static SystemCalls calls;

ssize_t  send                     (int                  fd,
                                   const void          *data,
                                   size_t               length,
                                   int                  flags);
ssize_t  sendmsg                  (int                  fd,
                                   const struct msghdr *message,
                                   int                  flags);
ssize_t  recv                     (int                  fd,
                                   void                *buffer,
                                   size_t               size,
                                   int                  flags);
GSource *__real_g_source_new      (GSourceFuncs        *funcs,
                                   guint                size);
GSource *__wrap_g_source_new      (GSourceFuncs        *funcs,
                                   guint                size);
void     __real_g_source_add_poll (GSource             *source,
                                   GPollFD             *fd);
void     __wrap_g_source_add_poll (GSource             *source,
                                   GPollFD             *fd);

/* Returns whether @fd is the client's end of a connection to the watched server. */
static gboolean
is_watched (int fd)
{
  struct sockaddr_in address = { 0 };
  socklen_t size = sizeof address;

  return watched_port != 0
         && getpeername (fd, (struct sockaddr *) &address, &size) == 0
         && address.sin_family == AF_INET
         && ntohs (address.sin_port) == watched_port;
}

static ssize_t
count_write (int     fd,
             ssize_t n)
{
  if (is_watched (fd))
    {
      calls.n_writes++;
      calls.n_written += MAX (n, 0);
    }

  return n;
}

ssize_t
send (int         fd,
      const void *data,
      size_t      length,
      int         flags)
{
  static ssize_t (*real) (int, const void *, size_t, int);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "send");

  return count_write (fd, real (fd, data, length, flags));
}

ssize_t
sendmsg (int                  fd,
         const struct msghdr *message,
         int                  flags)
{
  static ssize_t (*real) (int, const struct msghdr *, int);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "sendmsg");

  return count_write (fd, real (fd, message, flags));
}

ssize_t
recv (int     fd,
      void   *buffer,
      size_t  size,
      int     flags)
{
  static ssize_t (*real) (int, void *, size_t, int);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "recv");

  if (is_watched (fd))
    calls.n_reads++;

  return real (fd, buffer, size, flags);
}

GSource *
__wrap_g_source_new (GSourceFuncs *funcs,
                     guint         size)
{
  calls.n_sources++;

  return __real_g_source_new (funcs, size);
}

void
__wrap_g_source_add_poll (GSource *source,
                          GPollFD *fd)
{
  calls.n_polls++;
  __real_g_source_add_poll (source, fd);
}

/* Counts the system calls on connections to the server at @uri. Calls to main-loop functions are
 * always counted. */
void
system_calls_watch (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);

  watched_port = g_uri_get_port (parsed);
}

SystemCalls
system_calls_get (void)
{
  return calls;
}

void
system_calls_reset (void)
{
  calls = (SystemCalls) { 0 };
}
