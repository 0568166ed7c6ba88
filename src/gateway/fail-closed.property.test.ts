/**
 * Law 1 as a property: whatever is wrong with a configuration, no request reaches the backend that the intact configuration
 * would have refused; corrected, it serves as before.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { faultsOf, requests, store, type StoredWorld, worlds } from './testing/configuration-faults.ts'
import { guards, misbehaving } from './testing/misbehaving-plugins.ts'
import { openRawBackend, plainAnswer, type RawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGateway } from './testing/test-gateway.ts'

const RUNS = 5000

let gateway: TestGateway
let backend: RawBackend

before(async () => {
  backend = await openRawBackend(socket => void socket.write(plainAnswer('secret')))
  gateway = await openTestGateway({
    plugins: [...guards, ...misbehaving],
    broken: { file: 'syntax error' },
    blacklisted: ['blacklisted'],
  })
})
after(async () => {
  await gateway.close()
  await backend.close()
})

/** Makes the gateway serve exactly this. */
async function serve({ route, backend: stored, globals }: StoredWorld): Promise<void> {
  const backendOf = (json: string) => ({ kind: 'Backend', id: 'stored', json })
  await gateway.apply({
    full: false,
    writes: [
      { kind: 'GlobalConfig', id: 'global', json: globals },
      ...(stored === null ? [] : [backendOf(stored)]),
      { kind: 'Route', id: 'guarded', json: route },
    ],
    removals: stored === null ? [{ kind: 'Backend', id: 'stored' }] : [],
  })
}

interface Sent {
  readonly reached: boolean
  readonly status: number
}

async function send(request: {
  method: string
  path: string
  headers: Record<string, string>
}): Promise<Sent> {
  const before = backend.requests.length
  const { method, path, headers } = request
  const { status } = await gateway.call(`http://api.test${path}`, { method, headers })
  return { reached: backend.requests.length > before, status }
}

describe('a configuration fault', () => {
  it('never lets a request pass that the intact configuration refuses, and goes with its correction', async () => {
    const seen = new Map<string, number>()
    let refused = 0
    const scenario = worlds(backend.port).chain(world =>
      fc.record({
        world: fc.constant(world),
        fault: faultsOf(world),
        asked: fc.array(requests, { minLength: 3, maxLength: 6 }),
      }),
    )
    const property = fc.asyncProperty(scenario, async ({ world, fault, asked }) => {
      seen.set(fault.name, (seen.get(fault.name) ?? 0) + 1)
      await serve(store(world))
      const intact: Sent[] = []
      for (const request of asked) intact.push(await send(request))
      await serve(fault.stored)
      for (const [i, request] of asked.entries()) {
        const now = await send(request)
        if (!intact[i]!.reached) refused++
        assert.ok(
          intact[i]!.reached || !now.reached,
          `${request.method} ${request.path} was refused with ${intact[i]!.status} and passes now with ${now.status}`,
        )
      }
      await serve(store(world))
      for (const [i, request] of asked.entries())
        assert.deepEqual(await send(request), intact[i], 'after the correction')
      assert.equal(gateway.inFlight, 0)
    })
    await fc.assert(property, { numRuns: RUNS })
    // The property says something only if every kind of fault came up and requests were refused.
    assert.equal(seen.size, 14, JSON.stringify([...seen]))
    assert.ok(refused > RUNS, `${refused} requests that the intact route refuses`)
  })
})
