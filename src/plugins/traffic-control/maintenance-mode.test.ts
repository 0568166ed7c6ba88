import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './maintenance-mode.ts'

describe('maintenance mode', () => {
  it('answers everything with the maintenance page, on the route of the admin API too', async () => {
    for (const route of [{}, { id: 'admin-api-service' }])
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const run = await runPlugin(plugin, { route, request: { method, body: method } })
        assert.equal(run.backend, null)
        assert.equal(run.status, 503)
        assert.equal(run.headers.get('otoroshi-error-reason'), 'maintenance')
        assert.equal(run.headers.get('otoroshi-error-msg'), 'Service in maintenance mode')
        assert.equal(run.refusal?.cause, 'errors.service.in.maintenance')
      }
  })

  it('shows browsers a page', async () => {
    const run = await runPlugin(plugin, { request: { headers: { Accept: 'text/html' } } })
    assert.match(run.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(run.text, /Service in maintenance mode/)
  })
})
