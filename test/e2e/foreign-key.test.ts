// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readR1cs, readWholeFile } from '../../prover/binfile'
import { devSetup } from '../../prover/groth16'
import {
  compileModel,
  compileReport,
  loadModel,
  proveInference,
  readModelFile,
  saveModel,
  setupModel,
} from '../../prover/pipeline'
import { requireKnownKey } from '../../prover/pipeline/known-keys'
import { buildModel } from '../support/onnx-builder'

describe('a proving key of unknown origin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zkml-foreign-'))
  const cache = process.env.ZKML_CACHE
  const sample = [Float64Array.of(1, 2)]

  before(async () => {
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [1, 2] }],
      outputs: [{ name: 'y', shape: [1, 2] }],
      nodes: [
        { op: 'Gemm', inputs: ['x', 'w'], outputs: ['a'] },
        { op: 'Relu', inputs: ['a'], outputs: ['y'] },
      ],
      initializers: { w: { shape: [2, 2], data: [0.5, -0.25, 0.75, 1] } },
    })
    const model = await compileModel(onnx, { inputs: { x: { visibility: 'private', range: [-4, 4] } } })
    await saveModel(folder, 'tiny', model, compileReport(model))
    await setupModel(folder, { dev: true })
    // From here on nothing is known of the key.
    process.env.ZKML_CACHE = join(folder, 'cache')
  })

  after(() => {
    if (cache === undefined) delete process.env.ZKML_CACHE
    else process.env.ZKML_CACHE = cache
    rmSync(folder, { recursive: true, force: true })
  })

  it('is checked once before private data is proved under it', async () => {
    const model = await loadModel(folder)
    const { paths, circuit, hashes } = model
    await proveInference(model, { sample, context: null })
    expect(await requireKnownKey(readWholeFile(paths.zkey), circuit.r1cs, hashes.r1csHash)).to.equal(false)
  })

  it('is refused when its points are not those of the circuit', async () => {
    const model = await loadModel(folder)
    const { paths } = model
    // A key of another circuit with the same counts: one coefficient of one row differs.
    const r1cs = readR1cs(paths.r1cs)
    const coefficient = r1cs.b.coefficient.slice()
    coefficient[0] = (coefficient[0]! + 1) % r1cs.coefficients.length
    const original = readFileSync(paths.zkey)
    await devSetup({ ...r1cs, b: { ...r1cs.b, coefficient } }, paths.zkey)
    try {
      const refusal = await requireKnownKey(readWholeFile(paths.zkey), model.circuit.r1cs, model.hashes.r1csHash).catch(
        (error: unknown) => error,
      )
      expect(refusal).to.have.property('code', 'GROTH16_KEY_MISMATCH')
    } finally {
      writeFileSync(paths.zkey, original)
    }
  })

  it('is not accepted with a schema that was changed after compilation: outputs would decode to other values', async () => {
    const { paths } = await loadModel(folder)
    const original = readFileSync(paths.model, 'utf8')
    const changes: Readonly<Record<string, (model: ModelJson) => void>> = {
      schema: (model) => (model.schema.outputs[0]!.exponent -= 10),
      publicSignals: (model) => (model.publicSignals += 1),
      circuitHash: (model) =>
        (model.circuitHash = model.circuitHash.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
    }
    try {
      for (const [name, change] of Object.entries(changes)) {
        const model = JSON.parse(original) as ModelJson
        change(model)
        writeFileSync(paths.model, JSON.stringify(model))
        expect(() => readModelFile(paths), name)
          .to.throw()
          .with.property('code', 'ARTEFACT_INVALID')
      }
    } finally {
      writeFileSync(paths.model, original)
    }
  })
})

type ModelJson = { schema: { outputs: { exponent: number }[] }; publicSignals: number; circuitHash: string }
