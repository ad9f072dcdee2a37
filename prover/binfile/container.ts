// SPDX-License-Identifier: GPL-3.0-or-later
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { ZkmlError } from '../errors'
import { FIELD_BYTES, fromFieldBytes } from './field'

/** The iden3 file types, which are also the four magic bytes of each. */
export type ContainerType = 'r1cs' | 'wtns' | 'zkey' | 'ptau'

/** The stable codes of {@link BinFileError}. */
export type BinFileErrorCode =
  | 'BINFILE_UNREADABLE'
  | 'BINFILE_WRONG_TYPE'
  | 'BINFILE_UNSUPPORTED'
  | 'BINFILE_MISSING_SECTION'
  | 'BINFILE_TRUNCATED'
  | 'BINFILE_CORRUPT'

/** An iden3 binary file could not be opened, is of another type, or its bytes contradict the format. */
export class BinFileError extends ZkmlError {
  readonly code: BinFileErrorCode
  /** The file, or `<memory>`. */
  readonly path: string
  /** The section in which the problem lies, where there is one. */
  readonly section: number | undefined

  constructor(code: BinFileErrorCode, path: string, section: number | undefined, problem: string, cause?: unknown) {
    const where = section === undefined ? path : `${path}, section ${section}`
    super(`${where}: ${problem}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.path = path
    this.section = section
  }
}

/** Where a section's content lies in its file. */
export type SectionEntry = { readonly id: number; readonly offset: number; readonly length: number }

/** Magic, version, number of sections. */
const HEADER_BYTES = 12
/** Section id, section length. */
const ENTRY_BYTES = 12
/** iden3 formats define at most 17 sections (fflonk zkey); more means that the table is garbage. */
const MAX_SECTIONS = 64
const MAX_READ = 1 << 30

/** A file that was read; errors name its path. */
export type FileBytes = { readonly path: string; readonly bytes: Uint8Array }

/** A file by its path, bytes without one, or a file that was read already. */
export type ContainerInput = string | Uint8Array | FileBytes

type ByteSource = { readonly size: number; read(offset: number, into: Uint8Array): number; close(): void }

/**
 * An iden3 container opened for reading. Every access is checked against the section table, and the table against the
 * size of the file, so a truncated or corrupted file gives a {@link BinFileError} that names file and section.
 *
 * @example
 * ```ts
 * const values = withContainer('witness.wtns', 'wtns', 2, (file) => file.section(2))
 * ```
 */
export class Container {
  private constructor(
    readonly path: string,
    readonly version: number,
    readonly sections: readonly SectionEntry[],
    private readonly source: ByteSource,
  ) {}

  /** Opens a file (by path) or bytes in memory, of type `type` and at most version `maxVersion`. */
  static open(input: ContainerInput, type: ContainerType, maxVersion: number): Container {
    const { path, source } = sourceOf(input)
    try {
      const header = readExactly(source, path, undefined, 0, HEADER_BYTES)
      const magic = String.fromCharCode(...header.subarray(0, 4))
      if (magic !== type) throw new BinFileError('BINFILE_WRONG_TYPE', path, undefined, `this is not a .${type} file`)
      const view = new DataView(header.buffer)
      const version = view.getUint32(4, true)
      if (version < 1 || version > maxVersion) {
        const problem = `.${type} version ${version} is not supported (1 to ${maxVersion} are)`
        throw new BinFileError('BINFILE_UNSUPPORTED', path, undefined, problem)
      }
      return new Container(path, version, readTable(source, path, view.getUint32(8, true)), source)
    } catch (error) {
      source.close()
      throw error
    }
  }

  /** The one section of this id; missing or repeated is an error. */
  entry(id: number): SectionEntry {
    const found = this.sections.filter((entry) => entry.id === id)
    if (found.length === 0) throw new BinFileError('BINFILE_MISSING_SECTION', this.path, id, 'the section is missing')
    if (found.length > 1) throw this.corrupt(id, `the section occurs ${found.length} times`)
    return found[0]!
  }

  /** Whether any section of this id is present. */
  has(id: number): boolean {
    return this.sections.some((entry) => entry.id === id)
  }

  /** A copy of `length` bytes of a section from `offset` on; the whole section by default. */
  section(id: number, offset = 0, length?: number): Uint8Array {
    const entry = this.entry(id)
    const wanted = length ?? entry.length - offset
    if (offset < 0 || wanted < 0 || offset + wanted > entry.length) {
      const problem = `bytes ${offset} to ${offset + wanted} were expected, but it has ${entry.length}`
      throw new BinFileError('BINFILE_TRUNCATED', this.path, id, problem)
    }
    return readExactly(this.source, this.path, id, entry.offset + offset, wanted)
  }

  /** Reads a section field by field; see {@link SectionReader}. */
  reader(id: number, offset = 0, length?: number): SectionReader {
    return new SectionReader(this, id, this.section(id, offset, length))
  }

  /** The error for content that contradicts the format. */
  corrupt(section: number | undefined, problem: string): BinFileError {
    return new BinFileError('BINFILE_CORRUPT', this.path, section, problem)
  }

  /** Closes the file; reading afterwards fails. */
  close(): void {
    this.source.close()
  }
}

/** Opens a container, hands it to `use`, and closes it whatever happens. */
export function withContainer<T>(
  input: ContainerInput,
  type: ContainerType,
  maxVersion: number,
  use: (container: Container) => T,
): T {
  const container = Container.open(input, type, maxVersion)
  try {
    return use(container)
  } finally {
    container.close()
  }
}

/** A cursor over the bytes of one section, little-endian, that never reads past the end. */
export class SectionReader {
  private readonly view: DataView
  private position = 0

  constructor(
    private readonly container: Container,
    readonly id: number,
    readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The next unsigned 32-bit integer. */
  u32(): number {
    return this.view.getUint32(this.advance(4), true)
  }

  /** The next unsigned 64-bit integer, which must be a safe integer. */
  u64(): number {
    const value = this.view.getBigUint64(this.advance(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.container.corrupt(this.id, `${value} is absurdly large`)
    return Number(value)
  }

  /** The next 32-byte little-endian integer. */
  field(): bigint {
    return fromFieldBytes(this.bytes, this.advance(FIELD_BYTES))
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const from = this.advance(length)
    return this.bytes.subarray(from, from + length)
  }

  /** A length-prefixed field prime, as every iden3 header has, which must be `expected`. */
  prime(expected: bigint): void {
    const width = this.u32()
    if (width !== FIELD_BYTES) throw this.unsupported(`field elements have ${width} bytes instead of ${FIELD_BYTES}`)
    if (this.field() !== expected) throw this.unsupported('it is for another curve; only BN254 (bn128) is supported')
  }

  /** Fails unless every byte was consumed. */
  end(): void {
    const rest = this.bytes.byteLength - this.position
    if (rest !== 0) throw this.container.corrupt(this.id, `${rest} bytes follow its content`)
  }

  private advance(length: number): number {
    const from = this.position
    if (from + length > this.bytes.byteLength) {
      const problem = `it ends at byte ${this.bytes.byteLength}, within a field that starts at byte ${from}`
      throw new BinFileError('BINFILE_TRUNCATED', this.container.path, this.id, problem)
    }
    this.position = from + length
    return from
  }

  private unsupported(problem: string): BinFileError {
    return new BinFileError('BINFILE_UNSUPPORTED', this.container.path, this.id, problem)
  }
}

function readTable(source: ByteSource, path: string, count: number): readonly SectionEntry[] {
  if (count > MAX_SECTIONS) {
    throw new BinFileError('BINFILE_CORRUPT', path, undefined, `it claims to have ${count} sections`)
  }
  const sections: SectionEntry[] = []
  let position = HEADER_BYTES
  for (let i = 0; i < count; i++) {
    const entry = readExactly(source, path, undefined, position, ENTRY_BYTES)
    const view = new DataView(entry.buffer)
    const id = view.getUint32(0, true)
    const length = view.getBigUint64(4, true)
    position += ENTRY_BYTES
    if (BigInt(position) + length > BigInt(source.size)) {
      const problem = `it should have ${length} bytes, but the file ends after ${source.size - position} of them`
      throw new BinFileError('BINFILE_TRUNCATED', path, id, problem)
    }
    sections.push({ id, offset: position, length: Number(length) })
    position += Number(length)
  }
  if (position !== source.size) {
    const problem = `${source.size - position} bytes follow its last section`
    throw new BinFileError('BINFILE_CORRUPT', path, undefined, problem)
  }
  return sections
}

function readExactly(
  source: ByteSource,
  path: string,
  section: number | undefined,
  offset: number,
  length: number,
): Uint8Array {
  if (offset + length > source.size) {
    const problem = `the file ends at byte ${source.size}, before byte ${offset + length} that it should have`
    throw new BinFileError('BINFILE_TRUNCATED', path, section, problem)
  }
  const out = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const part = out.subarray(done, Math.min(length, done + MAX_READ))
    const got = source.read(offset + done, part)
    if (got === 0) throw new BinFileError('BINFILE_TRUNCATED', path, section, 'the file shrank while it was read')
    done += got
  }
  return out
}

function sourceOf(input: ContainerInput): { readonly path: string; readonly source: ByteSource } {
  if (typeof input === 'string') return { path: input, source: fileSource(input) }
  if (input instanceof Uint8Array) return { path: '<memory>', source: memorySource(input) }
  return { path: input.path, source: memorySource(input.bytes) }
}

/**
 * All bytes of a file, however large.
 *
 * @throws BinFileError when it cannot be read.
 */
export function readWholeFile(path: string): FileBytes {
  const source = fileSource(path)
  try {
    return { path, bytes: readExactly(source, path, undefined, 0, source.size) }
  } finally {
    source.close()
  }
}

function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    read: (offset, into) => {
      into.set(bytes.subarray(offset, offset + into.byteLength))
      return into.byteLength
    },
    close: () => undefined,
  }
}

function fileSource(path: string): ByteSource {
  const guard = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new BinFileError('BINFILE_UNREADABLE', path, undefined, `cannot be read: ${reason}`, error)
    }
  }
  const file = guard(() => openSync(path, 'r'))
  let isOpen = true
  const close = (): void => {
    if (isOpen) closeSync(file)
    isOpen = false
  }
  try {
    const size = guard(() => fstatSync(file).size)
    return { size, read: (offset, into) => guard(() => readSync(file, into, 0, into.byteLength, offset)), close }
  } catch (error) {
    close()
    throw error
  }
}
