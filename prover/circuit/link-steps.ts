// SPDX-License-Identifier: GPL-3.0-or-later

import type { QuantizedDivide, QuantizedRescale } from '../quantize'
import { constantFeed, elementFeed, elementInterval, feedInterval, wireFeed, type Feed } from './feed'
import type { Gadget } from './gadgets'
import type { ElementForm, Linker } from './linker'
import { maxInterval, type RescalePlan } from './plan'
import type { ArgMaxRow, MaxRow, SplitPlan, StepPlan } from './plan-program'

/** Adds the rows of one step. */
export function linkStep(linker: Linker, plan: StepPlan): void {
  switch (plan.kind) {
    case 'linear':
      return
    case 'rescale': {
      const { source, output } = plan.step
      linker.define(
        output,
        plan.elements.map((element, i) => rescaled(linker, element, source, i, output)),
      )
      return
    }
    case 'split':
      return linkSplit(linker, plan.step, plan.elements)
    case 'table': {
      const { source, output, lo } = plan.step
      const forms = Array.from({ length: plan.count }, (_, i): ElementForm => {
        const wire = linker.instance(plan.gadget, [elementFeed(source, i, -BigInt(lo))])
        linker.guarantee(plan.gadget, 0, 0n, elementInterval(linker.program, output, i))
        return { wire, offset: 0n }
      })
      linker.define(output, forms)
      return
    }
    case 'max':
      linker.define(
        plan.step.output,
        plan.rows.map((row) => linkMax(linker, plan.step.source, row)),
      )
      return
    case 'argmax':
      linker.define(
        plan.step.output,
        plan.rows.map((row) => linkArgMax(linker, plan.step.source, row)),
      )
      return
    case 'product': {
      const { a, b, indexA, indexB, output } = plan.step
      const forms = Array.from(indexA, (i, at): ElementForm => {
        const feeds = [elementFeed(a, i), elementFeed(b, indexB[at]!)]
        return { wire: linker.instance(plan.gadget, feeds), offset: 0n }
      })
      linker.define(output, forms)
      return
    }
    case 'divide':
      linker.define(
        plan.step.output,
        plan.elements.map((gadget, i) => linkDivide(linker, plan.step, gadget, i)),
      )
  }
}

/** One rescaled element. */
function rescaled(linker: Linker, plan: RescalePlan, source: number, element: number, output: number): ElementForm {
  switch (plan.kind) {
    case 'alias':
      return { tensor: source, element, offset: 0n }
    case 'constant':
      return { constant: plan.value }
    case 'gadget': {
      const wire = linker.instance(plan.gadget, [elementFeed(source, element, plan.inputOffset)])
      linker.guarantee(plan.gadget, 0, plan.outputOffset, elementInterval(linker.program, output, element))
      return { wire, offset: plan.outputOffset }
    }
  }
}

function linkSplit(linker: Linker, step: QuantizedRescale, plans: readonly SplitPlan[]): void {
  const positive = step.positive!
  const values: ElementForm[] = []
  const parts: ElementForm[] = []
  plans.forEach((plan, i) => {
    if ('both' in plan) {
      const wire = linker.instance(plan.both, [elementFeed(step.source, i)])
      linker.guarantee(plan.both, 0, 0n, elementInterval(linker.program, step.output, i))
      linker.guarantee(plan.both, 1, 0n, elementInterval(linker.program, positive, i))
      values.push({ wire, offset: 0n })
      parts.push({ wire: wire + 1, offset: 0n })
      return
    }
    const form = rescaled(linker, plan.rounded, step.source, i, step.output)
    values.push(form)
    parts.push(plan.sign === 'positive' ? form : { constant: 0n })
  })
  linker.define(step.output, values)
  linker.define(positive, parts)
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

/** ⌊(numerator·2^(scaleBits+1) + denominator) / (2·denominator)⌋. */
function linkDivide(linker: Linker, step: QuantizedDivide, gadget: Gadget, i: number): ElementForm {
  const denominator = { tensor: step.denominator, element: step.index[i]! }
  const numerator: Feed = {
    terms: [
      { tensor: step.numerator, element: i, factor: 1n << BigInt(step.scaleBits + 1) },
      { ...denominator, factor: 1n },
    ],
    constant: 0n,
  }
  const wire = linker.instance(gadget, [numerator, { terms: [{ ...denominator, factor: 2n }], constant: 0n }])
  linker.guarantee(gadget, 0, 0n, elementInterval(linker.program, step.output, i))
  return { wire, offset: 0n }
}
