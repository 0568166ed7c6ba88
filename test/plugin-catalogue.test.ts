/** The catalogue of plugins: what it reads from descriptions, what it misses, and its examples in a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { describePlugins } from '../scripts/catalogue/entries.ts'
import { familyPage, indexPage } from '../scripts/catalogue/pages.ts'
import { settingRows } from '../scripts/catalogue/settings.ts'
import { jsonSchema } from '../src/model/json-schema.ts'
import { definePlugin, type PluginDefinition, schema as v } from '../src/plugin/index.ts'
import { pluginExamples, upstreamPlugins } from '../scripts/catalogue/examples.ts'
import { allBuiltIn } from '../src/plugins/index.ts'
import { setting } from '../src/plugins/settings.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { fencedBlocks, tableRows } from './support/markdown.ts'

const id = 'cp:own.Sample'
const sample = definePlugin({
  id,
  name: 'Sample',
  description: 'Shows what there is.',
  family: 'headers',
  steps: ['TransformRequest'],
  config: v.looseObject({
    mode: setting(v.picklist(['a', 'b']), 'a', 'a|b'),
    limit: setting(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9)), 3, 'Calls'),
    rules: setting(
      v.array(v.looseObject({ pattern: v.pipe(v.string(), v.description('What is looked for')) })),
      () => [],
      'Rules',
    ),
    users: setting(
      v.record(v.string(), v.looseObject({ age: setting(v.nullable(v.number()), null, 'Years') })),
      () => ({}),
      'Users by name',
    ),
  }),
  setup: () => ({}),
}) as PluginDefinition
const example = { does: 'Does a thing.', config: { limit: 4 } }
const none: ReadonlyMap<string, readonly string[]> = new Map()

describe('what the catalogue tells of a plugin', () => {
  it('is every setting with its type, default and meaning, those inside of lists and maps as well', async () => {
    const rows = settingRows(await jsonSchema({ schema: sample.config }))
    assert.deepEqual(
      rows.map(row => [row.path, row.type, row.fallback, row.meaning, row.required]),
      [
        ['mode', '`a`, `b`', 'a', 'a|b', false],
        ['limit', 'whole number, 1 to 9', 3, 'Calls', false],
        ['rules', 'list of objects', [], 'Rules', false],
        ['rules[].pattern', 'text', undefined, 'What is looked for', true],
        ['users', 'map of objects', {}, 'Users by name', false],
        ['users.*.age', 'number', null, 'Years', false],
      ],
    )
  })

  it('is a section with its id, its table and its example', async () => {
    const { entries, faults } = await describePlugins([sample], new Map([[id, example]]), none)
    assert.deepEqual(faults, [])
    const page = familyPage('headers', entries)
    assert.match(page, /^## Sample\n\n\*\*Sample\.\*\* Shows what there is\.\n\n`cp:own\.Sample`, step /m)
    assert.match(page, /^\| `mode` \| `a`, `b` \| `"a"` \| a\\\|b \|$/m)
    assert.match(page, /^\| `rules\[\]\.pattern` \| text \| needed \| What is looked for \|$/m)
    assert.deepEqual(JSON.parse(fencedBlocks(page)[0]!.text), { plugin: id, config: { limit: 4 } })
    const index = indexPage(entries, new Map([['cors', ['cp:up.There', 'cp:up.Here']]]))
    assert.match(index, /^2 plugins of Otoroshi are not built yet/m)
    assert.deepEqual(tableRows(index, 'Coming later'), [['CORS', '`cp:up.There`, `cp:up.Here`']])
  })
})

describe('what the catalogue misses', () => {
  const bare = { ...sample, config: v.looseObject({ rules: v.array(v.looseObject({ a: v.string() })) }) }
  const cases: readonly [string, PluginDefinition, ReadonlyMap<string, typeof example>, RegExp[]][] = [
    [
      'an example',
      sample,
      new Map(),
      [/^cp:own\.Sample: src\/plugins\/headers\/examples\.json has no example$/],
    ],
    ['a sentence', sample, new Map([[id, { ...example, does: 'thing' }]]), [/its example does not say/]],
    [
      'descriptions',
      bare,
      new Map([[id, example]]),
      [/setting rules has no d/, /setting rules\[\]\.a has no d/],
    ],
    ['a family', { ...sample, family: 'new' }, new Map([[id, example]]), [/families\.ts has no new$/]],
    [
      'a plugin',
      sample,
      new Map([
        [id, example],
        ['cp:own.Gone', example],
      ]),
      [/^cp:own\.Gone: there is an example, and no such plugin$/],
    ],
  ]
  for (const [what, plugin, examples, expected] of cases)
    it(`is named: ${what}`, async () => {
      const { faults } = await describePlugins([plugin], examples, none)
      assert.equal(faults.length, expected.length, faults.join('\n'))
      for (const [at, pattern] of expected.entries()) assert.match(faults[at]!, pattern)
    })
})

describe('the examples of the catalogue', () => {
  let gateway: TestGateway
  let backend: Backend
  before(async () => {
    backend = await startBackend()
    gateway = await startGateway({ threads: 1 })
  })
  after(async () => {
    await backend.close()
    await gateway.stop()
  })

  it('are whole', async () => {
    const { entries, faults } = await describePlugins(await allBuiltIn(), pluginExamples(), upstreamPlugins())
    assert.deepEqual(faults, [])
    assert.ok(entries.length >= 149, `${entries.length} plugins`)
  })

  it('are served as they stand there', async () => {
    const slots = [...pluginExamples()].map(([plugin, { config }], at) => ({
      name: `e${at}`,
      plugin,
      config,
    }))
    for (const { name, plugin, config } of slots)
      await gateway.route({
        id: name,
        name,
        frontend: { domains: [`${name}.test`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
        plugins: [{ plugin, config }],
      })
    const closed: string[] = []
    for (const { name, plugin } of slots) {
      const { json } = await gateway.admin('GET', `/api/routes/${name}/_status`)
      if (json.healthy !== true) closed.push(`${plugin}: ${JSON.stringify(json.faults)}`)
    }
    assert.deepEqual(closed, [])
    console.log(`${slots.length} examples are served`)
  })

  it('fail no request: what is refused is refused for a reason of the plugin', async () => {
    const examples = [...pluginExamples().keys()]
    const answers = await Promise.all(
      examples.map(async (plugin, at) => [plugin, await call(gateway.port, `http://e${at}.test/`)] as const),
    )
    const failed = answers
      .map(([plugin, { headers }]) => `${plugin}: ${headers['otoroshi-error-reason']}`)
      .filter(text => /: (plugin\.(failed|unknown|invalid_config|setup_failed)|no_route)/.test(text))
    assert.deepEqual(failed, [])
    const passed = answers.filter(([, { json }]) => json?.method === 'GET').length
    console.log(`${passed} of ${answers.length} let a plain request pass`)
    assert.ok(passed > examples.length / 3)
  })

  it('would be told, were one of them wrong', async () => {
    await gateway.route({
      id: 'wrong',
      name: 'wrong',
      frontend: { domains: ['wrong.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [{ plugin: 'cp:otoroshi.next.plugins.Redirection', config: { code: 'moved' } }],
    })
    const { json } = await gateway.admin('GET', '/api/routes/wrong/_status')
    assert.equal(json.healthy, false)
    assert.match(JSON.stringify(json.faults), /plugin\.invalid_config.*code/)
    assert.equal((await call(gateway.port, 'http://wrong.test/')).status, 503)
  })
})
