/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "scripted-output.h"

typedef enum {
  STEP_TAKE,
  STEP_BLOCK,
  STEP_FAIL,
} StepKind;

typedef struct
{
  StepKind kind;
  guint    value; /* the maximum number of bytes, or the code of the error */
} Step;

struct _ScriptedOutput
{
  GOutputStream  parent_instance;

  GArray        *steps;
  GByteArray    *taken;
  GBytes        *refused;  /* (nullable) the bytes of the last write, if it blocked */
  guint          n_writes;
};

static void scripted_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ScriptedOutput, scripted_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      scripted_output_pollable_init))

static void
expect_same_again (ScriptedOutput *self,
                   const void     *buffer,
                   gsize           count)
{
  g_autoptr (GBytes) refused = g_steal_pointer (&self->refused);
  gconstpointer data;
  gsize size;

  if (refused == NULL)
    return;

  data = g_bytes_get_data (refused, &size);
  g_assert_cmpmem (buffer, count, data, size);
}

static gssize
scripted_output_write_nonblocking (GPollableOutputStream  *pollable,
                                   const void             *buffer,
                                   gsize                   count,
                                   GError                **error)
{
  ScriptedOutput *self = SCRIPTED_OUTPUT (pollable);
  Step step = { STEP_TAKE, G_MAXUINT };

  self->n_writes++;
  expect_same_again (self, buffer, count);

  if (self->steps->len > 0)
    {
      step = g_array_index (self->steps, Step, 0);
      g_array_remove_index (self->steps, 0);
    }

  switch (step.kind)
    {
    case STEP_TAKE:
      count = MIN (count, step.value);
      g_byte_array_append (self->taken, buffer, count);
      return count;

    case STEP_BLOCK:
      self->refused = g_bytes_new (buffer, count);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Scripted");
      return -1;

    case STEP_FAIL:
      g_set_error_literal (error, G_IO_ERROR, step.value, "Scripted");
      return -1;

    default:
      g_assert_not_reached ();
    }
}

static gboolean
scripted_output_is_writable (GPollableOutputStream *pollable)
{
  return TRUE;
}

static void
scripted_output_finalize (GObject *object)
{
  ScriptedOutput *self = SCRIPTED_OUTPUT (object);

  g_array_unref (self->steps);
  g_byte_array_unref (self->taken);
  g_clear_pointer (&self->refused, g_bytes_unref);

  G_OBJECT_CLASS (scripted_output_parent_class)->finalize (object);
}

static void
scripted_output_class_init (ScriptedOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = scripted_output_finalize;
}

static void
scripted_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = scripted_output_is_writable;
  iface->write_nonblocking = scripted_output_write_nonblocking;
}

static void
scripted_output_init (ScriptedOutput *self)
{
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  self->taken = g_byte_array_new ();
}

ScriptedOutput *
scripted_output_new (void)
{
  return g_object_new (SCRIPTED_TYPE_OUTPUT, NULL);
}

static void
add_step (ScriptedOutput *self,
          StepKind        kind,
          guint           value)
{
  Step step = { kind, value };

  g_array_append_val (self->steps, step);
}

void
scripted_output_add_taking (ScriptedOutput *self,
                            guint           n_bytes)
{
  add_step (self, STEP_TAKE, n_bytes);
}

void
scripted_output_add_blocking (ScriptedOutput *self)
{
  add_step (self, STEP_BLOCK, 0);
}

void
scripted_output_add_error (ScriptedOutput *self,
                           GIOErrorEnum    code)
{
  add_step (self, STEP_FAIL, code);
}

guint
scripted_output_get_n_writes (ScriptedOutput *self)
{
  return self->n_writes;
}

/* Returns: (transfer none) */
GByteArray *
scripted_output_get_taken (ScriptedOutput *self)
{
  return self->taken;
}
