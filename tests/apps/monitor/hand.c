/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hand.h"

#include <X11/extensions/XTest.h>
#include <gdk/x11/gdkx.h>

#include "eye.h"

static void
press_key (Display *display,
           KeySym   key,
           gboolean is_pressed)
{
  KeyCode code = XKeysymToKeycode (display, key);

  g_assert_cmpuint (code, !=, 0);
  XTestFakeKeyEvent (display, code, is_pressed, CurrentTime);
}

static void
type_key (Display    *display,
          const char *accelerator)
{
  GdkModifierType modifiers;
  guint key;

  g_assert_true (gtk_accelerator_parse (accelerator, &key, &modifiers));

  if (modifiers & GDK_CONTROL_MASK)
    press_key (display, XK_Control_L, TRUE);
  if (modifiers & GDK_SHIFT_MASK)
    press_key (display, XK_Shift_L, TRUE);
  if (modifiers & GDK_ALT_MASK)
    press_key (display, XK_Alt_L, TRUE);

  press_key (display, key, TRUE);
  press_key (display, key, FALSE);

  if (modifiers & GDK_ALT_MASK)
    press_key (display, XK_Alt_L, FALSE);
  if (modifiers & GDK_SHIFT_MASK)
    press_key (display, XK_Shift_L, FALSE);
  if (modifiers & GDK_CONTROL_MASK)
    press_key (display, XK_Control_L, FALSE);
}

void
hand_click (GtkWidget *button)
{
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

/* Presses and releases the keys that each word of @keys names, such as “<Control>l”. The X server
 * sends the events to the window that has the focus. */
void
hand_type (MonitorFixture *self,
           const char     *keys)
{
  Display *display = gdk_x11_display_get_xdisplay (gtk_widget_get_display (
                                                     GTK_WIDGET (self->window)));
  g_auto (GStrv) words = g_strsplit (keys, " ", -1);
  guint i;

  for (i = 0; words[i] != NULL; i++)
    type_key (display, words[i]);

  XFlush (display);
}

void
hand_open (MonitorFixture *self)
{
  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Connected"));
}

/* Turns on the menu item “Log In First”, which must be off, and connects. */
void
hand_open_unready (MonitorFixture *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self->window), "win.manual-ready", NULL);
  hand_click (self->connect);
  wait_until (eye_shows (self->state, "Not Ready Yet"));
}

void
hand_write (MonitorFixture *self,
            const char     *text)
{
  gtk_editable_set_text (GTK_EDITABLE (self->message), text);
  hand_click (self->send);
}

void
hand_write_in_vain (MonitorFixture *self)
{
  monitor_fixture_stop_server (self);
  hand_click (self->connect);
  wait_until (eye_has_banner (self));
  hand_write (self, "in vain");
  wait_until (eye_lists (self, "Waiting"));
}

void
hand_flood (MonitorFixture *self,
            const char     *word,
            guint           n_messages)
{
  guint i;

  for (i = 1; i <= n_messages; i++)
    {
      g_autofree char *text = g_strdup_printf ("%s %u", word, i);

      g_assert_true (hb_websocket_task_send_text (self->task, text, NULL));
    }
}

/* Makes the window HAND_NARROW pixels wide, not counting its edges. */
void
hand_make_narrow (MonitorFixture *self)
{
  gtk_window_set_default_size (GTK_WINDOW (self->window), HAND_NARROW, 640);
  wait_until (gtk_widget_get_width (GTK_WIDGET (self->window)) <= HAND_NARROW);
}
