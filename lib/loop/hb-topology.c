/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "hb-topology-private.h"

/* Remembers how the kernel last described each link (network interface), address and route. The
 * kernel often repeats a description, for example when a router advertises an IPv6 route again.
 * Repetitions would make every task that watches the network send pings, or cut its reconnect delay
 * short. */
struct _HbTopology
{
  GHashTable *facts; /* a set of Fact */
};

/* The hash table uses the first field as the key. */
typedef struct
{
  guint64 subject; /* a digest that identifies the link, address or route */
  guint64 state;   /* a digest, or some flags, of its description */
} Fact;

typedef enum {
  KIND_LINK = 1,
  KIND_ADDRESS,
  KIND_ROUTE,
} Kind;

/* The maximum number of facts. On a computer that has all routes of the internet, the facts would
 * otherwise use too much memory. */
#define MAX_FACTS 4096

/* The minimum difference, in hundredths of a second, between the two time stamps of an old address.
 * The kernel may set a time stamp of a new address twice, so a smaller difference does not show
 * that the address is old. */
#define SAME_TIME 100

/* FNV-1a */
#define DIGEST_BASIS G_GUINT64_CONSTANT (0xcbf29ce484222325)
#define DIGEST_PRIME G_GUINT64_CONSTANT (0x100000001b3)

static guint64
add_bytes (guint64     digest,
           const void *data,
           gsize       length)
{
  const guint8 *bytes = data;
  gsize i;

  for (i = 0; i < length; i++)
    digest = (digest ^ bytes[i]) * DIGEST_PRIME;

  return digest;
}

static guint64
add_number (guint64 digest,
            guint32 number)
{
  return add_bytes (digest, &number, sizeof number);
}

static guint64
add_attribute (guint64              digest,
               const struct rtattr *attribute)
{
  digest = add_number (digest, attribute->rta_type);

  return add_bytes (digest, RTA_DATA (attribute), RTA_PAYLOAD (attribute));
}

/* The kernel aligns structures and attributes in the same way. Its own macros contain casts that
 * compilers warn about. */
static const void *
skip (const void *data,
      gsize       length)
{
  return (const guint8 *) data + RTA_ALIGN (length);
}

static const struct rtattr *
next_attribute (const struct rtattr *attribute,
                int                 *length)
{
  *length -= (int) RTA_ALIGN (attribute->rta_len);

  return skip (attribute, attribute->rta_len);
}

/* Returns whether the subject was not known, or @state differs from its last state. */
static gboolean
learn (HbTopology *self,
       guint64     subject,
       guint64     state)
{
  Fact *known = g_hash_table_lookup (self->facts, &subject);
  Fact *fact;

  if (known != NULL)
    {
      gboolean is_same = known->state == state;

      known->state = state;
      return !is_same;
    }

  if (g_hash_table_size (self->facts) >= MAX_FACTS)
    hb_topology_clear (self);

  fact = g_new (Fact, 1);
  fact->subject = subject;
  fact->state = state;
  g_hash_table_add (self->facts, fact);

  return TRUE;
}

static gboolean
knows (HbTopology *self,
       guint64     subject)
{
  return g_hash_table_contains (self->facts, &subject);
}

/* Returns TRUE, because a removal is always a change. */
static gboolean
forget (HbTopology *self,
        guint64     subject)
{
  g_hash_table_remove (self->facts, &subject);

  return TRUE;
}

/* The first message about a link may report a lost carrier, so it counts as a change, unless it
 * reports a wireless event (IFLA_WIRELESS). */
static gboolean
take_link (HbTopology             *self,
           gboolean                is_gone,
           const struct ifinfomsg *info,
           int                     length)
{
  guint64 subject = add_number (add_number (DIGEST_BASIS, KIND_LINK), info->ifi_index);
  gboolean is_known = knows (self, subject);
  gboolean is_wireless = FALSE;
  const struct rtattr *attribute;

  /* A message of another family describes the port of a bridge, not the link itself. */
  if (info->ifi_family != AF_UNSPEC)
    return FALSE;

  if (is_gone)
    return forget (self, subject);

  for (attribute = skip (info, sizeof *info); RTA_OK (attribute, length);
       attribute = next_attribute (attribute, &length))
    is_wireless |= attribute->rta_type == IFLA_WIRELESS;

  return learn (self, subject, info->ifi_flags & (IFF_UP | IFF_RUNNING))
         && (is_known || !is_wireless);
}

static guint32
get_flags (const struct rtattr *attribute)
{
  guint32 flags = 0;

  memcpy (&flags, RTA_DATA (attribute), MIN (RTA_PAYLOAD (attribute), sizeof flags));

  return flags;
}

static gboolean
is_aged (const struct rtattr *attribute)
{
  struct ifa_cacheinfo info = { 0 };

  memcpy (&info, RTA_DATA (attribute), MIN (RTA_PAYLOAD (attribute), sizeof info));

  return info.tstamp - info.cstamp >= SAME_TIME;
}

/* An IPv6 address cannot be used if another host has it, or while the kernel is checking this. An
 * optimistic address can be used during the check (RFC 4429). */
static gboolean
is_usable (guint32 flags)
{
  return (flags & IFA_F_DADFAILED) == 0
         && ((flags & IFA_F_TENTATIVE) == 0 || (flags & IFA_F_OPTIMISTIC) != 0);
}

static gboolean
take_address (HbTopology             *self,
              gboolean                is_gone,
              const struct ifaddrmsg *info,
              int                     length)
{
  guint64 subject = add_number (add_number (DIGEST_BASIS, KIND_ADDRESS), info->ifa_index);
  guint32 flags = info->ifa_flags;
  gboolean is_old = FALSE;
  const struct rtattr *attribute;

  subject = add_number (add_number (subject, info->ifa_family), info->ifa_prefixlen);

  for (attribute = skip (info, sizeof *info); RTA_OK (attribute, length);
       attribute = next_attribute (attribute, &length))
    {
      if (attribute->rta_type == IFA_ADDRESS || attribute->rta_type == IFA_LOCAL)
        subject = add_attribute (subject, attribute);
      else if (attribute->rta_type == IFA_FLAGS)
        flags = get_flags (attribute);
      else if (attribute->rta_type == IFA_CACHEINFO)
        is_old = is_aged (attribute);
    }

  if (is_gone)
    return forget (self, subject);

  is_old &= !knows (self, subject);

  return learn (self, subject, is_usable (flags)) && is_usable (flags) && !is_old;
}

/* The kernel adds and removes routes of these types together with an address or a link, about which
 * it also sends a message. A cloned route is only a cache entry. */
static gboolean
is_of_interest (const struct rtmsg *info)
{
  switch (info->rtm_type)
    {
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
      return FALSE;
    default:
      return (info->rtm_flags & RTM_F_CLONED) == 0;
    }
}

static gboolean
is_part_of_name (const struct rtattr *attribute)
{
  return attribute->rta_type == RTA_DST
         || attribute->rta_type == RTA_PRIORITY
         || attribute->rta_type == RTA_TABLE;
}

/* These attributes may differ each time a router advertises the same route. */
static gboolean
is_lifetime (const struct rtattr *attribute)
{
  return attribute->rta_type == RTA_CACHEINFO || attribute->rta_type == RTA_EXPIRES;
}

static gboolean
take_route (HbTopology         *self,
            gboolean            is_gone,
            const struct rtmsg *info,
            int                 length)
{
  guint64 subject = add_number (add_number (DIGEST_BASIS, KIND_ROUTE), info->rtm_family);
  guint64 state = add_bytes (DIGEST_BASIS, info, sizeof *info);
  const struct rtattr *attribute;

  if (!is_of_interest (info))
    return FALSE;

  subject = add_number (add_number (subject, info->rtm_dst_len), info->rtm_tos);

  for (attribute = skip (info, sizeof *info); RTA_OK (attribute, length);
       attribute = next_attribute (attribute, &length))
    {
      if (is_part_of_name (attribute))
        subject = add_attribute (subject, attribute);
      if (!is_lifetime (attribute))
        state = add_attribute (state, attribute);
    }

  return is_gone ? forget (self, subject) : learn (self, subject, state);
}

/* Whether the payload of @header is long enough for a struct of @size bytes */
#define has(header, size) ((header)->nlmsg_len >= NLMSG_LENGTH (size))

static gboolean
take_message (HbTopology            *self,
              const struct nlmsghdr *header)
{
  gboolean is_gone = (header->nlmsg_type == RTM_DELLINK
                      || header->nlmsg_type == RTM_DELADDR
                      || header->nlmsg_type == RTM_DELROUTE);
  const void *info = NLMSG_DATA (header);

  switch (header->nlmsg_type)
    {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return has (header, sizeof (struct ifinfomsg))
             && take_link (self, is_gone, info, IFLA_PAYLOAD (header));
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return has (header, sizeof (struct ifaddrmsg))
             && take_address (self, is_gone, info, IFA_PAYLOAD (header));
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return has (header, sizeof (struct rtmsg))
             && take_route (self, is_gone, info, RTM_PAYLOAD (header));
    default:
      return FALSE;
    }
}

HbTopology *
hb_topology_new (void)
{
  HbTopology *self = g_new0 (HbTopology, 1);

  self->facts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  return self;
}

void
hb_topology_free (HbTopology *self)
{
  g_hash_table_unref (self->facts);
  g_free (self);
}

/* Processes one datagram from the kernel. @data must be aligned for its headers. A message of a
 * dump describes what existed already, so it is not a change.
 *
 * Returns: whether the datagram reports a change that may affect connections */
gboolean
hb_topology_take (HbTopology *self,
                  const void *data,
                  gsize       length)
{
  const struct nlmsghdr *header = data;
  gboolean has_changed = FALSE;

  while (length >= sizeof *header
         && header->nlmsg_len >= sizeof *header
         && header->nlmsg_len <= length)
    {
      gboolean is_change = take_message (self, header);

      has_changed |= is_change && (header->nlmsg_flags & NLM_F_MULTI) == 0;
      length -= MIN (length, NLMSG_ALIGN (header->nlmsg_len));
      header = skip (header, header->nlmsg_len);
    }

  return has_changed;
}

/* Forgets all facts. Must be called after messages have been lost, because a message that repeats
 * an outdated fact would not count as a change. */
void
hb_topology_clear (HbTopology *self)
{
  g_hash_table_remove_all (self->facts);
}
