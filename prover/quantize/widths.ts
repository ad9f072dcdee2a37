// SPDX-License-Identifier: GPL-3.0-or-later

import type { SeenRange } from './initial-recipe'
import type { QuantizedProgram } from './program'
import { bitLength, hull } from './ranges'
import { withStep, type Recipe } from './recipe'
import { outputsOf, type QuantizedTensor, type Step } from './steps'

/** Where any interval takes more bits than this, layers are clamped from the start. */
export const WIDE_BITS = 40

/** Values of more bits than this are not left as they are: sums of them would grow too wide. */
const LOOSE_BITS = 32

/** Bits of the widest proven interval. */
export function widest({ steps, tensors }: QuantizedProgram): number {
  let most = 0
  for (const id of steps.flatMap((step) => outputsOf(step))) {
    const { lo, hi } = hull(tensors[id]!.ranges)
    most = Math.max(most, bitLength(hi > -lo ? hi : -lo))
  }
  return most
}

/** The recipe with a step clamped to the bits its values were seen to need; nothing where it cannot be clamped. */
export function clampedTo(recipe: Recipe, step: Step, seen: readonly SeenRange[]): Recipe | undefined {
  const own = recipe.steps[step.name]
  if (step.kind !== 'rescale' || step.mode === 'split' || step.tableFor || own?.exponent === undefined) return undefined
  const { lo, hi } = seen[step.output]!
  const bits = Math.ceil(Math.log2(Math.max(1, Math.max(-lo, hi) * 2 ** own.exponent + 1)))
  // Only a clamp around 0 has a sign.
  const clampBits = Math.max(1, bits + (step.mode === 'identity' ? 1 : 0))
  return withStep(recipe, step.name, { ...own, clampBits })
}

/** The recipe with a step that rounds leaving its source as it is, digits and all; nothing where it does more. */
export function loosened(recipe: Recipe, step: Step, tensor: (id: number) => QuantizedTensor): Recipe | undefined {
  if (step.kind !== 'rescale' || step.mode !== 'identity' || step.whole || step.tableFor) return undefined
  return withStep(recipe, step.name, { exponent: tensor(step.source).exponent, clampBits: LOOSE_BITS })
}
