// SPDX-License-Identifier: GPL-3.0-or-later
'use strict'

// Compiles the native prover with the system's C++ compiler, directly: node-gyp would download Node's headers, and the
// package node-api-headers has them. Runs on install, where a failure must not break anything: snarkjs then serves.
//
//   node prover/native/build.js              builds what this machine can run, unless it is there already
//   node prover/native/build.js --sanitize   builds it with address and undefined-behaviour sanitizers, for tests

const { execFileSync, spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')

const root = join(__dirname, '..', '..')
const folder = join(root, 'build', 'native')
const record = join(folder, 'build.json')
const sources = join(__dirname, 'src')
const isSanitized = process.argv.includes('--sanitize')

const ADX = ['-mbmi2', '-madx', '-DZKML_ADX']
const IFMA = [...ADX, '-mavx512f', '-mavx512dq', '-mavx512vl', '-mavx512bw', '-mavx512ifma', '-DZKML_IFMA']
/** Levels of instruction sets, each a library of its own; the fastest that the CPU has is chosen when it is loaded. */
const LEVELS = process.arch === 'x64' ? { portable: [], adx: ADX, ifma: IFMA } : { portable: [] }

const COMMON = [
  '-std=c++17',
  '-fPIC',
  '-fvisibility=hidden',
  '-pthread',
  '-DNAPI_VERSION=8',
  '-DNAPI_CPP_EXCEPTIONS',
  // What C++ throws on Node's thread becomes a JavaScript error, and what cannot be told to an ending one is dropped.
  '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL',
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  ...(isSanitized ? ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'] : ['-O3']),
]
const LINK = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']

main().catch((error) => notBuilt(error.message))

async function main() {
  const compiler = findCompiler()
  if (compiler === undefined) return notBuilt('there is no C++ compiler (install g++ or clang++, or set CXX)')
  const includes = ['node-api-headers/include', 'node-addon-api'].map((name) => `-I${packagePath(name)}`)
  const hash = sourceHash(compiler)
  const name = (level) => (isSanitized ? `${level}.sanitized.node` : `${level}.node`)
  if (!isSanitized && isUpToDate(hash)) return undefined
  mkdirSync(folder, { recursive: true })
  const started = performance.now()
  const results = await Promise.all(
    Object.entries(LEVELS).map(async ([level, flags]) => {
      const target = join(folder, name(level))
      const temporary = `${target}.${process.pid}.tmp`
      const failure = await compile(compiler.program, [
        ...compiler.options,
        ...COMMON,
        ...flags,
        ...includes,
        join(sources, 'addon.cpp'),
        ...LINK,
        '-o',
        temporary,
      ])
      if (failure === undefined) renameSync(temporary, target)
      // A library of older sources must not stay in its place.
      else for (const file of [temporary, target]) rmSync(file, { force: true })
      return { level, failure }
    }),
  )
  const levels = results.filter(({ failure }) => failure === undefined).map(({ level }) => level)
  const [first] = results.filter(({ failure }) => failure !== undefined)
  // The portable one is asked what the CPU has; tests need every level.
  if (!levels.includes('portable') || (isSanitized && first !== undefined))
    return notBuilt(`${compiler.command} failed: ${first.failure}`)
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  if (!isSanitized) write({ hash, compiler: compiler.version, levels })
  console.log(`zkml: built the native prover (${levels.join(', ')}) with ${compiler.version} in ${seconds} s`)
}

function notBuilt(reason) {
  console.log(`zkml: no native prover, because ${reason}; snarkjs makes the proofs, ten times slower`)
  if (isSanitized) process.exitCode = 1
  if (isSanitized) return
  try {
    mkdirSync(folder, { recursive: true })
    write({ reason })
  } catch {
    // Said already; where nothing can be written, nothing will be found either.
  }
}

/** The first of CXX, c++, g++ and clang++ that answers. */
function findCompiler() {
  for (const command of [process.env.CXX, 'c++', 'g++', 'clang++']) {
    if (!command) continue
    try {
      // CXX may have arguments: "ccache g++".
      const [program, ...options] = command.split(' ')
      const version = execFileSync(program, [...options, '--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      return { command, program, options, version: version.split('\n')[0].trim() }
    } catch {
      // The next one.
    }
  }
  return undefined
}

function packagePath(name) {
  for (let at = root; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name)
    if (existsSync(candidate)) return candidate
    if (at === dirname(at)) throw new Error(`the package ${name} is missing`)
  }
}

function sourceHash(compiler) {
  const hash = createHash('sha256').update(JSON.stringify([compiler.version, COMMON, LEVELS, LINK, process.arch]))
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)))
  return hash.digest('hex')
}

function isUpToDate(hash, files) {
  try {
    return (
      JSON.parse(readFileSync(record, 'utf8')).hash === hash && files.every((file) => existsSync(join(folder, file)))
    )
  } catch {
    return false
  }
}

function write(content) {
  const temporary = `${record}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`)
  renameSync(temporary, record)
}

/** Resolves to nothing, or to the first line that the compiler complained with. */
function compile(command, args) {
  return new Promise((resolve) => {
    let complaint = ''
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (part) => (complaint += part))
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) =>
      resolve(
        code === 0 ? undefined : (complaint.split('\n').find((line) => /error/i.test(line)) ?? `exit code ${code}`),
      ),
    )
  })
}
