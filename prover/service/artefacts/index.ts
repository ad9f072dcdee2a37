// SPDX-License-Identifier: GPL-3.0-or-later

/** Models on this machine and those that are only registered: catalogue, content-addressed store, fetching, publishing. */
export { createCatalogue, isSameModel, type CatalogueOptions, type FolderCatalogue } from './catalogue'
export { rawCid, sha256OfCid } from './cid'
export { ArtefactFetchError, ArtefactTooLargeError, type DownloadRules } from './download'
export { modelKey } from './foreign-models'
export { AddressRefusedError } from './hosts'
export { ArtefactSourceError, type Timeouts } from './http'
export { type FolderProblem } from './local-models'
export {
  type ArtefactManifest,
  createManifest,
  encodeManifest,
  ManifestError,
  type ManifestFile,
  manifestHash,
  parseManifest,
} from './manifest'
export { ArtefactCorruptError } from './model-files'
export { StoreFullError } from './partial-file'
export { publishFolder, type Published } from './publish'
export {
  DEFAULT_REBUILD_LIMITS,
  ModelUnavailableError,
  rebuildApart,
  type Rebuild,
  type RebuildLimits,
} from './rebuild'
export { ArtefactMismatchError, type RebuildTask } from './rebuild-model'
export { type FetchPlaces, folderSource, httpSource, kuboSource, type Source, sourcesOf } from './sources'
export { ArtefactStore, type FetchRequest, type Lease, type StoreOptions } from './store'
export type { Catalogue, CatalogueModel } from './types'
export { ArtefactUriError, formatArtefactUri, parseArtefactUri, type ArtefactUri, type Location } from './uri'
