/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "table.h"

#define COMES_BACK "↻"
#define CLOSED     "■"
#define GOES_ON    "→"
#define NOTHING    "–"

/* Errors outside of HbError: their words in the signal log, and their names in the tables */
static const struct
{
  const char *word;
  const char *name;
} errors[] = {
  { "g-io-error-quark:34", "`G_IO_ERROR_PARTIAL_INPUT`" },
  { "g-io-error-quark:39", "`G_IO_ERROR_CONNECTION_REFUSED`" },
  { "g-io-error-quark:44", "`G_IO_ERROR_CONNECTION_CLOSED`" },
  { "g-tls-error-quark:1", "`G_TLS_ERROR_MISC`" },
  { "g-tls-error-quark:3", "`G_TLS_ERROR_NOT_TLS`" },
  { "soup-session-error-quark:0", "`SOUP_SESSION_ERROR_PARSING`" },
  { "soup-websocket-error-quark:1002", "`SOUP_WEBSOCKET_ERROR` 1002" },
  { "soup-websocket-error-quark:1007", "`SOUP_WEBSOCKET_ERROR` 1007" },
  { "soup-websocket-error-quark:1008", "`SOUP_WEBSOCKET_ERROR` 1008" },
};

static char *
name_error (const char *word)
{
  g_autofree char *upper = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (errors); i++)
    if (strcmp (errors[i].word, word) == 0)
      return g_strdup (errors[i].name);

  /* A word without a colon belongs to HbError. */
  g_assert_null (strchr (word, ':'));
  upper = g_ascii_strup (word, -1);

  return g_strdup_printf ("`HB_ERROR_%s`", g_strdelimit (upper, "-", '_'));
}

/* Returns the report of a loss: the error, if any, and the code of `close`, if a connection was
 * open. */
static char *
describe (const Fault  *fault,
          const Result *result)
{
  g_autofree char *error = NULL;

  if (result->end == END_NONE)
    return g_strdup ("");

  if (result->error != NULL)
    error = name_error (result->error);

  if (fault->phase != PHASE_LINK)
    return g_steal_pointer (&error);
  else if (error != NULL)
    return g_strdup_printf ("%s, %u", error, result->code);
  else
    return g_strdup_printf ("%u", result->code);
}

static const char *
get_sign (State         state,
          const Result *result)
{
  if (result == NULL)
    return NOTHING;

  if (state == STATE_LEFT)
    return GOES_ON;

  if (state == STATE_CLOSING)
    return CLOSED;

  switch (result->end)
    {
    case END_NONE:
      return GOES_ON;

    case END_LOST:
      return state == STATE_LAST ? CLOSED : COMES_BACK;

    case END_FINAL:
      return CLOSED;

    default:
      g_assert_not_reached ();
    }
}

/* Returns the sign of the result, which doc/faults.md explains, followed by the report of the loss
 * if it differs from the fault's usual report. While the task is closing, only the close code is
 * reported. In the state LEFT, the task does not notice the fault. */
static char *
make_entry_for (const Fault *fault,
                State        state,
                gboolean     is_tls,
                guint        soup)
{
  const Result *result = fault_get_result (fault, state, is_tls, soup);
  const char *sign = get_sign (state, result);
  g_autofree char *text = NULL;
  g_autofree char *usual = NULL;

  if (result == NULL || state == STATE_LEFT)
    return g_strdup (sign);

  if (state == STATE_CLOSING)
    return g_strdup_printf ("%s %u", sign, result->end == END_NONE ? 1000 : result->code);

  text = describe (fault, result);
  usual = describe (fault, &fault->result);
  if (strcmp (text, usual) == 0)
    return g_strdup (sign);

  return g_strdup_printf ("%s %s", sign, text);
}

/* Includes the results of both the oldest and the newest libsoup if they differ, so that the table
 * is the same on all systems. */
static char *
make_entry (const Fault *fault,
            State        state,
            gboolean     is_tls)
{
  g_autofree char *entry = make_entry_for (fault, state, is_tls, OLDEST_SOUP);
  g_autofree char *newest = make_entry_for (fault, state, is_tls, NEWEST_SOUP);

  if (strcmp (entry, newest) == 0)
    return g_steal_pointer (&entry);

  return g_strdup_printf ("%s; in libsoup 3.%d and later: %s", entry, NEWEST_SOUP, newest);
}

static void
print_row (const Fault *fault,
           guint        n_states,
           const State *states)
{
  g_autofree char *text = describe (fault, &fault->result);
  guint i;

  printf ("| `%s` | %s | %s |", fault->name, fault->does, text);

  for (i = 0; i < n_states; i++)
    {
      g_autofree char *plain = make_entry (fault, states[i], FALSE);
      g_autofree char *tls = make_entry (fault, states[i], TRUE);

      if (strcmp (plain, tls) == 0)
        printf (" %s |", plain);
      else
        printf (" %s; with TLS %s |", plain, tls);
    }

  printf ("\n");
}

static void
print_rows (gboolean     of_links,
            guint        n_states,
            const State *states)
{
  guint i;

  printf ("| fault | what the server does | what is reported |");
  for (i = 0; i < n_states; i++)
    printf (" %s |", state_get_name (states[i]));

  printf ("\n|---|---|---|");
  for (i = 0; i < n_states; i++)
    printf ("---|");
  printf ("\n");

  for (i = 0; i < n_faults; i++)
    if ((faults[i].phase == PHASE_LINK) == of_links)
      print_row (&faults[i], n_states, states);
}

void
table_print (void)
{
  const State attempt[] = { STATE_CONNECTING, STATE_RECONNECTING, STATE_LAST, STATE_LEFT };
  const State link[] = {
    STATE_CONNECTING, STATE_RECONNECTING, STATE_LAST, STATE_OPEN, STATE_UNREADY,
    STATE_PINGED, STATE_BACKLOG, STATE_MIDWAY, STATE_CLOSING, STATE_LEFT,
  };

  printf ("## Faults of an attempt\n\n");
  print_rows (FALSE, G_N_ELEMENTS (attempt), attempt);
  printf ("\n## Faults of a connection\n\n");
  print_rows (TRUE, G_N_ELEMENTS (link), link);
}
