// SPDX-License-Identifier: GPL-3.0-or-later

module.exports = {
  skipFiles: ['verifiers', 'test', 'mocks'],
  istanbulFolder: './coverage/report',
  istanbulReporter: ['json', 'html'],
  // Typed factories carry the code they were generated with; tests have to deploy the instrumented one.
  onCompileComplete: (config) => require('./scripts/coverage/instrumented-factories').deployInstrumented(config.paths),
}
