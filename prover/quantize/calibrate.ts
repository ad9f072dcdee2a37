// SPDX-License-Identifier: GPL-3.0-or-later

import { FunctionDomainError } from '../functions'
import { compareOutputs, quantizedOutputs, type Accuracy, type Sample } from './accuracy'
import { DEFAULT_TARGET, meetsTarget, type AccuracyTarget } from './accuracy-target'
import { classMargins, type ClassMargins } from './class-margins'
import type { CostModel } from './cost-model'
import { initialRecipe, seenRanges } from './initial-recipe'
import { inputKnobs, stepKnobs, turnEvery, type Knob } from './knobs'
import { multiplications, outputShapes, type Program, type QuantizedProgram } from './program'
import { quantizeProgram } from './quantize'
import { MagnitudeError } from './ranges'
import { RecipeError, type InputRecipe, type OutputRecipe, type Recipe } from './recipe'
import { StepMemo } from './step-memo'
import { clampedTo, loosened, WIDE_BITS, widest } from './widths'

export type CalibrationRequest = {
  readonly program: Program
  readonly inputs: readonly InputRecipe[]
  readonly outputs: readonly OutputRecipe[]
  readonly tools: Recipe['tools']
  readonly samples: readonly Sample[]
  /** Float outputs for each sample. */
  readonly reference: readonly Sample[]
  readonly costModel: CostModel
  readonly target?: AccuracyTarget
  readonly onProgress?: (message: string, fraction: number) => void
}

/** A recipe with what it costs and how close it is. */
export type Candidate = { readonly recipe: Recipe; readonly constraints: number; readonly accuracy: Accuracy }

export type Calibration = Candidate & {
  readonly target: AccuracyTarget
  readonly meetsTarget: boolean
  /** What one bit less, and one bit more, in every layer would cost and give. */
  readonly cheaper: Candidate | undefined
  readonly finer: Candidate
  /** Recipes tried. */
  readonly trials: number
}

/**
 * Searches for the recipe with the fewest constraints that meets the target on the samples: first all layers together
 * lose bits, then each alone, dearest first, at half and then at the whole of the allowed error.
 */
export function calibrate(request: CalibrationRequest): Calibration {
  return new Search(request).run()
}

/** Multiplications that a search may take: dozens of trials of the largest models. */
const SEARCH_WORK = 2e10

class Search {
  private readonly target: AccuracyTarget
  private readonly inputs: readonly Knob[]
  private readonly knobs: readonly Knob[]
  private readonly memo = new StepMemo()
  private readonly classes: ClassMargins
  private readonly maxTrials: number
  private trials = 0

  constructor(private readonly request: CalibrationRequest) {
    this.target = request.target ?? DEFAULT_TARGET
    const { program, inputs, samples } = request
    this.inputs = inputKnobs(inputs, samples)
    const isPossible = (recipe: Recipe) => ifPossible(() => this.quantize(recipe)) !== undefined
    this.knobs = [...this.inputs, ...stepKnobs(program, isPossible)]
    this.classes = classMargins(program, request.reference, this.target.maxFlips)
    this.maxTrials = SEARCH_WORK / (multiplications(program) * samples.length)
  }

  run(): Calibration {
    let best = this.start()
    // More bits if even the start is too coarse; many where one input holds features of very different sizes.
    for (let extra = 0; extra < 18 && !this.meets(best, 1); extra++) {
      const finer = this.turnAll(best, 1)
      if (finer === undefined || (extra >= 4 && !isCloser(finer, best))) break
      best = finer
    }
    for (let next = this.turnAll(best, -1); next && this.better(next, best, 0.5); next = this.turnAll(best, -1))
      best = next
    for (const share of [0.5, 1]) best = this.turnEach(best, share)
    best = this.clamp(this.loosen(best))
    return {
      ...best,
      target: this.target,
      meetsTarget: meetsTarget(this.withoutTies(best.accuracy), this.target),
      cheaper: this.turnAll(best, -1),
      finer: this.turnAll(best, 1) ?? best,
      trials: this.trials,
    }
  }

  /** Where intervals outgrow what values were seen to need, layer by layer, the search starts with all of them clamped. */
  private start(): Candidate {
    const { program, inputs, outputs, tools, samples } = this.request
    const open = initialRecipe(program, inputs, outputs, tools, samples)
    const quantized = ifPossible(() => this.quantize(open))
    if (quantized && widest(quantized) <= WIDE_BITS) return this.first(open)
    const seen = seenRanges(program, samples)
    return this.first(program.steps.reduce((recipe, step) => clampedTo(recipe, step, seen) ?? recipe, open))
  }

  /** The recipe, or the same with coarser inputs where its numbers grow beyond what steps take. */
  private first(start: Recipe): Candidate {
    for (let recipe: Recipe | undefined = start; recipe; recipe = turnEvery(this.inputs, recipe, -1)) {
      const found = this.candidate(recipe)
      if (found) return found
    }
    return this.must(start)
  }

  /** Lowers one knob at a time, those that save most first, as long as each step is worth it. */
  private turnEach(start: Candidate, share: number): Candidate {
    let best = start
    const order = this.knobs
      .map((knob) => ({
        knob,
        saving: start.constraints - (this.price(knob.turn(start.recipe, -1)) ?? start.constraints),
      }))
      .sort((x, y) => y.saving - x.saving)
    order.forEach(({ knob }, i) => {
      this.request.onProgress?.(`fitting ${knob.name}`, (share === 1 ? 0.5 : 0) + (0.5 * i) / order.length)
      for (;;) {
        const recipe = knob.turn(best.recipe, -1)
        const price = this.price(recipe)
        if (!recipe || price === undefined || price >= best.constraints || this.isSpent) return
        const next = this.candidate(recipe)
        if (!next || !this.better(next, best, share)) return
        best = next
      }
    })
    return best
  }

  /** Leaves values as they are, digits and all, where wider intervals later on cost less than rounding them. */
  private loosen(start: Candidate): Candidate {
    let best = start
    for (const step of this.request.program.steps) {
      const { tensors } = this.quantize(best.recipe)
      const loose = loosened(best.recipe, step, (id) => tensors[id]!)
      if (!loose || this.isSpent) continue
      const price = this.price(loose)
      if (price === undefined || price >= best.constraints || widest(this.quantize(loose)) > WIDE_BITS) continue
      const next = this.candidate(loose)
      if (next && this.better(next, best, 1)) best = next
    }
    return best
  }

  /** Tries clamping each layer to the bits its values were seen to need: later layers then have narrower intervals. */
  private clamp(start: Candidate): Candidate {
    const ranges = seenRanges(this.request.program, this.request.samples)
    let best = start
    for (const step of this.request.program.steps) {
      const clamped = clampedTo(best.recipe, step, ranges)
      if (!clamped || this.isSpent) continue
      const price = this.price(clamped)
      if (price === undefined || price >= best.constraints) continue
      const next = this.candidate(clamped)
      if (next && this.better(next, best, 1)) best = next
    }
    return best
  }

  private turnAll(from: Candidate, by: -1 | 1): Candidate | undefined {
    const recipe = turnEvery(this.knobs, from.recipe, by)
    return recipe && this.candidate(recipe)
  }

  private better(next: Candidate, best: Candidate, share: number): boolean {
    return next.constraints < best.constraints && this.meets(next, share)
  }

  private meets({ accuracy }: Candidate, share: number): boolean {
    return (
      accuracy.meanAbsError <= this.classes.error * share && meetsTarget(this.withoutTies(accuracy), this.target, share)
    )
  }

  /** The accuracy but for flips that are no fault. */
  private withoutTies(accuracy: Accuracy): Accuracy {
    return { ...accuracy, flips: Math.max(accuracy.flips - this.classes.ties, 0) }
  }

  private must(recipe: Recipe): Candidate {
    const { program, reference, samples, costModel } = this.request
    const quantized = this.quantize(recipe)
    this.trials++
    const accuracy = compareOutputs(
      samples.map((sample) => quantizedOutputs(quantized, sample)),
      reference,
      outputShapes(program),
    )
    return { recipe, constraints: costModel(quantized).constraints, accuracy }
  }

  private candidate(recipe: Recipe): Candidate | undefined {
    return ifPossible(() => this.must(recipe))
  }

  private price(recipe: Recipe | undefined): number | undefined {
    return recipe && ifPossible(() => this.request.costModel(this.quantize(recipe)).constraints)
  }

  private quantize(recipe: Recipe): QuantizedProgram {
    return quantizeProgram(this.request.program, recipe, this.memo)
  }

  /** Whether the search has done as much as it may. */
  private get isSpent(): boolean {
    return this.trials >= this.maxTrials
  }
}

/** Whether one bit more made the error clearly smaller: it halves what rounding causes. */
function isCloser(finer: Candidate, coarser: Candidate): boolean {
  return finer.accuracy.meanAbsError < 0.75 * coarser.accuracy.meanAbsError
}

/** Nothing when a recipe asks for digits that are not there, a table leaves its function's domain, or values outgrow the field. */
function ifPossible<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if ([RecipeError, MagnitudeError, FunctionDomainError].some((kind) => error instanceof kind)) return undefined
    throw error
  }
}
