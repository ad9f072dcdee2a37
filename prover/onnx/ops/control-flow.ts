// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Body } from '../body'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape } from '../shape'
import type { Operand } from '../tensor'

/** If: the branch that a constant condition takes; of a variable one both, and a choice between their results. */
export const branch: Rule = (scope) => {
  scope.arity(1)
  const condition = scope.input(0)
  if (condition.kind !== 'bool') throw scope.invalid(`the condition is ${condition.elementType}`)
  const [then, otherwise] = [scope.body('then_branch'), scope.body('else_branch')]
  if (condition.data !== undefined) {
    const isTrue = scope.scalar(0, 'the condition') === 1
    return scope.inline(isTrue ? then : otherwise, [], isTrue ? 'then' : 'else')
  }
  if (elementCount(condition.shape) !== 1) throw scope.misfit(`the condition is ${formatShape(condition.shape)}`)
  const [a, b] = [scope.inline(then, [], 'then'), scope.inline(otherwise, [], 'else')]
  if (a.length !== b.length) throw scope.invalid(`its branches have ${a.length} and ${b.length} outputs`)
  return a.map((value, i) => choose(scope, condition, value, b[i]!))
}

function choose(scope: NodeScope, condition: Operand, a: Operand, b: Operand): Operand {
  const algebra = new Algebra(scope)
  scope.requireSameType([a, b])
  if (a.shape.join() !== b.shape.join()) {
    const shapes = `${formatShape(a.shape)} or ${formatShape(b.shape)}`
    throw scope.unsupported(`the shape of its output depends on the condition: ${shapes}`)
  }
  return algebra.as(algebra.where(algebra.reshape(condition, []), a, b), a.elementType)
}

/**
 * Loop, unrolled: the trip count is constant, and so is every condition. What each iteration yields beyond the carried
 * values is stacked along a new first axis.
 */
export const loop: Rule = (scope) => {
  scope.arity(1, Infinity)
  const body = scope.body('body')
  const trips = tripCount(scope)
  const given = scope.optional(1)
  let isRunning = given === undefined || conditionOf(scope, given)
  let carried: readonly Operand[] = scope.all(2)
  const carriedCount = carried.length
  if (body.outputs.length < 1 + carriedCount)
    throw scope.invalid(`its subgraph has ${body.outputs.length} outputs for ${carriedCount} carried values`)
  const yields: Operand[][] = Array.from({ length: body.outputs.length - 1 - carriedCount }, () => [])
  const { constant } = new Algebra(scope)
  for (let trip = 0; isRunning && trip < trips; trip++) {
    const counter = constant([trip], [], 'int64')
    const [next, ...results] = scope.inline(body, [counter, constant([1], [], 'bool'), ...carried], `${trip}`)
    isRunning = conditionOf(scope, next!)
    if (given === undefined && !isRunning)
      throw scope.unsupported('it has no condition but its subgraph ends it, which runtimes read differently')
    carried = results.slice(0, carriedCount)
    results.slice(carriedCount).forEach((value, i) => yields[i]!.push(value))
  }
  return [...carried, ...yields.map((values) => stack(scope, values, 0))]
}

function tripCount(scope: NodeScope): number {
  if (scope.optional(0) === undefined) return Infinity
  const count = scope.constant(0, 'a circuit is as long for every input, so the trip count of a loop must be constant')
  if (count.kind !== 'int') throw scope.invalid(`the trip count is ${count.elementType}`)
  return scope.scalar(0, 'the trip count')!
}

function conditionOf(scope: NodeScope, condition: Operand): boolean {
  if (condition.kind !== 'bool') throw scope.invalid(`a condition is ${condition.elementType}`)
  const { data, shape } = scope.requireConstant(
    condition,
    'a circuit is as long for every input, so the condition of a loop must be constant: give it a fixed trip count, and keep or drop what a turn computes by Where',
  )
  if (data.length !== 1) throw scope.invalid(`a condition has shape ${formatShape(shape)}`)
  return data[0] === 1
}

/** Values of one shape along a new axis; nothing without any, as their shape is not known. */
function stack(scope: NodeScope, values: readonly Operand[], axis: number): Operand | undefined {
  const [first] = values
  if (first === undefined) return undefined
  const { reshape, concat } = new Algebra(scope)
  const odd = values.find(({ shape }) => shape.join() !== first.shape.join())
  if (odd !== undefined)
    throw scope.misfit(`its subgraph yields ${formatShape(first.shape)} and then ${formatShape(odd.shape)}`)
  scope.requireSameType(values)
  const at = scope.axis(axis, first.shape.length + 1)
  return concat(
    values.map((value) => reshape(value, [...first.shape.slice(0, at), 1, ...first.shape.slice(at)])),
    at,
  )
}

/** Scan, unrolled over the axes it scans; in opset 8 for each item of a batch on its own. */
export const scan: Rule = (scope) => {
  scope.arity(1, Infinity)
  return scope.opset >= 9 ? scanAxes(scope) : scanBatch(scope)
}

function scanAxes(scope: NodeScope): readonly Operand[] {
  const { body, states, inputs, yieldCount } = scanParts(scope, scope.all())
  const axesOf = (name: string, count: number) => scope.attributes.ints(name) ?? new Array<number>(count).fill(0)
  const options = {
    inputAxes: axesOf('scan_input_axes', inputs.length),
    inputDirections: axesOf('scan_input_directions', inputs.length),
    outputAxes: axesOf('scan_output_axes', yieldCount),
    outputDirections: axesOf('scan_output_directions', yieldCount),
  }
  return scanOnce(scope, body, states, inputs, options, '')
}

function scanBatch(scope: NodeScope): readonly (Operand | undefined)[] {
  if (scope.optional(0) !== undefined) throw scope.unsupported('sequence_lens is given; leave it out')
  const all = scope.all(1)
  const { body, states, inputs, yieldCount } = scanParts(scope, all)
  const inputAxes = inputs.map(() => 0)
  const inputDirections = scope.attributes.ints('directions') ?? inputAxes
  const zeros = new Array<number>(yieldCount).fill(0)
  const options = { inputAxes, inputDirections, outputAxes: zeros, outputDirections: zeros }
  const batch = all[0]?.shape[0] ?? 0
  const odd = all.find(({ shape }) => shape[0] !== batch)
  if (batch === 0 || odd !== undefined) throw scope.misfit('its inputs do not have one batch axis in common')
  const results = Array.from({ length: batch }, (_, item) => {
    const [state, input] = [states, inputs].map((values) => values.map((value) => pick(scope, value, 0, item)))
    return scanOnce(scope, body, state!, input!, options, `${item}/`)
  })
  return results[0]!.map((_, i) =>
    stack(
      scope,
      results.map((result) => result[i]!),
      0,
    ),
  )
}

/** The subgraph, the states it carries, the tensors it scans, and how many outputs it yields at each step. */
function scanParts(scope: NodeScope, all: readonly Operand[]) {
  const body = scope.body('body')
  const count = scope.attributes.int('num_scan_inputs', 0)
  if (!(count >= 1 && count <= all.length))
    throw scope.invalid(`num_scan_inputs is ${count} where it has ${all.length} inputs`)
  const [states, inputs] = [all.slice(0, all.length - count), all.slice(all.length - count)]
  const yieldCount = body.outputs.length - states.length
  if (yieldCount < 0) throw scope.invalid(`its subgraph has ${body.outputs.length} outputs for ${states.length} states`)
  return { body, states, inputs, yieldCount }
}

type ScanOptions = {
  readonly inputAxes: readonly number[]
  readonly inputDirections: readonly number[]
  readonly outputAxes: readonly number[]
  readonly outputDirections: readonly number[]
}

function scanOnce(
  scope: NodeScope,
  body: Body,
  initial: readonly Operand[],
  inputs: readonly Operand[],
  options: ScanOptions,
  path: string,
): readonly Operand[] {
  const { inputDirections, outputAxes, outputDirections } = options
  const yieldCount = body.outputs.length - initial.length
  checkLengths(scope, options, inputs.length, yieldCount)
  const axes = inputs.map(({ shape }, i) => scope.axis(options.inputAxes[i]!, shape.length))
  const lengths = inputs.map(({ shape }, i) => shape[axes[i]!]!)
  const length = lengths[0]!
  if (length === 0 || lengths.some((other) => other !== length))
    throw scope.misfit(`the axes it scans have sizes ${lengths.join(', ')}`)
  const yields: Operand[][] = Array.from({ length: yieldCount }, () => [])
  let states = initial
  for (let step = 0; step < length; step++) {
    const slices = inputs.map((input, i) =>
      pick(scope, input, axes[i]!, inputDirections[i] === 1 ? length - 1 - step : step),
    )
    const results = scope.inline(body, [...states, ...slices], `${path}${step}`)
    states = results.slice(0, initial.length)
    results.slice(initial.length).forEach((value, i) => yields[i]!.push(value))
  }
  return [
    ...states,
    ...yields.map((values, i) => stack(scope, outputDirections[i] === 1 ? values.reverse() : values, outputAxes[i]!)!),
  ]
}

function checkLengths(scope: NodeScope, options: ScanOptions, inputs: number, outputs: number): void {
  const { inputAxes, inputDirections, outputAxes, outputDirections } = options
  const fits =
    [inputAxes, inputDirections].every(({ length }) => length === inputs) &&
    [outputAxes, outputDirections].every(({ length }) => length === outputs)
  if (!fits) throw scope.invalid('its axes, directions and outputs do not fit its subgraph')
  const odd = [...inputDirections, ...outputDirections].find((direction) => direction !== 0 && direction !== 1)
  if (odd !== undefined) throw scope.invalid(`a direction is ${odd} where 0 or 1 is expected`)
}

/** One position along an axis, which is left out. */
function pick(scope: NodeScope, value: Operand, axis: number, position: number): Operand {
  const { slice, reshape } = new Algebra(scope)
  return reshape(
    slice(value, axis, position, position + 1),
    value.shape.filter((_, at) => at !== axis),
  )
}
