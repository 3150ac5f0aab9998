/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>
#include <sys/socket.h>

#include "scripted-input.h"

typedef struct
{
  GByteArray *bytes; /* (nullable) */
  int         code;  /* the code of the error if @bytes is NULL */
} Step;

struct _ScriptedInput
{
  GInputStream  parent_instance;

  GArray       *steps;
  guint         n_reads;
  int           fd;
  gboolean      has_end;
};

static void scripted_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ScriptedInput, scripted_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      scripted_input_pollable_init))

static void
clear_step (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->bytes, g_byte_array_unref);
}

static void
take_step (ScriptedInput *self)
{
  char buffer[256];

  if (self->steps->len > 0)
    g_array_remove_index (self->steps, 0);

  while (self->steps->len == 0 && recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
    ;
}

static gssize
scripted_input_read_nonblocking (GPollableInputStream  *pollable,
                                 void                  *buffer,
                                 gsize                  count,
                                 GError               **error)
{
  ScriptedInput *self = SCRIPTED_INPUT (pollable);
  int code = G_IO_ERROR_WOULD_BLOCK;
  Step *step;

  self->n_reads++;

  if (self->steps->len == 0 && self->has_end)
    return 0;

  if (self->steps->len > 0)
    {
      step = &g_array_index (self->steps, Step, 0);

      if (step->bytes != NULL)
        {
          count = MIN (count, step->bytes->len);
          memcpy (buffer, step->bytes->data, count);
          g_byte_array_remove_range (step->bytes, 0, count);
          if (step->bytes->len == 0)
            take_step (self);
          return count;
        }

      code = step->code;
    }

  take_step (self);
  g_set_error_literal (error, G_IO_ERROR, code, "Scripted");
  return -1;
}

static gboolean
scripted_input_is_readable (GPollableInputStream *pollable)
{
  return TRUE;
}

static void
scripted_input_finalize (GObject *object)
{
  g_array_unref (SCRIPTED_INPUT (object)->steps);

  G_OBJECT_CLASS (scripted_input_parent_class)->finalize (object);
}

static void
scripted_input_class_init (ScriptedInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = scripted_input_finalize;
}

static void
scripted_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = scripted_input_is_readable;
  iface->read_nonblocking = scripted_input_read_nonblocking;
}

static void
scripted_input_init (ScriptedInput *self)
{
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  g_array_set_clear_func (self->steps, clear_step);
}

ScriptedInput *
scripted_input_new (int fd)
{
  ScriptedInput *self = g_object_new (SCRIPTED_TYPE_INPUT, NULL);

  self->fd = fd;

  return self;
}

void
scripted_input_add_piece (ScriptedInput *self,
                          const void    *data,
                          gsize          size)
{
  Step step = { .bytes = g_byte_array_append (g_byte_array_new (), data, size) };

  g_array_append_val (self->steps, step);
}

void
scripted_input_add_blocking (ScriptedInput *self)
{
  scripted_input_add_error (self, G_IO_ERROR_WOULD_BLOCK);
}

void
scripted_input_set_end (ScriptedInput *self)
{
  self->has_end = TRUE;
}

void
scripted_input_add_error (ScriptedInput *self,
                          GIOErrorEnum   code)
{
  Step step = { .code = code };

  g_array_append_val (self->steps, step);
}

guint
scripted_input_get_n_reads (ScriptedInput *self)
{
  return self->n_reads;
}
