// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape, sizeAt, stridesOf, walk } from '../shape'
import type { Operand } from '../tensor'

/** A label for each axis of an operand: letters, and numbers for the axes of an ellipsis, counted from its end. */
type Labels = readonly string[]
type Term = { readonly operand: Operand; readonly labels: Labels }
type Sizes = ReadonlyMap<string, number>

/** Einsum of any number of operands, two at a time from the left; a product costs 1 where both are variable. */
export const einsum: Rule = (scope) => {
  scope.arity(1, Infinity)
  const operands = scope.all()
  scope.requireSameType(operands)
  operands.forEach((operand) => scope.requireNumber(operand))
  const { inputs, output } = parseEquation(scope, operands)
  const sizes = sizesOf(scope, operands, inputs)
  const unknown = output.find((label) => !sizes.has(label))
  if (unknown !== undefined || new Set(output).size !== output.length)
    throw scope.invalid(`the output of its equation repeats a label, or has one that no input has`)
  let terms: readonly Term[] = operands.map((operand, i) => ({ operand, labels: inputs[i]! }))
  while (terms.length > 2) {
    const [a, b, ...others] = terms as readonly [Term, Term, ...Term[]]
    const needed = new Set([...output, ...others.flatMap(({ labels }) => labels)])
    const kept = [...new Set([...a.labels, ...b.labels])].filter((label) => needed.has(label))
    terms = [{ operand: contracted(scope, a, b, kept, sizes), labels: kept }, ...others]
  }
  const [a, b] = terms as readonly [Term, Term | undefined]
  return b === undefined ? summed(scope, a, output, sizes) : contracted(scope, a, b, output, sizes)
}

function parseEquation(
  scope: NodeScope,
  operands: readonly Operand[],
): { readonly inputs: readonly Labels[]; readonly output: Labels } {
  const equation = scope.attributes.text('equation', '').replace(/\s/g, '')
  const match = /^([A-Za-z.,]*)(?:->([A-Za-z.]*))?$/.exec(equation)
  if (match === null) throw scope.invalid(`its equation ${JSON.stringify(equation)} cannot be read`)
  const parts = match[1]!.split(',')
  if (parts.length !== operands.length)
    throw scope.invalid(`its equation has ${parts.length} operands where ${operands.length} are given`)
  let longest = 0
  const inputs = parts.map((part, i): Labels => {
    const hidden = operands[i]!.shape.length - part.replace('...', '').length
    const labels = split(scope, part, hidden)
    if (labels.length !== operands[i]!.shape.length)
      throw scope.misfit(`${JSON.stringify(part)} does not label the axes of ${formatShape(operands[i]!.shape)}`)
    if (part.includes('.')) longest = Math.max(longest, hidden)
    return labels
  })
  if (match[2] !== undefined) return { inputs, output: split(scope, match[2], longest) }
  // Without an output: the axes of an ellipsis, then the letters that occur once, in order.
  const letters = inputs.flat().filter((label) => /[A-Za-z]/.test(label))
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort()
  return { inputs, output: [...split(scope, longest > 0 ? '...' : '', longest), ...once] }
}

function split(scope: NodeScope, part: string, hidden: number): Labels {
  const pieces = part.split('...')
  if (pieces.length > 2 || pieces.some((piece) => piece.includes('.')))
    throw scope.invalid(`${JSON.stringify(part)} in its equation has more than one ellipsis`)
  const [before, after] = pieces
  if (after === undefined) return [...before!]
  return [...before!, ...Array.from({ length: Math.max(hidden, 0) }, (_, i) => String(hidden - i)), ...after]
}

function sizesOf(scope: NodeScope, operands: readonly Operand[], inputs: readonly Labels[]): Sizes {
  const sizes = new Map<string, number>()
  inputs.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const size = sizeAt(operands[i]!.shape, axis)
      const known = sizes.get(label) ?? 1
      if (known !== 1 && size !== 1 && known !== size)
        throw scope.misfit(`label ${label} of its equation has both size ${known} and size ${size}`)
      sizes.set(label, Math.max(known, size))
    }),
  )
  return sizes
}

/** One operand with diagonals taken and labels summed. */
function summed(scope: NodeScope, term: Term, output: Labels, sizes: Sizes): Operand {
  const inner = [...new Set(term.labels)].filter((label) => !output.includes(label))
  const shape = output.map((label) => sizes.get(label)!)
  const [outer, summands] = [offsets(term, output, sizes), offsets(term, inner, sizes)]
  const column = new Uint32Array(outer.length * summands.length)
  outer.forEach((base, row) => summands.forEach((at, i) => (column[row * summands.length + i] = base + at)))
  const start = Uint32Array.from({ length: outer.length + 1 }, (_, row) => row * summands.length)
  return new Algebra(scope).groupSum([term.operand], { start, column }, shape)
}

/** Two operands multiplied, and summed over the labels that are not kept. */
function contracted(scope: NodeScope, a: Term, b: Term, kept: Labels, sizes: Sizes): Operand {
  const inner = [...new Set([...a.labels, ...b.labels])].filter((label) => !kept.includes(label))
  const [outerA, outerB] = [offsets(a, kept, sizes), offsets(b, kept, sizes)]
  const [innerA, innerB] = [offsets(a, inner, sizes), offsets(b, inner, sizes)]
  const count = innerA.length
  const [left, right] = [new Uint32Array(outerA.length * count), new Uint32Array(outerA.length * count)]
  for (let row = 0; row < outerA.length; row++) {
    for (let i = 0; i < count; i++) {
      left[row * count + i] = outerA[row]! + innerA[i]!
      right[row * count + i] = outerB[row]! + innerB[i]!
    }
  }
  const start = Uint32Array.from({ length: outerA.length + 1 }, (_, row) => row * count)
  const shape = kept.map((label) => sizes.get(label)!)
  return new Algebra(scope).contract(a.operand, b.operand, { start, left, right }, shape)
}

/** Where an operand's element lies for each assignment of the labels, in row-major order; other labels are 0. */
function offsets({ operand, labels }: Term, over: Labels, sizes: Sizes): Uint32Array {
  const own = stridesOf(operand.shape)
  const strides = over.map((label) =>
    labels.reduce((sum, mine, axis) => sum + (mine === label && sizeAt(operand.shape, axis) > 1 ? own[axis]! : 0), 0),
  )
  const shape = over.map((label) => sizes.get(label)!)
  const places = new Uint32Array(elementCount(shape))
  walk(shape, strides, 0, (i, at) => (places[i] = at))
  return places
}
