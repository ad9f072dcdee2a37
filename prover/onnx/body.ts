// SPDX-License-Identifier: GPL-3.0-or-later
import { type ElementType, elementTypeOf } from './element-type'
import { describeNode } from './errors'
import { type NamedNode, nameNodes, needsOf, OnnxDuplicateNameError, orderNodes } from './order'
import { graphProto, type GraphProto } from './schema'
import { OnnxTooLargeError } from './shape'
import { type ConstantOperand, decodeTensor, OnnxTensorTypeError } from './tensor'
import { decode, OnnxMalformedError } from './wire'

/** How deep subgraphs may nest. */
const MAX_NESTING = 16

/** A subgraph of a control flow operator, ready to be copied. */
export type Body = {
  readonly inputs: readonly { readonly name: string; readonly elementType?: ElementType }[]
  readonly outputs: readonly string[]
  readonly constants: readonly ConstantOperand[]
  /** In topological order, without those that no output needs. */
  readonly nodes: readonly NamedNode[]
  /** Names that a node or output uses. */
  readonly used: ReadonlySet<string>
  /** Names of values around it that it uses. */
  readonly captures: readonly string[]
}

/**
 * Decodes the subgraphs of nodes, and theirs.
 *
 * @throws {OnnxMalformedError | OnnxTruncatedError} When one is no graph.
 * @throws {OnnxTooLargeError} When they nest deeper than {@link MAX_NESTING}.
 */
export function withBodies(nodes: readonly NamedNode[], depth = 1): readonly NamedNode[] {
  return nodes.map((node) => {
    const graphs = node.proto.attributes.flatMap(({ name = '', graph }) => (graph ? [[name, graph] as const] : []))
    if (graphs.length === 0) return node
    if (depth > MAX_NESTING)
      throw new OnnxTooLargeError(`the nesting of ${describeNode(node)}`, `${MAX_NESTING} levels`)
    return { ...node, bodies: new Map(graphs.map(([name, graph]) => [name, readBody(graph, depth)])) }
  })
}

function readBody(graph: Uint8Array, depth: number): Body {
  const proto: GraphProto = decode(graph, graphProto)
  if (proto.sparseInitializer) throw new OnnxTensorTypeError('sparse_initializer', 'sparse tensor')
  const constants = proto.initializers.map((tensor) => decodeTensor(nameOf(tensor), tensor))
  const inputs = proto.inputs.map((input) => {
    const elementType = elementTypeOf(input.type?.tensor?.elementType ?? 0)
    return { name: nameOf(input), ...(elementType && { elementType }) }
  })
  const outputs = proto.outputs.map(nameOf)
  const given = new Set<string>()
  for (const { name } of [...inputs, ...constants]) {
    if (given.has(name)) throw new OnnxDuplicateNameError(name)
    given.add(name)
  }
  const nodes = withBodies(nameNodes(proto.nodes), depth + 1)
  const made = new Set(nodes.flatMap((node) => node.proto.outputs))
  const needs = new Set([...nodes.flatMap(needsOf), ...outputs])
  const captures = [...needs].filter((name) => name !== '' && !given.has(name) && !made.has(name))
  const ordered = orderNodes(nodes, new Set([...given, ...captures]), outputs)
  const used = new Set([...ordered.flatMap(needsOf), ...outputs])
  return { inputs, outputs, constants, nodes: ordered, used, captures }
}

function nameOf({ name }: { readonly name: string | undefined }): string {
  if (name === undefined || name === '') throw new OnnxMalformedError('a value of a subgraph has no name')
  return name
}
