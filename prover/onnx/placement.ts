// SPDX-License-Identifier: GPL-3.0-or-later
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
