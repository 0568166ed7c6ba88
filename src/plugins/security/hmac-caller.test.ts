import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './hmac-caller.ts'

async function sent(config: object) {
  const run = await runPlugin(plugin, { config: { secret: 'shared', ...config } })
  return run.backend!.headers
}

describe('an HMAC for the backend', () => {
  it('is over the time in milliseconds', async () => {
    const headers = await sent({})
    const date = headers.get('date')!
    assert.ok(Math.abs(Date.now() - Number(date)) < 60_000)
    const signature = createHmac('sha512', 'shared').update(date).digest('base64')
    assert.equal(
      headers.get('authorization'),
      `hmac algorithm="hmac-sha512", headers="Date", signature="${signature}"`,
    )
  })

  it('may have another algorithm and header', async () => {
    const headers = await sent({ algo: 'hmac-sha256', authorizationHeader: 'X-Sig' })
    assert.match(headers.get('x-sig')!, /^hmac algorithm="hmac-sha256"/)
    assert.equal(headers.get('authorization'), undefined)
  })

  it('is not made without a secret', async () => {
    for (const secret of [null, '']) {
      const run = await runPlugin(plugin, { config: { secret } })
      assert.equal(run.status, 400)
      assert.equal(run.backend, null)
      assert.deepEqual(JSON.parse(run.text), { error: 'Bad parameters' })
    }
  })

  it('does not start with an algorithm nobody knows', () => {
    for (const algo of ['MD5', 'toString', ''])
      assert.throws(() => setUp(plugin, { secret: 's', algo }), algo)
  })
})
