// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope } from '../node-scope'
import { sizeAt } from '../shape'
import type { Operand } from '../tensor'
import type { Activation } from './recurrent-activation'

/** State of a layer between two steps, each [batch, hidden]; absent where it is 0 throughout. */
export type State = { readonly h: Operand | undefined; readonly c: Operand | undefined }

/** Weights of one direction. */
export type Weights = {
  /** [gates·hidden, input] and [gates·hidden, hidden]. */
  readonly w: Operand
  readonly r: Operand
  /** [gates·hidden] each. */
  readonly biases?: { readonly w: Operand; readonly r: Operand } | undefined
  /** [3·hidden]. */
  readonly peepholes?: Operand | undefined
  readonly activations: readonly Activation[]
}

/** One step of one direction: x is [batch, input]. */
export type Step = (x: Operand, state: State) => { readonly h: Operand; readonly c?: Operand }

/** A kind of recurrent layer. */
export type Cell = {
  readonly gates: number
  /** Default activations of one direction. */
  readonly activations: readonly string[]
  /** Makes the step, reading the attributes that only this kind has. */
  readonly step: (scope: NodeScope, weights: Weights) => Step
}

/** H = f(x·Wᵀ + H·Rᵀ + b). */
export const RNN: Cell = {
  gates: 1,
  activations: ['Tanh'],
  step(scope, weights) {
    const affine = gateMap(scope, weights)
    const [f] = weights.activations
    return (x, { h }) => ({ h: f!(affine(x, h, 0, 1)) })
  },
}

/** Gates z, r, h: H = h + z·(H − h), h being of r·H, or where linear_before_reset is set of r·(H·Rᵀ + b). */
export const GRU: Cell = {
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  step(scope, weights) {
    const { add, sub, mul, slice } = new Algebra(scope)
    const isLinearFirst = scope.attributes.flag('linear_before_reset', false)
    const affine = gateMap(scope, weights)
    const own = gateMap(scope, { ...weights, biases: undefined })
    const [f, g] = weights.activations as [Activation, Activation]
    const hidden = sizeAt(weights.r.shape, 1)
    const biases = weights.biases && {
      w: slice(weights.biases.w, 0, 2 * hidden, 3 * hidden),
      r: slice(weights.biases.r, 0, 2 * hidden, 3 * hidden),
    }
    const recurrent = isLinearFirst ? recurrentMap(scope, weights) : undefined
    /** Gate h where r multiplies what comes of H. */
    const linearFirst = (x: Operand, h: Operand | undefined, r: Operand): Operand => {
      const product = h && recurrent!(h)
      const inner = product && biases ? add(product, biases.r) : (product ?? biases?.r)
      const outer = biases ? add(own(x, undefined, 2, 3), biases.w) : own(x, undefined, 2, 3)
      return inner ? add(outer, mul(r, inner)) : outer
    }
    return (x, { h }) => {
      const needsReset = h !== undefined || (isLinearFirst && biases !== undefined)
      const zr = f(affine(x, h, 0, needsReset ? 2 : 1))
      const z = slice(zr, 1, 0, hidden)
      const r = needsReset ? slice(zr, 1, hidden, 2 * hidden) : undefined
      const inner = isLinearFirst && r ? linearFirst(x, h, r) : affine(x, h && r && mul(r, h), 2, 3)
      const candidate = g(inner)
      return { h: h ? add(candidate, mul(z, sub(h, candidate))) : sub(candidate, mul(z, candidate)) }
    }
  },
}

/** Gates i, o, f, c: C = f·C + i·c and H = o·h(C). */
export const LSTM: Cell = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  step(scope, weights) {
    const { add, sub, mul, slice, number } = new Algebra(scope)
    const isCoupled = scope.attributes.flag('input_forget', false)
    const affine = gateMap(scope, weights)
    const [f, g, last] = weights.activations as [Activation, Activation, Activation]
    const hidden = sizeAt(weights.r.shape, 1)
    const part = (x: Operand, at: number): Operand => slice(x, 1, at * hidden, (at + 1) * hidden)
    const { peepholes } = weights
    const [pi, po, pf] = [0, 1, 2].map((at) => peepholes && slice(peepholes, 0, at * hidden, (at + 1) * hidden))
    const look = (x: Operand, p: Operand | undefined, c: Operand | undefined): Operand =>
      p && c ? add(x, mul(p, c)) : x
    const next = (
      x: Operand,
      h: Operand | undefined,
      c: Operand | undefined,
      i: Operand,
      forget?: Operand,
    ): Operand => {
      const fresh = mul(i, g(affine(x, h, 3, 4)))
      return c && forget ? add(mul(forget, c), fresh) : fresh
    }
    return (x, { h, c }) => {
      const gates = c && !isCoupled ? 3 : 2
      const inner = affine(x, h, 0, gates)
      if (!peepholes) {
        const all = f(inner)
        const i = part(all, 0)
        const forget = c && (isCoupled ? sub(number(1, i), i) : part(all, 2))
        const cell = next(x, h, c, i, forget)
        return { c: cell, h: mul(part(all, 1), last(cell)) }
      }
      const i = f(look(part(inner, 0), pi, c))
      const forget = c && (isCoupled ? sub(number(1, i), i) : f(look(part(inner, 2), pf, c)))
      const cell = next(x, h, c, i, forget)
      return { c: cell, h: mul(f(look(part(inner, 1), po, cell)), last(cell)) }
    }
  },
}

/**
 * [x, H]·[W, R]ᵀ + b of gates `from` to `to`, as one product: with constant weights each step is one affine map.
 * Weights are sliced once for all steps.
 */
function gateMap(
  scope: NodeScope,
  { w, r, biases }: Weights,
): (x: Operand, h: Operand | undefined, from: number, to: number) => Operand {
  const { add, concat, matMul, slice, transpose } = new Algebra(scope)
  const hidden = sizeAt(r.shape, 1)
  const bias = biases && add(biases.w, biases.r)
  const both = transpose(concat([w, r], 1), [1, 0])
  const first = transpose(w, [1, 0])
  const parts = new Map<string, { readonly weights: Operand; readonly bias: Operand | undefined }>()
  const partOf = (isFirst: boolean, from: number, to: number) => {
    const key = `${isFirst} ${from} ${to}`
    const known = parts.get(key)
    if (known !== undefined) return known
    const part = {
      weights: slice(isFirst ? first : both, 1, from * hidden, to * hidden),
      bias: bias && slice(bias, 0, from * hidden, to * hidden),
    }
    parts.set(key, part)
    return part
  }
  return (x, h, from, to) => {
    const { weights, bias: offset } = partOf(h === undefined, from, to)
    const product = matMul(h === undefined ? x : concat([x, h], 1), weights)
    return offset ? add(product, offset) : product
  }
}

/** H·Rᵀ of gate h of a GRU. */
function recurrentMap(scope: NodeScope, { r }: Weights): (h: Operand) => Operand {
  const { matMul, slice, transpose } = new Algebra(scope)
  const hidden = sizeAt(r.shape, 1)
  const weights = transpose(slice(r, 0, 2 * hidden, 3 * hidden), [1, 0])
  return (h) => matMul(h, weights)
}
