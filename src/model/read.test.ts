import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkJson } from './check-json.ts'
import type { EntityDefinition } from './entity.ts'
import { apikey } from './kinds/apikey.ts'
import { backend } from './kinds/backend.ts'
import { certificate } from './kinds/certificate.ts'
import { dataExporter } from './kinds/data-exporter.ts'
import { globalConfig } from './kinds/global-config.ts'
import { serviceDescriptor } from './kinds/service-descriptor.ts'
import { route } from './kinds/route.ts'
import { routeComposition } from './kinds/route-composition.ts'
import { team } from './kinds/team.ts'
import { idOf, readEntity, readEntityText } from './read.ts'
import { definitions } from './registry.ts'

const small = { id: 'r', name: 'n', backend: {} }

function read<T>(definition: EntityDefinition<T>, input: unknown): T {
  const parsed = readEntity(definition, input)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}

function faultsOf(definition: EntityDefinition, input: unknown): string[] {
  const parsed = readEntity(definition, input)
  assert.ok(!parsed.ok, 'was accepted')
  return parsed.faults.map(({ path, message }) => `${path}: ${message}`)
}

test('unknown fields survive, wherever they are', () => {
  const target = { hostname: 'h', port: 1, hint: { deep: [null, 1, 'x'] } }
  const plugins = [{ plugin: 'cp:x', config: { any: { thing: true } }, note: 1 }]
  const value = read(route, { ...small, newer: [1], backend: { targets: [target], other: {} }, plugins })
  assert.deepEqual(value['newer'], [1])
  assert.deepEqual(value.backend['other'], {})
  assert.deepEqual(value.backend.targets[0]?.['hint'], { deep: [null, 1, 'x'] })
  assert.deepEqual(value.plugins[0]?.config, { any: { thing: true } })
  assert.equal(value.plugins[0]?.['note'], 1)
})

test('reading does not change what it was given', () => {
  const freeze = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
    return value
  }
  const input = { ...small, frontend: { domain: 'a.b' }, backend: { url: 'http://h/x' } }
  read(route, freeze(input))
  for (const definition of definitions)
    readEntity(definition, freeze(structuredClone(definition.template('an-id'))))
})

test('the shortcuts upstream reads', () => {
  const targets = (given: object) => read(backend, { ...small, backend: given }).backend
  const byUrl = targets({ url: 'https://api.example.com/v1' })
  assert.equal(byUrl.root, '/v1')
  assert.equal(byUrl.targets[0]?.id, 'https://api.example.com:443')
  assert.equal(byUrl.targets[0]?.tls, true)
  assert.equal(targets({ target_url: 'http://h:81' }).targets[0]?.port, 81)
  assert.equal(targets({ target: 'http://h', root: '/own' }).root, '/own')
  assert.equal(targets({ target: { hostname: 'h', port: 8 } }).targets[0]?.id, 'http://h:8')
  const full = targets({ targets: [{ hostname: 'h', port: 8, ip_address: '10.0.0.1', tls: true }] })
  assert.equal(full.targets[0]?.id, 'https://h@10.0.0.1:8')
  const old = targets({
    targets: [{ hostname: 'h', port: 8, protocol: 'http/2.0', tls_config: { certId: 'c' } }],
  })
  assert.equal(old.targets[0]?.protocol, 'HTTP/2.0')
  assert.deepEqual(old.targets[0]?.tls_config.certs, ['c'])
  assert.equal(
    targets({ targets: [{ hostname: 'h', port: 8, protocol: 'SPDY' }] }).targets[0]?.protocol,
    'HTTP/1.1',
  )
  assert.deepEqual(read(route, { ...small, frontend: { domain: 'a.b' } }).frontend.domains, ['a.b'])
  assert.deepEqual(read(route, { id: 'r', name: 'n', backend_ref: 'b' }).backend.targets, [])
  assert.equal(read(route, small).backend.health_check?.enabled, false)
  assert.equal(read(route, { ...small, backend: { health_check: null } }).backend.health_check, null)
  const items = [{ frontend: { domain: 'a' }, backend: { url: 'http://h/x' } }]
  const composition = read(routeComposition, { id: 'c', name: 'n', routes: items })
  assert.deepEqual(composition.routes[0]?.frontend.domains, ['a'])
  assert.equal(composition.routes[0]?.backend.root, '/x')
})

test('what is missing or wrong is named by path', () => {
  assert.deepEqual(
    faultsOf(route, { ...small, name: undefined, enabled: 'yes', backend: { targets: [{ hostname: 'h' }] } }),
    [
      'name: Invalid type: Expected string but received undefined',
      'enabled: Invalid type: Expected boolean but received "yes"',
      'backend.targets.0.port: Invalid key: Expected "port" but received undefined',
    ],
  )
  for (const input of [null, [], 'text', 1, true, undefined])
    assert.deepEqual(faultsOf(route, input), [': Expected an object for Route'])
  assert.match(faultsOf(route, { id: 'r', name: 'n' })[0]!, /^backend: /)
  assert.match(faultsOf(backend, { ...small, backend: { url: 'ftp://h' } })[0]!, /^backend.targets.0: /)
  assert.match(faultsOf(apikey, { clientId: 'c', clientName: 'n', clientSecret: ' ' })[0]!, /^clientSecret: /)
  assert.match(faultsOf(dataExporter, { id: 'e', name: 'n', type: 'fax', config: {} })[0]!, /^type: /)
  assert.match(
    faultsOf(globalConfig, { tlsSettings: { clientAuth: 'Maybe' } })[0]!,
    /^tlsSettings.clientAuth: /,
  )
})

test('identifiers are usable in keys, host names in headers', () => {
  for (const id of ['', 'a\nb', 'a\u0000', '\u007f', 'x'.repeat(1025), 5, null])
    assert.match(faultsOf(route, { ...small, id })[0]!, /^id: /)
  for (const id of ['a:b', 'a/b', 'é 漢', '%2e%2e', '*', "'; --"])
    assert.equal(read(route, { ...small, id }).id, id)
  assert.match(faultsOf(team, { id: 't', name: 'n', tenant: 'a:b' })[0]!, /^tenant: /)
  const target = { hostname: 'h\r\nX-Injected: 1', port: 80 }
  assert.match(
    faultsOf(backend, { ...small, backend: { targets: [target] } })[0]!,
    /^backend.targets.0.hostname: /,
  )
})

test('keys that reach prototypes are refused', () => {
  for (const text of [
    '{"id":"r","name":"n","backend":{},"__proto__":{"enabled":true}}',
    '{"id":"r","name":"n","backend":{},"metadata":{"__proto__":"x"}}',
    '{"id":"r","name":"n","backend":{},"plugins":[{"plugin":"p","config":{"a":{"__proto__":{}}}}]}',
    '{"id":"r","name":"n","backend":{},"unknown":{"constructor":{"prototype":{}}}}',
    '{"id":"r","name":"n","backend":{},"constructor":"lost by the schema"}',
  ]) {
    const parsed = readEntityText(route, text)
    assert.ok(!parsed.ok, text)
    assert.match(parsed.faults[0]!.message, /^The key (__proto__|constructor) is not accepted/)
  }
  assert.equal(({} as { enabled?: boolean }).enabled, undefined)
})

test('hostile sizes are refused at little cost', () => {
  const took = (work: () => void) => {
    const start = process.cpuUsage()
    work()
    return process.cpuUsage(start).user / 1000
  }
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const parsed = readEntityText(route, `{"id":"r","name":"n","backend":{},"x":${deep}}`)
  assert.ok(!parsed.ok)
  assert.equal(parsed.faults[0]?.message, 'The value is nested too deeply')
  assert.ok((parsed.faults[0]?.path.length ?? 0) < 400)

  const many = { ...small, metadata: Object.fromEntries(Array.from({ length: 600_000 }, (_, i) => [i, ''])) }
  assert.deepEqual(faultsOf(route, many), [': Too many values'])

  const wrong = { ...small, groups: Array.from({ length: 400_000 }, () => 1) }
  const cost = took(() => assert.equal(faultsOf(route, wrong).length, 1))
  assert.ok(cost < 1000, `${cost} ms`)

  const faults = faultsOf(route, { ...small, groups: Array.from({ length: 4000 }, () => 1) })
  assert.equal(faults.length, 50)
  const long = faultsOf(dataExporter, { id: 'e', name: 'n', type: 'x'.repeat(1 << 20), config: {} })
  assert.ok(long.join().length < 500)
})

test('numbers that cannot be written back are refused', () => {
  assert.equal(checkJson({ a: { b: [JSON.parse('1e999')] } })?.path, 'a.b.0')
  assert.deepEqual(faultsOf(apikey, { ...apikey.template(''), dailyQuota: Number.POSITIVE_INFINITY }), [
    'dailyQuota: The number is too great',
  ])
})

test('text that is not JSON is told without quoting it', () => {
  const parsed = readEntityText(apikey, '{"clientSecret":"very secret" oops}')
  assert.ok(!parsed.ok)
  assert.doesNotMatch(JSON.stringify(parsed.faults), /secret|oops/)
  assert.match(parsed.faults[0]!.message, /^Not JSON at position \d+/)
  assert.equal(readEntityText(apikey, '').ok, false)
})

test('the id of an entity', () => {
  assert.equal(idOf(apikey, { clientId: 'c', id: 'x' }), 'c')
  assert.equal(idOf(globalConfig, {}), 'global')
  for (const entity of [null, [], {}, { id: '' }, { id: 1 }]) assert.equal(idOf(route, entity), null)
})

test('the type of a certificate follows its flags', () => {
  const value = read(certificate, { id: 'c', domain: 'd', chain: '', selfSigned: true })
  assert.equal(value.certType, 'selfSigned')
  assert.equal(read(certificate, { ...value, ca: true }).certType, 'ca')
  assert.equal(read(certificate, { ...value, ca: true, client: true }).certType, 'client')
  assert.equal(value.name, 'd')
})

test('defaults are not shared between entities', () => {
  const one = read(route, small)
  one.tags.push('x')
  one.frontend.domains.push('x')
  one.backend.client.custom_timeouts.push({ ...one.backend.client.custom_timeouts[0]! })
  Object.assign(one.metadata, { a: 'b' })
  assert.deepEqual(read(route, small), read(route, { ...small, tags: null }))
  assert.deepEqual(read(route, small).tags, [])
  const exporter = dataExporter.template('e', { type: 'webhook' })
  Object.assign(exporter.config['mtlsConfig'] as object, { trustAll: true })
  assert.notDeepEqual(exporter, dataExporter.template('e', { type: 'webhook' }))
})

// What a client may send: the template with some fields taken away, made null or replaced by anything.
function variations(definition: EntityDefinition) {
  const template = JSON.parse(JSON.stringify(definition.template('an-id'))) as Record<string, unknown>
  const keys = Object.keys(template)
  return fc
    .record({
      replaced: fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
      nulled: fc.subarray(keys, { maxLength: 5 }),
      absent: fc.subarray(keys, { maxLength: 5 }),
      unknown: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
    })
    .map(({ replaced, nulled, absent, unknown }) => {
      const input: Record<string, unknown> = { ...template, ...unknown, ...replaced }
      for (const key of nulled) input[key] = null
      for (const key of absent) delete input[key]
      return JSON.stringify(input)
    })
}

for (const definition of definitions)
  test(`${definition.kind}: reading, writing and reading again is reading once`, () => {
    let accepted = 0
    fc.assert(
      fc.property(variations(definition), text => {
        const first = readEntityText(definition, text)
        if (!first.ok) {
          assert.ok(first.faults.length > 0 && first.faults.length <= 50)
          return
        }
        accepted++
        const written = JSON.stringify(first.value)
        const second = readEntityText(definition, written)
        assert.ok(second.ok, JSON.stringify(second))
        assert.equal(JSON.stringify(second.value), written)
        // Nothing that was given is lost.
        const input = JSON.parse(text) as Record<string, unknown>
        for (const key of Object.keys(input)) assert.ok(Object.hasOwn(first.value as object, key), key)
      }),
      { numRuns: 150 },
    )
    assert.ok(accepted > 0, 'the property never looked at an entity')
  })

test('targets of old service descriptors keep schemes that name the client of their calls', () => {
  const target = (scheme: string) => ({
    id: 's',
    name: 's',
    domain: 'a.test',
    subdomain: 's',
    targets: [{ host: 'a.test', scheme }],
  })
  const parsed = readEntity(serviceDescriptor, target('ahttps'))
  assert.ok(parsed.ok && parsed.value.targets[0]?.scheme === 'ahttps')
  for (const wrong of ['', '://', 'a b', 'http\r\n'])
    assert.ok(!readEntity(serviceDescriptor, target(wrong)).ok, wrong)
})
