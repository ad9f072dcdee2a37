// SPDX-License-Identifier: GPL-3.0-or-later

/** Reading and writing the iden3 binary files (`.r1cs`, `.wtns`, sections of `.zkey` and `.ptau`), and safe writing. */
export {
  FileWriteError,
  noteTemporary,
  sha256File,
  type TemporaryWatcher,
  watchTemporaries,
  withTemporaryFile,
  writeFileAtomic,
  writeJsonAtomic,
  type WrittenFile,
} from './atomic'
export {
  BinFileError,
  type BinFileErrorCode,
  Container,
  type ContainerInput,
  type ContainerType,
  type FileBytes,
  readWholeFile,
  withContainer,
} from './container'
export { containerChunks, HeaderWriter, sectionOf, type SectionSource } from './container-writer'
export { BASE_FIELD, FIELD_BYTES, fromFieldBytes, modulo, SCALAR_FIELD, tableToBytes, toFieldBytes } from './field'
export { checkR1cs, publicCount, type R1cs, R1csInvalidError, type SparseRows } from './r1cs'
export { readR1cs, readR1csCounts, type R1csCounts } from './r1cs-reader'
export { encodeR1cs, r1csChunks, writeR1cs } from './r1cs-writer'
export { encodeWtns, readWtns, type Witness, witnessValue, writeWtns } from './wtns'
