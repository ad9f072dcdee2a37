// SPDX-License-Identifier: GPL-3.0-or-later

import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FileWriteError, sha256File, writeFileAtomic } from '../../binfile'
import {
  createManifest,
  encodeManifest,
  manifestHash,
  manifestPaths,
  type ArtefactManifest,
  type ManifestFiles,
} from './manifest'
import { ArtefactCorruptError } from './model-files'
import { ArtefactUriError, formatArtefactUri, parseLocation, type Location } from './uri'

/** What was laid out, and how the registry is to name it. */
export type Published = {
  readonly manifest: ArtefactManifest
  /** SHA-256 of the manifest, lower-case hex. */
  readonly sha256: string
  /** For the registry entry of the model. */
  readonly uri: string
  /** Of all files, the manifest among them. */
  readonly bytes: number
}

/**
 * Lays out what others need to serve a model, by hash, for any static web server or for `ipfs add -r`: `<target>/sha256/<hex>`.
 * Many models may be published into one folder.
 *
 * @param baseUrl Where the folder will be found, `https://…` or `ipfs://<cid>`; without it the uri is `sha256:<hex>`, which those
 * can fetch who have a mirror with these files.
 * @throws ArtefactUriError, ArtefactError, KeyMetadataError, ArtefactCorruptError, FileWriteError
 * @example
 * ```ts
 * const { uri } = await publishFolder('my-model', 'public', 'https://models.example.org')
 * ```
 */
export async function publishFolder(folder: string, target: string, baseUrl?: string): Promise<Published> {
  const base = baseUrl === undefined ? undefined : parseBase(baseUrl)
  const bare = await createManifest(folder)
  // Each file lies beside the manifest.
  const beside = Object.entries(bare.files).map(([key, file]) => [key, { ...file, locations: [file.sha256] }] as const)
  const files: ManifestFiles = { ...bare.files, ...Object.fromEntries(beside) }
  const manifest = { ...bare, files }
  const sha256 = manifestHash(manifest)
  const to = join(resolve(target), 'sha256')
  const location = base && below(base, `sha256/${sha256}`)
  const uri = formatArtefactUri({ sha256, ...(location && { location }) })
  await mkdir(to, { recursive: true }).catch((error: unknown) => {
    throw new FileWriteError(to, error)
  })
  const paths = manifestPaths(folder)
  let bytes = 0
  for (const [key, file] of Object.entries(files)) {
    const from = paths[key as keyof typeof files]
    await put(to, file.sha256, () => createReadStream(from))
    bytes += file.bytes
  }
  const document = encodeManifest(manifest)
  await put(to, sha256, () => [document])
  return { manifest, sha256, uri, bytes: bytes + document.byteLength }
}

/** Writes a file under its hash, unless it is there. */
async function put(
  folder: string,
  sha256: string,
  content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = join(folder, sha256)
  if (existsSync(path) && (await sha256File(path)) === sha256) return
  const written = await writeFileAtomic(path, content())
  if (written.sha256 === sha256) return
  await rm(path, { force: true })
  throw new ArtefactCorruptError(`a file of the model changed while it was published; publish it again`)
}

function parseBase(baseUrl: string): Location {
  const base = parseLocation(baseUrl.replace(/\/+$/, ''))
  if (!base || (base.kind === 'http' && new URL(base.url).search !== ''))
    throw new ArtefactUriError(
      'the base URL is no address of a folder; give https://host/path or ipfs://<cid>, without query or credentials',
    )
  return base
}

function below(base: Location, path: string): Location {
  if (base.kind === 'http') return { kind: 'http', url: `${base.url}/${path}` }
  return { kind: 'ipfs', path: `${base.path}/${path}` }
}
