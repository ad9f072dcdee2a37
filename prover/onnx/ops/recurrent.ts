// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'
import { type Activation, readActivations } from './recurrent-activation'
import { type Cell, GRU, LSTM, RNN, type State, type Weights } from './recurrent-cells'

/** Nodes that one step of one direction counts as. */
const NODES_PER_STEP = 16

type Sizes = {
  readonly steps: number
  readonly batch: number
  readonly input: number
  readonly hidden: number
  readonly directions: number
}

/** Everything about a layer but the kind of its cell. */
type Layer = Sizes & {
  /** [steps, batch, input]. */
  readonly x: Operand
  readonly isReverse: readonly boolean[]
  readonly isBatchFirst: boolean
  /** Steps of each item of the batch. */
  readonly lengths: readonly number[]
}

/** RNN, GRU and LSTM over sequences of a fixed length, step by step. */
function recurrent(cell: Cell): Rule {
  return (scope) => {
    scope.arity(3, cell === LSTM ? 8 : 6)
    const layer = readLayer(scope)
    const activations = readActivations(scope, cell.activations, layer.directions)
    const directions = layer.isReverse.map((isReverse, d) =>
      runDirection(scope, layer, cell, d, isReverse, activations[d]!),
    )
    const h = directions.map(({ last }) => last.h)
    const c = directions.map(({ last }) => last.c)
    const final = [stateOutput(scope, layer, h), ...(cell === LSTM ? [stateOutput(scope, layer, c)] : [])]
    return [
      sequenceOutput(
        scope,
        layer,
        directions.map(({ outputs }) => outputs),
      ),
      ...final,
    ]
  }
}

export const rnn = recurrent(RNN)
export const gru = recurrent(GRU)
export const lstm = recurrent(LSTM)

function readLayer(scope: NodeScope): Layer {
  const { attributes } = scope
  const { transpose } = new Algebra(scope)
  const [given, w, r] = [scope.input(0), scope.input(1), scope.input(2)]
  scope.requireFloat(given)
  scope.requireSameType([given, w, r])
  const isBatchFirst = scope.opset >= 14 && attributes.flag('layout', false)
  for (const operand of [given, w, r]) {
    if (operand.shape.length !== 3) throw scope.misfit(`"${operand.name}" is ${formatShape(operand.shape)}, not 3-D`)
  }
  const x = isBatchFirst ? transpose(given, [1, 0, 2]) : given
  const [steps, batch, input] = x.shape as [number, number, number]
  const hidden = attributes.int('hidden_size', sizeAt(r.shape, 2))
  const direction = attributes.text('direction', 'forward')
  const isReverse = { forward: [false], reverse: [true], bidirectional: [false, true] }[direction]
  if (isReverse === undefined) throw scope.invalid(`attribute "direction" is "${direction}"`)
  const lengths = scope.ints(4, 'sequence_lens') ?? new Array<number>(batch).fill(steps)
  if (lengths.length !== batch || lengths.some((length) => !(length >= 0 && length <= steps)))
    throw scope.invalid(`sequence_lens is ${formatShape(lengths)} for ${batch} sequences of ${steps} steps`)
  return { x, steps, batch, input, hidden, directions: isReverse.length, isReverse, isBatchFirst, lengths }
}

/** An input of a given shape. */
function sized(scope: NodeScope, index: number, shape: readonly number[]): Operand | undefined {
  const operand = scope.optional(index)
  if (operand === undefined || operand.shape.join() === shape.join()) return operand
  throw scope.misfit(`"${operand.name}" is ${formatShape(operand.shape)} where ${formatShape(shape)} is expected`)
}

/** What one direction has of an input whose first axis is that of directions. */
function ofDirection(scope: NodeScope, operand: Operand, direction: number): Operand {
  const { slice, reshape } = new Algebra(scope)
  return reshape(slice(operand, 0, direction, direction + 1), operand.shape.slice(1))
}

function readWeights(
  scope: NodeScope,
  layer: Layer,
  cell: Cell,
  direction: number,
  activations: readonly Activation[],
): Weights {
  const { slice } = new Algebra(scope)
  const { directions, hidden, input } = layer
  const rows = cell.gates * hidden
  const part = (index: number, shape: readonly number[]): Operand | undefined => {
    const operand = sized(scope, index, [directions, ...shape])
    return operand && ofDirection(scope, operand, direction)
  }
  const b = part(3, [2 * rows])
  return {
    w: part(1, [rows, input])!,
    r: part(2, [rows, hidden])!,
    biases: b && { w: slice(b, 0, 0, rows), r: slice(b, 0, rows, 2 * rows) },
    peepholes: cell === LSTM ? part(7, [3 * hidden]) : undefined,
    activations,
  }
}

function readState(scope: NodeScope, layer: Layer, index: number, direction: number): Operand | undefined {
  const { transpose } = new Algebra(scope)
  const { directions, batch, hidden, isBatchFirst } = layer
  const operand = sized(scope, index, isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden])
  if (operand === undefined || operand.data?.every((value) => value === 0)) return undefined
  return ofDirection(scope, isBatchFirst ? transpose(operand, [1, 0, 2]) : operand, direction)
}

/** Runs all steps: the state after the last one, and H after each; an item keeps its state where its sequence has ended. */
function runDirection(
  scope: NodeScope,
  layer: Layer,
  cell: Cell,
  direction: number,
  isReverse: boolean,
  activations: readonly Activation[],
): { readonly last: State; readonly outputs: readonly (Operand | undefined)[] } {
  const { slice, reshape } = new Algebra(scope)
  const { x, steps, batch, input, lengths } = layer
  const step = cell.step(scope, readWeights(scope, layer, cell, direction, activations))
  let state: State = {
    h: readState(scope, layer, 5, direction),
    c: cell === LSTM ? readState(scope, layer, 6, direction) : undefined,
  }
  const outputs = new Array<Operand | undefined>(steps).fill(undefined)
  for (let i = 0; i < steps; i++) {
    const t = isReverse ? steps - 1 - i : i
    const isActive = lengths.map((length) => t < length)
    if (!isActive.includes(true)) continue
    scope.unroll(NODES_PER_STEP)
    const { h, c } = step(reshape(slice(x, 0, t, t + 1), [batch, input]), state)
    outputs[t] = chooseItems(scope, isActive, h, undefined)
    state = { h: chooseItems(scope, isActive, h, state.h), c: c && chooseItems(scope, isActive, c, state.c) }
  }
  return { last: state, outputs }
}

/** Items of a batch from one tensor or the other; an absent one is 0. */
function chooseItems(scope: NodeScope, isFirst: readonly boolean[], a: Operand, b: Operand | undefined): Operand {
  if (!isFirst.includes(false)) return a
  const hidden = sizeAt(a.shape, 1)
  const size = isFirst.length * hidden
  const index = Int32Array.from({ length: size }, (_, i) => {
    if (isFirst[Math.floor(i / hidden)]) return i
    return b === undefined ? -1 : size + i
  })
  return new Algebra(scope).select(b === undefined ? [a] : [a, b], index, a.shape)
}

/** Y: [steps, directions, batch, hidden], or with the batch first. */
function sequenceOutput(
  scope: NodeScope,
  layer: Layer,
  outputs: readonly (readonly (Operand | undefined)[])[],
): Operand {
  const { concat, reshape, transpose } = new Algebra(scope)
  const { steps, batch, hidden, directions, isBatchFirst } = layer
  const zero = zeros(scope, layer)
  const each = Array.from({ length: steps }, (_, t) => outputs.map((direction) => direction[t] ?? zero)).flat()
  const all = reshape(concat(each, 0), [steps, directions, batch, hidden])
  return isBatchFirst ? transpose(all, [2, 0, 1, 3]) : all
}

/** Y_h or Y_c: [directions, batch, hidden], or with the batch first. */
function stateOutput(scope: NodeScope, layer: Layer, states: readonly (Operand | undefined)[]): Operand {
  const { concat, reshape, transpose } = new Algebra(scope)
  const { batch, hidden, directions, isBatchFirst } = layer
  const zero = zeros(scope, layer)
  const all = reshape(
    concat(
      states.map((state) => state ?? zero),
      0,
    ),
    [directions, batch, hidden],
  )
  return isBatchFirst ? transpose(all, [1, 0, 2]) : all
}

function zeros(scope: NodeScope, { x, batch, hidden }: Layer): Operand {
  const shape = [batch, hidden]
  const lowered: Lowered = { data: scope.allocate(shape), shape, elementType: x.elementType }
  return scope.emit('zeros', lowered)
}
