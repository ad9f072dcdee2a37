// SPDX-License-Identifier: GPL-3.0-or-later

/** A tensor a map reads, with the number of its elements. */
export type MapSource = { readonly tensor: number; readonly size: number }

/**
 * An affine map y = W·x + bias in compressed rows. Columns index the concatenation of the sources' elements in
 * order. No column occurs twice in a row, no weight is 0.
 */
export type LinearMap = {
  readonly sources: readonly MapSource[]
  readonly rows: number
  /** rows + 1 offsets into `column` and `weight`. */
  readonly start: Uint32Array
  readonly column: Uint32Array
  readonly weight: Float64Array
  readonly bias: Float64Array
}

/** Collects the terms of a {@link LinearMap} row by row, adding up terms that fall on the same column. */
export class MapBuilder {
  private readonly start: Uint32Array
  private readonly bias: Float64Array
  private column = new Uint32Array(1024)
  private weight = new Float64Array(1024)
  private length = 0
  private row = 0
  /** Position of each column's term if it was written in the current row. */
  private readonly position: Int32Array

  constructor(
    private readonly sources: readonly MapSource[],
    private readonly rows: number,
  ) {
    this.start = new Uint32Array(rows + 1)
    this.bias = new Float64Array(rows)
    this.position = new Int32Array(sources.reduce((sum, source) => sum + source.size, 0)).fill(-1)
  }

  /** Adds weight·x[column] to the current row. */
  term(column: number, weight: number): void {
    const known = this.position[column]!
    if (known >= this.start[this.row]!) {
      this.weight[known]! += weight
      return
    }
    if (this.length === this.column.length) this.grow()
    this.position[column] = this.length
    this.column[this.length] = column
    this.weight[this.length++] = weight
  }

  /** Adds a constant to the current row. */
  constant(value: number): void {
    this.bias[this.row]! += value
  }

  /** Closes the current row, dropping terms that cancelled out. */
  endRow(): void {
    let kept = this.start[this.row]!
    for (let i = kept; i < this.length; i++) {
      if (this.weight[i] === 0) {
        this.position[this.column[i]!] = -1
        continue
      }
      this.column[kept] = this.column[i]!
      this.weight[kept] = this.weight[i]!
      this.position[this.column[kept]!] = kept
      kept++
    }
    this.length = kept
    this.start[++this.row] = kept
  }

  finish(): LinearMap {
    return {
      sources: this.sources,
      rows: this.rows,
      start: this.start,
      column: this.column.slice(0, this.length),
      weight: this.weight.slice(0, this.length),
      bias: this.bias,
    }
  }

  private grow(): void {
    const column = new Uint32Array(this.column.length * 2)
    const weight = new Float64Array(this.weight.length * 2)
    column.set(this.column)
    weight.set(this.weight)
    this.column = column
    this.weight = weight
  }
}

/** A map each row of which copies one element of one source; `index` gives the element, −1 the constant `fill`. */
export function selectionMap(source: MapSource, index: Int32Array, fill = 0): LinearMap {
  const builder = new MapBuilder([source], index.length)
  for (const column of index) {
    if (column < 0) builder.constant(fill)
    else builder.term(column, 1)
    builder.endRow()
  }
  return builder.finish()
}

/** y_i = scale_i · x_i + shift_i. */
export function diagonalMap(source: MapSource, scale: Float64Array, shift?: Float64Array): LinearMap {
  const builder = new MapBuilder([source], source.size)
  for (let i = 0; i < source.size; i++) {
    builder.term(i, scale[i]!)
    if (shift) builder.constant(shift[i]!)
    builder.endRow()
  }
  return builder.finish()
}

/** True when no row reads more than one element: composing with such a map never adds terms to a row. */
export function isDiagonal(map: LinearMap): boolean {
  for (let row = 0; row < map.rows; row++) if (map.start[row + 1]! - map.start[row]! > 1) return false
  return true
}

/** outer ∘ inner, where `inner` computes the tensor `through` that `outer` reads. */
export function composeMaps(outer: LinearMap, through: number, inner: LinearMap): LinearMap {
  const sources: MapSource[] = []
  const offsetOf = new Map<number, number>()
  let total = 0
  for (const source of [...outer.sources.filter((s) => s.tensor !== through), ...inner.sources]) {
    if (offsetOf.has(source.tensor)) continue
    offsetOf.set(source.tensor, total)
    sources.push(source)
    total += source.size
  }
  const outerTarget = columnTargets(outer, (tensor) => (tensor === through ? undefined : offsetOf.get(tensor)))
  const innerTarget = columnTargets(inner, (tensor) => offsetOf.get(tensor))

  const builder = new MapBuilder(sources, outer.rows)
  for (let row = 0; row < outer.rows; row++) {
    builder.constant(outer.bias[row]!)
    for (let i = outer.start[row]!; i < outer.start[row + 1]!; i++) {
      const weight = outer.weight[i]!
      const target = outerTarget[outer.column[i]!]!
      if (target >= 0) {
        builder.term(target, weight)
        continue
      }
      const innerRow = -target - 1
      builder.constant(weight * inner.bias[innerRow]!)
      for (let j = inner.start[innerRow]!; j < inner.start[innerRow + 1]!; j++) {
        builder.term(innerTarget[inner.column[j]!]!, weight * inner.weight[j]!)
      }
    }
    builder.endRow()
  }
  return builder.finish()
}

/** Per column of `map`: its column in the new layout, or −1−element when the tensor has none there. */
function columnTargets(map: LinearMap, offsetOf: (tensor: number) => number | undefined): Int32Array {
  const targets = new Int32Array(map.sources.reduce((sum, source) => sum + source.size, 0))
  let at = 0
  for (const source of map.sources) {
    const offset = offsetOf(source.tensor)
    for (let i = 0; i < source.size; i++) targets[at++] = offset === undefined ? -1 - i : offset + i
  }
  return targets
}
