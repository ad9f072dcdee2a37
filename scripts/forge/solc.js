#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The compiler for forge: npm's `solc`, behind the two calls forge makes. `--version` says which it is; `--standard-json`
// reads a job from stdin, with every source in it, and answers on stdout. Nothing is downloaded.
'use strict'

const { readFileSync, writeSync } = require('node:fs')

const args = process.argv.slice(2)

if (args.includes('--version')) {
  // The compiler itself would say the same, after a second of loading.
  const { version } = require('solc/package.json')
  write(`solc, the solidity compiler commandline interface\nVersion: ${version}+commit.npm.Emscripten.clang\n`)
} else if (args.includes('--standard-json')) {
  write(require('solc').compile(readFileSync(0, 'utf8')))
} else {
  process.stderr.write(`solc.js answers --version and --standard-json, not: ${args.join(' ')}\n`)
  process.exitCode = 1
}

/** Writes all of a text to stdout, which may be a pipe that takes less at a time. */
function write(text) {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
}
