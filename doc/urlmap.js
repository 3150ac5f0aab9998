// SPDX-License-Identifier: LGPL-2.1-or-later

// The addresses of the references of other libraries, to which the pages from gi-docgen link
baseURLs = [
  ['GLib', 'https://docs.gtk.org/glib/'],
  ['GObject', 'https://docs.gtk.org/gobject/'],
  ['Gio', 'https://docs.gtk.org/gio/'],
  ['Soup', 'https://libsoup.org/libsoup-3.0/'],
]
