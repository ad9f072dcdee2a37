// SPDX-License-Identifier: GPL-3.0-or-later

export * from './artefacts'
export * from './ceremony'
export * from './check'
export * from './circuit-key'
export * from './compile'
export * from './model-folder'
export * from './progress'
export * from './proof-file'
export * from './prove'
export * from './report'
export * from './secrets'
export * from './universal-report'
