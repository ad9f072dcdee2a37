// SPDX-License-Identifier: GPL-3.0-or-later
import { type WrittenFile, writeFileAtomic } from '../binfile/atomic'
import { readR1cs } from '../binfile/r1cs-reader'
import { applyContribution, checkOperands, memoryKey } from './ceremony/contribute'
import { initialKey } from './ceremony/initial-key'
import { secretRng } from './contribution/randomness'
import { domainOf } from './domain'
import { pointEngine } from './engine'
import type { EngineOptions } from './point-engine'
import { requirePower, withPtau } from './ptau/format'
import { stagesOf } from './stages'
import { zkeyChunks } from './zkey-writer'

const CONTRIBUTOR = 'zkml setup'

/**
 * Makes a key from a powers-of-tau file, with one phase-2 contribution from fresh entropy, so that δ ≠ γ. One party made
 * that contribution: it can forge proofs unless it forgot its secret, which nobody can check.
 *
 * @throws BinFileError, CircuitTooLargeError, PtauTooSmallError, PtauNotPreparedError, ContributionError, FileWriteError
 */
export async function ptauSetup(
  r1csPath: string,
  ptauPath: string,
  zkeyPath: string,
  options: EngineOptions = {},
): Promise<WrittenFile> {
  return withPtau(ptauPath, async (ptau) => {
    const r1cs = readR1cs(r1csPath)
    requirePower(ptau, domainOf(r1cs).power)
    const engine = pointEngine()
    const [compute, check, contribute] = [0, 1, 2].map(stagesOf(options, [60, 2, 38])) as [
      EngineOptions,
      EngineOptions,
      EngineOptions,
    ]
    // The key before its contribution is forgeable by everyone; it never gets to the disk.
    const key = memoryKey(ptauPath, await initialKey(r1cs, ptau, { ...compute, engine }))
    await checkOperands(key, engine, check)
    const { parts } = await applyContribution(key, { ...contribute, engine }, { name: CONTRIBUTOR }, secretRng())
    const written = await writeFileAtomic(zkeyPath, zkeyChunks(parts))
    options.onProgress?.(1)
    return written
  })
}
