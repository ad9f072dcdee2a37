// SPDX-License-Identifier: GPL-3.0-or-later
import { type NodeRef, OnnxInvalidNodeError, OnnxUnsupportedAttributeError } from './errors'
import { type AttributeProto, AttributeType, type TensorProto } from './schema'

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(AttributeType).map(([name, id]) => [id, name]))
const NO_ADVICE = 'remove it or export the model without it'

/**
 * The attributes of one node. Every read is remembered, so that {@link Attributes.finish} can refuse those that
 * nobody asked for: silently ignoring an attribute would compile a different model.
 *
 * @example
 * ```ts
 * const attributes = new Attributes(node, proto.attributes)
 * const alpha = attributes.float('alpha', 1)
 * attributes.finish()
 * ```
 */
export class Attributes {
  private readonly byName = new Map<string, AttributeProto>()
  private readonly known = new Set<string>()

  /** @throws {OnnxInvalidNodeError} When a name is missing or occurs twice. */
  constructor(
    private readonly node: NodeRef,
    protos: readonly AttributeProto[],
  ) {
    for (const proto of protos) {
      const name = proto.name ?? ''
      if (name === '') throw new OnnxInvalidNodeError(node, 'an attribute has no name')
      if (this.byName.has(name)) throw new OnnxInvalidNodeError(node, `attribute "${name}" occurs twice`)
      if (proto.reference) throw new OnnxUnsupportedAttributeError(node, name, 'it refers to a function parameter')
      this.byName.set(name, proto)
    }
  }

  /** Whether the attribute is present; counts as a read. */
  has(name: string): boolean {
    this.known.add(name)
    return this.byName.has(name)
  }

  /** A float32 attribute; a default is rounded to float32 as a runtime would. */
  float(name: string, fallback: number): number {
    const proto = this.take(name, AttributeType.float)
    const value = proto === undefined ? Math.fround(fallback) : (proto.float ?? 0)
    if (!Number.isFinite(value)) throw new OnnxInvalidNodeError(this.node, `attribute "${name}" is ${value}`)
    return value
  }

  /** Whether a float attribute is there and a number, as NaN may stand for something that is missing. */
  isNumber(name: string): boolean {
    return !Number.isNaN(this.take(name, AttributeType.float)?.float ?? NaN)
  }

  /** An integer attribute. */
  int(name: string, fallback: number): number {
    const proto = this.take(name, AttributeType.int)
    return proto === undefined ? fallback : (proto.int ?? 0)
  }

  /** An integer attribute that stands for a boolean. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.int(name, fallback ? 1 : 0)
    if (value !== 0 && value !== 1) {
      throw new OnnxInvalidNodeError(this.node, `attribute "${name}" is ${value} where 0 or 1 is expected`)
    }
    return value === 1
  }

  /** A text attribute. */
  text(name: string, fallback: string): string {
    const proto = this.take(name, AttributeType.string)
    return proto === undefined ? fallback : new TextDecoder().decode(proto.string ?? new Uint8Array())
  }

  /** A list of integers, or undefined when absent. */
  ints(name: string): readonly number[] | undefined {
    return this.take(name, AttributeType.ints)?.ints
  }

  /** A list of floats, or undefined when absent. */
  floats(name: string): readonly number[] | undefined {
    return this.take(name, AttributeType.floats)?.floats
  }

  /** A list of texts, or undefined when absent. */
  texts(name: string): readonly string[] | undefined {
    return this.take(name, AttributeType.strings)?.strings.map((text) => new TextDecoder().decode(text))
  }

  /** A tensor, still in the encoding of the file, or undefined when absent. */
  tensor(name: string): TensorProto | undefined {
    const proto = this.take(name, AttributeType.tensor)
    if (proto === undefined) return undefined
    if (proto.tensor === undefined) throw new OnnxInvalidNodeError(this.node, `attribute "${name}" has no tensor`)
    return proto.tensor
  }

  /** Whether a subgraph is present. */
  graph(name: string): boolean {
    return this.take(name, AttributeType.graph)?.graph !== undefined
  }

  /** Reads an attribute that has no effect on inference. */
  ignore(name: string): void {
    this.known.add(name)
  }

  /** @throws {OnnxUnsupportedAttributeError} When the attribute is present; the advice ends the sentence. */
  refuse(name: string, advice: string): void {
    if (this.has(name)) throw new OnnxUnsupportedAttributeError(this.node, name, advice)
  }

  /** Every attribute that was asked for: those that the operator has in this opset. */
  get read(): readonly string[] {
    return [...this.known]
  }

  /** @throws {OnnxUnsupportedAttributeError} Naming the first attribute that was never read. */
  finish(): void {
    for (const name of this.byName.keys()) {
      if (this.known.has(name)) continue
      const supported = [...this.known].join(', ') || 'none'
      const advice = `this operator and opset take ${supported}; ${NO_ADVICE}`
      throw new OnnxUnsupportedAttributeError(this.node, name, advice)
    }
  }

  private take(name: string, type: number): AttributeProto | undefined {
    this.known.add(name)
    const proto = this.byName.get(name)
    if (proto === undefined) return undefined
    if (proto.type !== undefined && proto.type !== 0 && proto.type !== type) {
      const expected = TYPE_NAMES.get(type)
      const actual = TYPE_NAMES.get(proto.type) ?? `type ${proto.type}`
      throw new OnnxInvalidNodeError(this.node, `attribute "${name}" is ${actual} where ${expected} is expected`)
    }
    return proto
  }
}
