// SPDX-License-Identifier: LGPL-2.1-or-later

// parse.js FILE: fails if FILE is not JavaScript, and does not run it.

import GLib from 'gi://GLib';
import system from 'system';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const IMPORT = /^import [^;]*;$/gm;
const EXPORT = /^export (?:default )?/gm;

const [, contents] = GLib.file_get_contents(system.programArgs[0]);
const text = new TextDecoder().decode(contents);

// Imports and exports belong to a module, which would be run. A function cannot have them, and is
// not run.
new AsyncFunction(text.replace(IMPORT, '').replace(EXPORT, ''));
