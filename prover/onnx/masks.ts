// SPDX-License-Identifier: GPL-3.0-or-later
import type { GraphNode, OpName } from './graph'
import type { Names } from './names'
import { broadcastStrides, elementCount, sizeAt, stridesOf, walk } from './shape'
import type { Operand } from './tensor'

/** From here on float32 does not even hold every whole number: what is added to so large a number is lost. */
const HUGE = 2 ** 24

/** What stands for −∞ under a softmax, besides the constants added to it: e^−1024 is below any unit. */
const REACH = 2 ** 10

/** Operations whose results are elements of their inputs. */
const MOVES: ReadonlySet<OpName> = new Set(['Reshape', 'Transpose', 'Slice', 'Concat', 'Select'])

/**
 * Attention masks: numbers such as −∞, −10^9 or the least float, which are added to the arguments of a Softmax or stand in
 * for them, so that it gives 0 there. Where a value only ever becomes an argument of a Softmax, huge constants on the way
 * to it become just large enough for that, and larger ones stay larger. Elements that are masked whatever the input is are
 * left out of the Softmax.
 *
 * Of a row that is masked as a whole, which ONNX gives as NaN or as weights that are all the same, no element is left out.
 *
 * @param nodes In topological order.
 * @param outputs Names of the graph outputs, which keep their values.
 * @param operands Everything known by name; constants that are made small are added under names of their own.
 * @param names Every name that is taken.
 */
export function applyMasks(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
  operands: Map<string, Operand>,
  names: Names,
): readonly GraphNode[] {
  const whole = wholeValues(nodes, operands)
  const scores = scoresOf(nodes, outputs, whole)
  const huge = new Set<number>()
  let limit = REACH
  for (const node of nodes) {
    if (!scores.has(node.output)) continue
    for (const [i, name] of node.inputs.entries()) {
      for (const value of (passes(node, i, whole) && operands.get(name)?.data) || []) {
        if (isHuge(value)) huge.add(Math.abs(value))
        else limit = Math.max(limit, REACH + 2 * Math.abs(value))
      }
    }
  }
  if (huge.size === 0) return nodes
  const sizes = [...huge].sort((a, b) => a - b)
  const reduced = new Map(sizes.map((size, i) => [size, (i + 1) * limit]))
  const small = new Map<string, string>()
  const shrink = (name: string): string => {
    const operand = operands.get(name)
    if (!operand?.data?.some(isHuge)) return name
    if (!small.has(name)) {
      const free = names.take(`${name}/masked`)
      const data = operand.data.map((value) => Math.sign(value) * (reduced.get(Math.abs(value)) ?? Math.abs(value)))
      operands.set(free, { ...operand, name: free, data })
      small.set(name, free)
    }
    return small.get(name)!
  }
  const masks = new Masks(operands)
  return nodes.map((node) => {
    if (scores.has(node.output)) {
      masks.follow(node)
      return { ...node, inputs: node.inputs.map((name, i) => (passes(node, i, whole) ? shrink(name) : name)) }
    }
    if (node.op !== 'Softmax') return node
    const masked = masks.leftOut(node.inputs[0]!, node.axis)
    return masked === undefined ? node : { ...node, masked }
  })
}

/** NaN is none. */
function isHuge(value: number): boolean {
  return Math.abs(value) >= HUGE
}

/** Values that only Softmax reads, directly or through sums and moves. */
function scoresOf(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
  whole: ReadonlySet<string>,
): ReadonlySet<string> {
  const scores = new Set<string>()
  const others = new Set(outputs)
  for (const node of [...nodes].reverse()) {
    const isScore = scores.has(node.output) && !others.has(node.output)
    if (!isScore) scores.delete(node.output)
    node.inputs.forEach((name, i) =>
      (node.op === 'Softmax' || (isScore && passes(node, i, whole)) ? scores : others).add(name),
    )
  }
  return scores
}

/** Whether the i-th input of a node reaches its output as it is, or times a whole number. */
function passes(node: GraphNode, i: number, whole: ReadonlySet<string>): boolean {
  switch (node.op) {
    case 'Add':
    case 'Sub':
      return true
    case 'Mul':
      return whole.has(node.inputs[1 - i]!)
    default:
      return MOVES.has(node.op)
  }
}

/** Values that are whole numbers, be they floats: conditions, and what is computed from those. */
function wholeValues(nodes: readonly GraphNode[], operands: ReadonlyMap<string, Operand>): ReadonlySet<string> {
  const whole = new Set<string>()
  const isWhole = (name: string): boolean => {
    const { kind, data } = operands.get(name)!
    return kind !== 'float' || whole.has(name) || (data?.every(Number.isInteger) ?? false)
  }
  for (const node of nodes) {
    const isMove = node.op === 'Select' ? Number.isInteger(node.fill) : MOVES.has(node.op)
    const keeps = isMove || ['Add', 'Sub', 'Mul', 'Neg'].includes(node.op)
    for (const name of node.inputs) if (isWhole(name)) whole.add(name)
    if (keeps && node.inputs.every(isWhole)) whole.add(node.output)
  }
  return whole
}

type Mark = 0 | 1 | 2
/** An argument of a Softmax as the model computes it. */
const PLAIN = 0
/** One that is masked whatever the input is. */
const MASKED = 1
/** One that is masked for some inputs. */
const OPEN = 2

/** What is known of the elements of scores. */
class Masks {
  private readonly marks = new Map<string, Uint8Array>()

  constructor(private readonly operands: ReadonlyMap<string, Operand>) {}

  /** Marks the output of a node whose inputs are marked. */
  follow(node: GraphNode): void {
    const { shape } = this.operands.get(node.output)!
    const inputs = node.inputs.map((name) => this.of(name))
    if (inputs.every((marks) => marks === undefined)) return
    const read = (
      i: number,
      index: (visit: (to: number, from: number) => void) => void,
      onto: Uint8Array,
    ): Uint8Array => {
      const marks = inputs[i]
      if (marks) index((to, from) => (onto[to] = joint(onto[to] as Mark, marks[from] as Mark)))
      return onto
    }
    const spread = (i: number, onto: Uint8Array): Uint8Array =>
      read(i, (visit) => walk(shape, broadcastStrides(this.shapeOf(node.inputs[i]!), shape), 0, visit), onto)
    const plain = new Uint8Array(elementCount(shape))
    switch (node.op) {
      case 'Add':
        this.marks.set(node.output, spread(1, spread(0, plain)))
        return
      case 'Reshape':
        this.marks.set(node.output, inputs[0]!)
        return
      case 'Transpose': {
        const strides = stridesOf(this.shapeOf(node.inputs[0]!))
        const moved = node.perm.map((axis) => sizeAt(strides, axis))
        this.marks.set(
          node.output,
          read(0, (visit) => walk(shape, moved, 0, visit), plain),
        )
        return
      }
      case 'Select': {
        const all = node.inputs.flatMap((name, i) =>
          Array.from(inputs[i] ?? new Uint8Array(elementCount(this.shapeOf(name)))),
        )
        this.marks.set(
          node.output,
          Uint8Array.from(node.index, (from) => (from < 0 ? PLAIN : all[from]!)),
        )
        return
      }
      default:
        this.marks.set(node.output, plain.fill(OPEN))
    }
  }

  /** The elements that are 0 for every input: masked ones of rows that have others as well; none is undefined. */
  leftOut(name: string, axis: number): Uint8Array | undefined {
    const marks = this.of(name)
    if (!marks) return undefined
    const shape = this.shapeOf(name)
    const stride = sizeAt(stridesOf(shape), axis)
    const length = sizeAt(shape, axis)
    const left = Uint8Array.from(marks, (mark, i) => {
      if (mark !== MASKED) return 0
      const first = i - (Math.floor(i / stride) % length) * stride
      for (let k = 0; k < length; k++) if (marks[first + k * stride] !== MASKED) return 1
      return 0
    })
    return left.includes(1) ? left : undefined
  }

  private shapeOf(name: string): readonly number[] {
    return this.operands.get(name)!.shape
  }

  /** Marks of a value; undefined where all are plain. */
  private of(name: string): Uint8Array | undefined {
    const { data } = this.operands.get(name)!
    if (!data) return this.marks.get(name)
    return data.some(isHuge)
      ? Uint8Array.from(data, (value) => (!isHuge(value) ? PLAIN : value < 0 ? MASKED : OPEN))
      : undefined
  }
}

/** The mark of a sum. */
function joint(a: Mark, b: Mark): Mark {
  return Math.max(a, b) as Mark
}
