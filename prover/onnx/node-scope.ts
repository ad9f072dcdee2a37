// SPDX-License-Identifier: GPL-3.0-or-later
import type { Attributes } from './attributes'
import type { Body } from './body'
import { type ElementType, kindOf } from './element-type'
import {
  type NodeRef,
  describeNode,
  OnnxInvalidNodeError,
  OnnxShapeError,
  OnnxUnsupportedUseError,
  OnnxVariableOperandError,
} from './errors'
import { fold } from './fold'
import type { GraphNode, Operation } from './graph'
import type { Names } from './names'
import { checkSize, elementCount, formatShape, OnnxTooLargeError } from './shape'
import type { ConstantOperand, Operand } from './tensor'

/** What an operator's rule makes of a node: an operation on data, or a constant that is known already. */
export type Lowered =
  | {
      readonly operation: Operation
      readonly inputs: readonly Operand[]
      readonly shape: readonly number[]
      readonly elementType: ElementType
      /** Those that the elements are numbers of; where inputs are such, it need not be said. */
      readonly texts?: readonly string[]
    }
  | { readonly data: Float64Array; readonly shape: readonly number[]; readonly elementType: ElementType }

/**
 * The rule of one operator: checks a node, resolves its attributes and infers its outputs, in order. An output it does not
 * give is refused where it is used.
 */
export type Rule = (scope: NodeScope) => Lowered | Operand | readonly (Lowered | Operand | undefined)[]

/** How many folded elements a model may still ask for, and how many nodes were unrolled; shared by all its nodes. */
export type FoldBudget = { remaining: number; unrolled: number }

/** Folded elements per model. Shape arithmetic needs dozens, folded weights up to the size of the model. */
export const MAX_FOLDED_ELEMENTS = 2 ** 26

/** Nodes that copies of subgraphs and steps of recurrent layers may add to a model. */
const MAX_UNROLLED_NODES = 2 ** 14

/** A copy of a subgraph. */
export type Inlined = {
  readonly outputs: readonly Operand[]
  readonly operands: readonly Operand[]
  readonly nodes: readonly GraphNode[]
}

/** What a scope is made of. */
export type ScopeParts = {
  readonly opset: number
  readonly attributes: Attributes
  readonly operands: readonly (Operand | undefined)[]
  readonly usedOutputs: readonly boolean[]
  readonly bodies?: ReadonlyMap<string, Body> | undefined
  /** Every name that is taken. */
  readonly names: Names
  readonly budget: FoldBudget
  /** Lowers a copy of a subgraph; `path` begins the names of what is in it. */
  readonly inline: (body: Body, inputs: readonly Operand[], path: string) => Inlined
}

/** Everything a rule may ask about its node, and what it makes of it. */
export class NodeScope {
  readonly opset: number
  readonly attributes: Attributes
  private readonly operands: readonly (Operand | undefined)[]
  private readonly usedOutputs: readonly boolean[]
  private readonly values: Operand[] = []
  private readonly made: GraphNode[] = []
  private readonly renamed = new Map<string, string>()

  constructor(
    readonly node: NodeRef,
    private readonly parts: ScopeParts,
  ) {
    this.opset = parts.opset
    this.attributes = parts.attributes
    this.operands = parts.operands
    this.usedOutputs = parts.usedOutputs
  }

  /** How many outputs the node has, used or not. */
  get outputCount(): number {
    return this.usedOutputs.length
  }

  /** Every value the rule made. */
  get emitted(): readonly Operand[] {
    return this.values
  }

  /** The nodes that compute them. */
  get nodes(): readonly GraphNode[] {
    return this.made
  }

  /**
   * Adds an operation on the way to an output.
   *
   * @param label Says what it is, for reports and recipes: unique names are made of the node's and this.
   * @returns Its result, which further operations may use.
   */
  emit(label: string, lowered: Lowered): Operand {
    const name = this.parts.names.take(`${this.node.name}/${label}`)
    return this.add(name, name, lowered)
  }

  /** Gives a result its name in the file: the operation that made it carries that of the node. */
  name(result: Lowered | Operand, name: string): void {
    if (!('name' in result)) {
      this.add(
        this.made.some((node) => node.name === this.node.name)
          ? this.parts.names.take(`${this.node.name}:${name}`)
          : this.node.name,
        name,
        result,
      )
      return
    }
    // Two outputs may be one value.
    const value = { ...result, name: this.renamed.get(result.name) ?? result.name }
    const at = this.made.findIndex((node) => node.output === value.name)
    const first = !this.made.some((node) => node.name === this.node.name)
    if (at >= 0 && first) {
      // What was made under a name of its own is known under this one from now on.
      const renamed = this.made[at]!
      this.made[at] = { ...renamed, name: this.node.name, output: name }
      for (let i = at + 1; i < this.made.length; i++) {
        const node = this.made[i]!
        this.made[i] = { ...node, inputs: node.inputs.map((input) => (input === value.name ? name : input)) }
      }
      this.renamed.set(value.name, name)
      this.values.push({ ...value, name })
      return
    }
    const { shape, elementType } = value
    this.name({ operation: { op: 'Reshape' }, inputs: [value], shape, elementType }, name)
  }

  /** The subgraph in an attribute. */
  body(name: string): Body {
    const body = this.parts.bodies?.get(name)
    if (!this.attributes.graph(name) || body === undefined) throw this.invalid(`attribute "${name}" is missing`)
    return body
  }

  /**
   * Adds a copy of a subgraph.
   *
   * @param label Says which one, for names: unique within the node.
   * @returns Its outputs.
   */
  inline(body: Body, inputs: readonly Operand[], label: string): readonly Operand[] {
    if (inputs.length !== body.inputs.length)
      throw this.invalid(`its subgraph has ${body.inputs.length} inputs where ${inputs.length} are given`)
    body.inputs.forEach(({ name, elementType }, i) => {
      const given = inputs[i]!.elementType
      if (elementType !== undefined && elementType !== given)
        throw this.invalid(`"${name}" of its subgraph is ${elementType} but gets ${given}`)
    })
    this.unroll(1)
    const { outputs, operands, nodes } = this.parts.inline(body, inputs, `${this.node.name}/${label}`)
    for (const operand of operands) this.values.push(operand)
    for (const node of nodes) this.made.push(node)
    return outputs
  }

  /** @throws {OnnxTooLargeError} When so many more nodes exceed {@link MAX_UNROLLED_NODES}. */
  unroll(count: number): void {
    this.parts.budget.unrolled += count
    if (this.parts.budget.unrolled <= MAX_UNROLLED_NODES) return
    throw new OnnxTooLargeError(`the loop that ${describeNode(this.node)} unrolls`, '2^14 unrolled nodes per model')
  }

  private add(nodeName: string, name: string, lowered: Lowered): Operand {
    const { shape, elementType } = lowered
    checkSize(`the output of ${describeNode(this.node)}`, shape)
    const texts =
      elementType === 'string' && 'operation' in lowered ? (lowered.texts ?? textsOf(lowered.inputs)) : undefined
    const info = { name, kind: kindOf(elementType), elementType, shape, ...(texts && { texts }) }
    const operand = { ...info, ...this.data(lowered, shape, elementType) }
    this.values.push(operand)
    if (operand.data === undefined && 'operation' in lowered) {
      const { onnxOp } = this.node
      const inputs = lowered.inputs.map((input) => input.name)
      this.made.push({ ...lowered.operation, name: nodeName, onnxOp, inputs, output: name })
    }
    return operand
  }

  private data(lowered: Lowered, shape: readonly number[], elementType: ElementType): { data?: Float64Array } {
    if ('data' in lowered) return { data: lowered.data }
    // Whatever it depends on, a tensor without elements is known.
    if (shape.includes(0)) return { data: new Float64Array() }
    const { operation, inputs } = lowered
    const constants = inputs.filter((input): input is ConstantOperand => input.data !== undefined)
    if (constants.length < inputs.length) return {}
    return { data: fold(this, operation, constants, shape, elementType) }
  }

  /** @throws {OnnxInvalidNodeError} Unless the node has between `least` and `most` inputs. */
  arity(least: number, most: number = least): void {
    const count = this.operands.length
    if (count >= least && count <= most) return
    const expected = least === most ? `${least}` : `${least} to ${most}`
    throw this.invalid(`it has ${count} inputs where opset ${this.opset} takes ${expected}`)
  }

  /** All inputs from one on, none of which may be left out. */
  all(from = 0): readonly Operand[] {
    return this.operands.slice(from).map((_, index) => this.input(from + index))
  }

  /** An input that must be there. */
  input(index: number): Operand {
    const operand = this.operands[index]
    if (operand === undefined) throw this.invalid(`input ${index} is missing`)
    return operand
  }

  /** An input that may be left out. */
  optional(index: number): Operand | undefined {
    return this.operands[index]
  }

  /**
   * An input whose value must be known.
   *
   * @param advice What to do otherwise; ends the error sentence.
   */
  constant(index: number, advice: string): ConstantOperand {
    return this.requireConstant(this.input(index), advice)
  }

  /** The integers of an optional constant input of at most one axis. */
  ints(index: number, what: string): readonly number[] | undefined {
    if (this.operands[index] === undefined) return undefined
    const operand = this.constant(index, `${what} must not depend on a graph input`)
    if (operand.kind !== 'int') throw this.invalid(`${what} are ${operand.elementType} where integers are expected`)
    if (operand.shape.length > 1) throw this.invalid(`${what} have shape ${formatShape(operand.shape)}`)
    return [...operand.data]
  }

  /** The number in an optional constant input of one element. */
  scalar(index: number, what: string): number | undefined {
    if (this.operands[index] === undefined) return undefined
    const { data, shape } = this.constant(index, `${what} must not depend on a graph input`)
    const value = data[0]
    if (data.length !== 1 || value === undefined) throw this.invalid(`${what} has shape ${formatShape(shape)}`)
    return value
  }

  /** @throws {OnnxVariableOperandError} Unless the operand is constant. */
  requireConstant(operand: Operand, advice: string): ConstantOperand {
    if (operand.data !== undefined) return { ...operand, data: operand.data }
    throw new OnnxVariableOperandError(this.node, `"${operand.name}" depends on a graph input; ${advice}`)
  }

  /** Makes a possibly negative axis positive. */
  axis(axis: number, rank: number): number {
    if (!(axis >= -rank && axis < rank)) throw this.invalid(`axis ${axis} is outside a tensor of ${rank} axes`)
    return axis < 0 ? axis + rank : axis
  }

  /** Makes axes positive, refuses repetitions and sorts. */
  axes(axes: readonly number[], rank: number): readonly number[] {
    const positive = axes.map((axis) => this.axis(axis, rank))
    if (new Set(positive).size !== positive.length) throw this.invalid(`axes ${formatShape(axes)} repeat`)
    return positive.sort((a, b) => a - b)
  }

  /** Whether some node or graph output uses an output of this one. */
  uses(output: number): boolean {
    return this.usedOutputs[output] ?? false
  }

  /** @throws {OnnxUnsupportedUseError} When an output beyond the first is used. */
  singleOutput(advice: string): void {
    if (this.usedOutputs.some((used, index) => used && index > 0)) throw this.unsupported(advice)
  }

  /** @throws {OnnxUnsupportedUseError} Unless the operand holds floats. */
  requireFloat(operand: Operand): void {
    if (operand.kind === 'float') return
    throw this.unsupported(`"${operand.name}" is ${operand.elementType}; cast it to float first`)
  }

  /** @throws {OnnxUnsupportedUseError} When the operand holds booleans. */
  requireNumber(operand: Operand): void {
    if (operand.kind === 'bool') throw this.unsupported(`"${operand.name}" is bool; cast it to float first`)
  }

  /** @throws {OnnxInvalidNodeError} Unless all operands have one element type. */
  requireSameType(operands: readonly Operand[]): void {
    const [first, ...others] = operands
    const odd = others.find((operand) => operand.elementType !== first?.elementType)
    if (first === undefined || odd === undefined) return
    throw this.invalid(`"${first.name}" is ${first.elementType} but "${odd.name}" is ${odd.elementType}`)
  }

  /**
   * Memory for a folded constant, paid from the budget of the model.
   *
   * @throws {OnnxTooLargeError} When the budget is spent.
   */
  allocate(shape: readonly number[]): Float64Array {
    const count = elementCount(shape)
    if (!(count <= this.parts.budget.remaining)) {
      const what = `the constant of shape ${formatShape(shape)} computed by ${describeNode(this.node)}`
      throw new OnnxTooLargeError(what, `2^26 computed elements per model`)
    }
    this.parts.budget.remaining -= count
    return new Float64Array(count)
  }

  /** An error for a node that breaks the specification. */
  invalid(problem: string): OnnxInvalidNodeError {
    return new OnnxInvalidNodeError(this.node, problem)
  }

  /** An error for shapes that do not fit. */
  misfit(problem: string): OnnxShapeError {
    return new OnnxShapeError(this.node, problem)
  }

  /** An error for a legal use that cannot be compiled. */
  unsupported(problem: string): OnnxUnsupportedUseError {
    return new OnnxUnsupportedUseError(this.node, problem)
  }
}

function textsOf(inputs: readonly Operand[]): readonly string[] | undefined {
  return inputs.find(({ texts }) => texts !== undefined)?.texts
}
