// SPDX-License-Identifier: GPL-3.0-or-later
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { writeFileAtomic } from '../../prover/binfile'
import { compileModel, compileReport, saveModel, setupModel, setupUniversalModel } from '../../prover/pipeline'
import { type ProofSystem, UNIVERSAL_SYSTEMS } from '../../prover/universal'
import { knownPtau } from '../support/known-ptau'
import { compiler, quantizeModel } from '../support/linked-model'
import { SMALL_MODELS } from '../support/small-models'

/** Enough for FFLONK of the smallest of the small models. */
const POWER = 11

/** An argmax over 4 of 5 inputs, all public, with keys of every system. */
export type UniversalModel = { readonly ptau: string; readonly of: (system: ProofSystem) => string }

let made: Promise<UniversalModel> | undefined
let root: string | undefined

/** The model, made once for all test files. */
export function universalModel(): Promise<UniversalModel> {
  return (made ??= makeModel())
}

/** An input that the model takes. */
export const INPUTS = [Float64Array.of(1, -2, 3, 0, 2)]

async function makeModel(): Promise<UniversalModel> {
  const folder = (root = mkdtempSync(join(tmpdir(), 'zkml-universal-')))
  const ptau = join(folder, 'known.ptau')
  await writeFileAtomic(ptau, [await knownPtau(POWER, { tau: 987654321n, alpha: 5n, beta: 7n })])
  const { spec, ...options } = SMALL_MODELS['ArgMax']!
  const { bytes, recipe } = quantizeModel(spec, options)
  const model = await compileModel(bytes, { recipe, compiler })
  const of = (system: ProofSystem): string => join(folder, system)
  for (const system of ['groth16', ...UNIVERSAL_SYSTEMS] as const)
    await saveModel(of(system), 'argmax', model, compileReport(model))
  await setupModel(of('groth16'), { dev: true })
  for (const system of UNIVERSAL_SYSTEMS) await setupUniversalModel(of(system), { system, ptau })
  return { ptau, of }
}

process.on('exit', () => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true })
})
