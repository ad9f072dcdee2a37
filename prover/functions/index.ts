// SPDX-License-Identifier: GPL-3.0-or-later

export type { FunctionName } from './definitions'
export type { FunctionDomain } from './domain'
export {
  domainOf,
  doubleFunction,
  evaluateDouble,
  evaluateExact,
  exactFunction,
  formatFunction,
  FunctionDomainError,
  FunctionParameterError,
  type FunctionSpec,
} from './evaluate'
export { fromDouble, integerSquareRoot, PRECISION, toDouble } from './fixed-point'
export { saturation } from './saturation'
