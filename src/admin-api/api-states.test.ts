import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { api, apiStates } from '../model/kinds/api.ts'
import { TestServer } from './testing/server.ts'

type Json = Record<string, unknown>

const path = '/apis/apis.otoroshi.io/v1/apis'
let server: TestServer

before(async () => {
  server = await TestServer.start()
})
after(() => server.stop())

/** An API in a state, as a deployment would leave it. */
async function inState(id: string, state: string): Promise<Json> {
  const entity = { ...(JSON.parse(JSON.stringify(api.template(id))) as Json), state }
  await server.control.change({ definition: api, id, transition: () => ({ action: 'write', entity }) })
  return entity
}

test('a new API is staging', async () => {
  for (const state of apiStates) {
    const { status, json } = await server.call('POST', path, { ...api.template(`new-${state}`), state })
    if (state === 'staging') assert.equal(status, 201)
    else
      assert.deepEqual(
        [status, json.error, json.state, json.reason],
        [400, 'cannot_create_in_state', state, 'admin.change_refused'],
      )
  }
})

test('from each state to each other', async () => {
  const allowed = ['staging staging', 'published published', 'published deprecated', 'published removed']
  allowed.push('deprecated published', 'deprecated deprecated', 'deprecated removed', 'removed staging')
  allowed.push('removed removed')
  for (const from of apiStates)
    for (const to of apiStates) {
      const id = `${from}-${to}`
      await inState(id, from)
      const { status, json } = await server.call('PATCH', `${path}/${id}`, { state: to })
      if (allowed.includes(`${from} ${to}`)) assert.deepEqual([status, json.state], [200, to], id)
      else
        assert.deepEqual(
          [status, json.error, json.from, json.to],
          [400, 'invalid_state_transition', from, to],
          id,
        )
    }
})

test('what is published keeps what callers see, however it is written', async () => {
  const entity = await inState('live', 'published')
  const changes = { domain: 'other.oto.tools', contextPath: '/v2', routes: [], backends: [], flows: [] }
  const put = await server.call('PUT', `${path}/live`, { ...entity, ...changes })
  // Its routes were none before.
  assert.deepEqual(
    [put.status, put.json.error, put.json.fields],
    [400, 'production_readonly', ['domain', 'contextPath', 'backends', 'flows']],
  )
  const line = JSON.stringify({ id: 'live', patch: { documentation: null } })
  const bulk = await server.call('PATCH', `${path}/_bulk`, line, { 'Content-Type': 'application/x-ndjson' })
  assert.equal((JSON.parse(bulk.text) as Json)['status'], 400)
  const upsert = await server.call('POST', `${path}/live`, { ...entity, testing: { enabled: false } })
  assert.equal(upsert.status, 400)
  const plans = [{ id: 'p', name: 'P', status: 'staging' }]
  const free = await server.call('PATCH', `${path}/live`, { plans, name: 'New name', enabled: false })
  assert.deepEqual([free.status, free.json.plans, free.json.name], [200, plans, 'New name'])
  const same = await server.call('PUT', `${path}/live`, free.json)
  assert.equal(same.status, 200, same.text)
})

test('while it is staging, everything may change', async () => {
  await inState('draft', 'staging')
  const { status, json } = await server.call('PATCH', `${path}/draft`, { domain: 'x.oto.tools', flows: [] })
  assert.deepEqual([status, json.domain, json.flows], [200, 'x.oto.tools', []])
})
