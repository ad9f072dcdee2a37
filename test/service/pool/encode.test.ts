// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { encodeOutput, inputCommitment, type IoSchema, type TensorSpec } from '../../../prover/encodings'
import {
  inputFromFloats,
  inputFromIntegers,
  inputFromJson,
  inputFromWords,
  inputSalts,
  inputToFloats,
  inputToIntegers,
  inputWords,
  quantizedInputCommitment,
} from '../../../prover/service/pool'
import { WitnessGenerator } from '../../../prover/witness'
import { linkModel, sampleInputs } from '../../support/linked-model'
import { SMALL_MODELS } from '../../support/small-models'

const spec = (name: string, size: number, rest: Partial<TensorSpec> = {}): TensorSpec => ({
  name,
  shape: [1, size],
  lo: -8n,
  bits: 4,
  exponent: 2,
  visibility: 'public',
  ...rest,
})
const schemaOf = (...inputs: TensorSpec[]): IoSchema => ({
  outputs: [spec('y', 1)],
  inputs,
  weightsCommitted: false,
})
const TWO = schemaOf(spec('a', 3), spec('b', 2, { lo: 0n, bits: 40, exponent: 0 }))
const rows = (input: readonly Float64Array[]) => input.map((tensor) => Array.from(tensor))

/** Checks the code, and that the message quotes nothing of the input. */
function refused(run: () => unknown, code: string, secret = '123456'): void {
  expect(run)
    .to.throw()
    .that.satisfies((error: Error & { code: string }) => error.code === code && !error.message.includes(secret))
}

describe('inputs from what people and contracts send', () => {
  it('reads real numbers and integers, and gives them back', () => {
    const fromFloats = inputFromJson(TWO, {
      input_data: [
        [-2, 0.3, 1.75],
        [0, 2 ** 40 - 1],
      ],
    })
    expect(rows(fromFloats)).to.deep.equal([
      [-8, 1, 7],
      [0, 2 ** 40 - 1],
    ])
    const integers = inputToIntegers(fromFloats)
    expect(integers).to.deep.equal([
      ['-8', '1', '7'],
      ['0', '1099511627775'],
    ])
    expect(rows(inputFromJson(TWO, { input_integers: integers }))).to.deep.equal(rows(fromFloats))
    expect(
      rows(
        inputFromIntegers(TWO, [
          [-8, 1, 7],
          ['-0', 5],
        ]),
      ),
    ).to.deep.equal([
      [-8, 1, 7],
      [0, 5],
    ])
    expect(inputToFloats(TWO, fromFloats)).to.deep.equal([
      [-2, 0.25, 1.75],
      [0, 2 ** 40 - 1],
    ])
  })

  it('takes the ends of the range and nothing beyond', () => {
    const one = schemaOf(spec('a', 1))
    // A value up to one step above the last digit rounds down to it.
    for (const [value, q] of [
      [-2, -8],
      [1.75, 7],
      [2, 7],
    ] as const)
      expect(rows(inputFromFloats(one, [[value]]))).to.deep.equal([[q]])
    for (const value of [-2.0001, 2.0001, 123456, -1e300]) refused(() => inputFromFloats(one, [[value]]), 'INPUT_RANGE')
    for (const q of ['-9', '8', 123456, '123456', '9'.repeat(5000), Number.MAX_SAFE_INTEGER])
      refused(() => inputFromIntegers(one, [[q]]), 'INPUT_RANGE', String(q).length > 5 ? String(q) : '123456')
  })

  it('refuses other forms with a sentence that says where and not what', () => {
    const one = schemaOf(spec('a', 1))
    for (const value of [NaN, Infinity, '1', null, undefined, [1], { secret: 123456 }, true, 1n])
      refused(() => inputFromFloats(one, [[value]]), 'INPUT_FORMAT')
    for (const q of [
      '',
      ' 1',
      '1 ',
      '1\n',
      '+1',
      '1e2',
      '0x1',
      '1.0',
      '--1',
      '١',
      'NaN',
      0.5,
      NaN,
      null,
      true,
      [1],
      {},
    ])
      refused(() => inputFromIntegers(one, [[q]]), 'INPUT_FORMAT')
    for (const given of [
      undefined,
      null,
      {},
      'x',
      [1],
      [[1], [1]],
      [[]],
      [[1, 1]],
      [[[1]]].slice(1),
      [{ length: 1 }],
    ]) {
      refused(() => inputFromFloats(one, given), 'INPUT_FORMAT')
      refused(() => inputFromIntegers(one, given), 'INPUT_FORMAT')
    }
    const both = { input_data: [[1]], input_integers: [['1']] }
    for (const body of [undefined, null, 5, 'x', [], {}, both]) refused(() => inputFromJson(one, body), 'INPUT_FORMAT')
    expect(() =>
      inputFromFloats(TWO, [
        [0, 0, 0],
        [0, 'x'],
      ]),
    ).to.throw('input_data[1][1] is not a finite number')
  })

  it('reads the packed words of public inputs, as a request’s event has them', () => {
    const input = inputFromIntegers(TWO, [
      [-8, 1, 7],
      ['5', '1099511627775'],
    ])
    const words = encodeOutput(inputWords(TWO, input))
    expect(rows(inputFromWords(TWO, words))).to.deep.equal(rows(input))
    expect(rows(inputFromWords(TWO, words.toUpperCase().replace('0X', '0x')))).to.deep.equal(rows(input))
    const bad = [
      '',
      '0x',
      words.slice(0, -2),
      `${words}00`,
      words.slice(2),
      words.replace('0x', '0X'),
      words.replace(/.$/, 'g'),
      // A digit more than the tensor has, and bits above the last.
      `0x${'0'.repeat(60)}1000${words.slice(66)}`,
      `0xf${words.slice(3)}`,
    ]
    for (const text of bad) refused(() => inputFromWords(TWO, text), 'INPUT_FORMAT')
    for (const visibility of ['hashed', 'private'] as const)
      refused(() => inputFromWords(schemaOf(spec('a', 3), spec('b', 1, { visibility })), words), 'INPUT_FORMAT')
  })

  it('picks the salts of inputs out of all, those of outputs being first', () => {
    const schema: IoSchema = {
      outputs: [spec('y', 1, { visibility: 'hashed' }), spec('z', 1)],
      inputs: [spec('a', 1, { visibility: 'private' }), spec('b', 1, { visibility: 'hashed' })],
      weightsCommitted: false,
    }
    expect(inputSalts(schema, [1n, 2n])).to.deep.equal([2n])
    expect(inputSalts(TWO, [])).to.deep.equal([])
    for (const salts of [[], [1n], [1n, 2n, 3n], [1n, -1n], [1n, 1n << 254n]])
      refused(() => inputSalts(schema, salts), 'INPUT_SALTS', (1n << 254n).toString())
    refused(() => inputWords(schema, [Float64Array.of(1), Float64Array.of(1)]), 'INPUT_SALTS')
  })

  for (const name of [
    'Gemm, Relu, Gemm',
    'Mul of two variables, private and hashed inputs',
    'hashed input and output of many words',
    'Concat, Slice, Pad, Transpose, several outputs',
  ]) {
    it(`gives the input signals and the commitment of a witness: ${name}`, async () => {
      const { spec: onnx, ...options } = SMALL_MODELS[name]!
      const { circuit, graph } = await linkModel(onnx, options)
      const { schema, program } = circuit
      const generator = await WitnessGenerator.create(circuit)
      for (const inputs of sampleInputs(
        program.inputs.map(({ recipe }) => recipe),
        graph,
        3,
      )) {
        const { signals, salts } = generator.generate({ inputs, context: 0n })
        const input = inputFromIntegers(schema, inputToIntegers(inputs))
        const own = inputSalts(schema, salts)
        const words = inputWords(schema, input, own)
        expect(words).to.deep.equal(signals.slice(circuit.r1cs.nPubOut, circuit.r1cs.nPubOut + words.length))
        expect(quantizedInputCommitment(schema, input, own)).to.equal(inputCommitment(schema, words))
      }
    })
  }
})
