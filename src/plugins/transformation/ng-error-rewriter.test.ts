import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BackendAnswer, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-error-rewriter.ts'

const failing: BackendAnswer = {
  status: 503,
  headers: [
    ['Content-Type', 'text/html'],
    ['Set-Cookie', 'a=b'],
    ['X-Keep', '1'],
    ['Server', 'secret/1.0'],
  ],
  body: ['<pre>stack ', 'trace</pre>'],
}
const run = (config: object, accept = 'text/html', backend = failing, url = '/', events: unknown[] = []) =>
  runPlugin(plugin, {
    config,
    request: { url, headers: { Accept: accept } },
    backend,
    services: { event: (type, fields) => events.push([type, fields()]) },
  })

describe('the error rewriter', () => {
  it('tells browsers an id, and the log the rest', async () => {
    const events: [string, Record<string, unknown>][] = []
    const got = await run(
      { preserved_headers: ['x-keep'], additional_headers: { 'X-More': '2' } },
      'text/html',
      failing,
      '/',
      events,
    )
    const id = got.headers.get('x-otoroshi-error-id')!
    assert.equal(got.status, 503)
    assert.match(id, /^[\da-f-]{36}$/)
    assert.ok(got.text.includes(id))
    assert.equal(got.length, got.body.length)
    assert.deepEqual([...got.headers].map(([name]) => name.toLowerCase()).sort(), [
      'content-type',
      'otoroshi-error-reason',
      'x-keep',
      'x-more',
      'x-otoroshi-error-id',
      'x-otoroshi-req-id',
    ])
    assert.match(got.log[0]!.message, new RegExp(`${id}.*503 to GET /: "<pre>stack trace</pre>"`))
    assert.deepEqual([events[0]![0], events[0]![1]['error_id']], ['ErrorRewriteReport', id])
    assert.equal((events[0]![1]['original_response'] as { body: string }).body, '<pre>stack trace</pre>')
  })

  it('leaves other statuses alone', async () => {
    assert.equal((await run({}, 'text/html', { status: 404, body: 'x' })).text, 'x')
    assert.notEqual(
      (await run({ ranges: [{ from: 400, to: 404 }] }, 'text/html', { status: 404, body: 'x' })).text,
      'x',
    )
  })

  it('chooses the template by what the client takes, then by status', async () => {
    const templates = {
      default: '<d>',
      '503': '<s>',
      'application/json': '{"e":"${error_id}","s":${status}}',
      '503-text/plain': 'plain ${status_text}',
      'default-text/csv': 'csv',
    }
    const text = async (accept: string, more = {}) => {
      const got = await run({ templates, ...more }, accept)
      return [got.text.replace(/[\da-f-]{36}/, 'id'), got.headers.get('content-type')]
    }
    assert.deepEqual(await text('text/html, text/plain'), [
      'plain Service Unavailable',
      'text/plain; charset=utf-8',
    ])
    assert.deepEqual(await text('text/html, application/json;q=0.5'), [
      '{"e":"id","s":503}',
      'application/json',
    ])
    assert.deepEqual(await text('text/csv'), ['csv', 'text/csv; charset=utf-8'])
    assert.deepEqual(await text('text/html'), ['<s>', 'text/html; charset=utf-8'])
    assert.deepEqual(await text('*/*', { use_otoroshi_error_template: false }), [
      '<s>',
      'text/html; charset=utf-8',
    ])
    const none = { templates: {}, use_otoroshi_error_template: false }
    assert.deepEqual(await text('*/*', none), ['error: id', 'text/plain; charset=utf-8'])
  })

  it('else answers as the gateway does, with the ids', async () => {
    const got = await run({}, 'application/json')
    assert.deepEqual([got.status, got.refusal?.reason], [503, 'error_rewritten'])
    assert.match(got.headers.get('x-otoroshi-error-id') ?? '', /^[\da-f-]{36}$/)
    assert.equal(got.headers.get('set-cookie'), undefined)
  })

  it('evaluates expressions, and makes what a client sent harmless', async () => {
    const templates = { default: '<p>${req.query.q}</p>', 'application/json': '{"q":"${req.query.q}"}' }
    const url = '/?q=%3Cb%3E%22'
    assert.equal((await run({ templates }, 'text/html', failing, url)).text, '<p>&#60;b&#62;&#34;</p>')
    assert.equal((await run({ templates }, 'application/json', failing, url)).text, '{"q":"<b>\\""}')
    assert.equal(
      (await run({ templates, apply_el: false }, 'text/html', failing, url)).text,
      '<p>${req.query.q}</p>',
    )
  })

  it('keeps as much of the original as it may', async () => {
    const got = await run({ max_body_size: 8 })
    assert.match(got.log[0]!.message, /"<pre>sta"$/)
    const silent = await run({ log: false, export: false })
    assert.deepEqual(silent.log, [])
    assert.match(silent.text, /An error occurred/)
  })

  it('does not start with ranges that are none', async () => {
    await assert.rejects(run({ ranges: [{ from: 500, to: 400 }] }), /ranges\.0/)
    await assert.rejects(run({ ranges: [{ from: 5, to: 400 }] }), /ranges/)
  })
})
