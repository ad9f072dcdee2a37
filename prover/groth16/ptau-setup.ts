// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'
import { type Logger, zKey } from 'snarkjs'

import { ZkmlError } from '../errors'
import { withTemporaryFile } from '../binfile/atomic'
import { BinFileError, withContainer } from '../binfile/container'
import { BASE_FIELD } from '../binfile/field'
import { readR1csCounts } from '../binfile/r1cs-reader'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import { domainOf } from './domain'
import { withSnarkjs } from './snarkjs-session'

/** The powers-of-tau file is for smaller circuits. */
export class PtauTooSmallError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_TOO_SMALL'

  constructor(path: string, power: number, needed: number) {
    super(
      `${path} has power ${power}, but the circuit needs power ${needed}; give a powers-of-tau file of ${needed} or more`,
    )
  }
}

/** The powers-of-tau file lacks the part that `powersoftau prepare phase2` computes. */
export class PtauNotPreparedError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_NOT_PREPARED'

  constructor(path: string) {
    super(
      `${path} is not prepared for phase 2; run \`snarkjs powersoftau prepare phase2\` on it, or take a prepared file`,
    )
  }
}

/** snarkjs could not make a key out of circuit and powers of tau. */
export class PtauSetupError extends ZkmlError {
  readonly code = 'GROTH16_PTAU_SETUP_FAILED'

  constructor(path: string, reason: string, cause?: unknown) {
    super(`snarkjs could not set up a key from ${path}: ${reason}`, cause === undefined ? undefined : { cause })
  }
}

export type PtauSetupOptions = {
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
  /** Checked before each stage. */
  readonly signal?: AbortSignal
}

const LAGRANGE = { tau1: 12, tau2: 13, alpha1: 14, beta1: 15 } as const

/**
 * Checks, before any long work, that a powers-of-tau file is whole, prepared and large enough for 2^power rows.
 *
 * @throws BinFileError, PtauTooSmallError, PtauNotPreparedError
 */
export function checkPtau(path: string, power: number): void {
  withContainer(path, 'ptau', 1, (file) => {
    const header = file.reader(1)
    header.prime(BASE_FIELD)
    const available = header.u32()
    if (available < power) throw new PtauTooSmallError(path, available, power)
    if (!file.has(LAGRANGE.tau1)) throw new PtauNotPreparedError(path)
    // The Lagrange bases of the domains 1, 2, 4 … follow one another; the H points take one domain more.
    const upTo = 2 ** (power + 1) - 1
    const wanted = [
      [LAGRANGE.tau1, (2 ** (power + 2) - 1) * G1_BYTES],
      [LAGRANGE.tau2, upTo * G2_BYTES],
      [LAGRANGE.alpha1, upTo * G1_BYTES],
      [LAGRANGE.beta1, upTo * G1_BYTES],
    ] as const
    for (const [id, bytes] of wanted) {
      if (file.entry(id).length < bytes) {
        throw new BinFileError('BINFILE_TRUNCATED', path, id, `it should have at least ${bytes} bytes`)
      }
    }
  })
}

/**
 * Makes a key from a powers-of-tau file through snarkjs, with one phase-2 contribution from fresh entropy, so that
 * δ ≠ γ. One party made that contribution: it can forge proofs unless it forgot its secret, which nobody can check.
 *
 * @throws BinFileError, CircuitTooLargeError, PtauTooSmallError, PtauNotPreparedError, PtauSetupError, FileWriteError
 */
export async function ptauSetup(
  r1csPath: string,
  ptauPath: string,
  zkeyPath: string,
  options: PtauSetupOptions = {},
): Promise<void> {
  const { power } = domainOf(readR1csCounts(r1csPath))
  checkPtau(ptauPath, power)
  const logger = progressLogger(options.onProgress)
  const step = async <T>(action: () => Promise<T>): Promise<T> => {
    options.signal?.throwIfAborted()
    try {
      return await action()
    } catch (error) {
      throw new PtauSetupError(ptauPath, error instanceof Error ? error.message : String(error), error)
    }
  }
  await withSnarkjs(() =>
    withTemporaryFile(zkeyPath, async (contributed) => {
      // The key before its contribution is forgeable by everyone; it never gets a name that looks like a key.
      const initial: { type: 'bigMem' } = { type: 'bigMem' }
      const hash = await step(() => zKey.newZKey(r1csPath, ptauPath, initial, logger))
      if (hash === -1) throw new PtauSetupError(ptauPath, logger.lastError)
      const entropy = randomBytes(64)
      await step(() => zKey.contribute(initial, contributed, 'zkml setup', entropy.toString('hex'), logger))
      entropy.fill(0)
    }),
  )
  options.onProgress?.(1)
}

/** snarkjs' own order of work, with the share of the time that is gone when each part begins (measured). */
const STAGES: readonly (readonly [pattern: RegExp, from: number, to: number])[] = [
  [/^processing constraints: (\d+)\/(\d+)/, 0, 0.02],
  [/^Writing points \w+ IC: (\d+)\/(\d+)/, 0.02, 0.04],
  [/^HashingHPoints: (\d+)\/(\d+)/, 0.04, 0.1],
  [/^Writing points \w+ C: (\d+)\/(\d+)/, 0.1, 0.35],
  [/^Writing points \w+ A: (\d+)\/(\d+)/, 0.35, 0.45],
  [/^Writing points \w+ B1: (\d+)\/(\d+)/, 0.45, 0.5],
  [/^Writing points \w+ B2: (\d+)\/(\d+)/, 0.5, 0.6],
  [/L Section: (\d+)\/(\d+)/, 0.6, 0.8],
  [/H Section: (\d+)\/(\d+)/, 0.8, 1],
]

/** Turns snarkjs' log lines into a fraction that never falls, and remembers the last error. */
function progressLogger(onProgress: PtauSetupOptions['onProgress']): Logger & { readonly lastError: string } {
  let reached = 0
  let lastError = 'it gave no reason'
  const read = (message: string): void => {
    for (const [pattern, from, to] of STAGES) {
      const match = pattern.exec(message)
      if (match === null) continue
      const fraction = from + ((to - from) * Number(match[1])) / Number(match[2])
      if (fraction > reached) onProgress?.((reached = fraction))
      return
    }
  }
  return {
    debug: read,
    info: read,
    warn: () => undefined,
    error: (message) => {
      lastError = message
    },
    get lastError() {
      return lastError
    },
  }
}
