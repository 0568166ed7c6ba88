import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fakeBoard, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-discovery-self-registration-transformer.ts'

const board = fakeBoard()
const ask = (method: string, url: string, body = '', id = 'r') =>
  runPlugin(plugin, {
    route: { id },
    services: { board },
    request: { method, url, ...(body !== '' && { body }) },
  })

it('registers targets for the route alone, renews them and ends them', async () => {
  const made = JSON.parse(
    (await ask('POST', '/discovery/_register', '{"host":"a:1","serviceId":"other"}')).text,
  )
  assert.equal(made.serviceId, 'r')
  const [[key]] = board.list('') as [[string, string]]
  assert.equal(key, `service-discovery:registrations:r:${made.registrationId}`)
  assert.deepEqual(JSON.parse((await ask('POST', `/discovery/${made.registrationId}/_heartbeat`)).text), {
    done: true,
  })
  // Of another route it ends nothing.
  await ask('DELETE', `/discovery/${made.registrationId}/_unregister`, '', 'other')
  assert.equal(board.list('').length, 1)
  await ask('DELETE', `/discovery/${made.registrationId}/_unregister`)
  assert.equal(board.list('').length, 0)
})

it('leaves other requests alone, and refuses what is no target', async () => {
  for (const [method, path] of [
    ['GET', '/discovery/_register'],
    ['POST', '/discovery/x/_heartbeat'],
    ['POST', '/other'],
  ] as const)
    assert.notEqual((await ask(method, path)).backend, null, path)
  for (const body of ['[]', 'x', '{}', '{"host":5}', '{"host":"${req.headers.x}:80"}']) {
    const { status, headers } = await ask('POST', '/discovery/_register', body)
    assert.deepEqual([status, headers.get('otoroshi-error-reason')], [400, 'discovery.bad_request'], body)
  }
  assert.equal((await ask('POST', '/discovery/_register', 'x'.repeat(20_000))).status, 413)
})
