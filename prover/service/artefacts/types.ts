// SPDX-License-Identifier: GPL-3.0-or-later

import type { RegisteredModel } from '../../chain/types'
import type { ModelFile } from '../../pipeline'

/** A model that this daemon can serve. */
export type CatalogueModel = {
  /** How it is called here: name of its folder, or for one fetched by its registry entry the model id. */
  readonly key: string
  /** Where its artefacts lie. */
  readonly folder: string
  readonly file: ModelFile
  readonly vkHash: string
  /** setupHash of its key. */
  readonly setupHash: string
  /** Whether the operator put it here, or it was fetched because a registry entry names it. */
  readonly source: 'local' | 'fetched'
}

/** The models there are, and the way to those that are only registered. */
export type Catalogue = {
  list(): readonly CatalogueModel[]
  /** By key, model hash or circuit-relevant identity. */
  get(key: string): CatalogueModel | undefined
  /**
   * The local model that a registry entry speaks of: same ONNX, recipe, circuit, schema and key. Fetches it by hash, where the
   * operator allows that, rebuilds the circuit and requires the same hashes.
   *
   * @throws ModelUnavailableError (not here and not allowed, or not to be rebuilt), ArtefactFetchError and StoreFullError (which
   * may be transient), ArtefactMismatchError, ArtefactUriError, ManifestError, ArtefactTooLargeError; all are `ServiceError`s
   */
  resolve(entry: RegisteredModel, signal?: AbortSignal): Promise<CatalogueModel>
  /** Looks at the folders again, and forgets which registry entries were found bad. */
  refresh(): Promise<void>
}
