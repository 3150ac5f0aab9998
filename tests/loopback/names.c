/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "names.h"

static char *address; /* (nullable) */
static guint n_lookups;

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
free_addresses (gpointer addresses)
{
  g_resolver_free_addresses (addresses);
}

static void
look_up_with_flags_async (GResolver                *resolver,
                          const char               *name,
                          GResolverNameLookupFlags  flags,
                          GCancellable             *cancellable,
                          GAsyncReadyCallback       callback,
                          gpointer                  user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);

  if (address == NULL || (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) != 0)
    {
      g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                               "%s has no such address", name);
      return;
    }

  n_lookups++;
  g_task_return_pointer (task,
                         g_list_append (NULL, g_inet_address_new_from_string (address)),
                         free_addresses);
}

static GList *
look_up_with_flags_finish (GResolver     *resolver,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
look_up_async (GResolver           *resolver,
               const char          *name,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  look_up_with_flags_async (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable,
                            callback, user_data);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name_async = look_up_async;
  resolver_class->lookup_by_name_finish = look_up_with_flags_finish;
  resolver_class->lookup_by_name_with_flags_async = look_up_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = look_up_with_flags_finish;
}

static void
test_resolver_init (TestResolver *self)
{
}

void
names_install (void)
{
  g_autoptr (GResolver) resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);

  g_resolver_set_default (resolver);
}

void
names_set_address (const char *new_address)
{
  g_free (address);
  address = g_strdup (new_address);
  n_lookups = 0;
}

/* Returns the number of successful lookups since the last names_set_address (). Lookups of IPv6
 * addresses always fail. */
guint
names_get_n_lookups (void)
{
  return n_lookups;
}
