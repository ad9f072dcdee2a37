// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope } from '../node-scope'
import type { Operand } from '../tensor'

/** A function of every element. */
export type Activation = (x: Operand) => Operand

type Parameters = { readonly alpha: number; readonly beta: number }

/** An activation that recurrent layers may name: defaults of its parameters, null without one, and its formula. */
type Named = {
  readonly alpha?: number | null
  readonly beta?: number | null
  readonly apply: (algebra: Algebra, x: Operand, parameters: Parameters, scope: NodeScope) => Operand
}

const ACTIVATIONS: Readonly<Record<string, Named>> = {
  relu: { apply: ({ relu }, x) => relu(x) },
  tanh: { apply: ({ fn }, x) => fn({ name: 'tanh' }, x) },
  sigmoid: { apply: ({ fn }, x) => fn({ name: 'sigmoid' }, x) },
  softsign: { apply: ({ fn }, x) => fn({ name: 'softsign' }, x) },
  softplus: { apply: ({ add, relu, fn }, x) => add(relu(x), fn({ name: 'softplusTail' }, x)) },
  elu: {
    alpha: 1,
    apply: ({ add, relu, fn }, x, { alpha }) => add(relu(x), fn({ name: 'eluTail', parameters: [alpha] }, x)),
  },
  affine: {
    alpha: null,
    beta: null,
    apply: ({ scale, shift }, x, { alpha, beta }) => shift(scale(x, alpha), beta),
  },
  leakyrelu: {
    alpha: 0.01,
    apply: (_, x, { alpha }, scope) => {
      const operation = { op: 'LeakyRelu', alpha } as const
      return scope.emit('leakyRelu', { operation, inputs: [x], shape: x.shape, elementType: x.elementType })
    },
  },
  thresholdedrelu: {
    alpha: null,
    apply: ({ less, mul, number }, x, { alpha }) => mul(less(number(alpha, x), x), x),
  },
  scaledtanh: {
    alpha: null,
    beta: null,
    apply: ({ scale, fn }, x, { alpha, beta }) => scale(fn({ name: 'tanh' }, scale(x, beta)), alpha),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    apply: ({ scale, shift, clip }, x, { alpha, beta }) => clip(shift(scale(x, alpha), beta), 0, 1),
  },
}

/**
 * Reads activations, activation_alpha, activation_beta and clip. The lists of parameters hold only those of functions that
 * have them, in order.
 *
 * @param defaults Functions of one direction. The clip comes before the first two: onnxruntime clips the gates of an LSTM,
 *   not its cells.
 * @returns Functions of each direction.
 */
export function readActivations(
  scope: NodeScope,
  defaults: readonly string[],
  directions: number,
): readonly (readonly Activation[])[] {
  const { attributes } = scope
  const expected = defaults.length * directions
  const names = attributes.texts('activations') ?? Array.from({ length: directions }, () => defaults).flat()
  if (names.length !== expected)
    throw scope.invalid(`it has ${names.length} activations where ${expected} are expected`)
  const alphas = [...(attributes.floats('activation_alpha') ?? [])]
  const betas = [...(attributes.floats('activation_beta') ?? [])]
  const algebra = new Algebra(scope)
  const clip = clipping(scope)
  const all = names.map((name, at) => {
    const { alpha, beta, apply } = find(scope, name)
    const parameters = { alpha: parameter(scope, name, alpha, alphas), beta: parameter(scope, name, beta, betas) }
    const activation = (x: Operand): Operand => apply(algebra, x, parameters, scope)
    return at % defaults.length < 2 ? (x: Operand): Operand => activation(clip(x)) : activation
  })
  if (alphas.length + betas.length > 0)
    throw scope.invalid('it has more activation parameters than its activations take')
  return Array.from({ length: directions }, (_, i) => all.slice(i * defaults.length, (i + 1) * defaults.length))
}

function find(scope: NodeScope, name: string): Named {
  const key = name.toLowerCase()
  const found = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined
  if (found === undefined) throw scope.unsupported(`the activation "${name}" is not known`)
  return found
}

function parameter(scope: NodeScope, name: string, fallback: number | null | undefined, list: number[]): number {
  if (fallback === undefined) return 0
  const value = list.shift() ?? fallback
  if (value === null) throw scope.invalid(`activation ${name} needs activation_alpha and activation_beta`)
  if (!Number.isFinite(value)) throw scope.invalid(`a parameter of activation ${name} is ${value}`)
  return Math.fround(value)
}

function clipping(scope: NodeScope): Activation {
  if (!scope.attributes.has('clip')) return (x) => x
  const bound = scope.attributes.float('clip', 0)
  if (!(bound > 0)) throw scope.invalid(`attribute "clip" is ${bound}`)
  return (x) => new Algebra(scope).clip(x, -bound, bound)
}
