// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'

/** A tensor does not fit its schema: a value out of [lo, lo + 2^bits − 1], or the wrong number of values or words. */
export class PackingError extends ZkmlError {
  override readonly code = 'ENCODING_PACKING'
}

/** An io schema that no circuit can have, or that the registry would refuse. */
export class SchemaError extends ZkmlError {
  override readonly code = 'ENCODING_SCHEMA'
}

/** A value that is no field element, hash, address or set of words of the right size. */
export class EncodingValueError extends ZkmlError {
  override readonly code = 'ENCODING_VALUE'
}

/** A recipe that has no canonical JSON: fractions, unsafe integers, undefined, or objects that are not plain. */
export class CanonicalJsonError extends ZkmlError {
  override readonly code = 'ENCODING_JSON'
}
