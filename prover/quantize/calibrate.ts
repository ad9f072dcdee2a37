// SPDX-License-Identifier: GPL-3.0-or-later

import { FunctionDomainError } from '../functions'
import { compareOutputs, quantizedOutputs, type Accuracy, type Sample } from './accuracy'
import { classMargins, type ClassMargins } from './class-margins'
import type { CostModel } from './cost-model'
import { digitsFor, isExactInput, MAX_INPUT_BITS, realRange } from './input-range'
import { initialRecipe, seenRanges, type SeenRange } from './initial-recipe'
import { multiplications, outputShapes, type Program, type QuantizedProgram } from './program'
import { quantizeProgram } from './quantize'
import { bitLength, hull, MagnitudeError } from './ranges'
import { RecipeError, type InputRecipe, type OutputRecipe, type Recipe, type StepRecipe } from './recipe'
import { StepMemo } from './step-memo'
import { outputsOf, type Step } from './steps'

/** What a calibrated model must meet on the samples. */
export type AccuracyTarget = {
  /** Largest share of samples whose argmax may change. */
  readonly maxFlips: number
  /**
   * Largest mean absolute error, as a share of the spread of the float outputs; of their mean size it may be twice as much,
   * or {@link RELATIVE_ERROR} where that is more, so that outputs which spread about 0 are not lost in their own range.
   */
  readonly maxMeanError: number
}

export const DEFAULT_TARGET: AccuracyTarget = { maxFlips: 0.002, maxMeanError: 0.01 }

/** Share of the mean size of the outputs that the mean error may always be. */
const RELATIVE_ERROR = 0.02

/** Whether a share of what the target allows is enough. */
export function meetsTarget(accuracy: Accuracy, target: AccuracyTarget, share = 1): boolean {
  const flips = Math.floor(target.maxFlips * accuracy.samples * share)
  const { maxMeanError } = target
  return (
    accuracy.flips <= flips &&
    accuracy.meanErrorOfRange <= maxMeanError * share &&
    accuracy.relativeError <= Math.max(2 * maxMeanError, RELATIVE_ERROR) * share
  )
}

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

/** Where any interval takes more bits than this, layers are clamped from the start. */
const WIDE_BITS = 40

/** Multiplications that a search may take: hundreds of trials of the largest models. */
const SEARCH_WORK = 6e10

/** A number of the recipe that can be made one bit coarser or finer. */
type Knob = { readonly name: string; readonly turn: (recipe: Recipe, by: -1 | 1) => Recipe | undefined }

class Search {
  private readonly target: AccuracyTarget
  private readonly knobs: readonly Knob[]
  private readonly memo = new StepMemo()
  private readonly classes: ClassMargins
  private readonly maxTrials: number
  private trials = 0

  constructor(private readonly request: CalibrationRequest) {
    this.target = request.target ?? DEFAULT_TARGET
    this.classes = classMargins(request.program, request.reference, this.target.maxFlips)
    this.knobs = [...this.inputKnobs(), ...this.stepKnobs()]
    this.maxTrials = SEARCH_WORK / (multiplications(request.program) * request.samples.length)
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
      meetsTarget: this.meets(best, 1),
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
    const inputs = this.inputKnobs()
    for (let recipe: Recipe | undefined = start; recipe;) {
      const found = this.candidate(recipe)
      if (found) return found
      const from: Recipe = recipe
      const coarser = inputs.reduce((current, knob) => knob.turn(current, -1) ?? current, from)
      recipe = coarser === from ? undefined : coarser
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
      if (step.kind !== 'rescale' || step.mode !== 'identity' || step.whole || step.tableFor || this.isSpent) continue
      const { exponent } = this.quantize(best.recipe).tensors[step.source]!
      const loose = withStep(best.recipe, step.name, { exponent, clampBits: LOOSE_BITS })
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
    const recipe = this.knobs.reduce((current, knob) => knob.turn(current, by) ?? current, from.recipe)
    return recipe === from.recipe ? undefined : this.candidate(recipe)
  }

  private better(next: Candidate, best: Candidate, share: number): boolean {
    return next.constraints < best.constraints && this.meets(next, share)
  }

  private meets({ accuracy }: Candidate, share: number): boolean {
    const { error, ties } = this.classes
    if (accuracy.meanAbsError > error * share) return false
    return meetsTarget({ ...accuracy, flips: Math.max(accuracy.flips - ties, 0) }, this.target, share)
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

  /** Inputs whose samples are represented exactly keep their digits. */
  private inputKnobs(): Knob[] {
    return this.request.inputs.flatMap((input, i) => {
      if (
        isExactInput(
          input,
          this.request.samples.map((sample) => sample[i]!),
        )
      )
        return []
      const turn = (recipe: Recipe, by: -1 | 1): Recipe | undefined => {
        const current = recipe.inputs[i]!
        if (current.bits + by < 2 || current.bits + by > MAX_INPUT_BITS) return undefined
        const [lo, hi] = realRange(current)
        const next = digitsFor(current.name, current.visibility, lo, hi, current.bits + by)
        return { ...recipe, inputs: recipe.inputs.map((other, k) => (k === i ? next : other)) }
      }
      return [{ name: input.name, turn }]
    })
  }

  private stepKnobs(): Knob[] {
    return this.request.program.steps.map((step) => ({
      name: step.name,
      turn: (recipe, by) => {
        const current = recipe.steps[step.name]
        const next = current && turnStep(current, by, step.kind === 'rescale' && step.tableFor !== undefined)
        if (!next) return undefined
        const turned = withStep(recipe, step.name, next)
        return this.consistent(turned) ? turned : undefined
      },
    }))
  }

  /** Whether no rescaling asks for a finer result than its argument has. */
  private consistent(recipe: Recipe): boolean {
    return ifPossible(() => this.quantize(recipe)) !== undefined
  }
}

/** Whether one bit more made the error clearly smaller: it halves what rounding causes. */
function isCloser(finer: Candidate, coarser: Candidate): boolean {
  return finer.accuracy.meanAbsError < 0.75 * coarser.accuracy.meanAbsError
}

/** Bits of the widest proven interval. */
function widest({ steps, tensors }: QuantizedProgram): number {
  let most = 0
  for (const id of steps.flatMap((step) => outputsOf(step))) {
    const { lo, hi } = hull(tensors[id]!.ranges)
    most = Math.max(most, bitLength(hi > -lo ? hi : -lo))
  }
  return most
}

/** The recipe with a step clamped to the bits its values were seen to need; nothing where it cannot be clamped. */
function clampedTo(recipe: Recipe, step: Step, seen: readonly SeenRange[]): Recipe | undefined {
  const own = recipe.steps[step.name]
  if (step.kind !== 'rescale' || step.mode === 'split' || step.tableFor || own?.exponent === undefined) return undefined
  const { lo, hi } = seen[step.output]!
  const bits = Math.ceil(Math.log2(Math.max(1, Math.max(-lo, hi) * 2 ** own.exponent + 1)))
  // Only a clamp around 0 has a sign.
  const clampBits = Math.max(1, bits + (step.mode === 'identity' ? 1 : 0))
  return withStep(recipe, step.name, { ...own, clampBits })
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

function withStep(recipe: Recipe, name: string, step: StepRecipe): Recipe {
  return { ...recipe, steps: { ...recipe.steps, [name]: step } }
}

/** Values of more bits than this are not left as they are: sums of them would grow too wide. */
const LOOSE_BITS = 32
/** Beyond this no table is closer to its function. */
const MAX_ARGUMENT_BITS = 30

/** The most that a recipe may say. */
const MAX_CLAMP_BITS = 64

/** What is clamped keeps its reach: fewer bits and a coarser step go together. */
function turnStep(step: StepRecipe, by: -1 | 1, argument: boolean): StepRecipe | undefined {
  if (step.weightExponent !== undefined) return { ...step, weightExponent: step.weightExponent + by }
  if (step.exponent === undefined) return undefined
  if (!argument && step.clampBits === undefined) return { ...step, exponent: step.exponent + by }
  const bits = step.clampBits! + by
  const [least, most] = argument ? [4, MAX_ARGUMENT_BITS] : [1, MAX_CLAMP_BITS]
  if (bits < least || bits > most) return undefined
  const clampLo = step.clampLo === undefined ? {} : { clampLo: Math.ceil(step.clampLo * 2 ** by) }
  return { ...step, exponent: step.exponent + by, clampBits: bits, ...clampLo }
}
