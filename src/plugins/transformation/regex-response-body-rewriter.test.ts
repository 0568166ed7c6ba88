import assert from 'node:assert/strict'
import { it } from 'node:test'
import zlib from 'node:zlib'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './regex-response-body-rewriter.ts'

const config = {
  rules: [{ pattern: 'https?://old\\.example', replacement: 'https://new.example' }],
  auto_href_prefix: '/app',
}

it('rewrites answers and their links, compressed ones, too', async () => {
  const page = '<a href="http://old.example/">x</a><a href="/y">'
  const wanted = '<a href="https://new.example/">x</a><a href="/app/y">'
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-MD5': 'x' }
  const got = await runPlugin(plugin, { config, backend: { headers, body: page } })
  assert.deepEqual([got.text, got.length, got.headers.get('content-md5')], [wanted, wanted.length, undefined])
  const zipped = await runPlugin(plugin, {
    config,
    backend: { headers: { ...headers, 'Content-Encoding': 'gzip' }, body: zlib.gzipSync(page) },
  })
  assert.equal(zlib.gunzipSync(zipped.body).toString(), wanted)
})

it('leaves other types as they are, parts of them included', async () => {
  const headers = { 'Content-Type': 'video/mp4', 'Content-Range': 'bytes 0-1/2' }
  const got = await runPlugin(plugin, {
    config,
    request: { headers: { Range: 'bytes=0-1' } },
    backend: { status: 206, headers, body: 'x' },
  })
  assert.deepEqual([got.status, got.text, got.backend?.headers.get('range')], [206, 'x', 'bytes=0-1'])
})

it('refuses what is too long or a part', async () => {
  const headers = { 'Content-Type': 'text/html' }
  const long = await runPlugin(plugin, {
    config: { ...config, max_body_size: 3 },
    backend: { headers, body: 'aaaa', chunked: true },
  })
  assert.deepEqual([long.status, long.refusal?.reason], [502, 'transform.response_too_large'])
  const part = await runPlugin(plugin, { config, backend: { status: 206, headers, body: 'aaaa' } })
  assert.equal(part.refusal?.reason, 'transform.bad_response_body')
})
