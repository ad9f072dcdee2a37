// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { Operand } from '../../tensor'
import { SampleSums, type WeightedSum } from './sample-sums'

/** Products of bits with sums that may use earlier products, all of one level in one operation. */
export class ProductLevels {
  private readonly operands: Operand[]
  private readonly columns: number[] = []
  private width: number

  /**
   * @param bits [samples, bits], the first factors.
   * @param base [samples, columns], what the sums are of besides products.
   */
  constructor(
    private readonly algebra: Algebra,
    private readonly bits: Operand,
    base: Operand,
  ) {
    this.operands = [base]
    this.width = base.shape[1]!
  }

  /** What the products of each level are, from the first one up. */
  get products(): readonly Operand[] {
    return this.operands.slice(1)
  }

  /** Where a product is in what {@link combine} counts through: the base, then the levels. */
  column(product: number): number {
    return this.columns[product]!
  }

  /** Sums over the base and the products so far. */
  combine(sums: readonly WeightedSum[]): Operand {
    return new SampleSums(this.algebra, this.operands).combine(sums)
  }

  /** Adds the products, level by level. */
  multiply(
    products: readonly { readonly bit: number; readonly level: number }[],
    sumOf: (product: number) => WeightedSum,
  ): void {
    const levels = new Map<number, number[]>()
    products.forEach(({ level }, at) => {
      const members = levels.get(level) ?? []
      levels.set(level, members)
      members.push(at)
    })
    for (const level of [...levels.keys()].sort((a, b) => a - b)) {
      const members = levels.get(level)!
      const factors = this.combine(members.map(sumOf))
      const chosen = new SampleSums(this.algebra, [this.bits]).select(members.map((at) => products[at]!.bit))
      members.forEach((at, i) => (this.columns[at] = this.width + i))
      this.operands.push(this.algebra.mul(chosen, factors))
      this.width += members.length
    }
  }
}
