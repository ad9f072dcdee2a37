// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { type Graph, parseModel, ZkmlError } from '../../prover/onnx'
import {
  type AttributeSpec,
  buildModel,
  type DataType,
  type ModelSpec,
  type NodeSpec,
  type TensorSpec,
} from '../support/onnx-builder'

/** Parses a model that maps `x` of shape [N,4] to `y`, with the given nodes and anything else changed. */
export function parseNodes(nodes: readonly NodeSpec[], changes: Partial<ModelSpec> = {}): Graph {
  return parseModel(
    buildModel({ inputs: [{ name: 'x', shape: ['N', 4] }], outputs: [{ name: 'y' }], nodes, ...changes }),
  )
}

/** Expects a ZkmlError with this code whose message matches every pattern. */
export function expectCode(code: string, action: () => unknown, ...patterns: readonly RegExp[]): void {
  let thrown: unknown
  try {
    action()
  } catch (error) {
    thrown = error
  }
  expect(thrown, `expected ${code}`).to.be.instanceOf(ZkmlError)
  const error = thrown as ZkmlError
  expect(error.code, error.message).to.equal(code)
  expect(error.name).to.match(/^Onnx\w+Error$/)
  for (const pattern of patterns) expect(error.message).to.match(pattern)
}

/** One node that must be refused. By default x is float32 [1,4], goes first, and the constants c0, c1 … follow. */
export type Refusal = {
  readonly title: string
  readonly op: string
  readonly code: string
  readonly pattern: RegExp
  readonly x?: readonly number[]
  readonly type?: DataType
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly constants?: readonly TensorSpec[]
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
  readonly opset?: number
}

/** Expects that the node is refused with its code and a message that names it. */
export function expectRefusal(refusal: Refusal): void {
  const constants = (refusal.constants ?? []).map((tensor, index) => [`c${index}`, tensor] as const)
  const type = refusal.type ?? 'float32'
  const outputs = refusal.outputs ?? ['y']
  const node: NodeSpec = {
    name: 'n',
    op: refusal.op,
    inputs: refusal.inputs ?? ['x', ...constants.map(([name]) => name)],
    outputs,
    attributes: refusal.attributes ?? {},
  }
  const model = {
    inputs: [{ name: 'x', shape: refusal.x ?? [1, 4], type }],
    outputs: outputs.map((name) => ({ name, type })),
    initializers: Object.fromEntries(constants),
    opset: refusal.opset ?? 17,
  }
  expectCode(refusal.code, () => parseNodes([node], model), refusal.pattern, /node "n"/)
}
