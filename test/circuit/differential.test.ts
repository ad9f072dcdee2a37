// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { r1cs as snarkjsR1cs } from 'snarkjs'
import { encodeR1cs, FIELD_BYTES, fromFieldBytes, SCALAR_FIELD } from '../../prover/binfile'
import { auditCircuit, exportCircom, linkCircuit, planProgram, priceProgram } from '../../prover/circuit'
import { elementCount, pack, tensorCommitment, weightsCommitment, type TensorSpec } from '../../prover/encodings'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16/snarkjs-session'
import { toBigInts, type QuantizedProgram } from '../../prover/quantize'
import { firstUnsatisfiedRow, WitnessError, WitnessGenerator, type GeneratedWitness } from '../../prover/witness'
import { QUIET } from '../support/circom-circuit'
import { compileMonolith, linkModel, sampleInputs, type LinkedModel, type Monolith } from '../support/linked-model'
import { buildModel } from '../support/onnx-builder'
import { runInOnnxruntime } from '../support/onnx-runtime'
import { SMALL_MODELS } from '../support/small-models'

const SAMPLES = 22
const CONTEXT = SCALAR_FIELD - 5n
const WEIGHTS_SALT = SCALAR_FIELD - 77n

for (const [name, small] of Object.entries(SMALL_MODELS)) {
  describe(`linked circuit against its Circom export: ${name}`, function () {
    this.timeout(120_000)
    let model: LinkedModel
    let monolith: Monolith
    let samples: Float64Array[][]
    let witnesses: GeneratedWitness[]
    let lease: SnarkjsLease

    after(() => lease.release())

    before(async () => {
      lease = await leaseSnarkjs()
      model = await linkModel(small.spec, small)
      const { circuit, graph, recipe } = model
      monolith = await compileMonolith(exportCircom(circuit), monolithInputs(model))
      samples = sampleInputs(recipe.inputs, graph, SAMPLES)
      const generator = await WitnessGenerator.create(circuit)
      const salts = circuit.saltWires.map((_, i) => SCALAR_FIELD - 1n - BigInt(i))
      const request = { context: CONTEXT, salts, ...(small.privateWeights && { weightsSalt: WEIGHTS_SALT }) }
      witnesses = samples.map((inputs) => generator.generate({ inputs, ...request }))
    })

    it('satisfies every row on every sample, the boundaries among them', () => {
      for (const { values } of witnesses) expect(firstUnsatisfiedRow(model.circuit.r1cs, values)).to.equal(undefined)
    })

    it('has the public signals that the encodings say', () => {
      samples.forEach((inputs, s) => {
        expect(witnesses[s]!.signals).to.deep.equal(expectedSignals(model, inputs, witnesses[s]!))
      })
    })

    it('states what the monolithic program states, pair by pair', () => {
      samples.slice(0, 6).forEach((inputs, s) => {
        const { signals, salts } = witnesses[s]!
        const values = monolith.witness(monolithValues(model, inputs, signals, salts))
        expect(firstUnsatisfiedRow(monolith.r1cs, values)).to.equal(undefined)
        const publicCount = model.circuit.r1cs.nPubOut + model.circuit.r1cs.nPubIn
        const own = Array.from({ length: publicCount }, (_, i) => fromFieldBytes(values, (i + 1) * FIELD_BYTES))
        expect(own).to.deep.equal(signals)
      })
      expect([monolith.r1cs.nPubOut, monolith.r1cs.nPubIn]).to.deep.equal([
        model.circuit.r1cs.nPubOut,
        model.circuit.r1cs.nPubIn,
      ])
    })

    it('rejects, like the monolithic program, a public input that is not the packed one', function () {
      const { circuit } = model
      const { signals, salts, values } = witnesses[2]!
      for (let i = 0; i + 1 < circuit.r1cs.nPubIn; i++) {
        const forged = [...signals]
        const wire = circuit.r1cs.nPubOut + i
        forged[wire] = (forged[wire]! + 1n) % SCALAR_FIELD
        expect(() => monolith.witness(monolithValues(model, samples[2]!, forged, salts))).to.throw(WitnessError)
        const changed = values.slice()
        changed[(wire + 1) * FIELD_BYTES]! ^= 1
        expect(firstUnsatisfiedRow(circuit.r1cs, changed)).to.not.equal(undefined)
      }
    })

    it('computes what onnxruntime computes, up to rounding', async () => {
      const { graph, quantized } = model
      for (const [s, inputs] of samples.slice(0, 8).entries()) {
        const tensors = [...graph.inputs, ...graph.weights].map(({ name: tensor, shape }, i) => {
          const data = inputs[i]!.map((q) => q * 2 ** -quantized.inputs[i]!.recipe.exponent)
          return [tensor, { shape, data }] as const
        })
        const feeds = tensors.slice(0, graph.inputs.length)
        const weights = Object.fromEntries(tensors.slice(graph.inputs.length))
        const bytes = buildModel({ ...small.spec, initializers: { ...small.spec.initializers, ...weights } })
        const results = await runInOnnxruntime(bytes, Object.fromEntries(feeds))
        for (const { tensor } of quantized.outputs) {
          const { name: output, exponent } = quantized.tensors[tensor]!
          const own = toBigInts(witnesses[s]!.tensors[tensor]!).map((q) => Number(q) * 2 ** -exponent)
          results.get(output)!.data.forEach((value, i) => expect(own[i]).to.be.closeTo(value, small.tolerance))
        }
      }
    })

    it('keeps every value in its proven interval', () => {
      for (const { tensors } of witnesses) {
        for (const { id, ranges } of model.quantized.tensors.filter(Boolean)) {
          if (tensors[id] === undefined) continue
          toBigInts(tensors[id]).forEach((q, i) => {
            expect(q >= ranges.lo[i]! && q <= ranges.hi[i]!, `tensor ${id}[${i}] = ${q}`).to.equal(true)
          })
        }
      }
    })

    it('is deterministic: the audit reaches every wire', () => {
      expect(auditCircuit(model.circuit)).to.deep.include({ deterministic: true, unreached: [] })
    })

    it('is the same file when linked again, and snarkjs reads the same counts from it', async () => {
      const { quantized, circuit, compiled } = model
      const again = linkCircuit(quantized, planProgram(quantized), compiled)
      const file = encodeR1cs(circuit.r1cs)
      expect(Buffer.from(encodeR1cs(again.r1cs)).equals(Buffer.from(file))).to.equal(true)
      const info = await snarkjsR1cs.info(file, QUIET)
      const { nWires, nConstraints, nPubOut, nPubIn, nPrvIn } = circuit.r1cs
      expect([info.nVars, info.nConstraints, info.nOutputs, info.nPubInputs, info.nPrvInputs]).to.deep.equal([
        nWires,
        nConstraints,
        nPubOut,
        nPubIn,
        nPrvIn,
      ])
    })

    it('costs what was priced, but for the wires that long sums are given', () => {
      const { circuit, quantized } = model
      const { constraints } = priceProgram(quantized)
      const signals = circuit.r1cs.nPubOut + circuit.r1cs.nPubIn - 1
      const materialised = circuit.derived.length + circuit.copies.length - signals
      expect(circuit.r1cs.nConstraints - constraints).to.equal(materialised)
      expect(materialised).to.be.at.most(quantized.tensors.reduce((most, tensor) => Math.max(most, tensor.size), 0))
      const booked = circuit.costs.reduce((sum, part) => sum + part.constraints, 0)
      expect(booked).to.equal(circuit.r1cs.nConstraints)
    })
  })
}

/** Inputs of the exported program in the order of its declarations. */
function monolithInputs({ circuit }: LinkedModel): [string, number][] {
  const { r1cs, program, saltWires, weightsSaltWire } = circuit
  return [
    ...(r1cs.nPubIn > 1 ? [['publicInputs', r1cs.nPubIn - 1] as [string, number]] : []),
    ['context', 1],
    ...program.inputs.map(({ tensor }, i): [string, number] => [`digits${i}`, program.tensors[tensor]!.size]),
    ...(saltWires.length > 0 ? [['salts', saltWires.length] as [string, number]] : []),
    ...(weightsSaltWire === undefined ? [] : [['weightsSalt', 1] as [string, number]]),
  ]
}

function monolithValues(
  { circuit }: LinkedModel,
  inputs: readonly Float64Array[],
  signals: readonly bigint[],
  salts: readonly bigint[],
) {
  const { r1cs, program } = circuit
  const values: Record<string, readonly bigint[]> = {
    publicInputs: signals.slice(r1cs.nPubOut, -1),
    context: signals.slice(-1),
    salts,
    weightsSalt: [WEIGHTS_SALT],
  }
  program.inputs.forEach(({ recipe }, i) => {
    values[`digits${i}`] = Array.from(inputs[i]!, (q) => BigInt(q - recipe.lo))
  })
  return values
}

/** Words and commitments by the encodings alone, from the evaluator's integers. */
function expectedSignals(
  { circuit }: LinkedModel,
  inputs: readonly Float64Array[],
  { tensors, salts }: GeneratedWitness,
): bigint[] {
  const rest = [...salts]
  const encode = (spec: TensorSpec, values: readonly bigint[]): bigint[] => {
    if (spec.visibility === 'private') return []
    const words = pack(values, spec)
    if (spec.visibility === 'public') return words
    return [tensorCommitment(words, rest.shift()!, { lo: spec.lo, bits: spec.bits, count: elementCount(spec) })]
  }
  const { schema, program } = circuit
  return [
    ...schema.outputs.flatMap((spec, i) => encode(spec, toBigInts(tensors[program.outputs[i]!.tensor]!))),
    ...schema.inputs.flatMap((spec, i) => encode(spec, toBigInts(inputs[i]!))),
    ...(schema.weightsCommitted ? [commitmentToWeights(program, inputs)] : []),
    CONTEXT,
  ]
}

function commitmentToWeights({ inputs: slots }: QuantizedProgram, inputs: readonly Float64Array[]): bigint {
  const weights = slots.flatMap(({ recipe: { visibility, lo, bits } }, i) =>
    visibility === 'weights' ? [{ lo: BigInt(lo), bits, count: inputs[i]!.length, values: toBigInts(inputs[i]!) }] : [],
  )
  const words = weights.flatMap(({ values, ...format }) => pack(values, format))
  return weightsCommitment(
    words,
    WEIGHTS_SALT,
    weights.map(({ lo, bits, count }) => ({ lo, bits, count })),
  )
}
