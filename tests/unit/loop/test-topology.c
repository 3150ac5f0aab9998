/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "hb-topology-private.h"

/* Messages of the kernel, and whether they count as a network change. In
 * tests/loopback/netns/test-netlink.c, the kernel itself sends some of them. */

typedef union
{
  struct nlmsghdr header;
  guint8          bytes[512];
} Message;

/* The values from which make_message () makes a message */
typedef struct
{
  guint16 type;      /* 0 marks the end of the steps */
  guint32 number;    /* an interface, an address, or the priority of a route */
  guint32 flags;     /* depends on the type */
  guint32 detail;    /* the age of an address in 1/100 s, or the gateway of a route */
  guint16 attribute; /* an additional attribute, with a new value in each message; 0: none */
  guint8  family;    /* of a link or an address; AF_UNSPEC for the usual family */
  guint8  kind;      /* the kind of a route, RTN_UNSPEC for a unicast route */
  gboolean counts;
} Step;

typedef struct
{
  const char *path;
  Step        steps[6];
} Case;

#define UP IFF_UP
#define RUNNING (IFF_UP | IFF_RUNNING)

static const Case cases[] = {
  { "/loop/topology/link/repeated",
    { { RTM_NEWLINK, 2, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 2, RUNNING },
      { RTM_NEWLINK, 2, RUNNING | IFF_PROMISC } } },
  { "/loop/topology/link/carrier",
    { { RTM_NEWLINK, 2, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 2, UP, .counts = TRUE },
      { RTM_NEWLINK, 2, UP },
      { RTM_NEWLINK, 2, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 2, 0, .counts = TRUE } } },
  { "/loop/topology/link/each-by-itself",
    { { RTM_NEWLINK, 2, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 3, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 2, RUNNING },
      { RTM_NEWLINK, 3, UP, .counts = TRUE } } },
  { "/loop/topology/link/removed",
    { { RTM_NEWLINK, 2, RUNNING, .counts = TRUE },
      { RTM_DELLINK, 2, RUNNING, .counts = TRUE },
      { RTM_NEWLINK, 2, RUNNING, .counts = TRUE } } },
  { "/loop/topology/link/wireless-event",
    { { RTM_NEWLINK, 2, RUNNING, .attribute = IFLA_WIRELESS },
      { RTM_NEWLINK, 2, RUNNING, .attribute = IFLA_WIRELESS },
      { RTM_NEWLINK, 2, UP, .attribute = IFLA_WIRELESS, .counts = TRUE } } },
  { "/loop/topology/link/port-of-a-bridge",
    { { RTM_NEWLINK, 2, RUNNING, .family = AF_BRIDGE },
      { RTM_DELLINK, 2, RUNNING, .family = AF_BRIDGE } } },

  { "/loop/topology/address/new",
    { { RTM_NEWADDR, 1, 0, .counts = TRUE },
      { RTM_NEWADDR, 2, 0, .counts = TRUE },
      { RTM_NEWADDR, 1, 0, 50 } } },
  { "/loop/topology/address/lifetime",
    { { RTM_NEWADDR, 1, 0, 60000 },
      { RTM_NEWADDR, 1, 0, 120000 },
      { RTM_NEWADDR, 1, IFA_F_DEPRECATED, 180000 } } },
  { "/loop/topology/address/removed",
    { { RTM_NEWADDR, 1, 0, .counts = TRUE },
      { RTM_DELADDR, 1, 0, .counts = TRUE },
      { RTM_NEWADDR, 1, 0, .counts = TRUE } } },
  { "/loop/topology/address/tentative",
    { { RTM_NEWADDR, 1, IFA_F_TENTATIVE, .family = AF_INET6 },
      { RTM_NEWADDR, 1, 0, 200, .family = AF_INET6, .counts = TRUE },
      { RTM_NEWADDR, 1, 0, 400, .family = AF_INET6 } } },
  { "/loop/topology/address/duplicate",
    { { RTM_NEWADDR, 1, IFA_F_TENTATIVE, .family = AF_INET6 },
      { RTM_NEWADDR, 1, IFA_F_TENTATIVE | IFA_F_DADFAILED, .family = AF_INET6 } } },
  { "/loop/topology/address/optimistic",
    { { RTM_NEWADDR, 1, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, .family = AF_INET6, .counts = TRUE },
      { RTM_NEWADDR, 1, 0, .family = AF_INET6 } } },

  { "/loop/topology/route/again-by-a-router",
    { { RTM_NEWROUTE, 1, 0, 9, .attribute = RTA_CACHEINFO, .counts = TRUE },
      { RTM_NEWROUTE, 1, 0, 9, .attribute = RTA_CACHEINFO },
      { RTM_NEWROUTE, 1, 0, 9, .attribute = RTA_EXPIRES } } },
  { "/loop/topology/route/another-gateway",
    { { RTM_NEWROUTE, 1, 0, 8, .counts = TRUE },
      { RTM_NEWROUTE, 1, 0, 9, .counts = TRUE },
      { RTM_NEWROUTE, 1, 0, 8, .counts = TRUE },
      { RTM_NEWROUTE, 1, RTNH_F_LINKDOWN, 8, .counts = TRUE } } },
  { "/loop/topology/route/removed",
    { { RTM_NEWROUTE, 1, 0, 9, .counts = TRUE },
      { RTM_NEWROUTE, 2, 0, 9, .counts = TRUE },
      { RTM_DELROUTE, 2, 0, 9, .counts = TRUE },
      { RTM_NEWROUTE, 1, 0, 9 },
      { RTM_NEWROUTE, 2, 0, 9, .counts = TRUE } } },
  { "/loop/topology/route/of-the-kernel",
    { { RTM_NEWROUTE, 1, 0, 9, .kind = RTN_LOCAL },
      { RTM_NEWROUTE, 1, 0, 9, .kind = RTN_BROADCAST },
      { RTM_DELROUTE, 1, 0, 9, .kind = RTN_MULTICAST },
      { RTM_NEWROUTE, 1, 0, 9, .kind = RTN_ANYCAST },
      { RTM_NEWROUTE, 1, RTM_F_CLONED, 9 } } },
  { "/loop/topology/route/no-way",
    { { RTM_NEWROUTE, 1, 0, 9, .counts = TRUE },
      { RTM_NEWROUTE, 1, 0, 9, .kind = RTN_UNREACHABLE, .counts = TRUE } } },

  { "/loop/topology/neighbour", { { RTM_NEWNEIGH, 1, 0 }, { RTM_DELNEIGH, 1, 0 } } },
  { "/loop/topology/end-of-a-dump", { { NLMSG_DONE, 0, 0 }, { NLMSG_ERROR, 0, 0 } } },
};

static void
add_attribute (Message    *message,
               guint16     type,
               const void *data,
               gsize       length)
{
  gsize at = NLMSG_ALIGN (message->header.nlmsg_len);
  struct rtattr attribute = { .rta_len = RTA_LENGTH (length), .rta_type = type };

  /* If this check were an assertion, compilers would warn that the copies below may overflow. */
  if (at + RTA_SPACE (length) > sizeof *message)
    g_error ("The attributes do not fit into the message");

  memcpy (message->bytes + at, &attribute, sizeof attribute);
  memcpy (message->bytes + at + RTA_LENGTH (0), data, length);
  message->header.nlmsg_len = at + RTA_LENGTH (length);
}

static void
add_number (Message *message,
            guint16  type,
            guint32  number)
{
  add_attribute (message, type, &number, sizeof number);
}

static void
set_info (Message    *message,
          const void *info,
          gsize       length)
{
  memcpy (NLMSG_DATA (&message->header), info, length);
  message->header.nlmsg_len = NLMSG_LENGTH (length);
}

static void
make_link (Message    *message,
           const Step *step)
{
  struct ifinfomsg info = {
    .ifi_family = step->family,
    .ifi_index = step->number,
    .ifi_flags = step->flags,
  };

  set_info (message, &info, sizeof info);
  add_attribute (message, IFLA_IFNAME, "near", sizeof "near");
}

static void
make_address (Message    *message,
              const Step *step)
{
  struct ifaddrmsg info = {
    .ifa_family = step->family != AF_UNSPEC ? step->family : AF_INET,
    .ifa_prefixlen = 24,
    .ifa_flags = step->flags,
    .ifa_index = 2,
  };
  struct ifa_cacheinfo cacheinfo = { .cstamp = 100, .tstamp = 100 + step->detail };

  set_info (message, &info, sizeof info);
  add_number (message, IFA_LOCAL, step->number);
  add_number (message, IFA_FLAGS, step->flags);
  add_attribute (message, IFA_CACHEINFO, &cacheinfo, sizeof cacheinfo);
}

static void
make_route (Message    *message,
            const Step *step)
{
  struct rtmsg info = {
    .rtm_family = AF_INET6,
    .rtm_table = RT_TABLE_MAIN,
    .rtm_type = step->kind != RTN_UNSPEC ? step->kind : RTN_UNICAST,
    .rtm_flags = step->flags,
  };

  set_info (message, &info, sizeof info);
  add_number (message, RTA_TABLE, RT_TABLE_MAIN);
  add_number (message, RTA_PRIORITY, step->number);
  add_number (message, RTA_GATEWAY, step->detail);
}

static void
make_message (Message    *message,
              const Step *step)
{
  static guint32 counter;

  memset (message, 0, sizeof *message);

  switch (step->type)
    {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      make_link (message, step);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      make_address (message, step);
      break;
    default:
      make_route (message, step);
      break;
    }

  if (step->attribute != 0)
    add_number (message, step->attribute, ++counter);

  message->header.nlmsg_type = step->type;
}

static gboolean
take (HbTopology *topology,
      const Step *step)
{
  Message message;

  make_message (&message, step);

  return hb_topology_take (topology, &message, message.header.nlmsg_len);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  HbTopology *topology = hb_topology_new ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (test->steps) && test->steps[i].type != 0; i++)
    {
      g_test_message ("step %u", i + 1);
      g_assert_cmpint (take (topology, &test->steps[i]), ==, test->steps[i].counts);
    }

  hb_topology_free (topology);
}

/* Any of the messages in a datagram may be the one that counts. */
static void
test_several (void)
{
  static const Step quiet = { RTM_NEWNEIGH, 1 };
  static const Step change = { RTM_NEWADDR, 1, 0 };
  HbTopology *topology = hb_topology_new ();
  Message messages[3];
  guint at;

  for (at = 0; at < G_N_ELEMENTS (messages); at++)
    {
      guint i;

      hb_topology_clear (topology);
      for (i = 0; i < G_N_ELEMENTS (messages); i++)
        {
          make_message (&messages[i], i == at ? &change : &quiet);
          messages[i].header.nlmsg_len = sizeof messages[i];
        }
      g_assert_true (hb_topology_take (topology, messages, sizeof messages));
      g_assert_false (hb_topology_take (topology, messages, sizeof messages));
    }

  hb_topology_free (topology);
}

/* A message that consists only of its header does not hide the message after it. */
static void
test_bare_header (void)
{
  static const Step change = { RTM_NEWADDR, 1, 0 };
  HbTopology *topology = hb_topology_new ();
  Message messages[2];

  make_message (&messages[1], &change);
  memset (&messages[0], 0, sizeof messages[0]);
  messages[0].header.nlmsg_type = NLMSG_NOOP;
  messages[0].header.nlmsg_len = sizeof messages[0].header;
  memmove (messages[0].bytes + NLMSG_HDRLEN, &messages[1], messages[1].header.nlmsg_len);

  g_assert_true (hb_topology_take (topology, messages,
                                   NLMSG_HDRLEN + messages[1].header.nlmsg_len));
  hb_topology_free (topology);
}

/* After messages have been lost, the known state may be wrong, so the library forgets it. */
static void
test_clear (void)
{
  static const Step link = { RTM_NEWLINK, 2, RUNNING };
  HbTopology *topology = hb_topology_new ();

  g_assert_true (take (topology, &link));
  g_assert_false (take (topology, &link));
  hb_topology_clear (topology);
  g_assert_true (take (topology, &link));

  hb_topology_free (topology);
}

/* The messages are about more routes than the library remembers. A repeated message about a
 * forgotten route counts as a change, because the route may be new. */
static void
test_many (void)
{
  HbTopology *topology = hb_topology_new ();
  Step route = { RTM_NEWROUTE };
  guint n_again = 0;

  for (route.number = 1; route.number <= 10000; route.number++)
    g_assert_true (take (topology, &route));

  for (route.number = 1; route.number <= 10000; route.number++)
    n_again += take (topology, &route);

  g_assert_cmpuint (n_again, >, 0);
  hb_topology_free (topology);
}

/* No byte after the end of the data is read, whatever the lengths in the message are. Different
 * bytes follow the two copies of the data, so such a read may make their results differ. Only a
 * memory checker can detect every such read. */
static void
test_cut (void)
{
  HbTopology *topology = hb_topology_new ();
  HbTopology *other = hb_topology_new ();
  guint i;

  for (i = 0; i < 20000; i++)
    {
      const Case *test = &cases[g_test_rand_int_range (0, G_N_ELEMENTS (cases))];
      gsize length;
      g_autofree Message *cut = NULL;
      Message message;

      make_message (&message, &test->steps[0]);
      length = g_test_rand_int_range (0, message.header.nlmsg_len + 1);
      message.bytes[g_test_rand_int_range (0, sizeof message)] = g_test_rand_int ();
      if (g_test_rand_bit ())
        message.header.nlmsg_len = length;
      cut = g_memdup2 (&message, MAX (length, 1));
      g_assert_cmpint (hb_topology_take (topology, cut, length), ==,
                       hb_topology_take (other, &message, length));
    }

  hb_topology_free (other);
  hb_topology_free (topology);
}

int
main (int   argc,
      char *argv[])
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A message that repeats the description of a link, an address or a route does "
                  "not count as a network change");

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i], test_case);

  g_test_add_func ("/loop/topology/several", test_several);
  g_test_add_func ("/loop/topology/bare-header", test_bare_header);
  g_test_add_func ("/loop/topology/clear", test_clear);
  g_test_add_func ("/loop/topology/many", test_many);
  g_test_add_func ("/loop/topology/cut", test_cut);

  return g_test_run ();
}
