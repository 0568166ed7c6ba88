import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import zlib from 'node:zlib'
import { type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './jq.ts'

const json = { 'Content-Type': 'application/json' }
const run = (input: PluginRunInput) => runPlugin(plugin, input)

describe('jq in both directions', () => {
  it('transforms what goes to the backend and what comes back', async () => {
    const got = await run({
      config: { request: '{user: .name, via: $context.request.method}', response: '.items[0]' },
      request: { method: 'POST', headers: json, body: ['{"na', 'me":"é"}'], chunked: true },
      backend: { headers: { ...json, ETag: '"x"', 'Accept-Ranges': 'bytes' }, body: '{"items":[{"a":1},2]}' },
    })
    assert.equal(got.backend?.body.toString(), '{"user":"é","via":"POST"}')
    assert.equal(got.backend?.length, 26)
    assert.deepEqual([got.status, got.text, got.length], [200, '{"a":1}', 7])
    assert.deepEqual([got.headers.get('etag'), got.headers.get('accept-ranges')], ['W/"x"', undefined])
  })

  it('leaves a side alone whose filter is empty, and messages without a body', async () => {
    const got = await run({ request: {}, backend: { body: 'not json' } })
    assert.deepEqual([got.status, got.text, got.backend?.length], [200, 'not json', 0])
  })

  it('does not start with a filter that does not compile', async () => {
    await assert.rejects(
      run({ config: { request: '.a |' } }),
      /^Error: request: the jq filter cannot be used: syntax error/,
    )
    await assert.rejects(
      run({ config: { response: 'nope(1)' } }),
      /^Error: response: .*nope\/1 is not defined/,
    )
    await assert.rejects(run({ config: { request: 1 } }), /request/)
  })

  it('answers what failed, and keeps what an answer held to itself', async () => {
    const request = { method: 'POST', headers: json, body: '{"a":"secret"}' }
    const failed = await run({ config: { request: '.a.b' }, request })
    assert.equal(failed.status, 500)
    assert.equal(failed.headers.get('otoroshi-error-reason'), 'transform.failed')
    assert.deepEqual(JSON.parse(failed.text), {
      error: 'error while transforming request body',
      details: ['Cannot index string with string "b"'],
    })
    assert.equal(failed.backend, null)
    const answered = await run({ config: { response: '.a.b' }, backend: { body: '{"a":"secret"}' } })
    assert.equal(answered.status, 500)
    assert.doesNotMatch(answered.text, /secret|string/)
    assert.match(answered.log[0]!.message, /Cannot index string/)
  })

  it('tells a body that is no JSON from a filter that fails', async () => {
    const bad = await run({ request: { method: 'POST', headers: json, body: 'nope' } })
    assert.deepEqual(
      [bad.status, bad.headers.get('otoroshi-error-reason')],
      [400, 'transform.bad_request_body'],
    )
    const answer = await run({ config: { response: '.' }, backend: { body: '{"a":1} x' } })
    assert.deepEqual(
      [answer.status, answer.headers.get('otoroshi-error-reason')],
      [502, 'transform.bad_response_body'],
    )
  })

  it('reads compressed bodies and gives answers back as they were', async () => {
    const got = await run({
      config: { request: '.a', response: '.b' },
      request: {
        method: 'POST',
        headers: {
          ...json,
          'Content-Encoding': 'zstd',
          'Accept-Encoding': 'gzip, lzma, br;q=0.5',
          Range: 'bytes=0-1',
        },
        body: zlib.zstdCompressSync('{"a":[1]}'),
      },
      backend: { headers: { 'Content-Encoding': 'br' }, body: zlib.brotliCompressSync('{"b":"x"}') },
    })
    assert.equal(got.backend?.body.toString(), '[1]')
    assert.equal(got.backend?.headers.get('content-encoding'), undefined)
    assert.equal(got.backend?.headers.get('accept-encoding'), 'gzip, br;q=0.5')
    assert.equal(got.backend?.headers.get('range'), undefined)
    assert.equal(got.headers.get('content-encoding'), 'br')
    assert.equal(zlib.brotliDecompressSync(got.body).toString(), '"x"')
  })

  it('reads and decodes no more than it may', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(2_000_000, 32))
    const headers = { 'Content-Encoding': 'gzip' }
    const config = { request: '.', response: '.', max_body_size: 1000 * 1000 }
    const request = await run({ config, request: { method: 'POST', headers, body: bomb } })
    assert.deepEqual([request.status, request.refusal?.reason], [413, 'body_too_large'])
    const answer = await run({ config, backend: { headers, body: bomb } })
    assert.deepEqual([answer.status, answer.refusal?.reason], [502, 'transform.response_too_large'])
    const plain = await run({
      config,
      request: { method: 'POST', body: Buffer.alloc(2_000_000), chunked: true },
    })
    assert.deepEqual([plain.status, plain.refusal?.reason], [413, 'body_too_large'])
  })

  it('passes by nothing it cannot read', async () => {
    const request = await run({
      request: { method: 'POST', headers: { 'Content-Encoding': 'lzma' }, body: '{}' },
    })
    assert.deepEqual([request.status, request.refusal?.reason], [415, 'transform.unknown_coding'])
    const config = { response: '.' }
    for (const backend of [
      { headers: { 'Content-Encoding': 'lzma' }, body: '{}' },
      { headers: { 'Content-Encoding': 'gzip' }, body: '{}' },
      { status: 206, headers: { 'Content-Range': 'bytes 0-1/9' }, body: '{}' },
      { headers: { 'Content-Type': 'application/json; charset=nope' }, body: '{}' },
    ]) {
      const answer = await run({ config, backend })
      assert.deepEqual([answer.status, answer.refusal?.reason], [502, 'transform.bad_response_body'])
    }
  })

  it('tells no length on HEAD, and leaves answers without a body alone', async () => {
    const config = { response: '.' }
    const head = await run({
      config,
      request: { method: 'HEAD' },
      backend: { headers: json, body: '{"a":1}' },
    })
    assert.equal(head.length, -1)
    const empty = await run({ config, backend: { status: 204 } })
    assert.deepEqual([empty.status, empty.length], [204, 0])
  })
})
