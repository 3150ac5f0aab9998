// SPDX-License-Identifier: LGPL-2.1-or-later

// parse.js FILE: fails if FILE is not valid JavaScript.

import GLib from 'gi://GLib';
import system from 'system';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const IMPORT = /^import [^;]*;$/gm;
const EXPORT = /^export (?:default )?/gm;

const [, contents] = GLib.file_get_contents(system.programArgs[0]);
const text = new TextDecoder().decode(contents);

// GJS cannot parse a module without running it, so the text is parsed as the body of a function. A
// function cannot contain import declarations or the keyword `export`, so both are removed.
new AsyncFunction(text.replace(IMPORT, '').replace(EXPORT, ''));
