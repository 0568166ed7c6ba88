import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import zlib from 'node:zlib'
import { type BackendAnswer, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-html-patcher.ts'

const config = { append_head: ['<script src="/a.js"></script>'], prependBody: ['<b>1</b>', '<b>2</b>'] }
const page = '<html><head><title>x</title></head><body>y</body></html>'
const patched =
  '<html><head><title>x</title><script src="/a.js"></script></head><body><b>1</b>\n<b>2</b>y</body></html>'
const html = { 'Content-Type': 'text/html' }
const run = (backend: BackendAnswer, more: PluginRunInput = {}) =>
  runPlugin(plugin, { config, backend, ...more })

describe('the patcher', () => {
  it('patches pages, in pieces and compressed', async () => {
    const got = await run({ headers: { ...html, ETag: '"x"' }, body: page })
    assert.deepEqual([got.text, got.length, got.headers.get('etag')], [patched, -1, 'W/"x"'])
    assert.equal((await run({ headers: html, body: page.match(/.{1,5}/g)!, chunked: true })).text, patched)
    for (const [coding, encode, decode] of [
      ['gzip', zlib.gzipSync, zlib.gunzipSync],
      ['br', zlib.brotliCompressSync, zlib.brotliDecompressSync],
      ['zstd', zlib.zstdCompressSync, zlib.zstdDecompressSync],
    ] as const) {
      const zipped = await run({ headers: { ...html, 'Content-Encoding': coding }, body: encode(page) })
      assert.equal(zipped.headers.get('content-encoding'), coding)
      assert.equal(decode(zipped.body).toString(), patched, coding)
    }
  })

  it('leaves everything else alone', async () => {
    for (const backend of [
      { headers: { 'Content-Type': 'application/xhtml+xml' }, body: page },
      { headers: { 'Content-Type': 'text/html-x' }, body: page },
      { headers: { ...html, 'Content-Encoding': 'lzma' }, body: page },
      { status: 206, headers: html, body: page },
    ])
      assert.equal((await run(backend)).text, page)
    assert.equal((await run({ headers: html, body: page }, { config: {} })).length, page.length)
    assert.equal((await run({ headers: html, body: page }, { request: { method: 'HEAD' } })).length, -1)
  })

  it('keeps what clients send from becoming a part of the page', async () => {
    const got = await run(
      { headers: html, body: page },
      {
        config: {
          append_body: ['<p>${req.query.q} ${req.headers.x}</p>', '<i>${route.metadata.snippet}</i>'],
        },
        request: { url: '/?q=<script>alert(1)</script>', headers: { X: '"\'`\\&' } },
        route: { metadata: { snippet: '<u>ours</u>' } },
      },
    )
    assert.match(
      got.text,
      /<p>&#60;script&#62;alert\(1\)&#60;\/script&#62; &#34;&#39;&#96;&#92;&#38;<\/p>\n<i><u>ours<\/u><\/i><\/body>/,
    )
  })

  it('makes a page UTF-8 when its charset cannot hold the pieces', async () => {
    const pieces = { append_body: ['€'] }
    const latin = await run(
      {
        headers: { 'Content-Type': 'text/html; charset=ISO-8859-1' },
        body: Buffer.from('<body>é</body>', 'latin1'),
      },
      { config: pieces },
    )
    assert.deepEqual(
      [latin.text, latin.headers.get('content-type')],
      ['<body>é€</body>', 'text/html; charset=utf-8'],
    )
    const wide = await run(
      {
        headers: { 'Content-Type': 'text/html; charset=UTF-16LE' },
        body: Buffer.from('<body>é</body>', 'utf16le'),
      },
      { config: pieces },
    )
    assert.equal(wide.text, '<body>é€</body>')
    const same = await run({
      headers: { 'Content-Type': 'text/html; charset=latin1' },
      body: Buffer.from(`${page}é`, 'latin1'),
    })
    assert.equal(same.body.toString('latin1'), `${patched}é`)
  })

  it('ends an answer that is not what it says', async () => {
    const got = await run({ headers: { ...html, 'Content-Encoding': 'gzip' }, body: page })
    assert.match(got.cut?.message ?? '', /incorrect header/)
  })

  it('takes no pieces that are no texts', () =>
    assert.rejects(run({}, { config: { append_head: 'x' } }), /append_head/))
})
