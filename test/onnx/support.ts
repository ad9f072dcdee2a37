// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { type Graph, parseModel, ZkmlError } from '../../prover/onnx'
import { buildModel, type ModelSpec, type NodeSpec } from '../support/onnx-builder'

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
