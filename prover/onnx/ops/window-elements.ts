// SPDX-License-Identifier: GPL-3.0-or-later
import type { ElementGroups, Window } from '../graph'
import { elementCount, sizeAt, stridesOf } from '../shape'

/** The elements of x [N, C, …spatial] under each window, in the order of the kernel; padding is left out. */
export function windowElements(x: readonly number[], window: Window, output: readonly number[]): ElementGroups {
  const spatial = x.slice(2)
  const strides = stridesOf(spatial)
  const planes = sizeAt(x, 0) * sizeAt(x, 1)
  const [inPlane, outPlane] = [elementCount(spatial), elementCount(output)]
  const rows = Array.from({ length: outPlane }, (_, flat) => {
    let [row, rest]: [number[], number] = [[0], flat]
    // From the last axis to the first, so that what comes later counts slower.
    for (let axis = output.length - 1; axis >= 0; axis--) {
      const length = sizeAt(output, axis)
      const first = (rest % length) * sizeAt(window.strides, axis) - sizeAt(window.padsBegin, axis)
      rest = Math.floor(rest / length)
      const taps = Array.from(
        { length: sizeAt(window.kernel, axis) },
        (_, k) => first + k * sizeAt(window.dilations, axis),
      )
      const inside = taps.filter((at) => at >= 0 && at < sizeAt(spatial, axis))
      row = inside.flatMap((at) => row.map((inner) => at * sizeAt(strides, axis) + inner))
    }
    return row
  })
  const column: number[] = []
  const start = new Uint32Array(planes * outPlane + 1)
  for (let plane = 0; plane < planes; plane++) {
    rows.forEach((row, i) => {
      for (const at of row) column.push(plane * inPlane + at)
      start[plane * outPlane + i + 1] = column.length
    })
  }
  return { start, column: Uint32Array.from(column) }
}
