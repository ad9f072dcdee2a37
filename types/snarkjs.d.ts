// SPDX-License-Identifier: GPL-3.0-or-later

/** The part of snarkjs that this project uses. */
declare module 'snarkjs' {
  import type { Curve } from 'ffjavascript'

  /** A file name, or a file in memory. */
  export type FileLike = string | Uint8Array | { readonly type: 'mem' | 'bigMem' }

  export type Logger = {
    debug(message: string): void
    info(message: string): void
    warn(message: string): void
    error(message: string): void
  }

  /** Affine points in projective form, in decimal: [x, y, 1]. */
  export type SnarkjsProof = {
    readonly pi_a: readonly string[]
    readonly pi_b: readonly (readonly string[])[]
    readonly pi_c: readonly string[]
    readonly protocol: string
    readonly curve: string
  }

  export type SnarkjsVerificationKey = {
    readonly protocol: string
    readonly curve: string
    readonly nPublic: number
    readonly vk_alpha_1: readonly string[]
    readonly vk_beta_2: readonly (readonly string[])[]
    readonly vk_gamma_2: readonly (readonly string[])[]
    readonly vk_delta_2: readonly (readonly string[])[]
    readonly vk_alphabeta_12: readonly (readonly (readonly string[])[])[]
    readonly IC: readonly (readonly string[])[]
  }

  export namespace groth16 {
    function prove(
      zkey: FileLike,
      wtns: FileLike,
      logger?: Logger,
      options?: { readonly singleThread?: boolean },
    ): Promise<{ proof: SnarkjsProof; publicSignals: string[] }>
    function verify(
      vk: Omit<SnarkjsVerificationKey, 'vk_alphabeta_12'>,
      publicSignals: readonly string[],
      proof: SnarkjsProof,
      logger?: Logger,
    ): Promise<boolean>
  }

  /** A proof of PLONK is flat, one of FFLONK has its parts under "polynomials" and "evaluations"; all in decimal. */
  export type SnarkjsUniversalProof = Readonly<Record<string, unknown>>

  export type UniversalNamespace = {
    /** Returns −1 after an error that only the logger was told of; PLONK returns nothing and FFLONK 0 on success. */
    setup(r1cs: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<number | undefined>
    prove(
      zkey: FileLike,
      wtns: FileLike,
      logger?: Logger,
    ): Promise<{ proof: SnarkjsUniversalProof; publicSignals: string[] }>
    verify(
      vk: Readonly<Record<string, unknown>>,
      publicSignals: readonly string[],
      proof: SnarkjsUniversalProof,
      logger?: Logger,
    ): Promise<boolean>
  }
  export const plonk: UniversalNamespace
  export const fflonk: UniversalNamespace

  export namespace zKey {
    /** Returns the circuit hash, or −1 after an error that only the logger was told of. */
    function newZKey(r1cs: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<Uint8Array | -1>
    function contribute(
      from: FileLike,
      to: FileLike,
      name: string | undefined,
      entropy: string,
      logger?: Logger,
    ): Promise<Uint8Array>
    function beacon(
      from: FileLike,
      to: FileLike,
      name: string | undefined,
      beaconHash: string,
      iterationsExponent: number,
      logger?: Logger,
    ): Promise<Uint8Array>
    function verifyFromR1cs(r1cs: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<boolean>
    function verifyFromInit(initial: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<boolean>
    function exportVerificationKey(zkey: FileLike, logger?: Logger): Promise<SnarkjsVerificationKey>
    /** Renders the template of the key's protocol. */
    function exportSolidityVerifier(
      zkey: FileLike,
      templates: Readonly<Record<string, string>>,
      logger?: Logger,
    ): Promise<string>
  }

  export namespace powersOfTau {
    function newAccumulator(curve: Curve, power: number, to: FileLike, logger?: Logger): Promise<Uint8Array>
    function contribute(
      from: FileLike,
      to: FileLike,
      name: string | undefined,
      entropy: string,
      logger?: Logger,
    ): Promise<Uint8Array>
    function preparePhase2(from: FileLike, to: FileLike, logger?: Logger): Promise<void>
    function beacon(
      from: FileLike,
      to: FileLike,
      name: string | undefined,
      beaconHash: string,
      iterationsExponent: number,
      logger?: Logger,
    ): Promise<Uint8Array>
    /** Writes a file for each smaller power, named `<template>01.ptau` and so on. */
    function truncate(from: FileLike, template: string, logger?: Logger): Promise<boolean>
    function verify(ptau: FileLike, logger?: Logger): Promise<boolean>
  }

  export namespace r1cs {
    type Info = {
      readonly nVars: number
      readonly nOutputs: number
      readonly nPubInputs: number
      readonly nPrvInputs: number
      readonly nLabels: number
      readonly nConstraints: number
    }
    function info(r1cs: FileLike, logger?: Logger): Promise<Info>
  }

  export namespace wtns {
    function calculate(input: Readonly<Record<string, unknown>>, wasm: FileLike, wtns: FileLike): Promise<void>
    function check(r1cs: FileLike, wtns: FileLike, logger?: Logger): Promise<boolean>
    function exportJson(wtns: FileLike): Promise<bigint[]>
  }

  export namespace curves {
    function getCurveFromName(name: string, options?: { readonly singleThread?: boolean }): Promise<Curve>
  }
}
