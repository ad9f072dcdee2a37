// SPDX-License-Identifier: GPL-3.0-or-later
import { describeEngine } from '../support/engine-cases'
import { wasmEngine } from '../../prover/groth16/wasm-engine'

describeEngine('wasm', () => wasmEngine)
