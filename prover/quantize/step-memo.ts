// SPDX-License-Identifier: GPL-3.0-or-later

import type { Ranges } from './ranges'
import type { InputRecipe, StepRecipe } from './recipe'
import { sourcesOf, type QuantizedStep, type QuantizedTensor, type Step } from './steps'

/** A quantised step with all it was made of. */
type Known = {
  /** Recipes it asked for, by step name. */
  readonly recipes: ReadonlyMap<string, StepRecipe | undefined>
  readonly sources: readonly QuantizedTensor[]
  readonly step: QuantizedStep
  readonly outputs: readonly QuantizedTensor[]
}

/** The recipes and tensors that a step may be made of. */
export type StepSources = {
  readonly recipeOf: (name: string) => StepRecipe | undefined
  readonly tensor: (id: number) => QuantizedTensor
}

/** As many as a search goes back and forth between: the best recipe so far, and the one on trial. */
const KEPT = 2

/**
 * Remembers quantised steps from one recipe to the next: a step is made again only where its recipe or a tensor that it
 * reads is another. A tensor that comes out as before is the one that came out before, so that what follows from it is
 * remembered as well.
 */
export class StepMemo {
  private readonly inputs = new WeakMap<InputRecipe, QuantizedTensor>()
  private readonly known = new WeakMap<Step, readonly Known[]>()

  /** The tensor of an input with this recipe. */
  input(recipe: InputRecipe, make: () => QuantizedTensor): QuantizedTensor {
    const known = this.inputs.get(recipe) ?? make()
    this.inputs.set(recipe, known)
    return known
  }

  /** The step as it was made of these recipes and tensors, or as `make` makes it now. */
  step(
    step: Step,
    { recipeOf, tensor }: StepSources,
    make: (recipeOf: StepSources['recipeOf']) => Pick<Known, 'step' | 'outputs'>,
  ): Pick<Known, 'step' | 'outputs'> {
    const known = this.known.get(step) ?? []
    const sources = sourcesOf(step).map(tensor)
    const found = known.find(
      (past) =>
        past.sources.every((source, i) => source === sources[i]) &&
        [...past.recipes].every(([name, recipe]) => recipeOf(name) === recipe),
    )
    if (found) {
      this.keep(step, [found, ...known.filter((past) => past !== found)])
      return found
    }
    const recipes = new Map<string, StepRecipe | undefined>()
    const made = make((name) => {
      const recipe = recipeOf(name)
      recipes.set(name, recipe)
      return recipe
    })
    const outputs = made.outputs.map(
      (output, i) => known.map((past) => past.outputs[i]!).find(isLike(output)) ?? output,
    )
    const fresh = { recipes, sources, step: made.step, outputs }
    this.keep(step, [fresh, ...known])
    return fresh
  }

  private keep(step: Step, known: readonly Known[]): void {
    this.known.set(step, known.slice(0, KEPT))
  }
}

function isLike(tensor: QuantizedTensor): (other: QuantizedTensor) => boolean {
  return (other) => tensor.exponent === other.exponent && areEqual(tensor.ranges, other.ranges)
}

function areEqual(a: Ranges, b: Ranges): boolean {
  if (a.exact && b.exact) {
    const [x, y] = [a.exact, b.exact]
    return x.lo.every((lo, i) => lo === y.lo[i] && x.hi[i] === y.hi[i])
  }
  return a.exact === b.exact && a.lo.every((lo, i) => lo === b.lo[i] && a.hi[i] === b.hi[i])
}
