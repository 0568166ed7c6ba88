import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../http/limits.ts'
import { loadSettings, type Settings, settingsReference } from '../index.ts'
import { isIdle, keyNames, settings } from '../known.ts'
import { canonical } from '../setting.ts'
import upstream from '../upstream-names.json' with { type: 'json' }
import type { HttpLimits, PoolLimits } from '../../http/index.ts'
import type { HeaderNameKey } from '../../plugin/contract.ts'
import type { StoreSettings } from '../../store/open.ts'

const declarations = settings.map(({ setting }) => setting.declaration)
const keysOf = ({ key, aliases = [] }: (typeof declarations)[number]): string[] => [key, ...aliases]

test('every key, flag and variable belongs to one setting', () => {
  const keys = declarations.flatMap(keysOf)
  assert.equal(new Set(keys).size, keys.length)
  const flags = declarations.flatMap(({ flag }) => flag ?? [])
  assert.equal(new Set(flags).size, flags.length)
  const variables = declarations.flatMap(({ env = [] }) => env)
  const shared = variables.filter((name, i) => variables.indexOf(name) !== i)
  // Upstream reads the number of the instance for both, and one password for sentinels and for what is behind them.
  const known = ['INSTANCE_NUMBER', 'OTOROSHI_INSTANCE_NUMBER', 'OTOROSHI_REDIS_SENTINELS_PASSWORD']
  assert.deepEqual(new Set(shared), new Set(known))
})

test('keys are canonical, and none is inside another', () => {
  const keys = declarations.flatMap(keysOf)
  for (const key of keys) {
    assert.equal(canonical(key), key)
    for (const other of keys) assert.ok(!other.startsWith(`${key}.`), `${other} is inside ${key}`)
  }
})

test('no setting of this version is also listed as one that does nothing', () => {
  const idle = new Set(Object.keys(upstream))
  const variables = new Set(declarations.flatMap(({ env = [] }) => env))
  for (const key of declarations.flatMap(keysOf)) assert.ok(!idle.has(key), key)
  for (const name of Object.values(upstream).flat()) assert.ok(!variables.has(name as string), name)
})

test('what does nothing as a whole holds no setting', () => {
  for (const key of declarations.flatMap(keysOf))
    for (const idle of Object.keys(upstream))
      assert.ok(!key.startsWith(`${idle}.`), `${key} is inside ${idle}`)
})

test('defaults are of their type, and sentences are sentences', () => {
  for (const { key, type, default: value, defaultFrom, about, mayNameVaults } of declarations) {
    const raw = value === Number.POSITIVE_INFINITY ? 'infinite' : (value as string | number | null)
    if (mayNameVaults !== true) assert.deepEqual(type.read(raw), value, key)
    if (defaultFrom !== undefined) assert.ok([...keyNames()].includes(defaultFrom), key)
    assert.doesNotMatch(about, /[.|]$|\|/, key)
  }
})

test('a secret that has a default draws a warning while it is used', () => {
  const silent = declarations.filter(
    ({ secret, default: value, publicDefault, effective }) =>
      secret === true && typeof value === 'string' && publicDefault !== true && effective !== false,
  )
  assert.deepEqual(silent, [])
})

test('limits, pool, header names and storage fit those who use them', () => {
  const { settings } = loadSettings({ argv: [], env: {} })
  const uses: {
    limits: HttpLimits
    pool: Omit<PoolLimits, 'lookup'>
    names: Readonly<Record<HeaderNameKey, string>>
    store: StoreSettings
  } = {
    limits: settings.http.limits,
    pool: settings.pool,
    names: settings.headerNames,
    store: { storage: settings.storage.kind, dataDir: settings.storage.dataDir },
  }
  assert.deepEqual(uses.limits, DEFAULT_LIMITS)
  assert.deepEqual(uses.pool.http, DEFAULT_LIMITS)
  assert.equal(uses.names.claim, 'Otoroshi-Claim')
  assert.equal(uses.store.storage, 'sqlite')
})

test('docs/settings.md is current', () => {
  const written = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8')
  assert.equal(written, settingsReference(), 'run node scripts/settings-doc.js')
})

const reference = new URL('../../../../shared/reference/config.md', import.meta.url)

test('every key and variable of the reference is known, variables in its order', {
  skip: existsSync(reference) ? false : 'the reference is not here',
}, () => {
  const rows = readFileSync(reference, 'utf8').matchAll(/^\| `([\w.-]+)` \|[^|]*\|([^|]*)\|/gm)
  let count = 0
  for (const [, written, variables] of rows) {
    const key = canonical(written!)
    const names = [...variables!.matchAll(/`([A-Z0-9_]+)`/g)].map(match => match[1]!)
    const declared = declarations.find(declaration => keysOf(declaration).includes(key))
    count++
    if (declared === undefined) {
      assert.ok(isIdle(key), key)
      continue
    }
    const kept = (declared.env ?? []).filter(name => names.includes(name))
    assert.deepEqual(kept, names, key)
  }
  assert.ok(count > 500)
})

test('settings cross to threads unchanged', () => {
  const { settings } = loadSettings({ argv: ['--set', 'otoroshi.loggers.a=DEBUG'], env: {} })
  const copy: Settings = structuredClone(settings)
  assert.deepEqual(
    { ...copy, loggers: { ...copy.loggers } },
    { ...settings, loggers: { ...settings.loggers } },
  )
  assert.throws(() => Object.assign(settings.http, { port: 1 }), TypeError)
})
