// SPDX-License-Identifier: GPL-3.0-or-later
import { OnnxUnsupportedUseError } from './errors'
import type { GraphNode } from './graph'

/**
 * Drops nodes that no output depends on. Folding leaves such nodes behind, for example those that only fed a Shape.
 *
 * @param nodes In topological order.
 * @param outputs Names of the graph outputs.
 */
export function dropUnused(nodes: readonly GraphNode[], outputs: readonly string[]): readonly GraphNode[] {
  const needed = new Set(outputs)
  const live: GraphNode[] = []
  for (const node of [...nodes].reverse()) {
    if (!needed.has(node.output)) continue
    live.push(node)
    for (const input of node.inputs) needed.add(input)
  }
  return live.reverse()
}

/**
 * Checks that Softmax and ArgMax stand only at the end of the model. Softmax must be a graph output itself; ArgMax may
 * pass through Reshape-like nodes first. Neither result may be used for further computation.
 *
 * @throws {OnnxUnsupportedUseError} Naming the node that stands elsewhere.
 */
export function checkPlacement(nodes: readonly GraphNode[], outputs: readonly string[]): void {
  const finals = new Set(outputs)
  const users = new Map<string, GraphNode[]>()
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      const known = users.get(input)
      if (known === undefined) users.set(input, [node])
      else known.push(node)
    }
  }
  for (const node of nodes) {
    if (node.op === 'Softmax' && (users.has(node.output) || !finals.has(node.output))) {
      throw new OnnxUnsupportedUseError(
        node,
        'Softmax may only produce an output of the model; compute on the logits instead (their ArgMax is the same)',
      )
    }
    if (node.op === 'ArgMax') checkIndex(node, node.output, users)
  }
}

/** Every use of an index must be a Reshape; a value without users is a graph output, since unused nodes are gone. */
function checkIndex(origin: GraphNode, value: string, users: ReadonlyMap<string, readonly GraphNode[]>): void {
  const pending = [value]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const user of users.get(name) ?? []) {
      if (user.op === 'Reshape') {
        pending.push(user.output)
        continue
      }
      const problem = `its index is used by node "${user.name}" (${user.onnxOp}); it may only become an output`
      throw new OnnxUnsupportedUseError(origin, problem)
    }
  }
}
