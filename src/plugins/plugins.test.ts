/** Every built-in plugin against the catalogue of upstream's. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { PluginDefinition } from '../plugin/index.ts'
import { describeFaults, parse } from '../schema/index.ts'
import { allBuiltIn, findBuiltIn } from './index.ts'
import { differentDefaults, differentFamilies, differentSteps, ownPlugins } from './testing/differences.ts'

interface Described {
  readonly id: string
  readonly name: string
  readonly steps: readonly string[]
  readonly family: string
  readonly categories: readonly string[]
  readonly default_config: Readonly<Record<string, unknown>> | null
}

const file = new URL('../../../shared/reference/plugins.json', import.meta.url)
const reference = new Map<string, Described>()
if (existsSync(file))
  for (const entry of JSON.parse(readFileSync(file, 'utf8')) as Described[]) reference.set(entry.id, entry)

const plugins = await allBuiltIn()

/** What settings become when nothing is set. */
function defaults(plugin: PluginDefinition): Record<string, unknown> | null {
  const parsed = parse(plugin.config, {})
  return parsed.ok ? (parsed.value as Record<string, unknown>) : null
}

/** Families and files, as folders hold them. */
const files = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'testing')
  .flatMap(({ name }) => readdirSync(`${import.meta.dirname}/${name}`).map(file => ({ family: name, file })))

/** The file of a plugin: its class name in lower case, dashes apart. */
function filesOf(plugin: PluginDefinition) {
  const name = plugin.id.slice(plugin.id.lastIndexOf('.') + 1).toLowerCase()
  return files.filter(({ file }) => file.replaceAll('-', '') === `${name}.ts`)
}

describe('the built-in plugins', () => {
  it('are all loaded, each once', async () => {
    assert.ok(plugins.length > 0)
    assert.equal(new Set(plugins.map(plugin => plugin.id)).size, plugins.length)
    let defining = 0
    for (const { family, file } of files) {
      if (!/^[a-z0-9-]+\.ts$/.test(file)) continue
      const module = (await import(`./${family}/${file}`)) as { readonly default?: PluginDefinition }
      if (module.default !== undefined) defining++
    }
    assert.equal(plugins.length, defining, 'two files of one name hide each other')
  })

  it('are not found by a part of their id or in another case', async () => {
    const { id } = plugins[0]!
    const short = id.slice(id.lastIndexOf('.') + 1)
    for (const wrong of [
      short,
      id.toLowerCase(),
      `x.${short}`,
      `${id}.`,
      '',
      '.',
      'index',
      '../index',
      '__proto__',
    ])
      assert.equal((await findBuiltIn(wrong)) ?? null, null, wrong)
  })
})

for (const plugin of plugins)
  describe(plugin.id, () => {
    it('is found by its id', async () => {
      assert.equal(await findBuiltIn(plugin.id), plugin)
    })

    it('is one file in the folder of its family, its test beside it', () => {
      const [home, ...others] = filesOf(plugin)
      assert.deepEqual(others, [])
      assert.equal(home?.family, plugin.family)
      const test = home!.file.replace(/\.ts$/, '.test.ts')
      assert.ok(
        files.some(({ family, file }) => family === plugin.family && file === test),
        `${test} is missing`,
      )
    })

    it('has a name and a description of its own', () => {
      assert.notEqual(plugin.name.trim(), '')
      assert.match(plugin.description, /^[A-Z].*[.]$/s)
      assert.notEqual(plugin.steps.length, 0)
    })

    it('has settings that say what an empty configuration means, and keep what they do not know', () => {
      const parsed = parse(plugin.config, { 'a newer setting': { deep: [1] } })
      assert.ok(parsed.ok, parsed.ok ? '' : describeFaults(parsed.faults))
      assert.deepEqual((parsed.value as Record<string, unknown>)['a newer setting'], { deep: [1] })
    })

    const skip = reference.size === 0 ? 'the reference is not there' : false
    it('is as the reference describes it', { skip }, () => {
      const described = reference.get(plugin.id)
      if (ownPlugins.has(plugin.id)) {
        assert.equal(described, undefined, 'it is no own plugin')
        return
      }
      assert.ok(described !== undefined, 'the reference does not know it')
      assert.equal(plugin.name.trim(), described.name.trim())
      assert.equal(plugin.family, differentFamilies[plugin.id] ?? described.family)
      assert.deepEqual([...(plugin.categories ?? [])].sort(), [...described.categories].sort())
      assert.deepEqual([...plugin.steps].sort(), [...(differentSteps[plugin.id] ?? described.steps)].sort())
      const own = defaults(plugin) ?? {}
      const expected = { ...described.default_config, ...differentDefaults[plugin.id] }
      for (const [key, value] of Object.entries(expected))
        assert.deepEqual(own[key], value, `default of ${key}`)
    })
  })

it('no difference is listed that is none', { skip: reference.size === 0 }, () => {
  const byId = new Map(plugins.map(plugin => [plugin.id, plugin]))
  for (const id of ownPlugins) assert.ok(byId.has(id), id)
  for (const [id, family] of Object.entries(differentFamilies))
    assert.notEqual(reference.get(id)?.family, family, id)
  for (const [id, steps] of Object.entries(differentSteps))
    assert.notDeepEqual(reference.get(id)?.steps, steps, id)
  for (const [id, config] of Object.entries(differentDefaults))
    for (const [key, value] of Object.entries(config))
      assert.notDeepEqual(reference.get(id)?.default_config?.[key], value, `${id}: ${key}`)
})
