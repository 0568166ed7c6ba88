import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './regex-request-body-rewriter.ts'

const run = (config: object, body: string | Buffer, type = 'text/html') =>
  runPlugin(plugin, { config, request: { method: 'POST', headers: { 'Content-Type': type }, body } })

it('rewrites listed types only', async () => {
  const config = { content_types: ['JSON'], rules: [{ pattern: '"(\\w+)":', replacement: '"x_$1":' }] }
  assert.equal((await run(config, '{"a":1}', 'application/json')).backend?.body.toString(), '{"x_a":1}')
  assert.equal((await run(config, '{"a":1}')).backend?.body.toString(), '{"a":1}')
  assert.equal((await run({}, '<a href="/x">')).backend?.body.toString(), '<a href="/x">')
})

it('reads the charset, and sends UTF-8 when it changed something', async () => {
  const config = { rules: [{ pattern: 'é', replacement: '€' }], charset_fallback: 'ISO-8859-1' }
  const { backend } = await run(config, Buffer.from('é', 'latin1'))
  assert.equal(backend?.body.toString(), '€')
  assert.equal(backend?.headers.get('content-type'), 'text/html; charset=utf-8')
  const untouched = await run(config, Buffer.from('ü', 'latin1'))
  assert.deepEqual([...untouched.backend!.body], [0xfc])
})

it('does not start with rules that cannot be used', async () => {
  for (const rule of [
    { pattern: '(?=a)' },
    { pattern: 'a', replacement: '$1' },
    { pattern: 'a', flags: 'x' },
    { pattern: '(' },
  ])
    await assert.rejects(run({ rules: [{ pattern: 'ok' }, rule] }, ''), /rules\.1: /, JSON.stringify(rule))
  await assert.rejects(run({ rules: [{ pattern: '' }] }, ''), /rules/)
  await assert.rejects(run({ charset_fallback: 'nope', auto_href_prefix: '/x' }, ''), /charset_fallback/)
})

it('reads no more than it may', async () => {
  const got = await run({ rules: [{ pattern: 'a' }], max_body_size: 4 }, 'aaaaa')
  assert.deepEqual([got.status, got.refusal?.reason], [413, 'body_too_large'])
})
