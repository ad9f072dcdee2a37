// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Compiles ONNX models to Groth16 circuits, proves inferences and verifies them.
 *
 * @example
 * ```ts
 * import { compileModel, compileReport, loadModel, proveInference, saveModel, setupModel, verifyInference } from 'zkml'
 *
 * const compiled = await compileModel(readFileSync('model.onnx'), { samples })
 * await saveModel('my-model', 'my-model', compiled, compileReport(compiled))
 * await setupModel('my-model', { dev: true })
 * const proven = await proveInference(await loadModel('my-model'), { sample, context: null })
 * const { valid, outputs } = await verifyInference('my-model', proven)
 * ```
 */
export { ZkmlError } from './errors'
export * from './encodings'
// Of two constants with this name, that of the encodings is public: what a schema can hold.
export { MAX_MAGNITUDE } from './encodings'
export { FunctionDomainError, FunctionParameterError, type FunctionName, type FunctionSpec } from './functions'
export * from './onnx'
export * from './quantize'
export * from './circuit'
export * from './witness'
export * from './groth16'
export * from './universal'
export * from './pipeline'
export * from './chain'
export * from './client'
