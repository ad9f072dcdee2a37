// SPDX-License-Identifier: GPL-3.0-or-later
import { type AttributeSpec, seededRandom } from './onnx-builder'

/** A node of a tree as ONNX numbers it; a leaf has weights by target. */
export type TreeNode = {
  readonly mode: string
  readonly feature?: number
  readonly value?: number
  readonly yes?: number
  readonly no?: number
  readonly weights?: Readonly<Record<number, number>>
}

/** Attributes of TreeEnsembleClassifier or TreeEnsembleRegressor for trees whose nodes are numbered by position. */
export function forestAttributes(
  prefix: 'class' | 'target',
  trees: readonly (readonly TreeNode[])[],
): Record<string, AttributeSpec> {
  const nodes = trees.flatMap((tree, number) => tree.map((node, id) => ({ ...node, number, id })))
  const weights = nodes.flatMap(({ number, id, weights: own }) =>
    Object.entries(own ?? {}).map(([target, weight]) => ({ number, id, target: Number(target), weight })),
  )
  return {
    nodes_treeids: nodes.map(({ number }) => number),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_featureids: nodes.map(({ feature }) => feature ?? 0),
    nodes_modes: { strings: nodes.map(({ mode }) => mode) },
    nodes_values: { floats: nodes.map(({ value }) => value ?? 0) },
    nodes_truenodeids: nodes.map(({ yes }) => yes ?? 0),
    nodes_falsenodeids: nodes.map(({ no }) => no ?? 0),
    [`${prefix}_treeids`]: weights.map(({ number }) => number),
    [`${prefix}_nodeids`]: weights.map(({ id }) => id),
    [`${prefix}_ids`]: weights.map(({ target }) => target),
    [`${prefix}_weights`]: { floats: weights.map(({ weight }) => weight) },
  }
}

/** What a random tree looks like. */
export type TreeShape = {
  readonly depth: number
  readonly features: number
  readonly modes: readonly string[]
  /** Weights of a leaf by target. */
  readonly weights: (random: () => number) => Readonly<Record<number, number>>
  /** Share of branches that end early. */
  readonly stunted?: number
}

/** A random tree, with values that are multiples of 1/64 in [-1, 1), so that none is rounded. */
export function randomTree(seed: number, { depth, features, modes, weights, stunted = 0 }: TreeShape): TreeNode[] {
  const random = seededRandom(seed)
  const nodes: TreeNode[] = []
  const grow = (level: number): number => {
    const at = nodes.push({ mode: 'LEAF' }) - 1
    if (level === depth || (level > 0 && random() < stunted)) {
      nodes[at] = { mode: 'LEAF', weights: weights(random) }
      return at
    }
    const mode = modes[Math.floor(random() * modes.length)]!
    const feature = Math.floor(random() * features)
    const value = Math.floor(random() * 128) / 64 - 1
    nodes[at] = { mode, feature, value, yes: grow(level + 1), no: grow(level + 1) }
    return at
  }
  grow(0)
  return nodes
}
