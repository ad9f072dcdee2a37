// SPDX-License-Identifier: GPL-3.0-or-later

import type { Choice } from './templates/parts'

/** A documented way to make a sound source unsound: gives the changed source, or null where it does not apply. */
export type Mutation = (source: string, r: Choice) => string | null

/** Replaces one match of a pattern, chosen by `r`. */
export function replaceOne(
  source: string,
  pattern: RegExp,
  r: Choice,
  change: (...groups: string[]) => string,
): string | null {
  const matches = [...source.matchAll(new RegExp(pattern, 'gs'))]
  if (matches.length === 0) return null
  const match = r.pick(matches)
  return source.slice(0, match.index) + change(...match) + source.slice(match.index + match[0].length)
}

/** Reentrancy: the state is written after the call that goes out, and a guard on the function, if any, is dropped. */
export function reentrancy(source: string, r: Choice): string | null {
  const late = replaceOne(source, /\/\*E\*\/(.*?)\/\*e\*\/ \/\*I\*\/(.*?)\/\*i\*\//, r, (_, effect, interaction) => {
    return `/*late*/${interaction} ${effect}`
  })
  // Where the order was wrong already and a guard kept it safe, losing the guard is enough.
  if (late === null) return dropGuard(source, r)
  const at = late.indexOf('/*late*/')
  const guard = late.lastIndexOf('/*G*/', at)
  if (guard < late.lastIndexOf('function ', at)) return late
  return late.slice(0, guard) + late.slice(late.indexOf('/*g*/', guard))
}

function dropGuard(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*G\*\/ nonReentrant \/\*g\*\//, r, () => '')
}

/** Authorisation by tx.origin: whoever the owner calls may act in its name. */
export function txOrigin(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*S\*\/msg\.sender\/\*s\*\//, r, () => 'tx.origin')
}

/** The result of a low-level call, or of a token's transfer, is not looked at. */
export function uncheckedCall(source: string, r: Choice): string | null {
  const call = /\/\*C\*\/(?!require\(\/\*c\*\/|\)\/\*c\*\/)(.*?)\/\*c\*\//
  const token = /\/\*C\*\/require\(\/\*c\*\/(.*?)\/\*C\*\/\)\/\*c\*\//
  const [first, second] = r.chance(50) ? [call, token] : [token, call]
  const change = (pattern: RegExp) => replaceOne(source, pattern, r, (_, inner) => (pattern === token ? inner! : ''))
  return change(first) ?? change(second)
}

/** A modifier that keeps strangers out of a withdrawal, a delegatecall, an upgrade, a mint or a selfdestruct is dropped. */
export function missingAuth(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*A\*\/ onlyOwner \/\*a\*\//, r, () => '')
}

/** Anybody makes the contract run their code in its own storage. */
export function openDelegatecall(source: string, r: Choice): string | null {
  return replaceOne(
    source,
    /\/\*A\*\/ onlyOwner \/\*a\*\/(?=[^}]*(?:delegatecall|implementation = next|plugins\[id\] = target))/,
    r,
    () => '',
  )
}

/** What a balance loses is subtracted unchecked, with nothing that asks whether it is there. */
export function uncheckedArithmetic(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*U\*\/ \/\*R\*\/.*?\/\*r\*\/(.*?)\/\*u\*\//, r, (_, rest) => `unchecked { ${rest} }`)
}

/** Chance from values of the block, which its builder knows or chooses and every contract of the block sees. */
export function weakRandomness(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*W\*\/.*?\/\*w:(.*?):\*\//, r, (_, weak) => weak!)
}

/** The initialiser runs again for whoever calls it. */
export function openInitialiser(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*N\*\/.*?\/\*n\*\//, r, () => '')
}

/** A signature counts any number of times, or one that is none counts for the zero address. */
export function looseSignature(source: string, r: Choice): string | null {
  return replaceOne(source, /\/\*Z\*\/.*?\/\*z\*\//, r, () => '')
}

/** The mutations of contracts written from templates, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  reentrancy,
  'tx-origin': txOrigin,
  'unchecked-call': uncheckedCall,
  'missing-auth': missingAuth,
  'open-delegatecall': openDelegatecall,
  'unchecked-arithmetic': uncheckedArithmetic,
  'weak-randomness': weakRandomness,
  'open-initialiser': openInitialiser,
  'loose-signature': looseSignature,
}
