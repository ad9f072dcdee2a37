// SPDX-License-Identifier: GPL-3.0-or-later
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import {
  artefactPaths,
  checkInput,
  commitWeightSet,
  compileModel,
  compileReport,
  loadModel,
  openProver,
  proveInference,
  readModelFile,
  saveModel,
  setupModel,
  verifyInference,
  type CompiledModel,
} from '../../prover/pipeline'
import { publishFolder } from '../../prover/service/artefacts'
import { readLocalModels } from '../../prover/service/artefacts/local-models'
import { parseRecipe, type Recipe } from '../../prover/quantize'
import { buildModel, floats } from '../support/onnx-builder'
import { rejection } from '../support/rejection'
import { weightedModel } from '../support/weighted-model'

const SAMPLE = [Float64Array.of(0.5, -0.25, 0.75, -0.5)]
/** What the weights of both models lie in. */
const UNIT = { range: [-1, 1] } as const
const FIRST = buildModel(weightedModel(1))
const SECOND = buildModel(weightedModel(40))

describe('models with private weights', function () {
  this.timeout(120_000)
  let root: string
  let lease: SnarkjsLease
  let compiled: CompiledModel
  const path = (name: string) => join(root, name)
  const copy = (from: string, name: string) => {
    cpSync(path(from), path(name), { recursive: true })
    return artefactPaths(path(name))
  }
  const refusal = async (promise: Promise<unknown>, code: string, pattern: RegExp) => {
    const error = await rejection(promise)
    expect(error.message).to.match(pattern)
    expect(error).to.have.property('code', code)
  }

  before(async () => {
    lease = await leaseSnarkjs()
    root = mkdtempSync(join(tmpdir(), 'zkml-weights-'))
    const inputs = { x: { range: [-1, 1], bits: 8 }, w1: UNIT, b1: UNIT, w2: UNIT } as const
    compiled = await compileModel(FIRST, { inputs, weights: 'private' })
    await saveModel(path('first'), 'first', compiled, compileReport(compiled))
    await setupModel(path('first'), { dev: true })
    await commitWeightSet(path('first'), SECOND, path('second'), 'second')
  })
  after(async () => {
    await lease.release()
    rmSync(root, { recursive: true, force: true })
  })

  it('share circuit, recipe and keys, and have commitments and circuit hashes of their own', () => {
    const [first, second] = ['first', 'second'].map((name) => readModelFile(artefactPaths(path(name))))
    for (const hash of ['modelHash', 'r1csHash', 'recipeHash', 'ioSchemaHash'] as const)
      expect(second![hash]).to.equal(first![hash])
    for (const own of ['name', 'weightsCommitment', 'circuitHash'] as const)
      expect(second![own]).to.not.equal(first![own])
    const read = (name: string, file: 'zkey' | 'keyMetadata' | 'r1cs' | 'onnx') =>
      readFileSync(artefactPaths(path(name))[file])
    for (const file of ['zkey', 'keyMetadata', 'r1cs', 'onnx'] as const)
      expect(read('second', file).equals(read('first', file)), file).to.equal(true)
  })

  it('keep the weights for their owner alone, and out of every other file', () => {
    for (const name of ['first', 'second']) {
      const { privateFolder, privateOnnx, privateSalt, onnx } = artefactPaths(path(name))
      expect(statSync(privateFolder).mode & 0o777).to.equal(0o700)
      for (const file of [privateOnnx, privateSalt]) expect(statSync(file).mode & 0o777).to.equal(0o600)
      expect(readFileSync(privateOnnx).equals(name === 'first' ? FIRST : SECOND)).to.equal(true)
      const [weight] = [...weightedModel(1).initializers!.w1!.data]
      const bytes = Buffer.from(Float32Array.of(Number(weight)).buffer)
      expect(Buffer.from(FIRST).includes(bytes)).to.equal(true)
      expect(readFileSync(onnx).includes(bytes)).to.equal(false)
    }
  })

  it('prove with their own weights, and verify each its own proofs only', async () => {
    const proofs = []
    for (const [name, bytes] of [
      ['first', FIRST],
      ['second', SECOND],
    ] as const) {
      const model = await loadModel(path(name))
      expect(Buffer.compare(model.onnx, bytes)).to.equal(0)
      expect(await checkInput(model, SAMPLE)).to.include({ satisfied: true })
      const proved = await proveInference(model, { sample: SAMPLE, context: null })
      expect(await verifyInference(path(name), proved)).to.include({ valid: true })
      proofs.push(proved)
    }
    const [first, second] = proofs
    expect(first!.vkHash).to.equal(second!.vkHash)
    expect(await verifyInference(path('second'), first!)).to.include({ valid: false })
    // Though it lies about its circuit, or about the commitment.
    const posing = { ...first!, circuitHash: second!.circuitHash }
    expect((await verifyInference(path('second'), posing)).reason).to.match(/other weights/)
    const forged = { ...posing, publicSignals: first!.publicSignals.with(-2, second!.publicSignals.at(-2)!) }
    expect((await verifyInference(path('second'), forged)).reason).to.match(/pairing/)
  })

  it('are proven with one commitment for all proofs, and another for each salt', async () => {
    const model = await loadModel(path('first'))
    const again = await compileModel(FIRST, { recipe: model.recipe })
    expect(again.hashes.r1csHash).to.equal(model.hashes.r1csHash)
    expect(again.weights!.commitment).to.not.equal(model.weights!.commitment)
    const { salt } = model.weights!
    const same = await compileModel(FIRST, { recipe: model.recipe, weightsSalt: salt })
    expect(same.hashes).to.deep.equal(model.hashes)
  })

  it('load and verify without the weights, and neither run nor prove', async () => {
    const paths = copy('first', 'bare')
    const { onnx } = await loadModel(path('bare'))
    rmSync(paths.privateFolder, { recursive: true })
    const model = await loadModel(path('bare'))
    expect(model.weights).to.equal(undefined)
    expect(model.hashes).to.deep.equal(compiled.hashes)
    expect(onnx.length).to.be.greaterThan(model.onnx.length)
    await refusal(openProver(model), 'ARTEFACT_INVALID', /private weights of the model are not here/)
    await refusal(checkInput(model, SAMPLE), 'ARTEFACT_INVALID', /private weights of the model are not here/)
    await commitWeightSet(path('bare'), FIRST, path('restored'), 'restored')
    expect((await loadModel(path('restored'))).weights!.commitment).to.not.equal(compiled.weights!.commitment)
  })

  it('do not load with other weights, salts or files than model.json commits to', async () => {
    const paths = copy('first', 'changed')
    const own = readFileSync(paths.privateSalt, 'utf8')
    const attempts: readonly (readonly [() => void, RegExp])[] = [
      [
        () => copyFileSync(artefactPaths(path('second')).privateOnnx, paths.privateOnnx),
        /not those that model.json commits/,
      ],
      [
        () => writeFileSync(paths.privateSalt, own.replace(/"salt": "\d+/, '"salt": "5')),
        /not those that model.json commits/,
      ],
      [() => writeFileSync(paths.privateSalt, own.replace('weights/1', 'weights/2')), /weights.json is damaged/],
      [() => writeFileSync(paths.privateSalt, 'rubbish'), /weights.json is damaged/],
      [() => rmSync(paths.privateSalt), /weights.json does not exist/],
      [() => copyFileSync(artefactPaths(path('first')).privateOnnx, paths.onnx), /gives modelHash/],
      [
        () => writeFileSync(paths.privateOnnx, buildModel({ ...weightedModel(1), outputs: [{ name: 't' }] })),
        /gives modelHash|names other/,
      ],
      [
        () => {
          const rest = JSON.parse(readFileSync(paths.model, 'utf8')) as Record<string, string>
          writeFileSync(paths.model, JSON.stringify({ ...rest, weightsCommitment: '5' }))
        },
        /circuitHash is not that of its parts/,
      ],
    ]
    for (const [change, pattern] of attempts) {
      change()
      const error = await rejection(loadModel(path('changed')))
      expect(error.message).to.match(pattern)
      expect(error).to.have.property('code').that.is.oneOf(['ARTEFACT_INVALID', 'RECIPE_INVALID'])
      rmSync(paths.folder, { recursive: true })
      copy('first', 'changed')
    }
  })

  it('are refused when of another architecture, out of range, or without weights', async () => {
    const { initializers, ...rest } = weightedModel(1)
    const commit = (onnx: Uint8Array, out = 'refused') => commitWeightSet(path('first'), onnx, path(out), 'refused')
    const large = { ...initializers, w1: { shape: [1, 4], data: [0, 64, 0, 0] } }
    await refusal(
      commit(buildModel({ ...rest, initializers: large })),
      'INPUT_RANGE',
      /weight "w1"\[1\] = 64 is outside/,
    )
    const wide = { ...initializers, w1: floats([4], 1) }
    await refusal(commit(buildModel({ ...rest, initializers: wide })), 'ARTEFACT_INVALID', /another architecture/)
    await refusal(commit(SECOND, 'second'), 'ARTEFACT_INVALID', /already there/)
    await refusal(commit(SECOND, 'first/model.json'), 'ARTEFACT_INVALID', /already there/)
    expect(existsSync(path('refused'))).to.equal(false)
    mkdirSync(path('fixed'))
    const fixed = await compileModel(FIRST, { inputs: { x: { range: [-1, 1], bits: 4 } } })
    await saveModel(path('fixed'), 'fixed', fixed, compileReport(fixed))
    const none = commitWeightSet(path('fixed'), SECOND, path('refused'), 'refused')
    await refusal(none, 'ARTEFACT_INVALID', /weights are fixed/)
  })

  it('are not published with the architecture, nor served', async () => {
    const { files } = (await publishFolder(path('first'), path('public'))).manifest
    const folder = join(path('public'), 'sha256')
    const published = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
    expect(published).to.have.length(Object.keys(files).length + 1)
    const [weight] = [...weightedModel(1).initializers!.w1!.data]
    const secrets = [Buffer.from(Float32Array.of(Number(weight)).buffer), Buffer.from(String(compiled.weights!.salt))]
    for (const content of published) for (const secret of secrets) expect(content.includes(secret)).to.equal(false)
    const { models, problems } = readLocalModels([path('first')])
    expect(models).to.deep.equal([])
    expect(problems[0]!.message).to.match(/its weights are private/)
  })

  it('are never written over', async () => {
    const again = saveModel(path('first'), 'first', compiled, compileReport(compiled))
    await refusal(again, 'ARTEFACT_INVALID', /holds weights and the salt/)
  })

  it('have recipes that survive JSON, in which exactly the weights are weights', async () => {
    const { recipe } = compiled
    expect(parseRecipe(JSON.stringify(recipe))).to.deep.equal(recipe)
    expect(recipe.inputs.map(({ name, visibility }) => [name, visibility])).to.deep.equal([
      ['x', 'public'],
      ['w1', 'weights'],
      ['b1', 'weights'],
      ['w2', 'weights'],
    ])
    for (const at of [0, 1, 3]) {
      const visibility = at === 0 ? 'weights' : 'public'
      const inputs = recipe.inputs.map((input, i) => (i === at ? { ...input, visibility } : input)) as Recipe['inputs']
      await refusal(compileModel(FIRST, { recipe: { ...recipe, inputs } }), 'RECIPE_INVALID', /exactly the tensors/)
    }
  })

  for (const input of ['public', 'hashed', 'private'] as const)
    for (const output of ['public', 'hashed'] as const)
      it(`prove and verify with a ${input} input and a ${output} output`, async () => {
        const { recipe } = compiled
        const changed = {
          ...recipe,
          inputs: recipe.inputs.map((given, i) => (i === 0 ? { ...given, visibility: input } : given)),
          outputs: recipe.outputs.map((given) => ({ ...given, visibility: output })),
        }
        const model = await compileModel(FIRST, { recipe: changed })
        const name = `${input}-${output}`
        await saveModel(path(name), name, model, compileReport(model))
        await setupModel(path(name), { dev: true })
        const proved = await proveInference(await loadModel(path(name)), { sample: SAMPLE, context: null })
        const count = { public: 1, hashed: 1, private: 0 }
        expect(proved.publicSignals).to.have.length(count[output] + count[input] + 2)
        expect(proved.publicSignals.at(-2)).to.equal(model.weights!.commitment)
        expect(await verifyInference(path(name), proved)).to.include({ valid: true })
      })
})
