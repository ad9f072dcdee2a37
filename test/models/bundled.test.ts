// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditCircuit } from '../../prover/circuit'
import { pack, tensorCommitment } from '../../prover/encodings'
import { checkSamples, compileReport, type CompiledModel } from '../../prover/pipeline'
import { evaluateProgram, parseSamples, quantizeInput, toBigInts } from '../../prover/quantize'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { buildBundled, compileBundled, registrationOf, verifierSource } from '../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../scripts/bundled'

const AFFINE = ['Gemm', 'Conv', 'Div', 'Mul', 'Sub', 'AveragePool', 'Flatten', 'Cast', 'ReduceSum']
/** Nodes of those operators that multiply what is computed with what is computed, or round for one that does. */
const PRODUCTS: Readonly<Record<string, readonly string[]>> = {
  'option-pricer': ['variance', 'excess', 'product', 'transient', 'distance', 'part'],
  'risk-engine': ['drop'],
}
const WITNESSES = 3
/** Mean error that rounding to whole numbers and to weights may cost, as a share of the outputs' range. */
const MEAN_ERROR: Readonly<Record<string, number>> = {
  'fee-mlp': 0.0005,
  'sprite-decoder': 0.0125,
  'reputation-score': 0.0015,
  'credit-default': 0.0005,
  'amm-spread': 0.001,
  'risk-engine': 0.0005,
  'contract-risk': 0.0015,
}

for (const bundled of BUNDLED) {
  describe(`bundled model ${bundled.name}`, () => {
    let model: CompiledModel
    const heldOut = () => parseSamples(readFileSync(bundled.heldOut, 'utf8'), model.graph, bundled.heldOut)

    before(async () => {
      model = await compileBundled(bundled)
    })

    it('compiles to the committed circuit, byte for byte', () => {
      const committed: unknown = JSON.parse(readFileSync(join(modelFolder(bundled.name), 'circuit.json'), 'utf8'))
      const { constraints, wires, publicSignals } = compileReport(model)
      expect({ constraints, wires, publicSignals, ...model.hashes }).to.deep.equal(committed)
    })

    it('takes no constraint for an affine node', () => {
      const { layers } = compileReport(model)
      const products = PRODUCTS[bundled.name] ?? []
      const affine = layers.filter(({ op, node }) => AFFINE.includes(op) && !products.includes(node.split('/')[0]!))
      const isForest = layers.some(({ op }) => op.startsWith('TreeEnsemble'))
      expect(affine.length).to.be.at.least(isForest ? 0 : 3)
      for (const layer of affine) expect(layer.constraints, layer.node).to.equal(0)
    })

    it('has a circuit whose every wire is determined', () => {
      const { deterministic, unreached } = auditCircuit(model.circuit)
      expect(unreached).to.deep.equal([])
      expect(deterministic).to.equal(true)
    })

    it('has witnesses that satisfy every row and equal the integer evaluator', async () => {
      const generator = await WitnessGenerator.create(model.circuit)
      for (const sample of heldOut().samples.slice(0, WITNESSES)) {
        const inputs = model.quantized.inputs.map(({ recipe }, i) => quantizeInput(recipe, sample[i]!))
        const { values, signals, salts } = generator.generate({ inputs, context: 7n })
        expect(firstUnsatisfiedRow(model.circuit.r1cs, values)).to.equal(undefined)
        const tensors = evaluateProgram(model.quantized, inputs)
        const hidden = [...salts]
        const words = model.quantized.outputs.flatMap(({ tensor }, i) => {
          const spec = model.circuit.schema.outputs[i]!
          const packed = pack(toBigInts(tensors[tensor]!), spec)
          const format = { lo: spec.lo, bits: spec.bits, count: tensors[tensor]!.length }
          return spec.visibility === 'hashed' ? [tensorCommitment(packed, hidden.shift()!, format)] : packed
        })
        expect(signals.slice(0, words.length)).to.deep.equal(words)
        expect(signals.at(-1)).to.equal(7n)
      }
    })

    it('keeps its accuracy on held-out samples', async () => {
      const check = await checkSamples(model, heldOut())
      const bar = MEAN_ERROR[bundled.name]
      if (bar !== undefined) {
        expect(check.meanErrorOfRange).to.be.at.most(bar)
        return
      }
      expect(check.floatAccuracy! - check.quantizedAccuracy!).to.be.at.most(0.002 + 1e-9)
      if (bundled.name === 'breast-cancer') expect(check.flips).to.equal(0)
    })

    if (bundled.publicSeed !== undefined) {
      it('has the committed verifier and registration, made from its public seed', async () => {
        const key = await buildBundled(bundled, model)
        if (bundled.verifier !== undefined) {
          const path = join(__dirname, '..', '..', 'contracts', 'verifiers', `${bundled.verifier}.sol`)
          expect(await verifierSource(bundled, key)).to.equal(readFileSync(path, 'utf8'))
        }
        const registration: unknown = JSON.parse(
          readFileSync(join(modelFolder(bundled.name), 'registration.json'), 'utf8'),
        )
        expect(registrationOf(bundled, model, key)).to.deep.equal(registration)
        expect(registration).to.have.property('name', bundled.name)
        expect((registration as { verifierContract?: string }).verifierContract).to.equal(bundled.verifier)
      })
    }
  })
}

describe('benchmark shapes', () => {
  it('stay within the bars the project promises', () => {
    const committed = (name: string) =>
      JSON.parse(readFileSync(join(modelFolder(name), 'circuit.json'), 'utf8')) as {
        constraints: number
        publicSignals: number
      }
    expect(committed('mlp-784-56-10').constraints).to.be.at.most(7_900)
    const lenet = committed('lenet-28-6-16-120-84-10')
    expect(lenet.constraints + lenet.publicSignals + 1).to.be.at.most(131_072)
  })
})
