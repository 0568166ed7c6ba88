import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './forwarded-header.ts'

const base = { url: 'http://api.test:8080/', ip: '10.0.0.1' }

/** The `Forwarded` field the backend gets. */
async function forwarded(request: RequestInput, trustForwarded: boolean, rfc7239?: boolean): Promise<string> {
  const config = rfc7239 === undefined ? {} : { rfc7239 }
  const run = await runPlugin(plugin, { config, request, services: { trustForwarded } })
  const fields = run.backend!.headers.getAll('forwarded')
  assert.equal(fields.length, 1)
  return fields[0]!
}

describe('the Forwarded field with colons', () => {
  it('tells of the connection alone when nothing is trusted', async () => {
    const headers = { 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-By': 'me', 'X-Forwarded-Host': 'evil.test' }
    const text = await forwarded({ ...base, headers: { ...headers, Host: 'api.test' } }, false)
    assert.equal(text, 'for: 10.0.0.1;proto: http;host: api.test;by: ')
  })

  it('starts with what was received when it is trusted', async () => {
    const headers = {
      'X-Forwarded-For': '1.2.3.4, 5.6.7.8',
      'X-Forwarded-By': 'edge',
      'X-Forwarded-Proto': 'https',
    }
    const text = await forwarded({ ...base, headers }, true)
    assert.equal(text, '1.2.3.4, 5.6.7.8, for: 10.0.0.1;proto: https;host: api.test:8080;by: edge')
  })

  it('starts with the connection when nothing was received', async () => {
    assert.equal(await forwarded(base, true), 'for: 10.0.0.1;proto: http;host: api.test:8080;by: 10.0.0.1')
  })

  it('joins repeated fields in their order', async () => {
    const headers = [
      ['X-Forwarded-For', '1.1.1.1'],
      ['x-forwarded-for', '2.2.2.2'],
    ] as const
    assert.match(await forwarded({ ...base, headers }, true), /^1\.1\.1\.1, 2\.2\.2\.2, for: 10\.0\.0\.1;/)
  })

  it('quotes IPv6 addresses', async () => {
    const text = await forwarded({ ...base, ip: '2001:db8::1' }, true)
    assert.equal(text, 'for: "2001:db8::1";proto: http;host: api.test:8080;by: "2001:db8::1"')
  })

  it('replaces those of the client', async () => {
    const headers = [
      ['Forwarded', 'for=1.2.3.4'],
      ['forwarded', 'for=5.6.7.8'],
    ] as const
    assert.doesNotMatch(await forwarded({ ...base, headers }, true), /1\.2\.3\.4|5\.6\.7\.8/)
  })
})

describe('the Forwarded field of RFC 7239', () => {
  it('tells of the connection', async () => {
    assert.equal(await forwarded(base, false, true), 'for=10.0.0.1;proto=http;host="api.test:8080"')
    const secure = { ip: '::1', url: 'https://api.test/' }
    assert.equal(await forwarded(secure, false, true), 'for="[::1]";proto=https;host=api.test')
  })

  it('names trusted hops, and only addresses', async () => {
    const received = '1.2.3.4, 2001:db8::1,, "a";by=evil , 5.6.7.8:99, [::1]:80, cafe, 1.2.3, [x]:1'
    const headers = { 'X-Forwarded-For': received }
    const hops = [
      '1.2.3.4',
      '"[2001:db8::1]"',
      'unknown',
      '"5.6.7.8:99"',
      '"[::1]:80"',
      'unknown',
      'unknown',
      'unknown',
    ]
    const text = await forwarded({ ...base, headers }, true, true)
    assert.equal(
      text,
      `${[...hops, '10.0.0.1'].map(hop => `for=${hop}`).join(', ')};proto=http;host="api.test:8080"`,
    )
    assert.match(await forwarded({ ...base, headers }, false, true), /^for=10\.0\.0\.1;/)
  })

  it('cannot be broken out of by a trusted host', async () => {
    const headers = { 'X-Forwarded-Host': 'a";for=1.2.3.4;x="\\' }
    assert.equal(
      await forwarded({ ...base, headers }, true, true),
      'for=10.0.0.1;proto=http;host="api.test:8080"',
    )
  })

  it('must be asked for with a flag', () => {
    assert.throws(() => setUp(plugin, { rfc7239: 'true' }))
  })
})
