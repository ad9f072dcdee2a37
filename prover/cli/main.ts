#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Entry of `zkml`. The work is done in a child process, and this one keeps the terminal and the signals; a daemon is one process, which
 * ends in its own time.
 */
import { runHere } from './run-here'
import { supervise } from './supervise'

const args = process.argv.slice(2)
if (args[0] === 'serve') runHere(args)
else supervise(args)
