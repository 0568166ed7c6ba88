import assert from 'node:assert/strict'
import { it } from 'node:test'
import zlib from 'node:zlib'
import { type RequestInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './json-schema-request-validator.ts'

const json = { 'Content-Type': 'application/json' }
const run = (body: string | Buffer, config = {}, more: RequestInput = {}) =>
  runPlugin(plugin, { config, request: { method: 'POST', headers: json, body, ...more } })

it('bodies that fit pass, byte for byte', async () => {
  const got = await run('{ "name" : 1.0 }')
  assert.deepEqual([got.status, got.backend?.body.toString()], [200, '{ "name" : 1.0 }'])
  const zipped = zlib.gzipSync('{"name":1}')
  const sent = await run(zipped, {}, { headers: { ...json, 'Content-Encoding': 'gzip' } })
  assert.deepEqual(sent.backend?.body, zipped)
})

it('others are refused with their faults', async () => {
  const got = await run('{}')
  assert.deepEqual(
    [got.status, got.headers.get('otoroshi-error-reason'), got.backend],
    [422, 'schema.request_invalid', null],
  )
  assert.deepEqual(JSON.parse(got.text), {
    error: 'request body does not match the json schema',
    validation_errors: ["$: must have required property 'name'"],
  })
  for (const body of [
    '{"name":1',
    '{"name":1,"name":2}',
    '{"name":1,"x":{"y":1,"y":2}}',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  ])
    assert.equal((await run(body)).status, 422, body.slice(0, 40))
  assert.equal(
    (await run(zlib.gzipSync('{}'), {}, { headers: { ...json, 'Content-Encoding': 'gzip' } })).status,
    422,
  )
})

it('only what says that it is JSON is looked at, unless there is nothing to check', async () => {
  assert.equal((await run('{}', {}, { headers: { 'Content-Type': 'text/plain' } })).status, 200)
  assert.equal((await run('{}', {}, { headers: { 'Content-Type': 'application/problem+JSON' } })).status, 422)
  assert.equal((await run('x', { schema: ' ' })).status, 200)
  const warned = await run('{}', { fail_on_validation_error: false })
  assert.equal(warned.status, 200)
  assert.match(warned.log[0]!.message, /required property/)
})

it('a schema that cannot be used is refused', async () => {
  await assert.rejects(run('', { schema: '{"type":"x"}' }), /schema cannot be used/)
  await assert.rejects(run('', { schema: {} }), /schema/)
})
