import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import zlib from 'node:zlib'
import type { PluginDefinition } from '../../plugin/index.ts'
import { type BackendAnswer, runPlugin, setUp } from '../../plugin/testing.ts'
import brotli from './brotli-response-compressor.ts'
import gzip from './gzip-response-compressor.ts'
import zstd from './zstd-response-compressor.ts'

const text = 'the same again and again. '.repeat(500)
const answer: BackendAnswer = { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: text }
const kinds = [
  ['gzip', gzip, zlib.gunzipSync],
  ['br', brotli, zlib.brotliDecompressSync],
  ['zstd', zstd, zlib.zstdDecompressSync],
] as const
type AnyPlugin = PluginDefinition<unknown>

const run = (
  plugin: unknown,
  backend: BackendAnswer,
  accept: string | null,
  config = {},
  method = 'GET',
  url = '/',
) =>
  runPlugin(plugin as AnyPlugin, {
    config,
    request: { method, url, headers: accept === null ? {} : { 'Accept-Encoding': accept } },
    backend,
  })

for (const [coding, plugin, decode] of kinds)
  describe(`answers in ${coding}`, () => {
    it('are those the client takes, whole or in pieces', async () => {
      const whole = await run(plugin, answer, coding)
      assert.deepEqual(
        [whole.headers.get('content-encoding'), whole.headers.get('vary')],
        [coding, 'Accept-Encoding'],
      )
      assert.equal(whole.length, whole.body.length)
      assert.ok(whole.length < 500)
      assert.equal(decode(whole.body).toString(), text)
      const pieces = text.match(/.{1,100}/g)!
      const streamed = await run(plugin, { ...answer, body: pieces, chunked: true }, coding)
      assert.deepEqual([streamed.length, decode(streamed.body).toString()], [-1, text])
      const long = await run(plugin, answer, coding, { chunked_threshold: 100 })
      assert.deepEqual([long.length, decode(long.body).toString()], [-1, text])
    })

    it('are not for clients that do not take it, which caches learn', async () => {
      for (const accept of [null, '', 'identity', `${coding};q=0`, 'other']) {
        const got = await run(plugin, answer, accept)
        assert.deepEqual([got.text, got.headers.get('content-encoding')], [text, undefined], String(accept))
        assert.equal(got.headers.get('vary'), 'Accept-Encoding')
      }
    })

    it('are weak copies', async () => {
      const headers = { ...answer.headers, ETag: '"x"', 'Accept-Ranges': 'bytes', Vary: 'Origin' }
      const got = await run(plugin, { ...answer, headers }, coding)
      assert.deepEqual(
        ['etag', 'accept-ranges', 'vary'].map(name => got.headers.get(name)),
        ['W/"x"', undefined, 'Origin, Accept-Encoding'],
      )
    })
  })

describe('a compressor', () => {
  it('leaves alone what must stay as it is', async () => {
    const type = { 'Content-Type': 'text/plain' }
    for (const backend of [
      { ...answer, headers: { ...type, 'Content-Encoding': 'br' } },
      { ...answer, headers: { ...type, 'Cache-Control': 'public, no-transform' } },
      { ...answer, status: 206 },
      { ...answer, headers: { ...type, 'Content-Range': 'bytes 0-1/2' } },
      { ...answer, headers: { 'Content-Type': 'image/png' } },
      { ...answer, headers: {} },
      { status: 204, headers: type },
      { status: 304, headers: type },
    ]) {
      const got = await run(gzip, backend, 'gzip')
      const before = (backend.headers as Record<string, string>)['Content-Encoding']
      assert.equal(got.headers.get('content-encoding'), before, JSON.stringify(backend.headers))
      assert.equal(got.headers.get('vary'), undefined)
    }
  })

  it('sends no bytes more than there were', async () => {
    const got = await run(gzip, { ...answer, body: 'hi' }, 'gzip')
    assert.deepEqual(
      [got.text, got.headers.get('content-encoding'), got.headers.get('vary')],
      ['hi', undefined, 'Accept-Encoding'],
    )
  })

  it('goes by its lists and patterns', async () => {
    const coding = async (config: object, type: string, url = '/') =>
      (
        await run(gzip, { ...answer, headers: { 'Content-Type': type } }, 'gzip', config, 'GET', url)
      ).headers.get('content-encoding')
    assert.equal(await coding({ allowed_list: ['image/svg*'] }, 'image/SVG+xml'), 'gzip')
    assert.equal(await coding({ allowed_list: ['image/*'] }, 'text/plain'), undefined)
    assert.equal(await coding({ allowed_list: [], blocked_list: ['image/*'] }, 'image/png'), undefined)
    assert.equal(await coding({ allowed_list: [], blocked_list: ['image/*'] }, 'font/otf'), 'gzip')
    assert.equal(await coding({ excluded_patterns: ['/login.*'] }, 'text/plain', '/login?x'), undefined)
    assert.equal(await coding({ excluded_patterns: ['/login.*'] }, 'text/plain', '/x/login'), 'gzip')
  })

  it('tells no length on HEAD', async () => {
    const got = await run(gzip, answer, 'gzip', {}, 'HEAD')
    assert.deepEqual([got.length, got.headers.get('content-encoding')], [-1, undefined])
  })

  it('does not start with settings that are none', () => {
    for (const config of [
      { compression_level: 10 },
      { compression_level: 'x' },
      { excluded_patterns: ['('] },
      { allowed_list: 'text/*' },
    ])
      assert.throws(() => setUp(gzip, config), JSON.stringify(config))
    assert.throws(() => setUp(zstd, { compression_level: 0 }))
    assert.throws(() => setUp(brotli, { compression_level: 12 }))
  })
})

describe('several compressors', () => {
  const chain = (config: unknown = {}): AnyPlugin => ({
    ...(gzip as AnyPlugin),
    setup() {
      const all = [gzip, brotli, zstd].map(plugin => setUp(plugin as AnyPlugin, config))
      return {
        response: exchange => all.forEach(one => void one.response!(exchange)),
        lateResponse: async exchange => {
          for (const one of all) await one.lateResponse!(exchange)
        },
      }
    },
  })

  it('send what the client likes best, once', async () => {
    for (const [accept, wanted] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip, zstd', 'zstd'],
      ['gzip', 'gzip'],
      ['br;q=0.1, gzip;q=0.9', 'gzip'],
      ['*', 'br'],
      ['br;q=0, *;q=0.5', 'zstd'],
    ] as const) {
      const got = await run(chain(), answer, accept)
      assert.equal(got.headers.get('content-encoding'), wanted, accept)
      const decode = kinds.find(([coding]) => coding === wanted)![2]
      assert.equal(decode(got.body).toString(), text)
    }
  })
})
