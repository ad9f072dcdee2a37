// SPDX-License-Identifier: GPL-3.0-or-later
import { HeaderWriter } from '../../binfile/container-writer'
import type { SectionReader } from '../../binfile/container'
import { ZkmlError } from '../../errors'
import type { Beacon } from './randomness'

/** A contribution's name cannot be kept in the file. */
export class ContributionNameError extends ZkmlError {
  readonly code = 'GROTH16_CONTRIBUTION_NAME'

  constructor(name: string) {
    super(
      `${JSON.stringify(name)} is no name of a contribution: give 1 to ${MAX_NAME} characters, none of them a control`,
    )
  }
}

/** What a contribution says of itself: who made it, or the beacon that it was computed from. */
export type ContributionFields = { readonly name?: string; readonly beacon?: Beacon }

/** snarkjs keeps as many characters. */
const MAX_NAME = 64
const NAME = 1
const ITERATIONS = 2
const BEACON = 3
const PERSON = 0
const PUBLIC = 1

/** @throws ContributionNameError */
export function checkContributionName(name: string | undefined): void {
  if (name === undefined) return
  if (name === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name)) throw new ContributionNameError(name)
}

/** The end of a contribution, in `.ptau` and `.zkey` files alike: kind, length, then fields in ascending order. */
export function writeContributionFields({ name, beacon }: ContributionFields): Uint8Array {
  const fields: number[] = []
  if (name !== undefined) {
    const bytes = new TextEncoder().encode(name)
    fields.push(NAME, bytes.byteLength, ...bytes)
  }
  if (beacon !== undefined) {
    fields.push(ITERATIONS, beacon.iterationsExponent, BEACON, beacon.hash.byteLength, ...beacon.hash)
  }
  const kind = beacon === undefined ? PERSON : PUBLIC
  return new HeaderWriter().u32(kind).u32(fields.length).append(Uint8Array.from(fields)).bytes()
}

/** Reads what {@link writeContributionFields} writes; `fail` makes the error for what it would not. */
export function readContributionFields(reader: SectionReader, fail: (problem: string) => Error): ContributionFields {
  const kind = reader.u32()
  if (kind !== PERSON && kind !== PUBLIC) throw fail(`a contribution is of an unknown kind, ${kind}`)
  const bytes = reader.take(reader.u32())
  let position = 0
  const take = (count: number): Uint8Array => {
    if (position + count > bytes.byteLength) throw fail('a field of a contribution ends too early')
    return bytes.subarray(position, (position += count))
  }
  let last = 0
  let name: string | undefined
  let iterationsExponent: number | undefined
  let hash: Uint8Array | undefined
  while (position < bytes.byteLength) {
    const [id, length] = take(2) as unknown as readonly [number, number]
    if (id <= last || id > BEACON) throw fail('the fields of a contribution are not in order')
    last = id
    if (id === NAME) name = decodeName(take(length))
    else if (id === ITERATIONS) iterationsExponent = length
    else hash = take(length).slice()
  }
  const isPublic = iterationsExponent !== undefined && hash !== undefined
  if ((kind === PUBLIC) !== isPublic || isPublic !== (iterationsExponent !== undefined || hash !== undefined)) {
    throw fail('a contribution says neither that it is of a person nor which beacon it is from')
  }
  return {
    ...(name !== undefined && { name }),
    ...(isPublic && { beacon: { hash: hash!, iterationsExponent: iterationsExponent! } }),
  }
}

/** Anybody may have written it, so what could move a cursor is replaced. */
function decodeName(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\p{Cc}/gu, '�')
}
