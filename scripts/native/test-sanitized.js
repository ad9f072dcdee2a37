// SPDX-License-Identifier: GPL-3.0-or-later
'use strict'

// Runs the tests of the native prover with the library that "prover/native/build.js --sanitize" made. Node itself is not
// instrumented, so the sanitizers' libraries come first, and Node keeps its own handler of segmentation faults, which its
// WebAssembly needs; leaks are not looked for, because Node frees nothing at its end.

const { execFileSync, spawnSync } = require('node:child_process')
const { readdirSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..', '..')
const tests = readdirSync(join(root, 'test', 'groth16')).filter((name) => /^native-.*\.test\.ts$/.test(name))
const compiler = process.env.CXX ?? 'g++'
const library = (name) => execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()

const { status } = spawnSync(
  process.execPath,
  [
    require.resolve('mocha/bin/mocha.js'),
    '--require',
    'ts-node/register/transpile-only',
    '--timeout',
    '600000',
    '--exit',
    ...tests.map((name) => join('test', 'groth16', name)),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
      ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
      ZKML_NATIVE_VARIANT: 'sanitized',
    },
  },
)
process.exitCode = status ?? 1
