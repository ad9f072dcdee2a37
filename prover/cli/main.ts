#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later

/** Entry of `zkml`. The work is done in a child process; this one keeps the terminal and the signals. */
import { supervise } from './supervise'

supervise(process.argv.slice(2))
