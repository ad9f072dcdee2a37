// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { describeNode, type NodeRef } from './errors'
import type { Body } from './body'
import type { NodeProto } from './schema'

/** A name is given to two values. */
export class OnnxDuplicateNameError extends ZkmlError {
  override readonly code = 'ONNX_DUPLICATE_NAME'

  constructor(name: string) {
    super(`the name "${name}" is given to more than one input, initializer or node output; export the model again`)
  }
}

/** A value is used but nothing makes it. */
export class OnnxMissingTensorError extends ZkmlError {
  override readonly code = 'ONNX_MISSING_TENSOR'

  constructor(user: string, name: string) {
    super(`${user} uses "${name}", which is no input, initializer or node output; export the model again`)
  }
}

/** A node depends on its own output. */
export class OnnxCycleError extends ZkmlError {
  override readonly code = 'ONNX_CYCLE'

  constructor(node: NodeRef) {
    super(`${describeNode(node)} depends on its own output; a model must not contain cycles`)
  }
}

/** A node of the file with the name it has in messages and in the graph. */
export type NamedNode = NodeRef & {
  readonly proto: NodeProto
  /** Its subgraphs by attribute. */
  readonly bodies?: ReadonlyMap<string, Body>
}

/** Names of all values a node needs: its inputs, those left out as "", and what its subgraphs take from around them. */
export function needsOf({ proto, bodies }: NamedNode): readonly string[] {
  if (bodies === undefined) return proto.inputs
  return [...proto.inputs, ...[...bodies.values()].flatMap(({ captures }) => captures)]
}

/**
 * Gives every node a unique, non-empty name: its own, or `<op>_<index>`. Where that is taken, a counter is appended.
 */
export function nameNodes(protos: readonly NodeProto[]): readonly NamedNode[] {
  const reserved = new Set(protos.map((proto) => proto.name ?? ''))
  const given = new Set<string>()
  const counters = new Map<string, number>()
  return protos.map((proto, index) => {
    const onnxOp = proto.op ?? ''
    const wanted = proto.name || `${onnxOp}_${index}`
    let name = wanted
    let count = counters.get(wanted) ?? 0
    const isFree = proto.name ? !given.has(wanted) : !reserved.has(wanted) && !given.has(wanted)
    if (!isFree) {
      do name = `${wanted}_${++count}`
      while (reserved.has(name) || given.has(name))
      counters.set(wanted, count)
    }
    given.add(name)
    return { name, onnxOp, proto }
  })
}

/**
 * Sorts nodes so that each comes after those it depends on, keeping the order of the file where that is possible,
 * and drops those that no graph output depends on.
 *
 * @param given Names that exist without a node: inputs and initializers.
 * @param outputs Names of the graph outputs.
 * @throws {OnnxDuplicateNameError} When two values share a name.
 * @throws {OnnxMissingTensorError} When a node or output uses a name nothing makes.
 * @throws {OnnxCycleError} When nodes depend on each other.
 */
export function orderNodes(
  nodes: readonly NamedNode[],
  given: ReadonlySet<string>,
  outputs: readonly string[],
): readonly NamedNode[] {
  const producers = findProducers(nodes, given)
  for (const node of nodes) {
    for (const input of needsOf(node)) {
      if (input === '' || given.has(input) || producers.has(input)) continue
      throw new OnnxMissingTensorError(describeNode(node), input)
    }
  }
  for (const output of outputs) {
    if (!given.has(output) && !producers.has(output)) throw new OnnxMissingTensorError('the list of outputs', output)
  }
  const sorted = sortTopologically(nodes, producers)
  const needed = new Set(outputs)
  const live = new Set<NamedNode>()
  for (const node of [...sorted].reverse()) {
    if (!node.proto.outputs.some((output) => needed.has(output))) continue
    live.add(node)
    for (const input of needsOf(node)) needed.add(input)
  }
  return sorted.filter((node) => live.has(node))
}

function findProducers(nodes: readonly NamedNode[], given: ReadonlySet<string>): ReadonlyMap<string, NamedNode> {
  const producers = new Map<string, NamedNode>()
  for (const node of nodes) {
    for (const output of node.proto.outputs) {
      if (output === '') continue
      if (given.has(output) || producers.has(output)) throw new OnnxDuplicateNameError(output)
      producers.set(output, node)
    }
  }
  return producers
}

/** Depth first in file order, with a stack of its own because models can be deep. */
function sortTopologically(
  nodes: readonly NamedNode[],
  producers: ReadonlyMap<string, NamedNode>,
): readonly NamedNode[] {
  const sorted: NamedNode[] = []
  const state = new Map<NamedNode, 'open' | 'done'>()
  for (const root of nodes) {
    const stack = [{ node: root, needs: needsOf(root), next: 0 }]
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]
      if (frame === undefined) break
      const { node } = frame
      if (state.get(node) === 'done') {
        stack.pop()
        continue
      }
      state.set(node, 'open')
      const input = frame.needs[frame.next++]
      if (input === undefined) {
        state.set(node, 'done')
        sorted.push(node)
        stack.pop()
        continue
      }
      const producer = producers.get(input)
      if (producer === undefined || state.get(producer) === 'done') continue
      if (state.get(producer) === 'open') throw new OnnxCycleError(producer)
      stack.push({ node: producer, needs: needsOf(producer), next: 0 })
    }
  }
  return sorted
}
