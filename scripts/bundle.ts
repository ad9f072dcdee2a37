// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Rebuilds everything that is committed of the bundled models: recipe (kept unless `--recalibrate`), registration and
 * generated verifier, if it has one. Their keys come from public seeds, so the same files come out on any machine.
 *
 *     npm run bundle [-- --recalibrate] [-- NAME …]
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { writeFileAtomic, writeJsonAtomic } from '../prover/binfile'
import { DEV_SETUP_HASH } from '../prover/encodings'
import { generateVerifier, type VerifyingKey } from '../prover/groth16'
import { parseModel } from '../prover/onnx'
import {
  compileModel,
  compileReport,
  formatReport,
  saveModel,
  setupModel,
  type CompiledModel,
  type Progress,
} from '../prover/pipeline'
import { parseRecipe, parseSamples } from '../prover/quantize'
import { BUNDLED, modelFolder, type BundledModel } from './bundled'
import { formatRegistration } from './deploy/registration'

const BUILD = join(__dirname, '..', '.zkml', 'models')

/** Folder that a bundled model's artefacts are built in; not committed. */
export function buildFolder(name: string): string {
  return join(BUILD, name)
}

/** Compiles a bundled model with its committed recipe. */
export async function compileBundled(bundled: BundledModel, progress?: Progress): Promise<CompiledModel> {
  const onnx = readFileSync(join(modelFolder(bundled.name), 'model.onnx'))
  const recipe = parseRecipe(readFileSync(join(modelFolder(bundled.name), 'recipe.json'), 'utf8'))
  return compileModel(onnx, { recipe, ...(progress && { progress }) })
}

/** Compiles a bundled model into its build folder and makes its key from its public seed. */
export async function buildBundled(
  bundled: BundledModel,
  model: CompiledModel,
  progress?: Progress,
): Promise<VerifyingKey> {
  await saveModel(buildFolder(bundled.name), bundled.name, model, compileReport(model))
  const { verifyingKey } = await setupModel(buildFolder(bundled.name), {
    dev: true,
    publicSeed: bundled.publicSeed ?? `zkml/${bundled.name}/1`,
    ...(progress && { progress }),
  })
  return verifyingKey
}

/** What `registration.json` says of a bundled model. */
export function registrationOf(bundled: BundledModel, model: CompiledModel, verifyingKey: VerifyingKey): unknown {
  const { modelHash, r1csHash, recipeHash } = model.hashes
  return formatRegistration({
    name: bundled.name,
    modelHash,
    r1csHash,
    recipeHash,
    setupHash: DEV_SETUP_HASH,
    weightsCommitment: model.weights?.commitment ?? 0n,
    verifyingKey,
    ioSchema: model.circuit.schema,
    uri: '',
    ...(bundled.verifier !== undefined && { verifierContract: bundled.verifier }),
  })
}

/** Source of a bundled model's verifier, as it is committed. */
export async function verifierSource(bundled: BundledModel, verifyingKey: VerifyingKey): Promise<string> {
  const contractName = bundled.verifier!
  const path = join(__dirname, '..', 'contracts', 'verifiers', `${contractName}.sol`)
  const source = generateVerifier({ contractName, modelName: bundled.name, vk: verifyingKey, dev: true })
  return format(source, { ...(await resolveConfig(path)), filepath: path })
}

async function recalibrate(bundled: BundledModel): Promise<void> {
  const onnx = readFileSync(join(modelFolder(bundled.name), 'model.onnx'))
  const samples = parseSamples(readFileSync(bundled.calibration, 'utf8'), parseModel(onnx), bundled.calibration)
  const inputs = Object.fromEntries(
    parseModel(onnx).inputs.map(({ name }) => [name, bundled.inputs?.[name] ?? bundled.input]),
  )
  const { target, outputs = {} } = bundled
  const model = await compileModel(onnx, { samples, inputs, outputs, target })
  const recipe = { ...model.recipe, steps: { ...model.recipe.steps, ...bundled.steps } }
  await writeJsonAtomic(join(modelFolder(bundled.name), 'recipe.json'), recipe)
  console.log(formatReport(compileReport(model)))
}

async function main(): Promise<void> {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  for (const bundled of BUNDLED) {
    if (names.length > 0 && !names.includes(bundled.name)) continue
    const folder = modelFolder(bundled.name)
    if (process.argv.includes('--recalibrate') || !existsSync(join(folder, 'recipe.json'))) await recalibrate(bundled)
    const model = await compileBundled(bundled)
    const { constraints, wires, publicSignals } = compileReport(model)
    await writeJsonAtomic(join(folder, 'circuit.json'), { constraints, wires, publicSignals, ...model.hashes })
    console.log(`${bundled.name}: ${constraints} constraints`)
    if (bundled.publicSeed === undefined) continue
    const verifyingKey = await buildBundled(bundled, model)
    await writeJsonAtomic(join(folder, 'registration.json'), registrationOf(bundled, model, verifyingKey))
    console.log(`${bundled.name}: wrote registration.json`)
    if (bundled.verifier === undefined) continue
    const path = join(__dirname, '..', 'contracts', 'verifiers', `${bundled.verifier}.sol`)
    await writeFileAtomic(path, [Buffer.from(await verifierSource(bundled, verifyingKey))])
    console.log(`${bundled.name}: wrote ${bundled.verifier}.sol`)
  }
}

if (require.main === module) void main()
