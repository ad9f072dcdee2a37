// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import { cacheFolder, packageVersion, projectVersion } from '../../project'
import { gibibytes, type Check } from './check'

const PACKAGES = ['circom2', 'circomlib', 'ethers', 'onnxruntime-node', 'poseidon-lite', 'snarkjs'] as const
const MIN_NODE = [20, 19] as const

const TRIVIAL_PROGRAM =
  'pragma circom 2.0.0; template T() { signal input a; signal output b; b <== a * a; } component main = T();'

/** Whether this installation can compile, run and prove. */
export const INSTALLATION: readonly Check[] = [
  { name: 'zkml', run: () => projectVersion() },
  { name: 'node', run: checkNode },
  { name: 'packages', run: () => PACKAGES.map((name) => `${name} ${packageVersion(name)}`).join(', ') },
  { name: 'compiler', run: checkCompiler },
  { name: 'cache', run: checkCache },
  { name: 'onnxruntime', run: checkRuntime },
  { name: 'backend', run: checkBackend },
  {
    name: 'machine',
    run: () => `${availableParallelism()} cores, ${gibibytes(totalmem())} memory, ${gibibytes(freemem())} free`,
  },
]

function checkNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]))
    throw new Error(`Node.js ${process.versions.node} is too old; install ${MIN_NODE.join('.')} or newer`)
  return `${process.versions.node} on ${process.platform}-${process.arch}`
}

async function checkCompiler(): Promise<string> {
  const { compileCircom } = await import('../../circuit/circom')
  const start = performance.now()
  await compileCircom(TRIVIAL_PROGRAM)
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
  const { chooseBackend, withSnarkjs } = await import('../../groth16')
  const { name, why } = chooseBackend()
  // It verifies what any of them makes.
  await withSnarkjs(() => Promise.resolve())
  return `${name}, as ${why}`
}
