// SPDX-License-Identifier: GPL-3.0-or-later

/** The prover daemon: what `zkml serve` runs. */
export { startDaemon, type Daemon, type DaemonOptions } from './daemon'
export { ServiceError } from './errors'
