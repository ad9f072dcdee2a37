// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseRecipe, quantizeProgram, RecipeError, type Recipe } from '../../prover/quantize'
import { quantizeModel } from '../support/linked-model'
import { SMALL_MODELS } from '../support/small-models'

const { recipe: good, program } = quantizeModel(SMALL_MODELS['Gemm, Relu, Gemm']!.spec)

/** The good recipe with one value replaced; a path of undefined value is removed. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const copy = JSON.parse(JSON.stringify(good)) as Record<string, unknown>
  let at = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path[path.length - 1]!] = value
  return JSON.stringify(copy)
}

describe('recipes', () => {
  it('keep a step of any name, so that their hash covers it', () => {
    const text = JSON.stringify(good).replace('"steps":{', '"steps":{"__proto__":{"exponent":3},')
    expect(Object.entries(parseRecipe(text).steps)[0]).to.deep.equal(['__proto__', { exponent: 3 }])
  })

  it('survive JSON', () => {
    expect(parseRecipe(JSON.stringify(good))).to.deep.equal(good)
  })

  const refusals: readonly (readonly [path: readonly (string | number)[], value: unknown, says: string])[] = [
    [['format'], 'zkml-recipe/2', 'recipe.format is "zkml-recipe/2"'],
    [['format'], undefined, 'recipe.format is undefined'],
    [['rounding'], 'half-even', 'only "half-up" exists'],
    [['tools'], [], 'recipe.tools must be an object'],
    [['tools', 'circom2'], 2, 'recipe.tools.circom2 must be a string'],
    [['tools', 'circomlib'], undefined, 'recipe.tools.circomlib must be a string'],
    [['inputs'], {}, 'recipe.inputs must be a list'],
    [['inputs', 0], null, 'recipe.inputs[0] must be an object'],
    [['inputs', 0, 'name'], 7, 'recipe.inputs[0].name must be a string'],
    [['inputs', 0, 'visibility'], 'secret', 'recipe.inputs[0].visibility must be one of public, hashed, private'],
    [['inputs', 0, 'bits'], 0, 'recipe.inputs[0].bits must be an integer from 1 to 40'],
    [['inputs', 0, 'bits'], 41, 'recipe.inputs[0].bits must be an integer'],
    [['inputs', 0, 'bits'], 7.5, 'recipe.inputs[0].bits must be an integer'],
    [['inputs', 0, 'bits'], '8', 'recipe.inputs[0].bits must be an integer'],
    [['inputs', 0, 'lo'], 2 ** 41, 'recipe.inputs[0].lo must be an integer'],
    [['inputs', 0, 'lo'], null, 'recipe.inputs[0].lo must be an integer'],
    [['inputs', 0, 'exponent'], 65, 'recipe.inputs[0].exponent must be an integer from -64 to 64'],
    [['outputs'], 'y', 'recipe.outputs must be a list'],
    [['outputs', 0, 'visibility'], 'private', 'recipe.outputs[0].visibility must be one of public, hashed'],
    [['outputs', 0, 'name'], undefined, 'recipe.outputs[0].name must be a string'],
    [['steps'], [], 'recipe.steps must be an object'],
    [['steps', 'relu'], 5, 'recipe.steps["relu"] must be an object'],
    [['steps', 'relu', 'exponent'], 129, 'recipe.steps["relu"].exponent must be an integer from -128 to 128'],
    [['steps', 'relu', 'clampBits'], 65, 'recipe.steps["relu"].clampBits must be an integer from 1 to 64'],
    [['steps', 'relu', 'clampBits'], 0, 'recipe.steps["relu"].clampBits must be an integer'],
    [['steps', 'fc1', 'weightExponent'], 1.5, 'recipe.steps["fc1"].weightExponent must be an integer from -64 to 64'],
    [['steps', 'relu', 'rounding'], 'up', 'recipe.steps["relu"].rounding is not a known field'],
  ]
  for (const [path, value, says] of refusals) {
    it(`refuse ${path.join('.')} = ${JSON.stringify(value)}`, () => {
      expect(() => parseRecipe(changed(path, value))).to.throw(RecipeError, says)
    })
  }

  it('refuse text that is no JSON, or no object', () => {
    expect(() => parseRecipe('{')).to.throw(RecipeError, 'not valid JSON')
    expect(() => parseRecipe('[]')).to.throw(RecipeError, 'recipe must be an object')
    expect(() => parseRecipe('null')).to.throw(RecipeError, 'recipe must be an object')
  })

  const quantize = (change: Partial<Recipe>) => () => quantizeProgram(program, { ...good, ...change })

  it('of another model are refused', () => {
    const renamed = good.inputs.map((input) => ({ ...input, name: 'image' }))
    expect(quantize({ inputs: renamed })).to.throw(
      RecipeError,
      'recipe has no input "x"; it was made for another model',
    )
    expect(quantize({ outputs: [{ name: 'z', visibility: 'public' }] })).to.throw(RecipeError, 'has no output "y"')
    expect(quantize({ steps: {} })).to.throw(RecipeError, 'weightExponent is missing')
    const { relu, ...rest } = good.steps
    expect(relu).to.not.equal(undefined)
    expect(quantize({ steps: rest })).to.throw(RecipeError, 'recipe.steps["relu"].exponent is missing')
  })

  it('that no circuit can follow are refused', () => {
    const { fc1, relu } = good.steps
    const fine = { ...relu, exponent: 120 }
    expect(quantize({ steps: { ...good.steps, relu: fine } })).to.throw(RecipeError, 'finer than')
    const heavy = { ...fc1, weightExponent: 60 }
    expect(quantize({ steps: { ...good.steps, fc1: heavy } })).to.throw(RecipeError, 'more than 53 bits')
  })
})
