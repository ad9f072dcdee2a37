// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '../pipeline'
import { cacheFolder, packageVersion, projectVersion } from '../project'

/** One thing that must work; `detail` says what was found, or what is wrong and what to do. */
export type HealthCheck = { readonly name: string; readonly ok: boolean; readonly detail: string }

const PACKAGES = ['circom2', 'circomlib', 'ethers', 'onnxruntime-node', 'poseidon-lite', 'snarkjs'] as const
const MIN_NODE = [20, 19] as const

const TRIVIAL_PROGRAM =
  'pragma circom 2.0.0; template T() { signal input a; signal output b; b <== a * a; } component main = T();'

const CHECKS: Readonly<Record<string, () => string | Promise<string>>> = {
  zkml: () => projectVersion(),
  node: checkNode,
  packages: () => PACKAGES.map((name) => `${name} ${packageVersion(name)}`).join(', '),
  compiler: checkCompiler,
  cache: checkCache,
  onnxruntime: checkRuntime,
  backend: checkBackend,
  machine: () =>
    `${availableParallelism()} cores, ${gibibytes(totalmem())} GiB memory, ${gibibytes(freemem())} GiB free`,
}

/** Runs every check; a failure of one does not stop the others. */
export async function runDoctor(progress: Progress): Promise<HealthCheck[]> {
  const results: HealthCheck[] = []
  for (const [name, check] of Object.entries(CHECKS)) {
    progress('doctor', results.length / Object.keys(CHECKS).length, name)
    try {
      results.push({ name, ok: true, detail: await check() })
    } catch (error) {
      results.push({ name, ok: false, detail: error instanceof Error ? error.message : String(error) })
    }
  }
  return results
}

function checkNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]))
    throw new Error(`Node.js ${process.versions.node} is too old; install ${MIN_NODE.join('.')} or newer`)
  return `${process.versions.node} on ${process.platform}-${process.arch}`
}

async function checkCompiler(): Promise<string> {
  const { compileCircom } = await import('../circuit/circom')
  const start = performance.now()
  await compileCircom(TRIVIAL_PROGRAM, 'O1')
  return `circom2 compiled a circuit in ${Math.round(performance.now() - start)} ms`
}

function checkCache(): string {
  const folder = cacheFolder()
  try {
    mkdirSync(folder, { recursive: true })
    rmSync(mkdtempSync(join(folder, 'doctor-')), { recursive: true })
  } catch (error) {
    throw new Error(`${folder} is not writable (${(error as Error).message}); set ZKML_CACHE to a folder that is`)
  }
  return `${folder} is writable`
}

async function checkRuntime(): Promise<string> {
  try {
    const { env } = await import('onnxruntime-node')
    return `${env.versions.node ?? env.versions.common} loads`
  } catch (error) {
    throw new Error(`onnxruntime-node does not load (${(error as Error).message}); run "npm ci" on this machine`)
  }
}

async function checkBackend(): Promise<string> {
  const { snarkjsBackend, withSnarkjs } = await import('../groth16')
  await withSnarkjs(() => Promise.resolve())
  return `${snarkjsBackend().name}, in WebAssembly`
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}
