// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { readR1cs } from '../binfile'
import { estimateUniversal, formatBytes, type UniversalEstimate, type UniversalSystem } from '../universal'
import { ArtefactError, artefactPaths, readArtefact } from './artefacts'
import { readModelFile } from './model-folder'
import { table } from './report'

/** What a model costs in a universal system; `constraints` is what it costs in Groth16. */
export type UniversalReport = UniversalEstimate & { readonly constraints: number; readonly beta: boolean }

/**
 * What the circuit of a folder costs in a universal system, before any powers of tau are fetched.
 *
 * @throws ArtefactError, BinFileError, RepeatedWireError
 */
export function universalReport(folder: string, system: UniversalSystem): UniversalReport {
  const paths = artefactPaths(folder)
  const { r1csHash, constraints } = readModelFile(paths)
  const bytes = readArtefact(paths.r1cs, 'zkml compile')
  if (`0x${createHash('sha256').update(bytes).digest('hex')}` !== r1csHash)
    throw new ArtefactError(`${paths.r1cs} is not the circuit that model.json describes; run "zkml compile" again`)
  return { ...estimateUniversal(readR1cs(bytes), system), constraints, beta: system === 'fflonk' }
}

/** The report as text for a terminal. */
export function formatUniversalReport(report: UniversalReport): string {
  const { system, gates, additions, constraints, power, ptauPower, keyBytes, ptauBytes, memory, beta } = report
  const number = (value: number) => value.toLocaleString('en-US')
  return [
    ...table(
      [system, 'what it takes'],
      [
        [
          'gates',
          `${number(gates)}, of which ${number(additions)} for affine maps (groth16: ${number(constraints)} constraints)`,
        ],
        ['domain', `2^${power} rows`],
        ['powers of tau', `2^${ptauPower} or more, prepared for phase 2: ${formatBytes(ptauBytes)}`],
        ['proving key', formatBytes(keyBytes)],
        ['memory, setup', `about ${formatBytes(memory.setup)} (estimate)`],
        ['memory, proof', `about ${formatBytes(memory.prove)} (estimate)`],
      ],
    ),
    ...(beta ? ['', BETA_REMARK] : []),
  ].join('\n')
}

/** What to know before relying on FFLONK. */
export const BETA_REMARK = 'snarkjs calls its FFLONK a beta: do not let value depend on it'
