/** The laws of exports and imports, and an export of the original. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { EntityDefinition } from '../../model/entity.ts'
import { route } from '../../model/kinds/route.ts'
import { readEntity } from '../../model/read.ts'
import { storedDefinitions } from '../../model/registry.ts'
import type { ControlPlane } from '../control-plane.ts'
import { diffJson } from '../../admin-api/json-diff.ts'
import { applyPatch } from '../../admin-api/json-patch.ts'
import type { IndexedEntity } from '../indexed-entity.ts'
import type { ReplacementOutcome } from '../replacement.ts'
import { RecordingAudience } from '../testing/audience.ts'
import { NotAnExport } from './item-splitter.ts'
import { extensionSections, sections } from './sections.ts'
import {
  apply,
  distance,
  emptyControl,
  exported,
  exportedLines,
  type Json,
  read,
  replacementOf,
  upstreamExport,
} from './testing/exports.ts'

const scope = fc.constantFrom('default', 'acme')
const id = fc.constantFrom('a', 'b', 'c:d', 'é/😀')
// A member called `__proto__` is refused, wherever it stands.
const json = (maxDepth: number) =>
  fc.jsonValue({ maxDepth }).filter(value => !JSON.stringify(value).includes('__proto__'))
// Values in every place a client may add something to.
const extra = fc.dictionary(fc.constantFrom('x-note', 'vendor', 'zz'), json(2), { noNullPrototype: true })

/** A small valid entity of a kind; its keys in any order. */
function entityOf(definition: EntityDefinition): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({ id, scope, extra, label: fc.constantFrom('one', 'two'), seed: fc.nat(), whole: fc.boolean() })
    .map(({ id, scope, extra, label, seed, whole }) => {
      const template = definition.template(id) as Record<string, unknown>
      const entity: Record<string, unknown> = { ...template, ...extra, metadata: { label } }
      if (definition.singleton === undefined) entity[definition.idField] = id
      if (definition.scopeField !== undefined) entity[definition.scopeField] = scope
      if ('expiredAt' in entity) entity['expiredAt'] = Date.now() + 3_600_000
      const keys = Object.keys(entity).filter(
        key => whole || key === definition.idField || key in extra || needed(definition, entity, key),
      )
      const turned = keys.map((_, i) => keys[(i + seed) % keys.length]!)
      return Object.fromEntries(turned.map(key => [key, entity[key]]))
    })
}

const required = new Map<EntityDefinition, Set<string>>()

/** True for a field without which the kind is not valid. */
function needed(definition: EntityDefinition, entity: Record<string, unknown>, key: string): boolean {
  let keys = required.get(definition)
  if (keys === undefined) {
    keys = new Set(
      Object.keys(entity).filter(name => {
        const { [name]: _, ...rest } = entity
        return !readEntity(definition, rest).ok
      }),
    )
    required.set(definition, keys)
  }
  return keys.has(key) || key === definition.scopeField || key === 'expiredAt'
}

const unique = (definition: EntityDefinition) => (entity: Record<string, unknown>) =>
  `${entity[definition.scopeField ?? definition.idField]} ${entity[definition.idField]}`

const lists = (definition: EntityDefinition) =>
  fc.uniqueArray(entityOf(definition), { maxLength: 2, selector: unique(definition) })

/** An export of any content. */
const anyExport: fc.Arbitrary<Json> = fc
  .record({
    top: fc.record(
      Object.fromEntries(
        sections.map(({ name, definition }) => [
          name,
          definition.singleton === undefined ? lists(definition) : entityOf(definition),
        ]),
      ),
      { requiredKeys: ['config'] },
    ),
    inner: fc.record(
      Object.fromEntries(extensionSections.map(({ name, definition }) => [name, lists(definition)])),
      { requiredKeys: [] },
    ),
    foreign: fc.array(json(1), { maxLength: 2 }),
    stats: fc.constantFrom(undefined, { calls: 1, dataIn: 2, dataOut: 3 }),
  })
  .map(({ top, inner, foreign, stats }) => {
    const extensions: Json = foreign.length === 0 ? {} : { 'acme.Ledger': { ledgers: foreign } }
    for (const { name, extension } of extensionSections)
      if (name in inner) extensions[extension] = { ...extensions[extension], [name]: inner[name] }
    return { ...top, extensions, ...(stats !== undefined && { stats }) }
  })
  .map(value => JSON.parse(JSON.stringify(value)))

/** What became of which entity. */
function namesIn({ created, updated, removed }: ReplacementOutcome): Record<string, string[]> {
  const names = (entities: readonly IndexedEntity[]) => entities.map(({ key }) => key).sort()
  return {
    created: names(created),
    updated: names(updated.map(({ after }) => after)),
    removed: names(removed),
  }
}

function scopeOf({ definition, json }: IndexedEntity): string | undefined {
  return definition.scopeField === undefined ? undefined : JSON.parse(json)[definition.scopeField]
}

async function using<T>(work: (control: ControlPlane) => Promise<T>): Promise<T> {
  const control = await emptyControl()
  try {
    return await work(control)
  } finally {
    await control.close()
  }
}

describe('the laws of import and export', () => {
  it('applied twice is applied once: nothing is left to do, no revision is made', async () => {
    await fc.assert(
      fc.asyncProperty(anyExport, anyExport, (before, content) =>
        using(async control => {
          await apply(control, before)
          await apply(control, content)
          assert.equal(await distance(control, content), 0)
          const { revision } = control
          const { created, updated, removed } = await apply(control, content)
          assert.deepEqual([created.length, updated.length, removed.length], [0, 0, 0])
          assert.equal(control.revision, revision)
        }),
      ),
      { numRuns: 60 },
    )
  })

  it('the difference told before is the one that is made', async () => {
    await fc.assert(
      fc.asyncProperty(anyExport, anyExport, (before, content) =>
        using(async control => {
          await apply(control, before)
          const replacement = await replacementOf(control, await read(content))
          const told = control.previewReplacement(replacement)
          const distance = told.created.length + told.updated.length + told.removed.length
          const same = JSON.stringify(stable(await exported(control, 0)))
          const made = await apply(control, content)
          assert.deepEqual(namesIn(made), namesIn(told))
          for (const { before: old, after } of told.updated) {
            const patch = diffJson(old.view(), after.view())
            assert.notEqual(patch.length, 0)
            assert.deepEqual(
              applyPatch(old.view(), patch),
              control.get(after.definition, after.id, scopeOf(after))!.view(),
            )
          }
          // What came cannot be told from what was there exactly when nothing was announced.
          const nothing = distance + replacement.changes.length === 0
          assert.equal(nothing, same === JSON.stringify(stable(await exported(control, 0))))
        }),
      ),
      { numRuns: 60 },
    )
  })

  for (const form of ['JSON', 'lines'] as const)
    it(`exported as ${form} and imported elsewhere it is the same export`, async () => {
      await fc.assert(
        fc.asyncProperty(anyExport, content =>
          using(async control => {
            await apply(control, content)
            const first = await exported(control, 1)
            await using(async other => {
              await apply(other, form === 'JSON' ? first : await exportedLines(control))
              assert.deepEqual(await exported(other, 1), first)
              assert.equal(await distance(other, first), 0)
            })
          }),
        ),
        { numRuns: 60 },
      )
    })
})

describe('an export of the original', () => {
  it('imports, and exports again to the same content', () =>
    using(async control => {
      const original = upstreamExport()
      const { created } = await apply(control, original)
      assert.equal(created.length, 64)
      const { label, dateRaw, date, ...ours } = await exported(control)
      assert.equal(label, original.label)
      assert.ok(Math.abs(dateRaw - Date.now()) < 10_000 && Date.parse(date) === dateRaw)
      const faults: string[] = []
      missing(original, { ...ours, label, dateRaw: original.dateRaw, date: original.date }, '', faults)
      assert.deepEqual(faults, [])
      // Additions: kinds upstream leaves out, empty.
      const more = Object.keys(ours).filter(name => !(name in original))
      assert.deepEqual(
        more.map(name => [name, ours[name]]),
        [
          'adminSessions',
          'authModuleUsers',
          'apis',
          'apisubscriptions',
          'routeTemplates',
          'userDashboards',
          'userAlerts',
        ].map(name => [name, []]),
      )
      for (const [name, list] of Object.entries(original))
        if (Array.isArray(list)) assert.equal(ours[name].length, list.length, name)
    }))

  it('in old spellings imports too, and exports in the new ones', () =>
    using(async control => {
      await apply(control, oldSpellings())
      const { routes, apiKeys, authConfigs, certificates, teams, dataExporters } = await exported(control)
      assert.deepEqual(routes[0].frontend.domains, ['old.oto.tools'])
      const [target] = routes[0].backend.targets
      assert.deepEqual([target.hostname, target.port, target.tls], ['old.acme.test', 8443, true])
      assert.equal(routes[0].backend.root, '/base')
      assert.equal(routes[0].plugins[0].plugin, 'cp:otoroshi.next.plugins.OverrideHost')
      assert.deepEqual([apiKeys[0].authorizedGroup, apiKeys[0].enabled], ['default', true])
      assert.deepEqual(authConfigs[0].serverUrls, ['ldap://ldap.acme.test'])
      assert.equal('serverUrl' in authConfigs[0], false)
      assert.equal(certificates[0].name, 'old.oto.tools')
      assert.equal(teams[0].tenant, 'default')
      assert.equal(dataExporters[0].enabled, true)
      assert.equal(await distance(control, oldSpellings()), 0)
    }))

  it('holds every kind', () => {
    const kinds = [...sections, ...extensionSections].map(({ definition }) => definition)
    assert.deepEqual(new Set(kinds), new Set(storedDefinitions))
    assert.equal(kinds.length, storedDefinitions.length)
    assert.equal(new Set(sections.map(({ name }) => name)).size, sections.length)
    const upstream = upstreamExport()
    const known = new Set(sections.map(({ name }) => name))
    for (const name of Object.keys(upstream))
      assert.ok(known.has(name) || ['label', 'dateRaw', 'date', 'stats', 'extensions'].includes(name), name)
  })
})

describe('an import', () => {
  it('is one revision that names what changed and nothing else', () =>
    using(async control => {
      await apply(control, upstreamExport())
      const audience = new RecordingAudience()
      control.connect(audience)
      const { revision } = control
      const next = upstreamExport()
      next.routes[0].name = 'renamed'
      next.routes.push({ ...next.routes[0], id: 'second' })
      next.backends = []
      await apply(control, next)
      assert.equal(control.revision, revision + 1)
      const [delta, ...others] = audience.deltas
      assert.deepEqual(others, [])
      assert.deepEqual(delta!.writes.map(({ kind, id }) => `${kind}/${id}`).sort(), [
        'Route/second',
        'Route/shop',
      ])
      assert.deepEqual(delta!.removals, [{ kind: 'Backend', id: 'backend_shop' }])
    }))

  it('gives back the route of the admin API that was set aside, until somebody writes the one that stayed', () =>
    using(async control => {
      const id = 'admin-api-service'
      await apply(control, upstreamExport())
      const [imported] = upstreamExport().routes.filter((one: Json) => one.id === id)
      const setAside = async () => {
        const incoming = await read({ ...upstreamExport(), routes: [{ ...imported, name: 'theirs' }] })
        incoming.keepAdminRoute({
          imported: JSON.parse(incoming.find(route, id)!),
          beside: control.get(route, id)!.json,
        })
        incoming.withdraw(route, id)
        return { ...(await replacementOf(control, incoming)), stays: () => true }
      }
      await control.replaceAll(await setAside())
      const nameIn = async () => (await exported(control)).routes.find((one: Json) => one.id === id).name
      assert.equal(await nameIn(), 'theirs')
      assert.deepEqual((await setAside()).changes, [])
      const raw = await exportedLines(control)
      await using(async other => {
        await apply(other, raw)
        assert.equal((await exported(other)).routes.find((one: Json) => one.id === id).name, 'theirs')
      })
      const transition = () => ({ action: 'write', entity: { ...imported, name: 'ours' } }) as const
      await control.change({ definition: route, id, transition })
      assert.equal(await nameIn(), 'ours')
    }))

  it('forgets what an earlier one left to be kept', () =>
    using(async control => {
      await apply(control, upstreamExport())
      const { extensions: _, stats: __, ...plain } = upstreamExport()
      assert.notEqual(await distance(control, { ...plain, extensions: upstreamExport().extensions }), 0)
      await apply(control, plain)
      const { extensions, stats } = await exported(control)
      assert.equal('acme.extensions.Ledger' in extensions, false)
      assert.deepEqual(stats, { calls: 0, dataIn: 0, dataOut: 0 })
    }))

  it('names every fault by place, kind and id', async () => {
    const content = upstreamExport()
    content.routes[0].frontend = 'nowhere'
    delete content.apiKeys[1].clientId
    content.extensions['otoroshi.extensions.Workflows'].workflows.push('text')
    content.route = [{}]
    content.tenants = { acme: {} }
    const { invalid, invalidCount } = await read(content)
    assert.equal(invalidCount, invalid.length)
    assert.deepEqual(
      invalid.map(({ where, kind, id }) => [where, kind, id]),
      [
        ['apiKeys.1', 'Apikey', null],
        ['tenants', null, null],
        ['routes.0', 'Route', 'shop'],
        ['extensions.otoroshi.extensions.Workflows.workflows.1', 'Workflow', null],
        ['route', null, null],
      ].sort(byPlaceIn(content)),
    )
    assert.match(invalid.find(({ where }) => where === 'route')!.faults[0]!.message, /Unknown section/)
    assert.match(invalid.find(({ where }) => where === 'routes.0')!.faults[0]!.path, /^frontend/)
  })

  it('refuses what is no export, and quotes nothing of it', async () => {
    for (const content of [{}, { routes: [] }, { config: [] }, { config: null }])
      await assert.rejects(read(content), NotAnExport, JSON.stringify(content))
    await assert.rejects(read('{"k":"otoroshi:routes:a","v":"{}","t":-1,"w":"string"}'), /config:global/)
    await assert.rejects(read('{"k":"secret\n'), error => {
      assert.ok(error instanceof NotAnExport)
      return !error.message.includes('secret') && error.message.includes('line 1')
    })
  })

  it('takes the last of several with one id, and says so', async () => {
    const content = upstreamExport()
    content.teams.push({ ...content.teams[2], name: 'Sales again' }, { ...content.teams[0] })
    const { warnings, entities } = await read(content)
    assert.deepEqual(warnings, ['teams.3: Team sales is there more than once; the last one counts'])
    assert.match(entities.get('otoroshi:teams:acme:sales')!.json, /Sales again/)
  })

  it('leaves out sessions that have ended', async () => {
    const content = upstreamExport()
    const session = (randomId: string, expiredAt: number) => ({ randomId, name: 'n', email: 'e', expiredAt })
    content.adminSessions = [session('gone', Date.now() - 1), session('there', Date.now() + 60_000)]
    const { entities, leftOut } = await read(content)
    assert.deepEqual([...leftOut], [['expired', 1]])
    assert.equal(entities.has('otoroshi:users:backoffice:gone'), false)
    const there = entities.get('otoroshi:users:backoffice:there')!
    assert.ok(there.expiresAt > Date.now())
    await using(async control => {
      await apply(control, content)
      const [expiry] = await control.stored.store.expiries!([there.key])
      assert.equal(expiry, there.expiresAt)
    })
  })
})

describe('raw lines', () => {
  const config = '{"k":"otoroshi:config:global","v":"{}","t":-1,"w":"string"}\n'
  const line = (k: string, v: unknown, t = -1, w = 'string') => `${JSON.stringify({ k, v, t, w })}\n`

  it('bring entities, other texts and counters; lists, sets and hashes are counted', () =>
    using(async control => {
      const now = Date.now()
      const text = [
        config,
        line('otoroshi:sgroup:a', JSON.stringify({ id: 'a', name: 'A' })),
        line('otoroshi:teams:t', JSON.stringify({ id: 't', name: 'T', tenant: 'acme' })),
        line('otoroshi:quotas:day', 12, now + 60_000, 'counter'),
        line('otoroshi:note', 'text', 5_000),
        line('otoroshi:old', 'text', now - 1),
        line('otoroshi:list', ['a'], -1, 'list'),
        line('otoroshi:hash', { a: 'b' }, -1, 'hash'),
        '\n',
      ].join('')
      const incoming = await read(text)
      assert.deepEqual(incoming.invalid, [])
      assert.deepEqual(Object.fromEntries(incoming.leftOut), { expired: 1, list: 1, hash: 1 })
      await apply(control, text)
      const { store } = control.stored
      assert.equal(await store.get('otoroshi:quotas:day'), '12')
      assert.equal(await store.get('otoroshi:old'), null)
      // Upstream's generic API writes teams without their organization.
      assert.notEqual(await store.get('otoroshi:teams:acme:t'), null)
      const [day, note] = await store.expiries!(['otoroshi:quotas:day', 'otoroshi:note'])
      assert.equal(day, now + 60_000)
      // Small numbers are a time to live: that is how upstream reads them.
      assert.ok(note! > now + 4_000 && note! < now + 15_000)
      const again = (await exportedLines(control))
        .split('\n')
        .filter(Boolean)
        .map(l => JSON.parse(l))
      const found = again.find(({ k }) => k === 'otoroshi:quotas:day')
      assert.deepEqual(found, { k: 'otoroshi:quotas:day', v: '12', t: now + 60_000, w: 'string' })
      assert.ok(again.every(({ k, t }) => k.includes('quotas') || k.includes('note') || t === -1))
    }))

  it('outside of the root, of another entity or of an unknown type are faults', async () => {
    const { invalid } = await read(
      [
        config,
        line('other:sgroup:a', '{}'),
        line('otoroshi:sgroup:a', JSON.stringify({ id: 'b', name: 'B' })),
        line('otoroshi:sgroup:c', 'no json'),
        line('otoroshi:x', { a: 1 }),
        line('otoroshi:y', 'v', -1, 'stream'),
      ].join(''),
    )
    assert.deepEqual(
      invalid.map(({ where }) => where),
      ['line 2', 'line 3', 'line 4', 'line 5', 'line 6'],
    )
  })
})

function oldSpellings(): Json {
  return {
    config: {},
    routes: [
      {
        id: 'old',
        name: 'old',
        frontend: { domain: 'old.oto.tools' },
        backend: { target_url: 'https://old.acme.test:8443/base' },
        plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost' }],
      },
    ],
    apiKeys: [{ clientId: 'old', clientSecret: 's', clientName: 'old', authorizedGroup: 'default' }],
    authConfigs: [
      {
        type: 'ldap',
        id: 'ldap',
        name: 'ldap',
        serverUrl: 'ldap://ldap.acme.test',
        searchBase: 'dc=acme',
        searchFilter: '(uid=${username})',
        nameField: 'cn',
        emailField: 'mail',
      },
    ],
    certificates: [{ id: 'cert', domain: 'old.oto.tools', chain: '', privateKey: '' }],
    teams: [{ id: 'sales', name: 'Sales' }],
    dataExporters: [{ type: 'console', id: 'console', name: 'console', enabled: true, config: {} }],
    scripts: null,
    drafts: undefined,
  }
}

/** Faults wherever `ours` lacks something of `theirs`; lists of entities are compared by their content, not their order. */
function missing(theirs: Json, ours: Json, path: string, faults: string[]): void {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    if (/^\.[a-zA-Z]+$/.test(path)) {
      for (const one of theirs) {
        const match = ours.find((other: Json) => idsOf(other) === idsOf(one))
        missing(one, match, `${path}(${idsOf(one)})`, faults)
      }
    } else if (theirs.length !== ours.length) faults.push(`${path}: ${theirs.length} and ${ours.length}`)
    else for (const [i, one] of theirs.entries()) missing(one, ours[i], `${path}.${i}`, faults)
  } else if (typeof theirs === 'object' && theirs !== null) {
    if (typeof ours !== 'object' || ours === null) faults.push(`${path}: missing`)
    else
      for (const [key, value] of Object.entries(theirs))
        if (!(Array.isArray(value) && value.length === 0 && path.startsWith('.extensions.')))
          missing(value, ours[key], `${path}.${key}`, faults)
  } else if (theirs !== ours) faults.push(`${path}: ${JSON.stringify(theirs)} and ${JSON.stringify(ours)}`)
}

function idsOf(entity: Json): string {
  return [entity.tenant, entity.id ?? entity.clientId ?? entity.username ?? entity.serviceId].join('/')
}

/** The export with its keys in one order, so that two can be compared as text. */
function stable(value: Json): Json {
  if (Array.isArray(value)) return value.map(stable)
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map(key => [key, stable(value[key])]))
}

function byPlaceIn(content: Json): (a: readonly unknown[], b: readonly unknown[]) => number {
  const names = Object.keys(content)
  const place = (where: unknown) => names.indexOf(String(where).split('.')[0]!)
  return ([a], [b]) => place(a) - place(b)
}
