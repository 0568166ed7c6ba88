/** A change touches what it changes: which routes are made anew, and which are left as they are. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { answer } from '../../plugin/answer.ts'
import { definePlugin, type PluginDefinition, type PluginInstance } from '../../plugin/contract.ts'
import type { EntityFault, EntityRemoval } from '../../revision/delta.ts'
import { schema } from '../../schema/index.ts'
import {
  openTestGateway,
  type TestGateway,
  type TestGatewayOptions,
  testRoute,
} from '../testing/test-gateway.ts'

const open: TestGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

async function gatewayWith(options: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await openTestGateway(options)
  open.push(gateway)
  return gateway
}

function plugin(id: string, setup: () => PluginInstance): PluginDefinition<never> {
  const config = schema.looseObject({})
  return definePlugin({
    id,
    name: id,
    description: '',
    family: 'test',
    steps: ['CallBackend'],
    config,
    setup,
  }) as PluginDefinition<never>
}

/** A plugin that answers how often it was set up. */
function counting(id: string): PluginDefinition<never> {
  let setups = 0
  return plugin(id, () => {
    const text = String(++setups)
    return { backend: () => answer(200, [], text) }
  })
}

const slots = (...ids: readonly string[]) => ({ plugins: ids.map(id => ({ plugin: id })) })
const route = (id: string, more: Record<string, unknown>) =>
  ['Route', testRoute(id, `${id}.test`, 9, more)] as const

async function body(gateway: TestGateway, id: string): Promise<string> {
  const { status, body } = await gateway.call(`http://${id}.test/`)
  return status === 200 ? body : `${status} ${body}`
}

describe('a change of the global configuration', () => {
  it('makes routes anew only when they are made from it', async () => {
    const gateway = await gatewayWith({ plugins: [counting('count')] })
    await gateway.write(route('r', slots('count')), ['GlobalConfig', {}])
    assert.equal(await body(gateway, 'r'), '1')
    await gateway.write(['GlobalConfig', { metadata: { changed: 'yes' }, maxConcurrentRequests: 17 }])
    assert.equal(await body(gateway, 'r'), '1')
    await gateway.write(['GlobalConfig', { trustXForwarded: false }])
    assert.equal(await body(gateway, 'r'), '2')
    await gateway.write(['GlobalConfig', { trustXForwarded: false, useCircuitBreakers: false }])
    assert.equal(await body(gateway, 'r'), '3')
    await gateway.write(['GlobalConfig', { trustXForwarded: false, useCircuitBreakers: false, metadata: {} }])
    assert.equal(await body(gateway, 'r'), '3')
  })

  it('leaves global plugins as they are unless it changes them', async () => {
    let setups = 0
    let disposed = 0
    const validator = plugin('validator', () => {
      setups++
      return { incoming: () => undefined, dispose: () => void disposed++ }
    })
    const gateway = await gatewayWith({ plugins: [validator, counting('count')] })
    const config = { incoming_request_validators: [{ plugin: 'validator' }] }
    await gateway.write(route('r', slots('count')), ['GlobalConfig', { plugins: { config } }])
    await gateway.write(['GlobalConfig', { plugins: { config }, metadata: { a: 'b' } }])
    assert.equal(await body(gateway, 'r'), '1')
    assert.deepEqual([setups, disposed], [1, 0])
    await gateway.write(['GlobalConfig', {}])
    assert.deepEqual([setups, disposed], [1, 1])
  })
})

describe('a change of a certificate', () => {
  const certificate = (id: string, chain: string) =>
    ['Certificate', { id, name: id, domain: id, description: id, chain, privateKey: '' }] as const
  const using = (name: string) => ({
    ...slots('count'),
    backend: {
      targets: [
        { hostname: '127.0.0.1', port: 9, tls: true, tls_config: { enabled: true, trusted_certs: [name] } },
      ],
    },
  })

  it('makes the routes anew that use it, and no others', async () => {
    const gateway = await gatewayWith({ plugins: [counting('count')] })
    // One counter for all routes: the order of the first calls is the order of the numbers.
    await gateway.write(route('with', using('mine')), route('without', slots('count')))
    assert.deepEqual([await body(gateway, 'with'), await body(gateway, 'without')], ['1', '2'])
    await gateway.write(certificate('other', 'a'))
    assert.deepEqual([await body(gateway, 'with'), await body(gateway, 'without')], ['1', '2'])
    // Missing so far: the route has asked for it all the same.
    await gateway.write(certificate('mine', 'a'))
    assert.deepEqual([await body(gateway, 'with'), await body(gateway, 'without')], ['3', '2'])
    await gateway.write(certificate('mine', 'b'))
    assert.deepEqual([await body(gateway, 'with'), await body(gateway, 'without')], ['4', '2'])
    await gateway.remove('Certificate', 'mine')
    assert.deepEqual([await body(gateway, 'with'), await body(gateway, 'without')], ['5', '2'])
  })
})

describe('a change of plugins', () => {
  /** A plugin of which there are versions, and one that changes it while the route is being made. */
  async function changing(): Promise<{
    gateway: TestGateway
    arm: () => void
    changed: () => Promise<void>
  }> {
    let version = 1
    let armed = false
    let done = Promise.resolve()
    const versioned = plugin('versioned', () => {
      const text = `version ${version}`
      return { backend: () => answer(200, [], text) }
    })
    const trigger = plugin('trigger', () => {
      if (armed) {
        armed = false
        version++
        done = gateway.gateway.revision.pluginsChanged(new Set(['versioned']))
      }
      return {}
    })
    const gateway = await gatewayWith({ plugins: [versioned, trigger] })
    return { gateway, arm: () => (armed = true), changed: () => done }
  }

  it('that comes while a revision is prepared is not lost', async () => {
    const { gateway, arm, changed } = await changing()
    arm()
    await gateway.write(route('r', slots('versioned', 'trigger')))
    await changed()
    assert.equal(await body(gateway, 'r'), 'version 2')
  })

  it('that comes while a route is made for its first request is not lost', async () => {
    const { gateway, arm, changed } = await changing()
    await gateway.write(route('r', slots('versioned', 'trigger')))
    assert.equal(await body(gateway, 'r'), 'version 1')
    await gateway.write(['GlobalConfig', { trustXForwarded: false }])
    arm()
    await body(gateway, 'r')
    await changed()
    assert.equal(await body(gateway, 'r'), 'version 2')
  })

  it('leaves routes without them as they are', async () => {
    const gateway = await gatewayWith({ plugins: [counting('count'), counting('other')] })
    await gateway.write(route('r', slots('count')))
    await gateway.gateway.revision.pluginsChanged(new Set(['other']))
    assert.equal(await body(gateway, 'r'), '1')
    await gateway.gateway.revision.pluginsChanged(new Set(['count']))
    assert.equal(await body(gateway, 'r'), '2')
  })

  it('makes global plugins anew, too, and tells how they fare', async () => {
    const broken: Record<string, string> = { validator: 'syntax error' }
    const validator = plugin('validator', () => ({ incoming: () => answer(200, [], 'validated') }))
    const gateway = await gatewayWith({ plugins: [validator, counting('count')], broken })
    const told: [readonly EntityFault[], readonly EntityRemoval[]][] = []
    gateway.gateway.revision.inspect((_revision, faults, inspected) => told.push([faults, inspected]))
    const config = { incoming_request_validators: [{ plugin: 'validator' }] }
    await gateway.write(route('r', slots('count')), ['GlobalConfig', { plugins: { config } }])
    assert.match(await body(gateway, 'r'), /^503 /)
    delete broken['validator']
    await gateway.gateway.revision.pluginsChanged(new Set(['validator']))
    assert.equal(await body(gateway, 'r'), 'validated')
    broken['validator'] = 'syntax error'
    await gateway.gateway.revision.pluginsChanged(new Set(['validator']))
    assert.match(await body(gateway, 'r'), /^503 /)
    const global = told.filter(([, inspected]) => inspected.some(({ kind }) => kind === 'GlobalConfig'))
    assert.deepEqual(
      global.map(([faults]) => faults.map(({ reason }) => reason)),
      [[], ['plugin.setup_failed']],
    )
  })
})

describe('a revision with many routes', () => {
  it('is prepared in small steps: requests get their turn in between', async () => {
    const slow = plugin('slow', () => {
      const until = performance.now() + 1
      while (performance.now() < until);
      return { backend: () => answer(200, [], 'slow') }
    })
    const gateway = await gatewayWith({ plugins: [slow, counting('count')] })
    await gateway.write(route('r', slots('count')))
    const many = Array.from({ length: 150 }, (_, i) => route(`many-${i}`, slots('slow')))
    let applied = false
    const writing = gateway.write(...many).then(() => (applied = true))
    let served = 0
    while (!applied) {
      assert.equal(await body(gateway, 'r'), '1')
      served++
    }
    await writing
    assert.ok(served > 5, `${served} requests were served meanwhile`)
  })
})
