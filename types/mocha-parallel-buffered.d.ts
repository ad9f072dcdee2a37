// SPDX-License-Identifier: GPL-3.0-or-later

declare module 'mocha/lib/nodejs/reporters/parallel-buffered' {
  import { reporters } from 'mocha'

  /** What a worker of mocha's parallel mode reports with; made for being extended. */
  class ParallelBuffered extends reporters.Base {}
  export = ParallelBuffered
}
