/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "hb-settings-private.h"
#include "hb-syntax-private.h"

typedef enum {
  KIND_NONE, /* for a property that has no field in HbSettings */
  KIND_BOOLEAN,
  KIND_ENUM,
  KIND_INT,
  KIND_UINT,
  KIND_UINT64,
  KIND_DOUBLE,
  KIND_STRING,
  KIND_TEXT, /* a string that must be UTF-8 */
  KIND_STRV,
  KIND_BYTES,
} Kind;

/* A default value. The address of the union is also the address of the value, whatever its type. */
typedef union
{
  gboolean            v_boolean;
  int                 v_int; /* also for KIND_ENUM */
  guint               v_uint;
  guint64             v_uint64;
  double              v_double;
  const char         *v_string;
  const char * const *v_strv;
  GBytes             *v_bytes;
} Value;

typedef struct
{
  Kind       kind;
  guint      offset;
  guint      size;
  Value      initial;
  int        min;          /* of KIND_ENUM, KIND_INT and KIND_DOUBLE; the others have no limits */
  int        max;
  gboolean   is_required;  /* KIND_TEXT: NULL is not allowed */
  GType    (*get_type) (void); /* KIND_ENUM */
} Setting;

#define FIELD(field) \
  .offset = G_STRUCT_OFFSET (HbSettings, field), .size = sizeof ((HbSettings *) NULL)->field
#define BOOLEAN(field, value) \
  { .kind = KIND_BOOLEAN, FIELD (field), .initial.v_boolean = value }
#define ENUM(field, type, value, last) \
  { .kind = KIND_ENUM, FIELD (field), .initial.v_int = value, .max = last, .get_type = type }
#define UINT(field, value) \
  { .kind = KIND_UINT, FIELD (field), .initial.v_uint = value }
#define UINT64(field, value) \
  { .kind = KIND_UINT64, FIELD (field), .initial.v_uint64 = value }
#define STRING(field) \
  { .kind = KIND_STRING, FIELD (field) }

/* With a header of 8 bytes, the frame is 32 KiB long. Some gateways refuse longer frames. */
#define FRAGMENT_SIZE (32 * 1024 - 8)

static const Setting settings[HB_N_PROPERTIES] = {
  [HB_PROPERTY_URI] = STRING (uri),
  [HB_PROPERTY_PROTOCOLS] = { .kind = KIND_STRV, FIELD (protocols) },
  [HB_PROPERTY_ORIGIN] = STRING (origin),
  [HB_PROPERTY_COMPRESSION] = BOOLEAN (compression, FALSE),
  [HB_PROPERTY_HEARTBEAT_MODE] = ENUM (heartbeat_mode, hb_heartbeat_mode_get_type,
                                       HB_HEARTBEAT_MODE_MESSAGE, HB_HEARTBEAT_MODE_PING),
  [HB_PROPERTY_LIVENESS] = ENUM (liveness, hb_liveness_get_type,
                                 HB_LIVENESS_ANY, HB_LIVENESS_STEADY),
  [HB_PROPERTY_PING_TIMEOUT] = UINT (ping_timeout, 15000),
  [HB_PROPERTY_PONG_TIMEOUT] = UINT (pong_timeout, 10000),
  [HB_PROPERTY_PING_MESSAGE] = { .kind = KIND_TEXT, FIELD (ping_message),
                                 .initial.v_string = "heartbeat", .is_required = TRUE },
  [HB_PROPERTY_PONG_MESSAGE] = { .kind = KIND_TEXT, FIELD (pong_message) },
  [HB_PROPERTY_RECONNECT_TIMEOUT] = UINT (reconnect_timeout, 2000),
  [HB_PROPERTY_RECONNECT_TIMEOUT_MAX] = UINT (reconnect_timeout_max, 0),
  [HB_PROPERTY_RECONNECT_JITTER] = { .kind = KIND_DOUBLE, FIELD (reconnect_jitter),
                                     .initial.v_double = 0, .min = 0, .max = 1 },
  [HB_PROPERTY_REPEAT_LIMIT] = { .kind = KIND_INT, FIELD (repeat_limit),
                                 .initial.v_int = -1, .min = -1, .max = G_MAXINT },
  [HB_PROPERTY_MIN_UPTIME] = UINT (min_uptime, 5000),
  [HB_PROPERTY_CONNECT_TIMEOUT] = UINT (connect_timeout, 10000),
  [HB_PROPERTY_CLOSE_TIMEOUT] = UINT (close_timeout, 2000),
  [HB_PROPERTY_MAX_MESSAGE_SIZE] = UINT64 (max_message_size, 16 * 1024 * 1024),
  [HB_PROPERTY_MAX_BUFFERED_AMOUNT] = UINT64 (max_buffered_amount, 8 * 1024 * 1024),
  [HB_PROPERTY_OVERFLOW] = ENUM (overflow, hb_overflow_get_type,
                                 HB_OVERFLOW_FAIL, HB_OVERFLOW_DROP_NEWEST),
  [HB_PROPERTY_NETWORK_AWARE] = BOOLEAN (network_aware, TRUE),
  [HB_PROPERTY_MANUAL_READY] = BOOLEAN (manual_ready, FALSE),
  [HB_PROPERTY_PAUSED] = BOOLEAN (paused, FALSE),
  [HB_PROPERTY_PING_BYTES] = { .kind = KIND_BYTES, FIELD (ping_bytes) },
  [HB_PROPERTY_QUEUE_TIMEOUT] = UINT (queue_timeout, 0),
  [HB_PROPERTY_FRAGMENT_SIZE] = UINT (fragment_size, FRAGMENT_SIZE),
  [HB_PROPERTY_DELIVERY] = ENUM (delivery, hb_delivery_get_type,
                                 HB_DELIVERY_WRITTEN, HB_DELIVERY_ACKNOWLEDGED),
};

static const Setting *
get_setting (HbProperty property)
{
  g_assert (hb_settings_has (property));

  return &settings[property];
}

/* Returns NULL for an empty list, because libsoup 3.2 would send a Sec-WebSocket-Protocol header
 * without a value. */
static char **
copy_strv (const char * const *strv)
{
  return strv != NULL && strv[0] != NULL ? g_strdupv ((char **) strv) : NULL;
}

static const char * const *
list_strv (const char * const *strv)
{
  static const char * const none[] = { NULL };

  return strv != NULL ? strv : none;
}

static gboolean
is_text (const char *string,
         gboolean    is_required)
{
  return string != NULL ? g_utf8_validate (string, -1, NULL) : !is_required;
}

/* A default is not copied, because copies for thousands of tasks would waste memory. */
static char *
copy_string (const Setting *setting,
             const char    *string)
{
  const char *initial = setting->initial.v_string;

  return g_strcmp0 (string, initial) == 0 ? (char *) initial : g_strdup (string);
}

static void
free_string (const Setting *setting,
             char          *string)
{
  if (string != setting->initial.v_string)
    g_free (string);
}

/* This function and the next three return whether the value has changed. The old string is freed
 * last, because the new value may be a part of it. */
static gboolean
set_string (const Setting  *setting,
            char          **field,
            const char     *value)
{
  char *old = *field;

  if (g_strcmp0 (old, value) == 0)
    return FALSE;

  *field = copy_string (setting, value);
  free_string (setting, old);

  return TRUE;
}

static gboolean
set_strv (char               ***field,
          const char * const   *value)
{
  G_GNUC_UNUSED g_auto (GStrv) old = NULL;

  if (g_strv_equal (list_strv ((const char * const *) *field), list_strv (value)))
    return FALSE;

  old = *field;
  *field = copy_strv (value);

  return TRUE;
}

static gboolean
set_bytes (GBytes **field,
           GBytes  *value)
{
  GBytes *old = *field;
  gboolean is_same = old == NULL || value == NULL ? old == value : g_bytes_equal (old, value);

  if (is_same)
    return FALSE;

  /* The function of the application that frees the old bytes may set the property again, so the
   * field has the new value before they are freed. */
  *field = value != NULL ? g_bytes_ref (value) : NULL;
  g_clear_pointer (&old, g_bytes_unref);

  return TRUE;
}

static gboolean
set_plain (gpointer      field,
           gconstpointer value,
           gsize         size)
{
  if (memcmp (field, value, size) == 0)
    return FALSE;

  memcpy (field, value, size);

  return TRUE;
}

/* Returns whether the property has a field in HbSettings. Only such a property may be passed to the
 * other functions. */
gboolean
hb_settings_has (HbProperty property)
{
  return property < HB_N_PROPERTIES && settings[property].kind != KIND_NONE;
}

/* Returns: (transfer floating) */
GParamSpec *
hb_settings_new_pspec (HbProperty  property,
                       GParamFlags flags)
{
  const char *name = hb_property_get_name (property);
  const Setting *setting = get_setting (property);
  const Value *initial = &setting->initial;

  switch (setting->kind)
    {
    case KIND_BOOLEAN:
      return g_param_spec_boolean (name, NULL, NULL, initial->v_boolean, flags);
    case KIND_ENUM:
      return g_param_spec_enum (name, NULL, NULL, setting->get_type (), initial->v_int, flags);
    case KIND_INT:
      return g_param_spec_int (name, NULL, NULL, setting->min, setting->max, initial->v_int, flags);
    case KIND_UINT:
      return g_param_spec_uint (name, NULL, NULL, 0, G_MAXUINT, initial->v_uint, flags);
    case KIND_UINT64:
      return g_param_spec_uint64 (name, NULL, NULL, 0, G_MAXUINT64, initial->v_uint64, flags);
    case KIND_DOUBLE:
      return g_param_spec_double (name, NULL, NULL, setting->min, setting->max, initial->v_double,
                                  flags);
    case KIND_STRING:
    case KIND_TEXT:
      return g_param_spec_string (name, NULL, NULL, initial->v_string, flags);
    case KIND_STRV:
      return g_param_spec_boxed (name, NULL, NULL, G_TYPE_STRV, flags);
    case KIND_BYTES:
      return g_param_spec_boxed (name, NULL, NULL, G_TYPE_BYTES, flags);
    case KIND_NONE:
    default:
      g_assert_not_reached ();
    }
}

/* For @value, see hb_settings_set (). */
gboolean
hb_settings_is_allowed (HbProperty    property,
                        gconstpointer value)
{
  const Setting *setting = get_setting (property);

  switch (setting->kind)
    {
    case KIND_ENUM:
    case KIND_INT:
      return *(const int *) value >= setting->min && *(const int *) value <= setting->max;
    case KIND_DOUBLE:
      return *(const double *) value >= setting->min && *(const double *) value <= setting->max;
    case KIND_TEXT:
      return is_text (*(const char * const *) value, setting->is_required);
    case KIND_BOOLEAN:
    case KIND_UINT:
    case KIND_UINT64:
    case KIND_STRING:
    case KIND_STRV:
    case KIND_BYTES:
      return TRUE;
    case KIND_NONE:
    default:
      g_assert_not_reached ();
    }
}

void
hb_settings_init (HbSettings *self)
{
  HbProperty property;

  *self = (HbSettings) { 0 };

  for (property = HB_PROPERTY_0; property < HB_N_PROPERTIES; property++)
    if (hb_settings_has (property))
      hb_settings_set (self, property, &settings[property].initial);
}

void
hb_settings_clear (HbSettings *self)
{
  g_clear_pointer (&self->uri, g_free);
  g_clear_pointer (&self->protocols, g_strfreev);
  g_clear_pointer (&self->origin, g_free);
  free_string (get_setting (HB_PROPERTY_PING_MESSAGE), g_steal_pointer (&self->ping_message));
  g_clear_pointer (&self->ping_bytes, g_bytes_unref);
  g_clear_pointer (&self->pong_message, g_free);
}

/* Does not check the value, so call hb_settings_is_allowed () first. Takes no ownership.
 *
 * @value: points to a value of the property's type, which for a string, a list or a GBytes is
 *   itself a pointer
 *
 * Returns whether the field has changed. */
gboolean
hb_settings_set (HbSettings    *self,
                 HbProperty     property,
                 gconstpointer  value)
{
  const Setting *setting = get_setting (property);
  gpointer field = G_STRUCT_MEMBER_P (self, setting->offset);

  switch (setting->kind)
    {
    case KIND_BOOLEAN:
      return set_plain (field, &(gboolean) { *(const gboolean *) value != FALSE }, setting->size);
    case KIND_ENUM:
    case KIND_INT:
    case KIND_UINT:
    case KIND_UINT64:
    case KIND_DOUBLE:
      return set_plain (field, value, setting->size);
    case KIND_STRING:
    case KIND_TEXT:
      return set_string (setting, field, *(const char * const *) value);
    case KIND_STRV:
      return set_strv (field, *(const char * const * const *) value);
    case KIND_BYTES:
      return set_bytes (field, *(GBytes * const *) value);
    case KIND_NONE:
    default:
      g_assert_not_reached ();
    }
}

/* Returns a pointer to the field, not the value. */
gconstpointer
hb_settings_peek (const HbSettings *self,
                  HbProperty        property)
{
  return G_STRUCT_MEMBER_P (self, get_setting (property)->offset);
}

/* Returns: (transfer none): the subprotocols, never NULL */
const char * const *
hb_settings_list_protocols (const HbSettings *self)
{
  return list_strv ((const char * const *) self->protocols);
}

gboolean
hb_settings_check (const HbSettings  *self,
                   GError           **error)
{
  return hb_syntax_check_uri (self->uri, error)
         && hb_settings_check_handshake (self, error);
}

gboolean
hb_settings_check_handshake (const HbSettings  *self,
                             GError           **error)
{
  return hb_syntax_check_protocols ((const char * const *) self->protocols, error)
         && hb_syntax_check_origin (self->origin, error);
}
