import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './static-response.ts'

describe('a static response', () => {
  it('is an empty 200 unless told otherwise', async () => {
    const run = await runPlugin(plugin)
    assert.deepEqual([run.status, run.text, [...run.headers], run.backend], [200, '', [], null])
  })

  it('has the configured status, fields and body', async () => {
    const run = await runPlugin(plugin, {
      config: { status: 201, headers: { 'Content-Type': 'application/json', ' X-A ': 'b' }, body: '{"é":1}' },
    })
    assert.equal(run.status, 201)
    assert.equal(run.text, '{"é":1}')
    assert.equal(run.length, 8)
    assert.deepEqual(
      [...run.headers],
      [
        ['Content-Type', 'application/json'],
        ['X-A', 'b'],
      ],
    )
  })

  it('decodes Base64', async () => {
    const run = await runPlugin(plugin, { config: { body: 'Base64(AAH/)', apply_el: true } })
    assert.deepEqual([...run.body], [0, 1, 255])
    await assert.rejects(runPlugin(plugin, { config: { body: 'Base64(!!)' } }), /not Base64/)
  })

  it('evaluates expressions only when asked to', async () => {
    const config = { body: 'at ${req.path}', headers: { 'X-Method': '${req.method}' } }
    const plain = await runPlugin(plugin, { config, request: { url: '/a' } })
    assert.deepEqual([plain.text, plain.headers.get('x-method')], ['at ${req.path}', '${req.method}'])
    const made = await runPlugin(plugin, { config: { ...config, apply_el: true }, request: { url: '/a' } })
    assert.deepEqual([made.text, made.headers.get('x-method')], ['at /a', 'GET'])
  })

  it('gives what a client put into it back as text, not as a page', async () => {
    const request = { url: `/?q=${encodeURIComponent('<script>alert(1)</script>')}` }
    const run = await runPlugin(plugin, { config: { body: '${req.query.q}', apply_el: true }, request })
    assert.equal(run.text, '<script>alert(1)</script>')
    assert.equal(run.headers.get('content-type'), 'text/plain; charset=utf-8')
    const headers = { 'content-type': 'application/json' }
    const typed = await runPlugin(plugin, {
      config: { body: '${req.query.q}', apply_el: true, headers },
      request,
    })
    assert.deepEqual(typed.headers.getAll('content-type'), ['application/json'])
  })

  it('lets nobody inject a field', async () => {
    const run = await runPlugin(plugin, {
      config: { headers: { 'X-Q': '${req.query.q}' }, apply_el: true },
      request: { url: '/?q=a%0D%0ASet-Cookie:%20b' },
    })
    assert.equal(run.headers.get('x-q'), 'a Set-Cookie: b')
    assert.equal(run.headers.has('set-cookie'), false)
  })

  it('carries a reason when it is an error', async () => {
    for (const [status, reason] of [
      [399, undefined],
      [400, 'configured_answer'],
      [503, 'configured_answer'],
    ] as const)
      assert.equal(
        (await runPlugin(plugin, { config: { status } })).headers.get('otoroshi-error-reason'),
        reason,
      )
  })

  it('closes the route with a status that is no final one or a name that is no token', async () => {
    for (const config of [{ status: 100 }, { status: 600 }, { status: 200.5 }, { headers: { 'a b': '' } }])
      await assert.rejects(runPlugin(plugin, { config }))
  })
})
