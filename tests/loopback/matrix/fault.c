/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <libsoup/soup.h>

#include "fault.h"

const char *
state_get_name (State state)
{
  const char *names[N_STATES] = {
    [STATE_CONNECTING] = "connecting",
    [STATE_RECONNECTING] = "reconnecting",
    [STATE_LAST] = "last",
    [STATE_OPEN] = "open",
    [STATE_UNREADY] = "unready",
    [STATE_PINGED] = "pinged",
    [STATE_BACKLOG] = "backlog",
    [STATE_MIDWAY] = "midway",
    [STATE_CLOSING] = "closing",
    [STATE_LEFT] = "left",
  };

  return names[state];
}

static guint
get_states (const Fault *self)
{
  guint states = 0;

  switch (self->phase)
    {
    case PHASE_NOBODY:
      states = IN (CONNECTING) | IN (RECONNECTING) | IN (LAST);
      break;

    case PHASE_ACCEPT:
    case PHASE_REQUEST:
      states = IN (CONNECTING) | IN (RECONNECTING) | IN (LAST) | IN (LEFT);
      break;

    case PHASE_LINK:
      states = ANY_STATE;
      break;

    default:
      g_assert_not_reached ();
    }

  /* The state LAST applies only to faults after which the task would usually make another
   * attempt. */
  if (self->result.end != END_LOST)
    states &= ~IN (LAST);

  return states & ~self->without;
}

/* Returns: the minor version of the libsoup that the program uses */
guint
fault_get_soup (void)
{
  return soup_get_minor_version ();
}

/* Returns: (nullable): NULL if the table has no result for that state */
const Result *
fault_get_result (const Fault *self,
                  State        state,
                  gboolean     is_tls,
                  guint        soup)
{
  guint transport = is_tls ? OVER_TLS : OVER_PLAIN;
  guint i;

  if ((get_states (self) & 1u << state) == 0)
    return NULL;

  for (i = 0; i < G_N_ELEMENTS (self->but); i++)
    if ((self->but[i].states & 1u << state) != 0 && (self->but[i].transports & transport) != 0
        && soup >= self->but[i].since)
      return &self->but[i].result;

  return &self->result;
}

/* Returns the minimum number of pongs that the server must receive. While the socket is full,
 * libsoup 3.8 and later drop pongs above a limit. More may arrive, because the kernel may accept
 * some before the socket is full. */
guint
fault_get_n_pongs (const Fault *self,
                   State        state)
{
  if (state == STATE_BACKLOG && self->n_kept > 0 && fault_get_soup () >= NEWEST_SOUP)
    return self->n_kept;

  return self->n_pongs;
}
