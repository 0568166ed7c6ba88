import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './request-body-echo-backend.ts'

describe('the body echo backend', () => {
  it('gives the body back under its type', async () => {
    const body = Buffer.from([0, 255, 10])
    for (const chunked of [true, false]) {
      const typed = await runPlugin(plugin, {
        request: { method: 'POST', body, chunked, headers: { 'Content-Type': 'image/png' } },
      })
      assert.deepEqual([typed.status, typed.headers.get('content-type')], [200, 'image/png'])
      assert.deepEqual(typed.body, body)
      assert.equal(typed.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(typed.backend, null)
    }
    const untyped = await runPlugin(plugin, { request: { method: 'POST', body } })
    assert.equal(untyped.headers.get('content-type'), 'application/octet-stream')
  })

  it('answers 204 without a body', async () => {
    for (const chunked of [true, false]) {
      const run = await runPlugin(plugin, { request: { method: 'POST', chunked } })
      assert.deepEqual([run.status, run.text, run.backend], [204, '', null])
    }
  })

  it('refuses a body above the limit', async () => {
    for (const chunked of [true, false]) {
      const run = await runPlugin(plugin, {
        config: { limit: 3 },
        request: { method: 'POST', body: ['ab', 'cd'], chunked },
      })
      assert.equal(run.status, 413)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'body_too_large')
      assert.equal(JSON.parse(run.text).error, 'request_body_too_large')
      assert.equal(JSON.parse(run.text).limit, 3)
    }
  })
})
