// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope } from '../../node-scope'
import { OnnxTooLargeError } from '../../shape'

/** How a branch compares its feature: with one value, or with a set of values. */
export type BranchMode = 'LEQ' | 'LT' | 'GTE' | 'GT' | 'EQ' | 'NEQ' | 'MEMBER'

/** A node with two children. */
export type Branch = {
  readonly mode: BranchMode
  readonly feature: number
  /** What the feature is compared with; one value unless the mode is MEMBER. */
  readonly values: readonly number[]
  /** Where to go when the comparison holds, and when it does not: a branch, or ~leaf. */
  readonly yes: number
  readonly no: number
}

/** What a leaf adds to each target it names. */
export type Leaf = ReadonlyMap<number, number>

/** Decision trees, whatever the operator that holds them: a reference is the index of a branch, or ~index of a leaf. */
export type Forest = {
  readonly roots: readonly number[]
  readonly branches: readonly Branch[]
  readonly leaves: readonly Leaf[]
}

/** Most branches of a forest. */
export const MAX_BRANCHES = 2 ** 20

/** Most branches on a path from a root: products nest as deep, and their intervals may double with each. */
export const MAX_DEPTH = 200

/** A tree of a forest: its branches from the root down, each before those below it. */
export type Tree = { readonly root: number; readonly order: readonly number[] }

/**
 * Walks the trees from their roots with a stack of its own, as a file may hold anything.
 *
 * @throws {OnnxInvalidNodeError} When a branch is reached twice or never: the trees share branches, or have cycles.
 * @throws {OnnxTooLargeError} Above {@link MAX_BRANCHES} branches or {@link MAX_DEPTH} levels.
 */
export function walkForest(scope: NodeScope, { roots, branches }: Forest): readonly Tree[] {
  const what = `the forest of node "${scope.node.name}"`
  if (branches.length > MAX_BRANCHES) throw new OnnxTooLargeError(what, `${MAX_BRANCHES} branches`)
  const seen = new Uint8Array(branches.length)
  let reached = 0
  const trees = roots.map((root): Tree => {
    const order: number[] = []
    const stack = [{ at: root, depth: 1 }]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { at, depth } = next
      if (at < 0) continue
      const branch = branches[at]!
      if (seen[at] === 1) throw scope.invalid(`its trees reach branch ${at} twice: they share nodes or have a cycle`)
      if (depth > MAX_DEPTH) throw new OnnxTooLargeError(`a tree of node "${scope.node.name}"`, `${MAX_DEPTH} levels`)
      seen[at] = 1
      reached++
      order.push(at)
      stack.push({ at: branch.no, depth: depth + 1 }, { at: branch.yes, depth: depth + 1 })
    }
    return { root, order }
  })
  if (reached === branches.length) return trees
  throw scope.invalid(`no root leads to branch ${seen.indexOf(0)}: its trees have a cycle, or nodes that are not used`)
}

/** The leaves of a tree: one at least. */
export function leavesOf({ branches, leaves }: Forest, { root, order }: Tree): readonly Leaf[] {
  const ends = order.flatMap((at) => [branches[at]!.yes, branches[at]!.no])
  return [root, ...ends].filter((at) => at < 0).map((at) => leaves[~at]!)
}

/**
 * Checks what the comparisons and leaves name.
 *
 * @param features How many there are.
 * @param targets How many there are.
 * @throws {OnnxInvalidNodeError} For a feature or target that does not exist, or a number that is NaN or, in a leaf, infinite.
 */
export function checkForest(scope: NodeScope, { branches, leaves }: Forest, features: number, targets: number): void {
  branches.forEach(({ feature, values }, at) => {
    if (!(Number.isInteger(feature) && feature >= 0 && feature < features))
      throw scope.invalid(`branch ${at} compares feature ${feature} of an input of ${features}`)
    if (values.some(Number.isNaN)) throw scope.invalid(`branch ${at} compares with NaN`)
  })
  leaves.forEach((leaf, at) => {
    for (const [target, weight] of leaf) {
      if (!(Number.isInteger(target) && target >= 0 && target < targets))
        throw scope.invalid(`leaf ${at} has a weight for target ${target} of ${targets}`)
      if (!Number.isFinite(weight)) throw scope.invalid(`leaf ${at} has the weight ${weight}`)
    }
  })
}
