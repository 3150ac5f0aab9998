/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "soak-meter.h"

/* Counts sources by their ids. A context assigns consecutive ids, and finds a source by its id
 * until the source is destroyed. A wrapper of g_source_attach () would miss the sources of GLib. */
struct _SoakMeter
{
  GArray *ids;     /* of the sources that existed at the last reading */
  guint   next_id; /* the first id that the last reading did not check */
};

SoakMeter *
soak_meter_new (void)
{
  SoakMeter *self = g_new0 (SoakMeter, 1);

  self->ids = g_array_new (FALSE, FALSE, sizeof (guint));
  self->next_id = 1;

  return self;
}

void
soak_meter_free (SoakMeter *self)
{
  g_array_unref (self->ids);
  g_free (self);
}

static guint
count_sources (SoakMeter *self)
{
  g_autoptr (GSource) probe = g_idle_source_new ();
  guint end = g_source_attach (probe, NULL);
  guint n_old = self->ids->len;
  guint id;
  guint i;

  g_source_destroy (probe);

  for (id = self->next_id; id < end; id++)
    {
      if (g_main_context_find_source_by_id (NULL, id) != NULL)
        g_array_append_val (self->ids, id);
    }

  for (i = n_old; i-- > 0;)
    {
      if (g_main_context_find_source_by_id (NULL, g_array_index (self->ids, guint, i)) == NULL)
        g_array_remove_index_fast (self->ids, i);
    }

  self->next_id = end;

  return self->ids->len;
}

static guint
count_descriptors (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, &error);
  guint n = 0;

  if (dir == NULL)
    g_error ("Could not count the descriptors: %s", error->message);

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* Returns the resident memory in bytes, or 0 if it is not known. The second number in statm is in
 * pages: proc(5). */
static gint64
get_resident (void)
{
  FILE *statm = fopen ("/proc/self/statm", "re");
  long n_pages = 0;

  if (statm == NULL)
    return 0;

  if (fscanf (statm, "%*d %ld", &n_pages) != 1)
    n_pages = 0;
  fclose (statm);

  return (gint64) n_pages * sysconf (_SC_PAGESIZE);
}

/* Returns the memory in use, or 0 if the C library does not report it. The memory includes large
 * blocks, for which malloc () calls mmap (): mallinfo2(3). */
static gint64
get_in_use (void)
{
#ifdef __GLIBC__
  struct mallinfo2 info = mallinfo2 ();

  return (gint64) (info.uordblks + info.hblkhd);
#else
  return 0;
#endif
}

void
soak_meter_read (SoakMeter   *self,
                 SoakReading *reading)
{
  reading->n_sources = count_sources (self);
  reading->n_descriptors = count_descriptors ();
  reading->resident = get_resident ();
  reading->in_use = get_in_use ();
}
