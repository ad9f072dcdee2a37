// SPDX-License-Identifier: GPL-3.0-or-later

import { ServiceError } from '../errors'

/** The configuration of the daemon is missing something, or has something that makes no sense. */
export class ConfigError extends ServiceError {
  readonly code = 'CONFIG_INVALID'
}
