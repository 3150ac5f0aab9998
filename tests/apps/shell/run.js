// SPDX-License-Identifier: LGPL-2.1-or-later

// run.js IMPLEMENTATION TABLE [NAME]
//
// Runs all scenarios of TABLE.js in this folder, or only the scenario NAME. IMPLEMENTATION is
// `module` or `library`.

import GLib from 'gi://GLib';
import System from 'system';

import {runAll, use} from './harness.js';

const SOURCES = {
  module: '../../../extras/gnome-shell/hbWebsocket.js',
  library: 'gi://Hb?version=1',
};
const [implementation, table, only] = ARGV;

function select(scenarios) {
  return Object.fromEntries(
    Object.entries(scenarios ?? {}).filter(([name]) => [undefined, name].includes(only)));
}

async function run() {
  use(implementation, (await import(SOURCES[implementation])).default);
  const {together, alone} = await import(`./${table}.js`);

  return runAll({together: select(together), alone: select(alone)});
}

// After a top-level `await`, the main loop would run in the job of a promise, and no other job
// could run.
const loop = new GLib.MainLoop(null, false);
let passed = false;

run().then(result => {
  passed = result;
}).catch(console.error).finally(() => loop.quit());
loop.run();
System.exit(passed ? 0 : 1);
