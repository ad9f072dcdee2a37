// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel, ZkmlError } from '../../prover/onnx'
import { buildModel, floats, ints, seededRandom, type TensorSpec } from '../support/onnx-builder'
import { expectCode } from './support'

const packed = (tensor: TensorSpec): TensorSpec => ({ ...tensor, encoding: 'packed' })

/** A model with most kinds of field in it. */
const valid = buildModel({
  inputs: [{ name: 'x', shape: ['N', 1, 6, 6] }],
  outputs: [{ name: 'y', shape: ['N', 3] }],
  nodes: [
    {
      op: 'Conv',
      inputs: ['x', 'k'],
      outputs: ['c'],
      name: 'conv',
      attributes: { strides: [2, 2], auto_pad: 'VALID' },
    },
    { op: 'LeakyRelu', inputs: ['c'], outputs: ['r'], attributes: { alpha: 0.1 } },
    { op: 'MaxPool', inputs: ['r'], outputs: ['m'], attributes: { kernel_shape: [2, 2], ceil_mode: 1 } },
    { op: 'Shape', inputs: ['m'], outputs: ['s'] },
    { op: 'Constant', inputs: [], outputs: ['zero'], attributes: { value: ints([0]) } },
    { op: 'Gather', inputs: ['s', 'zero'], outputs: ['n'] },
    { op: 'Concat', inputs: ['n', 'rest'], outputs: ['t'], attributes: { axis: 0 } },
    { op: 'Reshape', inputs: ['m', 't'], outputs: ['f'] },
    { op: 'Slice', inputs: ['f', 'zero', 'two', 'one'], outputs: ['p'] },
    { op: 'Gemm', inputs: ['p', 'w', 'b'], outputs: ['y'] },
  ],
  initializers: {
    k: floats([2, 1, 3, 3]),
    rest: packed(ints([-1])),
    one: ints([1]),
    two: { ...ints([2]), encoding: 'unpacked' },
    w: packed(floats([2, 3])),
    b: { type: 'float32', encoding: 'unpacked', shape: [3], data: [1, 2, 3] },
  },
})

/** Parses and returns the code of the error, or 'ok'; any error that is not ours is thrown on. */
function outcome(bytes: Uint8Array): string {
  try {
    parseModel(bytes)
    return 'ok'
  } catch (error) {
    if (error instanceof ZkmlError) return error.code
    throw error
  }
}

describe('onnx: hostile bytes', () => {
  it('parses the model it starts from', () => {
    expect(outcome(valid)).to.equal('ok')
  })

  it('refuses the model truncated at every byte', () => {
    const codes = new Set<string>()
    for (let length = 0; length < valid.length; length++) codes.add(outcome(valid.subarray(0, length)))
    expect(codes).to.include('ONNX_TRUNCATED')
    expect(codes).not.to.include('ok')
  })

  it('survives every single flipped bit', () => {
    const codes = new Set<string>()
    for (let bit = 0; bit < 8 * valid.length; bit++) {
      const bytes = Uint8Array.from(valid)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      codes.add(outcome(bytes))
    }
    expect(codes.size).to.be.above(10)
  }).timeout(20_000)

  it('survives many random changes, insertions and deletions', () => {
    const random = seededRandom(42)
    const below = (limit: number): number => Math.floor(random() * limit)
    for (let round = 0; round < 3000; round++) {
      const bytes = [...valid]
      for (let change = below(6); change >= 0; change--) {
        const at = below(bytes.length)
        const kind = below(3)
        if (kind === 0) bytes[at] = below(256)
        else if (kind === 1) bytes.splice(at, 0, below(256), below(256))
        else bytes.splice(at, 1 + below(4))
      }
      outcome(Uint8Array.from(bytes))
    }
  }).timeout(20_000)

  it('survives random bytes', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 2000; round++) {
      const length = Math.floor(random() * 200)
      expect(outcome(Uint8Array.from({ length }, () => random() * 256))).not.to.equal('ok')
    }
  })

  it('says that other files are not ONNX', () => {
    const text = (content: string): Uint8Array => new TextEncoder().encode(content)
    expectCode('ONNX_MALFORMED', () => parseModel(new Uint8Array()), /no graph/)
    for (const content of ['{"input_data": [[1]]}', '<html></html>', 'PK\u0003\u0004zip', '\u0000\u0000\u0000\u0000']) {
      expect(outcome(text(content)), content).to.match(/^ONNX_(MALFORMED|TRUNCATED)$/)
    }
  })

  it('refuses groups however deep they nest', () => {
    expectCode('ONNX_MALFORMED', () => parseModel(new Uint8Array(1_000_000).fill(0x0b)), /wire type 3/)
  })

  it('refuses names a terminal would obey, and endless ones', () => {
    const named = (name: string): Uint8Array =>
      buildModel({
        inputs: [{ name, shape: [1] }],
        outputs: [{ name: 'y' }],
        nodes: [{ op: 'Relu', inputs: [name], outputs: ['y'] }],
      })
    expectCode('ONNX_MALFORMED', () => parseModel(named('x\u001b[2J')), /control characters/)
    expectCode('ONNX_MALFORMED', () => parseModel(named('x'.repeat(5000))), /5000 characters/)
    expect(outcome(named('/layer.0/Größe:0'))).to.equal('ok')
  })

  it('refuses varints without end', () => {
    expectCode('ONNX_MALFORMED', () => parseModel(Uint8Array.of(8, ...new Array<number>(20).fill(0xff))))
  })

  it('skips subgraphs without descending into them', () => {
    // AttributeProto.g in AttributeProto.g …: never decoded, so depth does not matter.
    let nested = new Uint8Array()
    for (let depth = 0; depth < 2000; depth++) {
      const head = [0x32, (nested.length & 0x7f) | 0x80, ((nested.length >> 7) & 0x7f) | 0x80, nested.length >> 14]
      nested = Uint8Array.from([...head, ...nested])
    }
    expect(outcome(nested)).to.equal('ONNX_MALFORMED')
  })

  it('handles many outputs and many users of one value quickly', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `y${index}`)
    const bytes = buildModel({
      inputs: [{ name: 'x', shape: [1] }],
      outputs: names.map((name) => ({ name })),
      nodes: names.map((name) => ({ op: 'Relu', inputs: ['x'], outputs: [name] })),
    })
    const start = Date.now()
    expect(parseModel(bytes).nodes).to.have.length(20_000)
    expect(Date.now() - start).to.be.below(5000)
  }).timeout(10_000)
})
