// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope } from '../../node-scope'
import type { Branch, BranchMode, Forest } from './forest'
import { integersOf, numbersOf, requireSameLength } from './samples'

const MODES: ReadonlyMap<string, Exclude<BranchMode, 'MEMBER'> | 'LEAF'> = new Map([
  ['BRANCH_LEQ', 'LEQ'],
  ['BRANCH_LT', 'LT'],
  ['BRANCH_GTE', 'GTE'],
  ['BRANCH_GT', 'GT'],
  ['BRANCH_EQ', 'EQ'],
  ['BRANCH_NEQ', 'NEQ'],
  ['LEAF', 'LEAF'],
])

/**
 * Reads the trees of TreeEnsembleClassifier and TreeEnsembleRegressor: a list of nodes in any order, each with the number of its
 * tree and its own, which children and weights refer to. The root of a tree is the node that is no child. Tracks for
 * missing values and hit rates are not looked at: no input is NaN.
 *
 * @param weights Prefix of the attributes of the leaves.
 * @throws {OnnxInvalidNodeError} When references lead nowhere, or a tree has no root or several.
 */
export function readNumberedNodes(scope: NodeScope, weights: 'class' | 'target'): Forest {
  const { attributes } = scope
  const [trees, ids] = [integersOf(scope, 'nodes_treeids'), integersOf(scope, 'nodes_nodeids')]
  const features = integersOf(scope, 'nodes_featureids')
  const modes = (attributes.texts('nodes_modes') ?? []).map((name) => {
    const mode = MODES.get(name)
    if (mode === undefined) throw scope.invalid(`it has a node of the mode "${name}"`)
    return mode
  })
  const values = numbersOf(scope, 'nodes_values')
  const [yes, no] = [integersOf(scope, 'nodes_truenodeids'), integersOf(scope, 'nodes_falsenodeids')]
  for (const name of ['nodes_missing_value_tracks_true', 'nodes_hitrates', 'nodes_hitrates_as_tensor'])
    attributes.ignore(name)
  requireSameLength(scope, {
    nodes_treeids: trees,
    nodes_nodeids: ids,
    nodes_featureids: features,
    nodes_modes: modes,
    nodes_values: values,
    nodes_truenodeids: yes,
    nodes_falsenodeids: no,
  })
  if (trees.length === 0) throw scope.invalid('it has no nodes')

  const rows = new Map<string, number>()
  trees.forEach((tree, row) => {
    if (rows.has(`${tree}:${ids[row]}`)) throw scope.invalid(`tree ${tree} has two nodes ${ids[row]}`)
    rows.set(`${tree}:${ids[row]}`, row)
  })
  const rowOf = (tree: number, id: number): number => {
    const row = rows.get(`${tree}:${id}`)
    if (row === undefined) throw scope.invalid(`tree ${tree} has no node ${id}, which a node or weight refers to`)
    return row
  }
  let [branchCount, leafCount] = [0, 0]
  const references = modes.map((mode) => (mode === 'LEAF' ? ~leafCount++ : branchCount++))
  const isChild = new Uint8Array(trees.length)
  const branches = modes.flatMap((mode, row): Branch[] => {
    if (mode === 'LEAF') return []
    const children = [rowOf(trees[row]!, yes[row]!), rowOf(trees[row]!, no[row]!)]
    for (const child of children) isChild[child] = 1
    const [onYes, onNo] = children.map((child) => references[child]!)
    return [{ mode, feature: features[row]!, values: [values[row]!], yes: onYes!, no: onNo! }]
  })
  const leaves = Array.from({ length: leafCount }, () => new Map<number, number>())
  readWeights(scope, weights, (tree, id, target, weight) => {
    const reference = references[rowOf(tree, id)]!
    if (reference >= 0) throw scope.invalid(`node ${id} of tree ${tree} has a weight but is no leaf`)
    const leaf = leaves[~reference]!
    if (leaf.has(target)) throw scope.invalid(`leaf ${id} of tree ${tree} has two weights for ${target}`)
    leaf.set(target, weight)
  })
  const roots = new Map<number, number>()
  trees.forEach((tree, row) => {
    if (isChild[row] === 1) return
    if (roots.has(tree)) throw scope.invalid(`tree ${tree} has two roots: nodes that are no child of another`)
    roots.set(tree, references[row]!)
  })
  const rootless = trees.find((tree) => !roots.has(tree))
  if (rootless !== undefined) throw scope.invalid(`tree ${rootless} has no root: its nodes form a cycle`)
  return { roots: [...roots.values()], branches, leaves }
}

function readWeights(
  scope: NodeScope,
  prefix: 'class' | 'target',
  visit: (tree: number, id: number, target: number, weight: number) => void,
): void {
  const names = [`${prefix}_treeids`, `${prefix}_nodeids`, `${prefix}_ids`] as const
  const [trees, ids, targets] = names.map((name) => integersOf(scope, name)) as [number[], number[], number[]]
  const weights = numbersOf(scope, `${prefix}_weights`)
  requireSameLength(scope, {
    [names[0]]: trees,
    [names[1]]: ids,
    [names[2]]: targets,
    [`${prefix}_weights`]: weights,
  })
  weights.forEach((weight, at) => visit(trees[at]!, ids[at]!, targets[at]!, weight))
}
