// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { LogView } from '../../prover/cli/log-view'
import { createLog } from '../../prover/service/log'

describe('the log on a terminal', () => {
  /** What is seen of what a log is told. */
  const seen = (tell: (log: ReturnType<typeof createLog>) => void): string => {
    let text = ''
    tell(createLog('debug', new LogView({ write: (more: string) => (text += more) })))
    return text
  }

  it('is a line with a time, the message and its fields', () => {
    const text = seen((log) => log.info({ url: 'http://127.0.0.1:8420', models: 1 }, 'zkml is ready'))
    expect(text).to.match(/^\d\d:\d\d:\d\d zkml is ready {20,}url=http:\/\/127\.0\.0\.1:8420 models=1\n$/)
    expect(seen((log) => log.info({}, 'alone'))).to.match(/^\d\d:\d\d:\d\d alone\n$/)
  })

  it('names the level of what is not usual', () => {
    expect(seen((log) => log.warn({ chain: '1' }, 'is slow'))).to.match(/ WARN: is slow +chain=1\n$/)
    expect(seen((log) => log.error({}, 'broke'))).to.match(/ ERROR: broke\n$/)
  })

  it('shows no secret, no end of a long field, and nothing that moves the cursor', () => {
    const text = seen((log) =>
      log.info(
        { token: 'SECRET', config: { a: 'x'.repeat(1000) }, reason: 'two words\u001b[2J\u009b2J\nnext' },
        'said',
      ),
    )
    expect(text).not.to.include('SECRET')
    expect(text.length).to.be.below(400)
    expect(text).to.include('…')
    expect(text.trimEnd()).not.to.match(/[\u0000-\u001f\u007f-\u009f]/)
  })

  it('tells errors with code and cause', () => {
    const error = Object.assign(new Error('no room', { cause: new Error('disk full') }), { code: 'FULL' })
    expect(seen((log) => log.error({ error }, 'failed'))).to.include(
      'error={"code":"FULL","message":"no room","cause":"disk full"}',
    )
  })
})
