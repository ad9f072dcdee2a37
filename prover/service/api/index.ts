// SPDX-License-Identifier: GPL-3.0-or-later

export * from './backend'
export { apiConfig, type ApiConfig, type ApiToken } from './config'
export * from './create'
export * from './errors'
export type { Problem } from './problem'
export type { ApiStore } from './types'
export type { InferenceView, ModelView, RunView, TensorValue } from './views'
