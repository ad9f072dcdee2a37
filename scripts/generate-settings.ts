// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { ConfigSchema } from '../prover/service/config/schema'

export const OPERATING = join(__dirname, '..', 'docs', 'operating.md')
const MARKERS = ['<!-- settings: made by npm run generate -->', '<!-- end of settings -->'] as const

/** As much of JSON Schema as the configuration uses. */
type Schema = {
  readonly type?: string
  readonly const?: unknown
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

type Setting = { readonly name: string; readonly type: string; readonly standard: string; readonly meaning: string }

/** Every setting of a schema, parents before what they hold. */
export function settings(schema: Schema, prefix = ''): readonly Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = `${prefix}${key}`
    const below = nested(property, name)
    if (below.length > 0 && property.type === 'object' && property.patternProperties === undefined) return below
    const isNeeded = schema.required?.includes(key) === true && property.default === undefined
    return [
      { name, type: typeOf(property), standard: standardOf(property, isNeeded), meaning: meaningOf(property) },
      ...below,
    ]
  })
}

/** Settings within one: of an object, of the elements of a list, or of the values by name. */
function nested(schema: Schema, name: string): readonly Setting[] {
  if (schema.items !== undefined) return nested(schema.items, `${name}[]`)
  const [values] = Object.values(schema.patternProperties ?? {})
  if (values !== undefined) return nested(values, `${name}.<name>`)
  const seen = new Set<string>()
  return [schema, ...(schema.anyOf ?? [])]
    .flatMap((alternative) => settings(alternative, `${name}.`))
    .filter((setting) => !seen.has(setting.name) && seen.add(setting.name))
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const)
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(', ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  switch (schema.type) {
    case 'integer':
      return `whole number${rangeOf(schema)}`
    case 'number':
      return `number${rangeOf(schema)}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return schema.pattern?.includes('ether') === true ? 'amount' : 'text'
    default:
      return schema.patternProperties === undefined ? 'object' : 'objects by name'
  }
}

function rangeOf({ minimum, maximum }: Schema): string {
  const upper = maximum === undefined || maximum >= 2 ** 48 ? '' : ` to ${maximum}`
  return minimum === undefined ? '' : ` from ${minimum}${upper}`
}

function standardOf(schema: Schema, isNeeded: boolean): string {
  if (isNeeded) return '**needed**'
  return schema.default === undefined ? '' : code(schema.default)
}

function meaningOf({ description = '', items }: Schema): string {
  return description === '' ? (items?.description ?? '') : description
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``
}

/** The table of all settings, in Markdown. */
function settingsTable(schema: TSchema): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  return [
    '| setting | value | default | meaning |',
    '|---|---|---|---|',
    ...settings(schema as Schema).map(
      ({ name, type, standard, meaning }) => `| \`${name}\` | ${cell(type)} | ${cell(standard)} | ${cell(meaning)} |`,
    ),
  ].join('\n')
}

/** docs/operating.md with the table as it should be. */
export function withSettings(document: string): string {
  const [start, end] = MARKERS.map((marker) => document.indexOf(marker))
  if (start === -1 || end === -1) throw new Error(`docs/operating.md has lost a marker, ${MARKERS.join(' or ')}`)
  return `${document.slice(0, start! + MARKERS[0].length)}\n\n${settingsTable(ConfigSchema)}\n\n${document.slice(end)}`
}

if (require.main === module) writeFileSync(OPERATING, withSettings(readFileSync(OPERATING, 'utf8')))
