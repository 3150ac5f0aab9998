// SPDX-License-Identifier: LGPL-2.1-or-later

// parse.js FILE: fails where it is not JavaScript; it is not run.

import GLib from 'gi://GLib';
import system from 'system';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const IMPORT = /^import [^;]*;$/gm;

const [, contents] = GLib.file_get_contents(system.programArgs[0]);
const text = new TextDecoder().decode(contents);

// An import belongs to a module, which would be run, and not into a function, which is not.
new AsyncFunction(text.replace(IMPORT, ''));
