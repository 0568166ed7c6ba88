import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, describe, it } from 'node:test'
import { DEFAULT_LIMITS } from '../http/index.ts'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'
import { type RequestSizes, sizeCheck } from './request-sizes.ts'

const none: RequestSizes = {
  maxUrl: 1_000_000,
  maxCookie: 1_000_000,
  maxHeaderName: 1_000_000,
  maxHeaderValue: 1_000_000,
}

describe('the check of sizes', () => {
  it('is not there where it is switched off or the parser is stricter', () => {
    assert.equal(sizeCheck(null, DEFAULT_LIMITS), null)
    assert.equal(sizeCheck(none, DEFAULT_LIMITS), null)
    const { maxTarget, maxHeaderName, maxHeaderValue } = DEFAULT_LIMITS
    const same = { ...none, maxCookie: maxHeaderValue, maxHeaderName, maxHeaderValue }
    assert.equal(sizeCheck(same, DEFAULT_LIMITS), null)
    for (const lower of [
      { maxUrl: maxTarget },
      { maxCookie: maxHeaderValue - 1 },
      { maxHeaderName: maxHeaderName - 1 },
      { maxHeaderValue: maxHeaderValue - 1 },
    ])
      assert.notEqual(sizeCheck({ ...none, ...lower }, DEFAULT_LIMITS), null, JSON.stringify(lower))
  })
})

describe('a request that is too big', () => {
  const open: { close(): Promise<void> }[] = []
  after(async () => {
    for (const thing of open) await thing.close()
  })

  /** A gateway with a route behind these bounds, and what it answers: `reached`, or the refusal. */
  async function setUp(sizes: Partial<RequestSizes>, trusted = false) {
    const backend = await openRawBackend(socket => void socket.write(plainAnswer('reached')))
    const gateway = await openTestGateway({ sizes: { ...none, ...sizes } })
    open.push(gateway, backend)
    await gateway.write(
      ['Route', testRoute('r', 'api.test', backend.port)],
      ['GlobalConfig', { trustXForwarded: trusted }],
    )
    return async (path: string, headers: OutgoingHttpHeaders = {}): Promise<string> => {
      const heard = backend.requests.length
      const { status, headers: fields, body } = await gateway.call(`http://api.test${path}`, { headers })
      assert.equal(backend.requests.length - heard, status === 200 ? 1 : 0)
      if (status === 200) return body
      return `${status} ${String(fields['otoroshi-error-reason'])} ${String(fields['otoroshi-error-msg'])}`
    }
  }

  it('by its URL, scheme and host included, gets 400', async () => {
    const ask = await setUp({ maxUrl: 60 })
    const left = 60 - 'http://api.test'.length
    const refused = '400 request_too_large URL should be smaller'
    assert.equal(await ask(`/${'a'.repeat(left - 1)}`), 'reached')
    assert.equal(await ask(`/${'a'.repeat(left)}`), refused)
    assert.equal(await ask(`/?q=${'a'.repeat(left)}`), refused)
    // What counts is what came, not the form its path is brought into.
    assert.equal(await ask(`/${'%61'.repeat(left / 3)}`), refused)
  })

  it('by the URL its proxy saw, where the proxy is trusted', async () => {
    const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.test:8443' }
    const path = `/${'a'.repeat(40)}`
    const seen = `https://api.test:8443${path}`.length
    assert.equal(await (await setUp({ maxUrl: seen }, true))(path, forwarded), 'reached')
    assert.match(await (await setUp({ maxUrl: seen - 1 }, true))(path, forwarded), /^400 /)
    assert.equal(await (await setUp({ maxUrl: seen - 1 }))(path, forwarded), 'reached')
  })

  it('by one of its cookies gets 400', async () => {
    const ask = await setUp({ maxCookie: 10 })
    const refused = '400 request_too_large Cookies should be smaller'
    const long = '12345678901'
    assert.equal(await ask('/', { Cookie: 'a=1234567890; a-long-name=1234567890;b=1' }), 'reached')
    assert.equal(await ask('/', { Cookie: `a=1; b=${long}; c=1` }), refused)
    // The second of one name, a value with an equals sign, one without a name, a field of its own.
    for (const cookie of [`a=1; a=${long}`, 'a=12345=67890', `${long}`, `=${long}`])
      assert.equal(await ask('/', { Cookie: cookie }), refused, cookie)
    assert.equal(await ask('/', { Cookie: ['a=1', `b=${long}`] }), refused)
    assert.equal(await ask('/', { 'X-Other': long.repeat(9) }), 'reached')
  })

  it('by the name or value of a header gets 400', async () => {
    const refused = '400 request_too_large Headers should be smaller'
    const names = await setUp({ maxHeaderName: 10 })
    assert.equal(await names('/', { '1234567890': 'x'.repeat(100) }), 'reached')
    assert.equal(await names('/', { '12345678901': 'x' }), refused)
    const values = await setUp({ maxHeaderValue: 16 })
    assert.equal(await values('/', { 'X-A': '1'.repeat(16) }), 'reached')
    assert.equal(await values('/', { 'X-A': '1'.repeat(17) }), refused)
  })

  it('passes when nothing is checked', async () => {
    const ask = await setUp({})
    assert.equal(await ask(`/${'a'.repeat(9000)}`, { Cookie: `a=${'1'.repeat(9000)}` }), 'reached')
  })
})
