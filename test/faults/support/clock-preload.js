// SPDX-License-Identifier: GPL-3.0-or-later
//
// Loaded before a daemon: its clock is off by as many milliseconds as the file ZKML_FAULTS_CLOCK says, which may
// change at any time. Timers and `performance.now` are monotonic and go on as they do when a machine's clock is set.
'use strict'

const { readFileSync } = require('node:fs')

const RealDate = Date
const file = process.env.ZKML_FAULTS_CLOCK
let offset = 0

function read() {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0
  } catch {
    offset = 0
  }
}

read()
setInterval(read, 20).unref()

class ShiftedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset)
    else super(...args)
  }

  static now() {
    return RealDate.now() + offset
  }
}

// `Date()` without `new` gives a string.
globalThis.Date = new Proxy(ShiftedDate, { apply: () => new ShiftedDate().toString() })
