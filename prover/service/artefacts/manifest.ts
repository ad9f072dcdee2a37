// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { sha256File } from '../../binfile'
import { canonicalJson, DEV_SETUP_HASH } from '../../encodings'
import { artefactPaths } from '../../pipeline'
import { ServiceError } from '../errors'
import { verifyModelFolder } from './model-files'
import type { CatalogueModel } from './types'
import { isRelativePath, parseLocation } from './uri'

/** A manifest is not one of ours: malformed, not canonical, or with fields that have no place in it. */
export class ManifestError extends ServiceError {
  readonly code = 'ARTEFACT_MANIFEST_INVALID'
}

export const MANIFEST_FORMAT = 'zkml-artefacts/1'
/** A manifest is a few hundred bytes; more is not read. */
export const MAX_MANIFEST_BYTES = 65_536
const MAX_LOCATIONS = 8

/** A file, by content. */
export type ManifestFile = {
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
  /** Paths relative to the manifest, or `ipfs://` addresses; mirrors need none. */
  readonly locations?: readonly string[]
}

/**
 * What travels of a model: never its circuit, WebAssembly or other code (DESIGN 5.8), which whoever serves it rebuilds from
 * ONNX file and recipe.
 */
export type ManifestFiles = {
  readonly onnx: ManifestFile
  readonly recipe: ManifestFile
  readonly zkey: ManifestFile
  /** For those who only verify; provers take it out of the proving key. */
  readonly verificationKey?: ManifestFile
  readonly keyMetadata: ManifestFile
  /** Of a ceremony; its keccak256 is the setupHash. */
  readonly transcript?: ManifestFile
}

/** The hashes of a model that a registry entry and a manifest both state, as 0x strings of 32 bytes. */
export const IDENTITY = ['modelHash', 'r1csHash', 'recipeHash', 'ioSchemaHash', 'vkHash', 'setupHash'] as const
export type ModelIdentityHashes = Readonly<Record<(typeof IDENTITY)[number], string>>

/** The hashes of a model that is here. */
export function identityOf({ file, vkHash, setupHash }: CatalogueModel): ModelIdentityHashes {
  const { modelHash, r1csHash, recipeHash, ioSchemaHash } = file
  return { modelHash, r1csHash, recipeHash, ioSchemaHash, vkHash, setupHash }
}

/** The document whose SHA-256 is in the uri of a registry entry. */
export type ArtefactManifest = ModelIdentityHashes & {
  readonly format: typeof MANIFEST_FORMAT
  /** For people; it names nothing on this machine. */
  readonly name: string
  readonly files: ManifestFiles
}

const REQUIRED_FILES = ['onnx', 'recipe', 'zkey', 'keyMetadata'] as const
const OPTIONAL_FILES = ['verificationKey', 'transcript'] as const

/** Most bytes of the small files; ONNX file and proving key are bounded by the store's cap. */
const MAX_BYTES: Readonly<Partial<Record<keyof ManifestFiles, number>>> = {
  recipe: 16 * 2 ** 20,
  keyMetadata: 65_536,
  verificationKey: 2 ** 20,
  transcript: 64 * 2 ** 20,
}

/** The bytes of a manifest: canonical JSON, so that one manifest has one hash. */
export function encodeManifest(manifest: ArtefactManifest): Buffer {
  return Buffer.from(canonicalJson(manifest), 'utf8')
}

/** SHA-256 of a manifest, lower-case hex. */
export function manifestHash(manifest: ArtefactManifest): string {
  return createHash('sha256').update(encodeManifest(manifest)).digest('hex')
}

/**
 * Reads a manifest that anybody may have written.
 *
 * @throws ManifestError
 */
export function parseManifest(bytes: Uint8Array): ArtefactManifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) fail(`it has ${bytes.byteLength} bytes`)
  const text = Buffer.from(bytes).toString('utf8')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return fail('it is no JSON')
  }
  const manifest = parseFields(json)
  // One spelling only: no member can stand twice and mean two things.
  if (canonicalJson(manifest) !== text) fail('it is not canonical JSON')
  return manifest
}

function parseFields(json: unknown): ArtefactManifest {
  const fields = record(json, 'it', ['format', 'name', ...IDENTITY, 'files'])
  if (fields.format !== MANIFEST_FORMAT) fail(`its format is not "${MANIFEST_FORMAT}"`)
  const { name } = fields
  if (typeof name !== 'string' || !/^\w[\w .-]{0,63}$/.test(name)) return fail('its name is not one')
  const hashes = Object.fromEntries(IDENTITY.map((key) => [key, hash(fields[key], key)])) as ModelIdentityHashes
  const files = parseFiles(fields.files)
  if (hashes.modelHash !== `0x${files.onnx.sha256}`) fail('its ONNX file does not have the modelHash it states')
  if ((hashes.setupHash === DEV_SETUP_HASH) !== (files.transcript === undefined))
    fail('a transcript belongs to a ceremony: it must be there exactly if the setupHash is not 0')
  return { format: MANIFEST_FORMAT, name, ...hashes, files }
}

function parseFiles(value: unknown): ManifestFiles {
  const fields = record(value, 'files', [...REQUIRED_FILES, ...OPTIONAL_FILES])
  const read = (key: keyof ManifestFiles) => parseFile(fields[key], key)
  const optional = OPTIONAL_FILES.filter((key) => Object.hasOwn(fields, key)).map((key) => [key, read(key)])
  return Object.fromEntries([...REQUIRED_FILES.map((key) => [key, read(key)]), ...optional]) as ManifestFiles
}

function parseFile(value: unknown, key: keyof ManifestFiles): ManifestFile {
  const at = `files.${key}`
  const { sha256, bytes, locations } = record(value, at, ['sha256', 'bytes', 'locations'])
  const most = MAX_BYTES[key] ?? Number.MAX_SAFE_INTEGER
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return fail(`${at}.sha256 is no hash`)
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 1 || bytes > most)
    return fail(`${at}.bytes is not a count from 1 to ${most}`)
  if (locations === undefined) return { sha256, bytes }
  const isList = Array.isArray(locations) && locations.length >= 1 && locations.length <= MAX_LOCATIONS
  if (!isList || !locations.every((item) => typeof item === 'string' && isLocation(item)))
    return fail(`${at}.locations are not 1 to ${MAX_LOCATIONS} relative paths or ipfs addresses`)
  return { sha256, bytes, locations: locations as string[] }
}

function isLocation(text: string): boolean {
  return isRelativePath(text) || (text.length <= 512 && parseLocation(text)?.kind === 'ipfs')
}

function record(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(`${at} is not an object`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) fail(`${at} has ${JSON.stringify(unknown.slice(0, 40))}, which does not belong there`)
  return value as Readonly<Record<string, unknown>>
}

function hash(value: unknown, at: string): string {
  return typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value) ? value : fail(`${at} is no hash`)
}

function fail(problem: string): never {
  throw new ManifestError(`the artefact manifest cannot be used: ${problem}; ask its publisher to publish it again`)
}

/** Where the files of a manifest lie in a model's folder. */
export function manifestPaths(folder: string): Readonly<Record<keyof ManifestFiles, string>> {
  const { onnx, recipe, zkey, verificationKey, keyMetadata, transcript } = artefactPaths(folder)
  return { onnx, recipe, zkey, verificationKey, keyMetadata, transcript }
}

/**
 * The manifest of a folder that `zkml compile` and `zkml setup` made, after checking that its files belong together.
 *
 * @throws ArtefactError, KeyMetadataError, ArtefactCorruptError
 */
export async function createManifest(folder: string): Promise<ArtefactManifest> {
  const { file, vkHash, setupHash } = await verifyModelFolder(folder)
  const { name, modelHash, r1csHash, recipeHash, ioSchemaHash } = file
  const paths = manifestPaths(folder)
  const isCeremony = setupHash !== DEV_SETUP_HASH
  const keys = [...REQUIRED_FILES, 'verificationKey', ...(isCeremony ? ['transcript' as const] : [])] as const
  const files = await Promise.all(
    keys.map(async (key) => [key, { sha256: await sha256File(paths[key]), bytes: statSync(paths[key]).size }] as const),
  )
  return parseFields({
    format: MANIFEST_FORMAT,
    name,
    ...{ modelHash, r1csHash, recipeHash, ioSchemaHash, vkHash, setupHash },
    files: Object.fromEntries(files),
  })
}
