#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs npm's forge and ends as it ends: the launcher of `@foundry-rs/forge` 1.7.1 exits with 0 when tests fail.
'use strict'

const { spawnSync } = require('node:child_process')
const { dirname, join } = require('node:path')

const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch]
const name = `@foundry-rs/forge-${process.platform}-${arch}`
const folder = dirname(require.resolve(`${name}/package.json`))
const binary = join(folder, 'bin', process.platform === 'win32' ? 'forge.exe' : 'forge')
const { status, signal, error } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' })
if (error) throw error
if (signal) process.stderr.write(`forge was ended by ${signal}\n`)
process.exitCode = status ?? 1
