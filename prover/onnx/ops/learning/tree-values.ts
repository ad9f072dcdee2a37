// SPDX-License-Identifier: GPL-3.0-or-later
import type { Conditions } from './conditions'
import { type Forest, type Leaf, leavesOf, type Tree } from './forest'
import { constantForm, type LinearForm, plusTerm } from './linear-form'

/** A condition times plus − minus; `level` counts the products within. */
export type Product = {
  readonly bit: number
  readonly plus: LinearForm
  readonly minus: LinearForm
  readonly level: number
}

/** The value of a tree for one target: by real numbers times products of conditions, or by products with real numbers. */
export type TreeValue = { readonly by: 'paths' | 'branches'; readonly form: LinearForm }

const NO_LEAF: Leaf = new Map()

/**
 * The values of trees as forms over conditions and products.
 *
 * By branches: the value of a branch with condition c is c·(one − zero) + zero, of its children's values. Where the
 * difference is constant, as above two leaves, that is affine in c and costs nothing; elsewhere it is a product, for each target.
 *
 * By paths: q = c·p is 1 where branch and condition are met, if p tells whether the branch is reached: its children are
 * when q = 1 and when p − q = 1. In all branches but the root that is a product, which all targets share. With b the
 * value of a child when every condition below it is 0, the value is b(root) + Σ q·(b(one) − b(zero)).
 */
export class TreeValues {
  /** Products by branches, with real numbers in them. */
  readonly products: Product[] = []
  /** Products by paths, whole numbers. */
  readonly paths: Product[] = []
  private readonly pathsOf = new Map<Tree, ReadonlyMap<number, LinearForm>>()
  private readonly targetsOf = new Map<Tree, ReadonlySet<number>>()

  constructor(
    private readonly forest: Forest,
    private readonly conditions: Conditions['of'],
  ) {}

  /** The targets that some leaf of a tree has a weight for. */
  targets(tree: Tree): ReadonlySet<number> {
    const known = this.targetsOf.get(tree)
    if (known !== undefined) return known
    const targets = new Set(leavesOf(this.forest, tree).flatMap((leaf) => [...leaf.keys()]))
    this.targetsOf.set(tree, targets)
    return targets
  }

  value(tree: Tree, target: number): TreeValue {
    const { branches } = this.forest
    const inner = tree.order.filter((at) => branches[at]!.yes >= 0 || branches[at]!.no >= 0).length
    return inner * this.targets(tree).size <= tree.order.length - 1
      ? { by: 'branches', form: this.byBranches(tree, target) }
      : { by: 'paths', form: this.byPaths(tree, target) }
  }

  private byBranches(tree: Tree, target: number): LinearForm {
    const values = new Map<number, LinearForm>()
    const valueOf = (at: number) => values.get(at) ?? constantForm(this.leaf(at).get(target) ?? 0)
    for (const at of [...tree.order].reverse()) {
      const { bit, one, zero } = this.conditions[at]!
      const [plus, minus] = [valueOf(one), valueOf(zero)]
      if (plus.terms === undefined && minus.terms === undefined) {
        const difference = plus.bias - minus.bias
        values.set(at, difference === 0 ? minus : plusTerm(minus, 'bit', bit, difference, 0))
        continue
      }
      const level = Math.max(plus.level, minus.level) + 1
      const index = this.products.push({ bit, plus, minus, level }) - 1
      values.set(at, plusTerm(minus, 'product', index, 1, level))
    }
    return valueOf(tree.root)
  }

  private byPaths(tree: Tree, target: number): LinearForm {
    const met = this.pathsOf.get(tree) ?? this.multiplyPaths(tree)
    const below = new Map<number, number>()
    const valueOf = (at: number) => below.get(at) ?? this.leaf(at).get(target) ?? 0
    let sum = constantForm(0)
    for (const at of [...tree.order].reverse()) {
      const { one, zero } = this.conditions[at]!
      const difference = valueOf(one) - valueOf(zero)
      const { kind, index } = met.get(at)!.terms!
      if (difference !== 0) sum = plusTerm(sum, kind, index, difference, 0)
      below.set(at, valueOf(zero))
    }
    return { ...sum, bias: valueOf(tree.root) }
  }

  /** q of each branch, a form of one term. */
  private multiplyPaths(tree: Tree): ReadonlyMap<number, LinearForm> {
    const met = new Map<number, LinearForm>()
    const reached = new Map([[tree.root, constantForm(1)]])
    for (const at of tree.order) {
      const { bit, one, zero } = this.conditions[at]!
      const here = reached.get(at)!
      const isRoot = here.terms === undefined
      const level = isRoot ? 0 : here.level + 1
      const index = isRoot ? bit : this.paths.push({ bit, plus: here, minus: constantForm(0), level }) - 1
      const kind = isRoot ? 'bit' : 'product'
      met.set(at, plusTerm(constantForm(0), kind, index, 1, level))
      reached.set(one, met.get(at)!)
      reached.set(zero, plusTerm(here, kind, index, -1, level))
    }
    this.pathsOf.set(tree, met)
    return met
  }

  private leaf(at: number): Leaf {
    return this.forest.leaves[~at] ?? NO_LEAF
  }
}
