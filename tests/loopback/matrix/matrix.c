/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "cell.h"
#include "certificate.h"
#include "fixture.h"
#include "table.h"

/* Tests each fault of a server in each state for which the table has a result, over each transport
 * and with both heartbeats. No message may arrive twice. No message may be lost, except on the
 * connection that the fault ends, or when the task becomes CLOSED.
 *
 * matrix [plain|tls] [message|ping]: runs all cells, or only those of one transport or heartbeat
 * matrix --table: prints the tables for the documentation */

static void
run_cell (gconstpointer data)
{
  static gboolean is_warm;
  const Cell *cell = data;
  guint n_descriptors;

  if (cell_uses_tls (cell) && !certificate_exists (certificate_get ()))
    return;

  /* The first run lets the libraries open the descriptors that they keep. */
  if (!is_warm)
    cell_run (cell, certificate_get ());

  is_warm = TRUE;
  n_descriptors = count_descriptors ();
  cell_run (cell, certificate_get ());
  wait_until (count_descriptors () <= n_descriptors);
}

static void
free_cell (gpointer data)
{
  g_free (data);
}

static void
add_cell (const Fault     *fault,
          State            state,
          gboolean         is_tls,
          HbHeartbeatMode  mode)
{
  g_autofree char *path = g_strdup_printf ("/matrix/%s/%s/%s/%s", fault->name,
                                           state_get_name (state), is_tls ? "tls" : "plain",
                                           mode == HB_HEARTBEAT_MODE_PING ? "ping" : "message");
  Cell *cell = g_new0 (Cell, 1);

  cell->fault = fault;
  cell->state = state;
  cell->is_tls = is_tls;
  cell->mode = mode;
  g_test_add_data_func_full (path, cell, run_cell, free_cell);
}

static void
add_cells (gboolean        is_tls,
           HbHeartbeatMode mode)
{
  guint i;
  int state;

  for (i = 0; i < n_faults; i++)
    for (state = 0; state < N_STATES; state++)
      if (fault_get_result (&faults[i], state, is_tls, fault_get_soup ()) != NULL)
        add_cell (&faults[i], state, is_tls, mode);
}

static gboolean
has_argument (int         argc,
              char       *argv[],
              const char *argument)
{
  int i;

  for (i = 1; i < argc; i++)
    if (strcmp (argv[i], argument) == 0)
      return TRUE;

  return FALSE;
}

static gboolean
wants (int         argc,
       char       *argv[],
       const char *argument,
       const char *other)
{
  return has_argument (argc, argv, argument) || !has_argument (argc, argv, other);
}

int
main (int   argc,
      char *argv[])
{
  int status;

  if (has_argument (argc, argv, "--table"))
    {
      table_print ();
      return 0;
    }

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Each fault of a server has the right result in each state for which the table "
                  "has one");
  ignore_debug_messages ();
  if (certificate_get () != NULL)
    certificate_trust (certificate_get ());

  if (wants (argc, argv, "plain", "tls") && wants (argc, argv, "message", "ping"))
    add_cells (FALSE, HB_HEARTBEAT_MODE_MESSAGE);
  if (wants (argc, argv, "plain", "tls") && wants (argc, argv, "ping", "message"))
    add_cells (FALSE, HB_HEARTBEAT_MODE_PING);
  if (wants (argc, argv, "tls", "plain") && wants (argc, argv, "message", "ping"))
    add_cells (TRUE, HB_HEARTBEAT_MODE_MESSAGE);
  if (wants (argc, argv, "tls", "plain") && wants (argc, argv, "ping", "message"))
    add_cells (TRUE, HB_HEARTBEAT_MODE_PING);

  status = g_test_run ();
  if (certificate_get () != NULL)
    certificate_distrust ();

  return status;
}
