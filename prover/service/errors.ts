// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'

/** Base of the daemon's errors: each module has its own beside what throws them. */
export abstract class ServiceError extends ZkmlError {}
