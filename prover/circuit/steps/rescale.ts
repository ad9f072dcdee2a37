// SPDX-License-Identifier: GPL-3.0-or-later

import { limitsOf, roundShift, type QuantizedRescale } from '../../quantize'
import { elementFeed, elementInterval, planElements } from '../feed'
import type { Gadget, Interval } from '../gadgets'
import type { ElementForm, Linker } from '../linker'
import { planRescale, planSplit, type ElementPlan } from '../plan'
import type { CircuitStep } from './step'

/** Both parts from one gadget, or, when the sign is known, the rounded value and what to clamp it to. */
export type SplitPlan =
  { readonly both: Gadget } | { readonly rounded: ElementPlan; readonly sign: 'negative' | 'positive' }

export type RescalePlan = { readonly kind: 'rescale'; readonly step: QuantizedRescale } & (
  { readonly elements: readonly ElementPlan[] } | { readonly splits: readonly SplitPlan[] }
)

export const rescale: CircuitStep<QuantizedRescale, RescalePlan> = {
  plan(program, step) {
    const plans = <T>(plan: (range: Interval) => T) => planElements(program, step.source, plan)
    if (step.mode === 'split') return { kind: 'rescale', step, splits: plans((range) => planBoth(step, range)) }
    const limits = limitsOf(step)
    return { kind: 'rescale', step, elements: plans((range) => planRescale(range, step.shift, limits)) }
  },
  *gadgets(plan) {
    if ('splits' in plan) {
      for (const split of plan.splits) {
        if ('both' in split) yield split.both
        else if (split.rounded.kind === 'gadget') yield split.rounded.gadget
      }
      return
    }
    for (const element of plan.elements) if (element.kind === 'gadget') yield element.gadget
  },
  link(linker, plan) {
    if ('splits' in plan) return linkSplit(linker, plan.step, plan.splits)
    const { source, output } = plan.step
    linker.define(
      output,
      plan.elements.map((element, i) => rescaled(linker, element, source, i, output)),
    )
  },
}

function planBoth(step: QuantizedRescale, range: Interval): SplitPlan {
  const both = planSplit(range, step.shift)
  if (both) return { both }
  return {
    rounded: planRescale(range, step.shift, {}),
    sign: roundShift(range.lo, step.shift) >= 0n ? 'positive' : 'negative',
  }
}

/** One rescaled element. */
function rescaled(linker: Linker, plan: ElementPlan, source: number, element: number, output: number): ElementForm {
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
