// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * `npm run demo`: the use cases, each from chain state to effect on an in-process chain. Nothing leaves this machine.
 *
 *     npm run demo                     lists them
 *     npm run demo -- credit-default   tells one
 */
import { tellStory } from './scene'
import { seconds } from './show'
import { STORIES } from './stories'

async function main(): Promise<void> {
  const [name, ...rest] = process.argv.slice(2)
  if (name === undefined) {
    console.log('npm run demo -- NAME tells one of these:\n')
    for (const story of STORIES) console.log(`  ${story.name.padEnd(18)} ${story.contract.padEnd(22)} ${story.summary}`)
    return
  }
  const story = STORIES.find((candidate) => candidate.name === name)
  if (story === undefined || rest.length > 0)
    throw new Error(
      `No use case "${[name, ...rest].join(' ')}"; there are ${STORIES.map((one) => one.name).join(', ')}.`,
    )
  const { gas, proveMilliseconds, constraints } = await tellStory(story)
  const figures = [`${constraints.toLocaleString('en-US')} constraints`, `proved in ${seconds(proveMilliseconds)}`]
  console.log(`\n${[...figures, `${gas.toLocaleString('en-US')} gas`].join(', ')}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
