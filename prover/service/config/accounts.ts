// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { Wallet } from 'ethers'
import { ConfigError } from './error'
import type { AccountConfig } from './schema'

/**
 * Opens an account. Neither key nor password appears in an error.
 *
 * @throws ConfigError
 */
export async function openAccount(
  name: string,
  config: AccountConfig,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Wallet> {
  if ('privateKeyEnv' in config) {
    const key = env[config.privateKeyEnv]
    if (!key) throw new ConfigError(`account "${name}": ${config.privateKeyEnv} is not set; set it to the private key`)
    try {
      return new Wallet(key.trim())
    } catch {
      throw new ConfigError(
        `account "${name}": ${config.privateKeyEnv} does not hold a private key, 0x and 64 hex digits`,
      )
    }
  }
  const json = readSecretFile(name, config.keystore)
  try {
    const wallet = await Wallet.fromEncryptedJson(json, passwordOf(name, config, env))
    return new Wallet(wallet.privateKey)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(
      `account "${name}": ${config.keystore} does not open; check that it is a keystore and its password`,
    )
  }
}

function passwordOf(
  name: string,
  config: Extract<AccountConfig, { keystore: string }>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (config.passwordFile !== undefined) return readSecretFile(name, config.passwordFile).replace(/\r?\n$/, '')
  if (config.passwordEnv === undefined)
    throw new ConfigError(`account "${name}" has a keystore and no password; add passwordFile or passwordEnv`)
  const password = env[config.passwordEnv]
  if (password === undefined)
    throw new ConfigError(`account "${name}": ${config.passwordEnv} is not set; set it to the password`)
  return password
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `account "${name}": ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    )
  }
}
