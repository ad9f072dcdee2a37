// SPDX-License-Identifier: GPL-3.0-or-later

import { composeMaps, isDiagonal, type LinearMap } from './linear-map'
import type { Program } from './program'
import { maxMagnitude } from './start'
import { outputsOf, sourcesOf, type LinearStep, type Step } from './steps'

/**
 * Folds affine steps into their neighbours so that each pair of non-linear steps has as few rounded maps between
 * them as possible, moves max pooling before ReLU, and comparisons with constants before scaling. None of it changes what the program computes over the reals.
 */
export function fuseLinearSteps(program: Program): Program {
  const reordered = poolBeforeRelu(program)
  const steps = [...reordered.steps]
  while (pushForward(reordered, steps) || pullBackward(reordered, steps) || compareBefore(steps));
  return { ...reordered, steps: withoutDeadSteps(reordered, steps) }
}

function consumersOf(steps: readonly Step[], tensor: number): Step[] {
  return steps.filter((step) => sourcesOf(step).includes(tensor))
}

/** max(relu(x)) = relu(max(x)) as both are monotone; pooling first leaves fewer values to decompose. */
function poolBeforeRelu(program: Program): Program {
  const steps = [...program.steps]
  const tensors = [...program.tensors]
  for (let i = 0; i < steps.length; i++) {
    const pool = steps[i]!
    if (pool.kind !== 'max') continue
    const at = steps.findIndex((step) => step.output === pool.source)
    const relu = steps[at]
    if (relu?.kind !== 'rescale' || relu.mode !== 'relu' || program.outputs.includes(relu.output)) continue
    if (consumersOf(steps, relu.output).length > 1) continue
    const pooled = { ...tensors[pool.output]!, id: tensors.length, name: `${pool.name}/pooled` }
    tensors.push(pooled)
    steps.splice(
      i,
      1,
      { ...pool, source: relu.source, output: pooled.id },
      { ...relu, source: pooled.id, output: pool.output },
    )
    steps.splice(at, 1)
  }
  return { ...program, steps, tensors }
}

/** Folds a diagonal map into its consumers when all of them are affine. */
function pushForward(program: Program, steps: Step[]): boolean {
  let changed = false
  for (let i = 0; i < steps.length; i++) {
    const inner = steps[i]!
    if (inner.kind !== 'linear' || program.outputs.includes(inner.output) || !isDiagonal(inner.map)) continue
    const consumers = consumersOf(steps, inner.output)
    if (consumers.length === 0 || !consumers.every((step) => step.kind === 'linear' && isExact(step, inner))) continue
    for (const outer of consumers) steps[steps.indexOf(outer)] = compose(outer as LinearStep, inner)
    steps.splice(i--, 1)
    changed = true
  }
  return changed
}

/** Folds into a diagonal map every affine producer that nothing else reads. */
function pullBackward(program: Program, steps: Step[]): boolean {
  for (let i = 0; i < steps.length; i++) {
    const outer = steps[i]!
    if (outer.kind !== 'linear' || !isDiagonal(outer.map)) continue
    for (const { tensor } of outer.map.sources) {
      const at = steps.findIndex((step) => step.output === tensor)
      const inner = steps[at]
      if (inner?.kind !== 'linear' || program.outputs.includes(tensor) || !isExact(outer, inner)) continue
      if (consumersOf(steps, tensor).length > 1) continue
      steps[i] = { ...compose(outer, inner), name: inner.name, origin: inner.origin }
      steps.splice(at, 1)
      return true
    }
  }
  return false
}

/**
 * s·x + b ≥ t is x ≥ (t − b)/s for s > 0: the features of a tree need not be scaled, and keep their own digits. Whole numbers
 * below 2^53 are compared exactly so, as only an exact quotient of such is whole.
 */
function compareBefore(steps: Step[]): boolean {
  for (let i = 0; i < steps.length; i++) {
    const outer = steps[i]!
    if (outer.kind !== 'thresholds') continue
    const inner = steps.find((step) => step.output === outer.source)
    const [source, ...others] = inner?.kind === 'linear' ? inner.map.sources : []
    if (inner?.kind !== 'linear' || source === undefined || others.length > 0) continue
    const { start, column, weight, bias } = inner.map
    if (!outer.element.every((row) => start[row + 1]! - start[row]! === 1 && weight[start[row]!]! > 0)) continue
    steps[i] = {
      ...outer,
      source: source.tensor,
      element: outer.element.map((row) => column[start[row]!]!),
      threshold: outer.threshold.map((threshold, at) => {
        const row = outer.element[at]!
        return (threshold - bias[row]!) / weight[start[row]!]!
      }),
    }
    return true
  }
  return false
}

/**
 * Whether doubles hold the composition of two maps: that of real weights rounds, as all their arithmetic does, but whole
 * numbers must come out exact.
 */
function isExact({ map: outer }: LinearStep, { map: inner }: LinearStep): boolean {
  const isWhole = ({ weight, bias }: LinearMap) => weight.every(Number.isInteger) && bias.every(Number.isInteger)
  const size = ({ weight, bias }: LinearMap) => Math.max(maxMagnitude(weight), maxMagnitude(bias))
  const terms = outer.start.reduce((most, end, row) => Math.max(most, end - (outer.start[row - 1] ?? 0)), 1)
  // Every term, and so every sum of the outer row's terms, stays below this.
  const bound = (size(outer) * size(inner) + size(outer)) * terms
  return bound <= Number.MAX_SAFE_INTEGER || !isWhole(outer) || !isWhole(inner)
}

function compose(outer: LinearStep, inner: LinearStep): LinearStep {
  return { ...outer, map: composeMaps(outer.map, inner.output, inner.map) }
}

function withoutDeadSteps(program: Program, steps: readonly Step[]): Step[] {
  const needed = new Set(program.outputs)
  const kept: Step[] = []
  for (const step of [...steps].reverse()) {
    if (!outputsOf(step).some((tensor) => needed.has(tensor))) continue
    for (const tensor of sourcesOf(step)) needed.add(tensor)
    kept.unshift(step)
  }
  return kept
}
