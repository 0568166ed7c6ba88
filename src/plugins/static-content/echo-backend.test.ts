import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './echo-backend.ts'

const echo = async (request: RequestInput, config = {}, upstreamPath?: string) => {
  const run = await runPlugin(plugin, {
    config,
    request,
    ...(upstreamPath !== undefined && { upstreamPath }),
  })
  assert.equal(run.backend, null)
  assert.equal(run.headers.get('content-type'), 'application/json')
  return { status: run.status, json: JSON.parse(run.text), reason: run.headers.get('otoroshi-error-reason') }
}

const bodyOf = async (type: string | null, body: string | Uint8Array): Promise<unknown> => {
  const headers = type === null ? {} : { 'Content-Type': type }
  return (await echo({ method: 'POST', headers, body })).json.body
}

describe('the echo backend', () => {
  it('describes the request as it goes to the backend', async () => {
    const headers = [
      ['Host', 'gateway.test'],
      ['X-A', '1'],
      ['X-A', '2'],
      ['Cookie', 'a=b; c="d"; a=later'],
      ['Otoroshi-Claim', 'forged'],
    ] as const
    const { status, json } = await echo(
      { method: 'GET', url: '/api/x?a=1&a=2&b=%C3%A9', headers },
      {},
      '/root/x?a=1&a=2&b=%C3%A9',
    )
    assert.equal(status, 200)
    assert.deepEqual(json, {
      method: 'GET',
      path: '/root/x',
      raw_path: '/root/x?a=1&a=2&b=%C3%A9',
      query: { a: '1', b: 'é' },
      headers: { Host: 'gateway.test', 'X-A': '1, 2', Cookie: 'a=b; c="d"; a=later' },
      cookies: { a: { name: 'a', value: 'b' }, c: { name: 'c', value: '"d"' } },
      body: null,
    })
  })

  it('shows the body by its type', async () => {
    assert.deepEqual(await bodyOf('application/json; charset=utf-8', '{"a":[1]}'), { a: [1] })
    assert.equal(await bodyOf('application/json', '{"a":'), '{"a":')
    assert.equal(await bodyOf('text/csv', 'é;b'), 'é;b')
    assert.equal(await bodyOf('application/x-www-form-urlencoded', 'a=b'), 'a=b')
    assert.equal(await bodyOf('application/octet-stream', Buffer.from([0, 255])), 'AP8=')
    assert.equal(await bodyOf(null, 'abc'), 'YWJj')
  })

  it('survives names and nesting made to break it', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const shown = await bodyOf('application/json', deep)
    assert.equal(typeof shown === 'string' ? shown.length : JSON.stringify(shown).length, deep.length)
    const { json } = await echo({
      url: '/?__proto__=1&constructor=2',
      headers: { Cookie: '__proto__=x; =y; z' },
    })
    assert.deepEqual(Object.keys(json.query), ['__proto__', 'constructor'])
    assert.deepEqual(Object.keys(json.cookies), ['__proto__'])
  })

  it('refuses a body above the limit, whether its length is declared or not', async () => {
    for (const chunked of [true, false]) {
      const under = await echo({ method: 'POST', body: ['abc', 'de'], chunked }, { limit: 5 })
      assert.equal(under.status, 200)
      const over = await echo({ method: 'POST', body: ['abc', 'def'], chunked }, { limit: 5 })
      assert.deepEqual([over.status, over.reason], [413, 'body_too_large'])
      assert.deepEqual(over.json, {
        error: 'request_body_too_large',
        message: 'the request body is longer than 5 bytes',
        limit: 5,
      })
    }
  })

  it('has a limit of 512 KiB', async () => {
    assert.equal((await echo({ method: 'POST', body: 'x'.repeat(524_288) })).status, 200)
    assert.equal((await echo({ method: 'POST', body: 'x'.repeat(524_289) })).status, 413)
    await assert.rejects(runPlugin(plugin, { config: { limit: -1 } }), /invalid config/)
  })
})
