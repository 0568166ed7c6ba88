import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BackendAnswer, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-http-client-cache.ts'

const run = (backend: BackendAnswer, config: object = {}, method = 'GET') =>
  runPlugin(plugin, { config, backend, request: { method, url: '/a?b' } })
const html = (more: Record<string, string> = {}): BackendAnswer => ({
  headers: { 'Content-Type': 'text/html', ...more },
})

describe('fields for browsers', () => {
  it('are put on pages, for a day', async () => {
    const { headers } = await run(html())
    assert.equal(headers.get('cache-control'), 'max-age=86400')
    assert.equal(Date.parse(headers.get('expires')!) - Date.parse(headers.get('date')!), 86_400_000)
    assert.equal(headers.get('last-modified'), headers.get('date'))
    assert.match(headers.get('etag')!, /^"[\da-f]{40}"$/)
    assert.equal(headers.get('vary'), 'Accept-Encoding')
  })

  it('keep what the backend says of its own validators and of Vary', async () => {
    const modified = 'Mon, 01 Jan 2024 00:00:00 GMT'
    const own = { ETag: '"1"', 'Last-Modified': modified, Vary: 'Origin', 'Cache-Control': 'max-age=1' }
    const { headers } = await run(html(own))
    assert.deepEqual([headers.get('etag'), headers.get('last-modified')], ['"1"', modified])
    assert.equal(headers.get('vary'), 'Origin, Accept-Encoding')
    assert.deepEqual(headers.getAll('cache-control'), ['max-age=86400'])
    for (const vary of ['*', 'accept-encoding'])
      assert.equal((await run(html({ Vary: vary }))).headers.get('vary'), vary)
  })

  it('are put on nothing else', async () => {
    for (const [backend, config, method] of [
      [html(), {}, 'POST'],
      [{ ...html(), status: 404 }, {}, 'GET'],
      [{ headers: { 'Content-Type': 'text/plain' } }, {}, 'GET'],
      [{}, {}, 'GET'],
      [html({ 'Set-Cookie': 'a=b' }), {}, 'GET'],
      [html({ 'Cache-Control': 'no-store' }), {}, 'GET'],
      [html({ 'Cache-Control': 'max-age=5, private' }), {}, 'GET'],
      [html(), { mime_types: ['image/*'] }, 'GET'],
    ] as [BackendAnswer, object, string][]) {
      const { headers } = await run(backend, config, method)
      assert.equal(headers.has('expires'), false, JSON.stringify([backend, config, method]))
    }
  })

  it('follow the settings', async () => {
    const config = {
      max_age_seconds: 5,
      methods: ['post'],
      status: ['201'],
      mime_types: ['image/*', 'text/'],
    }
    const answer = (type: string) => run({ status: 201, headers: { 'Content-Type': type } }, config, 'POST')
    for (const type of ['image/png', 'TEXT/plain'])
      assert.equal((await answer(type)).headers.get('cache-control'), 'max-age=5')
    assert.equal((await answer('video/mp4')).headers.has('cache-control'), false)
    assert.equal((await run({}, { mime_types: ['*'] })).headers.has('cache-control'), true)
    assert.throws(() => setUp(plugin, { max_age_seconds: -1 }), /max_age_seconds/)
  })
})
