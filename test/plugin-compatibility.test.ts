/**
 * Every plugin of Otoroshi against this gateway: those that are built take Otoroshi's configurations, the others close their
 * routes and say which plugin is missing. Everything comes in one export, as Otoroshi writes it.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notOfRoutes } from '../scripts/catalogue/families.ts'
import type { PluginDefinition } from '../src/plugin/index.ts'
import { upstreamPlugins } from '../scripts/catalogue/examples.ts'
import { allBuiltIn } from '../src/plugins/index.ts'
import { ownPlugins } from '../src/plugins/testing/differences.ts'
import { describeFaults, parse } from '../src/schema/index.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { imports, type Json, original } from './support/exports.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import {
  type DescribedPlugin,
  described,
  everyField,
  publishedDefaults,
  put,
  wrongFor,
} from './support/upstream/configurations.ts'
import { legacySpellings } from './support/upstream/samples.ts'
import { until } from './support/wait.ts'

/** Configurations of the reference that close their route on purpose, and what the status of the route says. */
const closedOnPurpose: Readonly<Record<string, RegExp>> = {
  'IzanamiV2Proxy: defaults': /url: expected an http or https URL/,
  'NgExternalValidator: defaults': /url is missing/,
  'S3Backend: defaults': /bucket: expected the name of a bucket/,
}

/** Settings that may hold anything. */
const anything: ReadonlySet<string> = new Set(['GraphQLBackend initial_data', 'MockResponses form_data'])

const shortName = (id: string): string => id.slice(id.lastIndexOf('.') + 1)
const builtIn = new Map((await allBuiltIn()).map(plugin => [plugin.id, plugin]))
const built = described.filter(({ id }) => builtIn.has(id))
const later = described.filter(({ id }) => !builtIn.has(id))
const skip = described.length === 0 ? 'the reference is not there' : false

/** A slot of a route of the export. */
interface Case {
  readonly route: string
  readonly plugin: string
  readonly config: Record<string, unknown>
  readonly kind: 'defaults' | 'every field' | 'older spellings'
}

const cases: Case[] = described.flatMap((plugin, at) => {
  const { id } = plugin
  const made: Case[] = [{ route: `d${at}`, plugin: id, config: publishedDefaults(plugin), kind: 'defaults' }]
  if (!builtIn.has(id)) return made
  made.push({ route: `f${at}`, plugin: id, config: everyField(plugin), kind: 'every field' })
  const older = legacySpellings[id]
  if (older !== undefined) made.push({ route: `o${at}`, plugin: id, config: older, kind: 'older spellings' })
  return made
})

/** Behind all others, and closed. */
const last = { route: 'zz', plugin: 'cp:nobody.knows.Me', config: {} }

describe('the plugins of Otoroshi', { skip }, () => {
  it('are each built, or listed as coming later, or none of a route', () => {
    const listed = [...upstreamPlugins()].flatMap(([family, ids]) => ids.map(id => `${family} ${id}`))
    assert.deepEqual(listed.sort(), described.map(({ family, id }) => `${family} ${id}`).sort())
    const unknown = [...builtIn.keys()].filter(id => !described.some(one => one.id === id))
    assert.deepEqual(unknown.sort(), [...ownPlugins].sort())
    const aside = later.filter(({ family }) => family === notOfRoutes).length
    const counts = [built.length, later.length - aside, aside, described.length]
    console.log(
      `built ${counts[0]}, later ${counts[1]}, no plugins of routes ${counts[2]}, total ${counts[3]}`,
    )
    assert.equal(counts[0]! + counts[1]! + counts[2]!, counts[3])
  })

  it('refuse settings of another type, and name them', () => {
    const accepted: string[] = []
    for (const plugin of built)
      for (const { name, type } of plugin.config_fields)
        if (!anything.has(`${shortName(plugin.id)} ${name}`))
          accepted.push(...notNamed(builtIn.get(plugin.id)!, name, wrongFor(type)))
    for (const [id, spellings] of Object.entries(legacySpellings))
      for (const [name, value] of Object.entries(spellings)) {
        const wrong = wrongFor(Array.isArray(value) ? 'string[]' : typeof value)
        if (builtIn.has(id)) accepted.push(...notNamed(builtIn.get(id)!, name, wrong))
      }
    assert.deepEqual(accepted, [])
  })
})

/** A sentence when a wrong setting is accepted, or refused without its name. */
function notNamed({ id, config }: PluginDefinition, name: string, wrong: unknown): string[] {
  const parsed = parse(config, put({}, name, wrong))
  if (parsed.ok) return [`${id} takes ${name}: ${JSON.stringify(wrong)}`]
  const named = parsed.faults.some(({ path }) => path === name || path.startsWith(`${name}.`))
  return named ? [] : [`${id}: ${name} is not named in: ${describeFaults(parsed.faults)}`]
}

describe('an export of Otoroshi with all of them', { skip }, () => {
  let gateway: TestGateway
  let backend: Backend
  let report: Json
  before(async () => {
    backend = await startBackend((_, response) => void response.end('served'))
    gateway = await startGateway({ threads: 1 })
    const content = original()
    const shop = content.routes.find(({ id }: Json) => id === 'shop')
    shop.backend.targets = [
      { ...shop.backend.targets[0], hostname: '127.0.0.1', port: backend.port, tls: false },
    ]
    for (const { route, plugin, config } of [...cases, last])
      content.routes.push({
        ...shop,
        id: route,
        name: route,
        frontend: { ...shop.frontend, domains: [`${route}.test`] },
        plugins: [
          { enabled: true, debug: false, plugin, include: [], exclude: [], config, bound_listeners: [] },
        ],
      })
    const imported = await imports(gateway, content)
    assert.equal(imported.status, 200, imported.text)
    report = imported.json
    // Where many routes come at once most are looked at in the background, one after the other.
    await until('the last route is looked at', async () => !(await status(last.route)).healthy)
  })
  after(async () => {
    await backend.close()
    await gateway.stop()
  })

  const status = async (route: string): Promise<Json> =>
    (await gateway.admin('GET', `/api/routes/${route}/_status`)).json
  const reason = async (route: string): Promise<readonly [number, unknown]> => {
    const got = await call(gateway.port, `http://${route}.test/`)
    return [got.status, got.headers['otoroshi-error-reason']]
  }

  it('is taken whole', async () => {
    assert.deepEqual(Object.keys(report.left_out), [])
    const { json } = await gateway.admin('GET', '/api/routes?pageSize=1000')
    const there = new Map<string, Json>(json.map((route: Json) => [route.id, route]))
    for (const { route, plugin, config } of cases) {
      const [slot, ...others] = there.get(route)?.plugins ?? []
      assert.deepEqual([slot?.plugin, slot?.config, others], [plugin, config, []], route)
    }
  })

  it('serves the slots of its own', async () => {
    const got = await call(gateway.port, 'http://shop.oto.tools/v1')
    assert.deepEqual([got.status, got.body], [200, 'served'])
    assert.equal((await status('shop')).healthy, true)
    assert.equal((await status('admin-api-service')).healthy, true)
  })

  for (const kind of ['defaults', 'every field', 'older spellings'] as const)
    it(`takes ${kind} of every plugin that is built, or closes the route and says why`, async () => {
      const closed = new Map<string, string>()
      let served = 0
      for (const { route, plugin, kind: of } of cases) {
        if (of !== kind || !builtIn.has(plugin)) continue
        const { healthy, faults } = await status(route)
        if (healthy) served++
        else {
          closed.set(`${shortName(plugin)}: ${kind}`, faults[0].message)
          const [code, why] = await reason(route)
          assert.equal(code, 503, plugin)
          assert.match(String(why), /^plugin\.(invalid_config|setup_failed); plugin="/, plugin)
          assert.ok(String(why).endsWith(`plugin="${plugin}"`), `${plugin}: ${why}`)
        }
      }
      console.log(`${kind}: ${served} served, ${closed.size} closed`)
      const expected = Object.entries(closedOnPurpose).filter(([name]) => name.endsWith(`: ${kind}`))
      assert.deepEqual(
        [...closed.keys()].sort(),
        expected.map(([name]) => name).sort(),
        JSON.stringify([...closed]),
      )
      for (const [name, message] of expected) assert.match(closed.get(name)!, message, name)
    })

  it('closes the routes of plugins that come later, and names them', async () => {
    for (const { id } of later) {
      const { route } = cases.find(({ plugin }) => plugin === id)!
      assert.deepEqual(await reason(route), [503, `plugin.unknown; plugin="${id}"`], id)
      const { healthy, faults } = await status(route)
      assert.equal(healthy, false)
      assert.ok(JSON.stringify(faults).includes(id), id)
    }
  })

  it('serves a route again once the missing plugin is off', async () => {
    const missing: DescribedPlugin | undefined = later[0]
    if (missing === undefined) return
    const { route } = cases.find(({ plugin }) => plugin === missing.id)!
    const patched = await gateway.admin('PATCH', `/api/routes/${route}`, [
      { op: 'replace', path: '/plugins/0/enabled', value: false },
    ])
    assert.equal(patched.status, 200, patched.text)
    assert.deepEqual(await reason(route), [200, undefined])
  })
})
