// SPDX-License-Identifier: GPL-3.0-or-later
import type { Algebra } from '../../algebra'
import type { Operand } from '../../tensor'

/** Weights of columns. */
export type Terms = readonly (readonly [column: number, weight: number])[]

/** Σ weight·x[column] + bias. */
export type WeightedSum = { readonly terms: Terms; readonly bias: number }

/** Weighted sums within each sample: columns count through operands [samples, width], one after the other. */
export class SampleSums {
  private readonly samples: number
  private readonly starts: readonly number[]

  constructor(
    private readonly algebra: Algebra,
    private readonly operands: readonly Operand[],
  ) {
    this.samples = operands[0]!.shape[0]!
    let start = 0
    this.starts = operands.map(({ shape }) => {
      const first = start
      start += shape[1]!
      return first
    })
  }

  /** One column of the result, [samples, sums], for each sum. Its type is that of the first operand. */
  combine(sums: readonly WeightedSum[]): Operand {
    const { samples } = this
    const total = sums.reduce((count, { terms }) => count + terms.length, 0)
    const start = new Uint32Array(samples * sums.length + 1)
    const [column, weight] = [new Uint32Array(samples * total), new Float64Array(samples * total)]
    const bias = new Float64Array(samples * sums.length)
    let [at, row] = [0, 0]
    for (let sample = 0; sample < samples; sample++) {
      for (const sum of sums) {
        bias[row] = sum.bias
        for (const [from, factor] of sum.terms) {
          column[at] = this.element(from, sample)
          weight[at++] = factor
        }
        start[++row] = at
      }
    }
    return this.algebra.combine(this.operands, { start, column, weight, bias }, [samples, sums.length])
  }

  /** Columns of the result, [samples, columns]. */
  select(columns: readonly number[]): Operand {
    const index = Array.from({ length: this.samples }, (_, sample) => columns.map((from) => this.element(from, sample)))
    return this.algebra.select(this.operands, Int32Array.from(index.flat()), [this.samples, columns.length])
  }

  /** Index in the concatenated operands, each of which is row-major. */
  private element(column: number, sample: number): number {
    let operand = this.starts.length - 1
    while (this.starts[operand]! > column) operand--
    const [first, width] = [this.starts[operand]!, this.operands[operand]!.shape[1]!]
    return this.samples * first + sample * width + (column - first)
  }
}
