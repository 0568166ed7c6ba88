import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BackendAnswer, runPlugin } from '../../plugin/testing.ts'
import plugin from './robots.ts'

const page = '<html><head><title>t</title></head></html>'
const html = { 'Content-Type': 'text/html; charset=utf-8' }
const withMeta = page.replace('<head>', '<head><meta name="robots" content="noindex,nofollow,noarchive">')

const answered = (backend: BackendAnswer, config = {}) =>
  runPlugin(plugin, { config, backend, request: { url: '/x' } })

describe('robots', () => {
  it('get robots.txt, whatever the method', async () => {
    for (const method of ['GET', 'POST', 'HEAD']) {
      const run = await runPlugin(plugin, { request: { method, url: '/robots.txt?x' } })
      assert.deepEqual([run.status, run.text, run.backend], [200, 'User-agent: *\nDisallow: /\n', null])
      assert.equal(run.headers.get('content-type'), 'text/plain; charset=utf-8')
    }
    const own = await runPlugin(plugin, {
      config: { robot_txt_content: 'x' },
      request: { url: '/robots.txt' },
    })
    assert.equal(own.text, 'x')
  })

  it('get the file of the backend when it is not enabled, and other paths always', async () => {
    const config = { robot_txt_enabled: false }
    assert.equal(
      (await runPlugin(plugin, { config, request: { url: '/robots.txt' } })).backend?.path,
      '/robots.txt',
    )
    for (const url of ['/robots.txt/', '/a/robots.txt', '/Robots.txt'])
      assert.equal((await runPlugin(plugin, { request: { url } })).backend?.path, url)
  })

  it('find the element in pages, with the length right', async () => {
    const fixed = await answered({ headers: html, body: page })
    assert.deepEqual([fixed.text, fixed.length], [withMeta, Buffer.byteLength(withMeta)])
    const streamed = await answered({ headers: html, body: [page.slice(0, 8), page.slice(8)], chunked: true })
    assert.deepEqual([streamed.text, streamed.length], [withMeta, -1])
  })

  it('find the header field on every response', async () => {
    assert.equal((await answered({ body: 'x' })).headers.get('x-robots-tag'), 'noindex, nofollow, noarchive')
    const headers = { 'X-Robots-Tag': 'all' }
    assert.deepEqual((await answered({ headers })).headers.getAll('x-robots-tag'), [
      'noindex, nofollow, noarchive',
    ])
    assert.deepEqual(
      (await answered({ headers }, { header_enabled: false })).headers.getAll('x-robots-tag'),
      ['all'],
    )
  })

  it('leave alone what is no whole readable page', async () => {
    const cases: BackendAnswer[] = [
      { headers: { 'Content-Type': 'application/json' } },
      { headers: { 'Content-Type': 'text/htmlx' } },
      { headers: {} },
      { headers: { ...html, 'Content-Encoding': 'gzip' } },
      { headers: { 'Content-Type': 'text/html; charset=UTF-16' } },
      { status: 206, headers: html },
    ]
    for (const backend of cases) {
      const run = await answered({ ...backend, body: page })
      assert.deepEqual([run.text, run.length], [page, page.length], JSON.stringify(backend))
    }
    assert.equal((await answered({ headers: html, body: page }, { meta_enabled: false })).text, page)
    assert.equal((await answered({ headers: html })).text, '')
  })

  it('do not see facts about the body as it was', async () => {
    const headers = {
      ...html,
      ETag: '"v1"',
      'Content-MD5': 'x',
      'Repr-Digest': 'y',
      'Accept-Ranges': 'bytes',
    }
    const run = await answered({ headers, body: page })
    assert.equal(run.headers.get('etag'), 'W/"v1"')
    for (const name of ['content-md5', 'repr-digest', 'accept-ranges'])
      assert.equal(run.headers.has(name), false)
    const kept = await answered({ headers }, { meta_enabled: false })
    assert.equal(kept.headers.get('etag'), '"v1"')
  })

  it('cannot be given markup or a second field by the settings', async () => {
    const run = await answered(
      { headers: html, body: '<head>' },
      { meta_content: '"><script>é&', header_content: 'a\r\nb: c' },
    )
    assert.equal(run.text, '<head><meta name="robots" content="&#34;&#62;&#60;script&#62;&#233;&#38;">')
    assert.equal(run.headers.get('x-robots-tag'), 'a b: c')
  })
})
