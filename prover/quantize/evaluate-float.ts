// SPDX-License-Identifier: GPL-3.0-or-later

import { groupRows } from './quantize'
import type { Program, Step, TableFunction } from './program'

/**
 * Runs a program in doubles, to see how large its values get. Only calibration calls it: nothing that reaches a
 * circuit depends on it except through the recipe.
 */
export function evaluateFloat(program: Program, inputs: readonly Float64Array[]): Float64Array[] {
  const values: Float64Array[] = []
  program.inputs.forEach((tensor, i) => (values[tensor] = inputs[i]!))
  for (const step of program.steps) runStep(step, values)
  return values
}

function runStep(step: Step, values: Float64Array[]): void {
  switch (step.kind) {
    case 'linear': {
      const { map } = step
      const x = Float64Array.from(map.sources.flatMap(({ tensor }) => Array.from(values[tensor]!)))
      values[step.output] = map.bias.map((bias, row) => {
        let sum = bias
        for (let i = map.start[row]!; i < map.start[row + 1]!; i++) sum += map.weight[i]! * x[map.column[i]!]!
        return sum
      })
      return
    }
    case 'rescale': {
      const x = values[step.source]!
      values[step.output] = step.mode === 'relu' ? x.map((value) => Math.max(value, 0)) : x
      if (step.positive !== undefined) values[step.positive] = x.map((value) => Math.max(value, 0))
      return
    }
    case 'table':
      values[step.output] = values[step.source]!.map((x) => smooth(step.fn, x))
      return
    case 'max':
    case 'argmax': {
      const x = values[step.source]!
      values[step.output] = Float64Array.from(groupRows(step.groups), (row) => {
        const best = row.reduce((a, b) => (x[b]! > x[a]! ? b : a))
        return step.kind === 'max' ? x[best]! : row.indexOf(best)
      })
      return
    }
    case 'product': {
      const [a, b] = [values[step.a]!, values[step.b]!]
      values[step.output] = Float64Array.from(step.indexA, (i, at) => a[i]! * b[step.indexB[at]!]!)
      return
    }
    case 'divide': {
      const [numerator, denominator] = [values[step.numerator]!, values[step.denominator]!]
      values[step.output] = numerator.map((value, i) => value / denominator[step.index[i]!]!)
    }
  }
}

function smooth(fn: TableFunction, x: number): number {
  switch (fn) {
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x))
    case 'tanh':
      return Math.tanh(x)
    case 'decay':
      return Math.exp(-x)
  }
}
