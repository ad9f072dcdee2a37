// SPDX-License-Identifier: GPL-3.0-or-later

import { groupRows, type ArgMaxStep, type MaxStep, type QuantizedProgram } from '../../quantize'
import { constantFeed, elementFeed, elementInterval, feedInterval, wireFeed, type Feed } from '../feed'
import type { Gadget, Interval } from '../gadgets'
import type { ElementForm, Linker } from '../linker'
import { maxInterval, planArgMax, planMax } from '../plan'
import type { CircuitStep } from './step'

/** A group's elements, and how each after the first joins the running maximum. */
export type MaxRow = { readonly row: readonly number[]; readonly joins: readonly ('first' | 'second' | Gadget)[] }
export type ArgMaxRow = { readonly row: readonly number[]; readonly joins: readonly Gadget[] }

export type MaxPlan = { readonly kind: 'max'; readonly step: MaxStep; readonly rows: readonly MaxRow[] }
export type ArgMaxPlan = { readonly kind: 'argmax'; readonly step: ArgMaxStep; readonly rows: readonly ArgMaxRow[] }

export const max: CircuitStep<MaxStep, MaxPlan> = {
  plan: (program, step) => ({
    kind: 'max',
    step,
    rows: planRows(program, step, planMaxJoins),
  }),
  *gadgets({ rows }) {
    for (const { joins } of rows) for (const join of joins) if (typeof join !== 'string') yield join
  },
  link(linker, { step: { source, output }, rows }) {
    linker.define(
      output,
      rows.map((row) => linkMax(linker, source, row)),
    )
  },
}

export const argmax: CircuitStep<ArgMaxStep, ArgMaxPlan> = {
  plan: (program, step) => ({
    kind: 'argmax',
    step,
    rows: planRows(program, step, planArgMaxJoins),
  }),
  *gadgets({ rows }) {
    for (const { joins } of rows) yield* joins
  },
  link(linker, { step: { source, output }, rows }) {
    linker.define(
      output,
      rows.map((row) => linkArgMax(linker, source, row)),
    )
  },
}

/** Plans each row by the intervals of its elements: a row whose intervals are those of the row before shares its plan. */
function planRows<T>(
  program: QuantizedProgram,
  { source, groups }: MaxStep | ArgMaxStep,
  plan: (intervals: readonly Interval[]) => readonly T[],
): { readonly row: readonly number[]; readonly joins: readonly T[] }[] {
  const { lo, hi } = program.tensors[source]!.ranges
  let last: { readonly row: readonly number[]; readonly joins: readonly T[] } | undefined
  return groupRows(groups).map((row) => {
    const isLast =
      last?.row.length === row.length &&
      last.row.every((other, k) => lo[other] === lo[row[k]!] && hi[other] === hi[row[k]!])
    const joins = isLast ? last!.joins : plan(row.map((i) => elementInterval(program, source, i)))
    last = { row, joins }
    return last
  })
}

function planMaxJoins([first, ...others]: readonly Interval[]): readonly ('first' | 'second' | Gadget)[] {
  let best = first!
  return others.map((next) => {
    const join = planMax(best, next)
    best = join === 'first' ? best : join === 'second' ? next : maxInterval(best, next)
    return join
  })
}

function planArgMaxJoins([first, ...others]: readonly Interval[]): readonly Gadget[] {
  let best = first!
  return others.map((next) => {
    const join = planArgMax(best, next)
    best = maxInterval(best, next)
    return join
  })
}

/** A running maximum over a group, its interval narrowing nothing but known at each step. */
function linkMax(linker: Linker, source: number, { row, joins }: MaxRow): ElementForm {
  let best: Feed = elementFeed(source, row[0]!)
  let form: ElementForm = { tensor: source, element: row[0]!, offset: 0n }
  joins.forEach((join, k) => {
    const element = row[k + 1]!
    if (join === 'first') return
    if (join === 'second') {
      best = elementFeed(source, element)
      form = { tensor: source, element, offset: 0n }
      return
    }
    const interval = maxInterval(
      feedInterval(linker.program, [best], [1n]),
      elementInterval(linker.program, source, element),
    )
    const wire = linker.instance(join, [best, elementFeed(source, element)])
    best = wireFeed(wire, interval)
    form = { wire, offset: 0n }
  })
  return form
}

function linkArgMax(linker: Linker, source: number, { row, joins }: ArgMaxRow): ElementForm {
  let best: Feed = elementFeed(source, row[0]!)
  let index: Feed = constantFeed(0n)
  let form: ElementForm = { constant: 0n }
  joins.forEach((gadget, k) => {
    const element = row[k + 1]!
    const interval = maxInterval(
      feedInterval(linker.program, [best], [1n]),
      elementInterval(linker.program, source, element),
    )
    const wire = linker.instance(gadget, [best, index, elementFeed(source, element), constantFeed(BigInt(k + 1))])
    best = wireFeed(wire, interval)
    index = wireFeed(wire + 1, { lo: 0n, hi: BigInt(k + 1) })
    form = { wire: wire + 1, offset: 0n }
  })
  return form
}
