// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DeploymentFileError } from './errors'

/** Reads fields of a JSON object and says which one is wrong, in which file. */
export class JsonReader {
  constructor(
    readonly file: string,
    readonly value: unknown,
    readonly path = '$',
  ) {}

  at(key: string): JsonReader {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.refuse('an object')
    return new JsonReader(this.file, (this.value as Record<string, unknown>)[key], `${this.path}.${key}`)
  }

  optional(key: string): JsonReader | undefined {
    const field = this.at(key)
    return field.value === undefined ? undefined : field
  }

  items(): readonly JsonReader[] {
    if (!Array.isArray(this.value)) return this.refuse('an array')
    return this.value.map((item: unknown, index) => new JsonReader(this.file, item, `${this.path}[${index}]`))
  }

  entries(): readonly (readonly [string, JsonReader])[] {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.refuse('an object')
    return Object.keys(this.value as object).map((key) => [key, this.at(key)] as const)
  }

  /** Refuses fields that nothing reads: most likely they are misspelt. */
  onlyKeys(...keys: readonly string[]): void {
    for (const [key, field] of this.entries())
      if (!keys.includes(key)) field.refuse(`a known field (${keys.join(', ')})`)
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('a string')
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse('true or false')
  }

  integer(): number {
    return Number.isSafeInteger(this.value) ? (this.value as number) : this.refuse('an integer')
  }

  bigint(): bigint {
    const text = this.string()
    return /^-?[0-9]{1,78}$/.test(text) ? BigInt(text) : this.refuse('a decimal string')
  }

  hex(bytes?: number): string {
    const text = this.string()
    const valid = /^0x([0-9a-fA-F]{2})*$/.test(text) && (bytes === undefined || text.length === 2 + 2 * bytes)
    return valid ? text : this.refuse(bytes === undefined ? '0x bytes' : `0x and ${bytes} bytes`)
  }

  oneOf<const T extends string>(...values: readonly T[]): T {
    return values.find((value) => value === this.value) ?? this.refuse(`one of ${values.join(', ')}`)
  }

  refuse(expected: string): never {
    throw new DeploymentFileError(
      `${this.file}: ${this.path} is not ${expected}; correct the file or generate it again.`,
    )
  }
}

/** Parses a file, or gives undefined when there is none. */
export async function readJson(file: string): Promise<JsonReader | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return new JsonReader(file, JSON.parse(text))
  } catch (cause) {
    throw new DeploymentFileError(`${file} is not JSON; delete it or restore it from git.`, { cause })
  }
}

/** Writes a file in one step: readers see the old content or the new one, never half of it. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await writeFile(temporary, JSON.stringify(value, null, 2) + '\n')
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
