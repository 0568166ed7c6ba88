import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadSettings, type Settings } from '../index.ts'
import { settings as places } from '../known.ts'
import type { Setting } from '../setting.ts'

/** Texts by the name of a type. */
const samples: Record<string, fc.Arbitrary<string>> = {
  port: fc.integer({ min: 0, max: 65_535 }).map(String),
  boolean: fc.constantFrom('true', 'false'),
  number: fc.integer({ min: 0, max: 2000 }).map(String),
  duration: fc
    .tuple(fc.integer({ min: 10, max: 900 }), fc.constantFrom('', 's', ' ms', ' seconds', 'm'))
    .map(parts => parts.join('')),
  size: fc
    .tuple(fc.integer({ min: 1, max: 90_000 }), fc.constantFrom('', 'k', 'M', ' kB', 'b'))
    .map(parts => parts.join('')),
  'host name': fc.stringMatching(/^[a-z]{1,8}(\.[a-z0-9]{1,5}){0,2}$/),
  'list of host names': fc
    .array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 3 })
    .map(names => names.join(',')),
  'list of texts': fc
    .array(fc.stringMatching(/^[a-z ]{1,8}$/), { minLength: 1, maxLength: 3 })
    .map(names => names.join(',')),
  address: fc.constantFrom('127.0.0.1', '::1', 'localhost'),
  'time zone': fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York'),
  'header name': fc.stringMatching(/^[A-Za-z-]{1,20}$/),
  'JSON object': fc
    .dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ maxLength: 5 }))
    .map(value => JSON.stringify(value)),
  'Redis URI': fc.constantFrom('redis://localhost', 'rediss://user:pass%20word@10.0.0.1:6380/2'),
  'list of Redis URIs': fc.constantFrom('redis://a:1', 'redis://a:1,redis://b:2'),
  'list of Redis servers': fc.constantFrom('a', 'secret@a:6379,b:6380', '[::1]:7000'),
  'PostgreSQL URI': fc.constantFrom(
    'postgresql://localhost/otoroshi',
    'postgres://u:p%40ss@[::1]:5433/db?sslmode=require',
  ),
  'SQL name': fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/),
  host: fc.constantFrom('localhost', '10.0.0.1', '/var/run/postgresql'),
  'PEM text': fc.constantFrom('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
  path: fc.stringMatching(/^[a-z./]{1,12}$/),
  text: fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter(text => text.trim() !== '' && !text.includes('${')),
}

/** Texts that are a value of the setting. */
function valuesOf({ declaration }: Setting): fc.Arbitrary<string> {
  const { name } = declaration.type
  const arbitrary = samples[name] ?? fc.constantFrom(...name.split(' \\| '))
  const [some] = fc.sample(arbitrary, 1)
  if (samples[name] === undefined && declaration.type.read(some!) === undefined)
    throw new Error(`no samples of the type ${name}`)
  return arbitrary.filter(text => declaration.type.read(text) !== undefined)
}

/** Settings and values for them, as texts. */
const chosen = fc
  .uniqueArray(
    fc.constantFrom(
      ...places
        .filter(({ setting }) => (setting.declaration.env ?? []).length > 0)
        .map(({ setting }) => setting),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .chain(list => fc.tuple(...list.map(setting => valuesOf(setting).map(text => ({ setting, text })))))

const variables = places.flatMap(({ setting }) => setting.declaration.env ?? [])
const sharedVariables = new Set(variables.filter((name, i) => variables.indexOf(name) !== i))

type Outcome = { settings: Settings } | { faults: string[] }

function outcome(argv: string[], env: Record<string, string>, text?: string): Outcome {
  try {
    return { settings: loadSettings({ argv, env, readFile: () => text ?? '' }).settings }
  } catch (error) {
    // Names differ between sources, the sentences do not.
    return { faults: (error as { faults: string[] }).faults.map(f => f.slice(f.lastIndexOf(': '))).sort() }
  }
}

test('a value means the same from every source', () => {
  fc.assert(
    fc.property(chosen, values => {
      const env: Record<string, string> = {}
      for (const { setting, text } of values) env[setting.declaration.env!.at(-1)!] = text
      const pairs = values.map(({ setting, text }) => [setting.declaration.key, text] as const)
      // A variable that several settings read says more than the one setting.
      const shared = values.some(({ setting }) => sharedVariables.has(setting.declaration.env!.at(-1)!))
      const expected = outcome(
        pairs.map(([key, text]) => `-D${key}=${text}`),
        {},
      )
      const nested = JSON.stringify(Object.fromEntries(pairs))
      const hocon = pairs.map(([key, text]) => `${key} = ${JSON.stringify(text)}`).join('\n')
      assert.deepEqual(
        outcome(
          pairs.flatMap(([key, text]) => ['--set', `${key}=${text}`]),
          {},
        ),
        expected,
      )
      if (!shared) assert.deepEqual(outcome([], env), expected)
      assert.deepEqual(outcome(['--config', 'f.json'], {}, nested), expected)
      assert.deepEqual(outcome(['--config', 'f.yaml'], {}, nested), expected)
      assert.deepEqual(outcome(['--config', 'f.conf'], {}, hocon), expected)
    }),
    { numRuns: 300 },
  )
})

test('any arguments and variables are accepted or refused with sentences', () => {
  const argument = fc.oneof(
    fc.constantFrom(
      '--http-port',
      '--config',
      '--set',
      '-D',
      '--maintenance',
      '--print-settings',
      '-Dhttp.port',
      'http.port=1',
      '-',
      '--',
      '=',
    ),
    fc.string({ maxLength: 12 }),
  )
  fc.assert(
    fc.property(
      fc.array(argument, { maxLength: 6 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      (argv, env) => {
        try {
          loadSettings({ argv, env, readFile: () => '' })
        } catch (error) {
          const faults = (error as { faults?: unknown }).faults
          assert.ok(Array.isArray(faults) && faults.length > 0, `${error}`)
        }
      },
    ),
    { numRuns: 1000 },
  )
})
