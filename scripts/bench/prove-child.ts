// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * One backend in a process of its own, so that its peak memory is nobody else's: proves and prints what it took.
 *
 *     prove-child BACKEND KEY WITNESS
 *
 * The first proof loads and checks the key; the third finds it there, as in a daemon. rapidsnark is a program that loads it each time.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWholeFile } from '../../prover/binfile/container'
import { checkZkey, type ProverBackend } from '../../prover/groth16/backend'

export type ProofTimes = {
  /** Milliseconds until the proof is there, key loading included, the start of Node excluded. */
  readonly cold: number
  /** With the key loaded and checked; null where there is no such thing. */
  readonly warm: number | null
  readonly peakBytes: number
}

async function main([name, zkey, wtns]: readonly string[]): Promise<ProofTimes> {
  if (name === 'rapidsnark') return rapidsnark(process.env.ZKML_RAPIDSNARK!, zkey!, wtns!)
  const backend = await open(name!)
  const start = performance.now()
  const key = checkZkey(readWholeFile(zkey!))
  await backend.prove(key, wtns!)
  const loaded = performance.now()
  await backend.prove(key, wtns!)
  const warm = performance.now()
  await backend.prove(key, wtns!)
  const end = performance.now()
  await backend.close()
  return { cold: loaded - start, warm: end - warm, peakBytes: process.resourceUsage().maxRSS * 1024 }
}

async function open(name: string): Promise<ProverBackend> {
  if (name === 'snarkjs')
    return (await import('../../prover/groth16/snarkjs-backend')).snarkjsBackend({ keepThreads: true })
  const [{ nativeBackend }, { nativeStatus }] = await Promise.all([
    import('../../prover/groth16/native-backend'),
    import('../../prover/native'),
  ])
  const status = nativeStatus()
  if (status.addon === undefined) throw new Error(status.reason)
  return nativeBackend(status.addon)
}

/** The bare program, without what our backend adds: it neither checks the key nor verifies its proof. */
async function rapidsnark(binary: string, zkey: string, wtns: string): Promise<ProofTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'zkml-bench-'))
  try {
    const start = performance.now()
    const child = spawn(binary, [zkey, wtns, join(folder, 'proof.json'), join(folder, 'public.json')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    let peakBytes = 0
    const timer = setInterval(() => (peakBytes = Math.max(peakBytes, peakOf(child.pid!))), 5)
    const code = await new Promise((resolve) => child.on('exit', resolve))
    const cold = performance.now() - start
    clearInterval(timer)
    if (code !== 0) throw new Error(`${binary} ended with ${String(code)}`)
    return { cold, warm: null, peakBytes }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function peakOf(pid: number): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

main(process.argv.slice(2))
  .then((times) => console.log(JSON.stringify(times)))
  .catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
