// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import { DEFINITIONS, type Definition, type FunctionName } from './definitions'
import { formatDomain, type FunctionDomain } from './domain'
import { absolute, fromDouble, GUARD, PRECISION, toDouble } from './fixed-point'

/** Thrown for an argument outside a function's domain, or where the function's value is 2^64 or more. */
export class FunctionDomainError extends ZkmlError {
  readonly code = 'FUNCTION_DOMAIN'
}

/** Thrown for parameters that a function does not take. */
export class FunctionParameterError extends ZkmlError {
  readonly code = 'FUNCTION_PARAMETER'
}

/** A function with its parameters: doubles, taken as the exact rationals they are. */
export type FunctionSpec = { readonly name: FunctionName; readonly parameters?: readonly number[] }

/** Results are smaller than this. */
const RESULT_LIMIT = 1n << (64n + PRECISION)

/**
 * f(x), the same on every machine: argument and result are in units of 2^-256. The error is below 2^-200, and 0 where
 * f(x) is a multiple of 2^-256, so that ties round as they should.
 *
 * @throws FunctionDomainError outside the domain, or for a result of 2^64 or more.
 * @throws FunctionParameterError for parameters that the function does not take.
 */
export function evaluateExact(spec: FunctionSpec, x: bigint): bigint {
  return exactFunction(spec)(x)
}

/** `evaluateExact` of many arguments: the parameters are read once. */
export function exactFunction(spec: FunctionSpec): (x: bigint) => bigint {
  const { definition, parameters } = resolve(spec)
  const domain = definition.domain(...parameters)
  const exact = definition.exact(...parameters)
  const [lo, hi] = [domain.lo, domain.hi].map((end) => (Number.isFinite(end) ? fromDouble(end, PRECISION) : undefined))
  const inside = (x: bigint) =>
    (lo === undefined || x > lo || (x === lo && domain.loIncluded)) &&
    (hi === undefined || x < hi || (x === hi && domain.hiIncluded)) &&
    (domain.pole === undefined || x !== fromDouble(domain.pole, PRECISION))
  return (x) => {
    if (!inside(x))
      throw new FunctionDomainError(
        `${formatFunction(spec)} is not defined at ${toDouble(x, PRECISION)}, outside ${formatDomain(domain)}; narrow the argument's range`,
      )
    const value = (exact(x << GUARD) + (1n << (GUARD - 1n))) >> GUARD
    if (absolute(value) >= RESULT_LIMIT)
      throw new FunctionDomainError(
        `${formatFunction(spec)} is 2^64 or more in size at ${toDouble(x, PRECISION)}; narrow the argument's range`,
      )
    return value
  }
}

/**
 * f(x) in doubles, for calibration only: at an argument outside the domain the value at the nearest point of it, and
 * NaN where that is not finite.
 */
export function evaluateDouble(spec: FunctionSpec, x: number): number {
  return doubleFunction(spec)(x)
}

/** `evaluateDouble` of many arguments: the parameters are read once. */
export function doubleFunction(spec: FunctionSpec): (x: number) => number {
  const { definition, parameters } = resolve(spec)
  const { lo, hi } = definition.domain(...parameters)
  return (x) => {
    const value = definition.double(Math.min(Math.max(x, lo), hi), ...parameters)
    return Number.isFinite(value) ? value : NaN
  }
}

/** Where f is defined. */
export function domainOf(spec: FunctionSpec): FunctionDomain {
  const { definition, parameters } = resolve(spec)
  return definition.domain(...parameters)
}

/** The definition of a function and its parameters, checked. */
export function resolve(spec: FunctionSpec): { definition: Definition; parameters: readonly number[] } {
  const definition = DEFINITIONS[spec.name]
  const parameters = spec.parameters ?? []
  if (parameters.length !== definition.parameters.length)
    throw new FunctionParameterError(
      `${spec.name} takes ${definition.parameters.length} parameters, but ${parameters.length} are given; check the node's attributes`,
    )
  definition.parameters.forEach(({ name, requirement, accepts }, i) => {
    const value = parameters[i]!
    if (!Number.isFinite(value) || !accepts(value))
      throw new FunctionParameterError(
        `${name} of ${spec.name} is ${value}, but must be ${requirement}; check the node's attributes`,
      )
  })
  return { definition, parameters }
}

/** For messages: "power(0.5)". */
export function formatFunction({ name, parameters = [] }: FunctionSpec): string {
  return parameters.length === 0 ? name : `${name}(${parameters.join(', ')})`
}
