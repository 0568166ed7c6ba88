/** What names mean: settings of this version, names upstream knows that do nothing here, and the rest. */
import { canonical, type Setting, settingsOf } from './setting.ts'
import { table } from './table/index.ts'
import upstream from './upstream-names.json' with { type: 'json' }

/** Every setting with its place in `Settings`. */
export const settings = settingsOf(table)

/** Prefix of keys that set the level of one logger. */
export const LOGGERS = 'otoroshi.loggers.'
export const LOGGERS_ENV = 'OTOROSHI_LOGGERS_'

/** Trees of upstream and its framework where any key is accepted and does nothing. */
const FOREIGN = [
  'play',
  'pekko',
  'akka',
  'logger',
  'java',
  'user',
  'file',
  'sun',
  'jdk',
  ...[
    'vaults',
    'cluster',
    'tunnels',
    'redis',
    'cassandra',
    'kafka',
    'httpdb',
    's3db',
    'scripts',
    'wasm',
    'actorsystems',
    'stateful-clients',
    'admin-extensions.configurations',
    'privateapps',
    'backoffice',
    'sidecar',
    'provider',
    'anonymous-reporting',
    'open-telemetry',
    'next.experimental',
  ].map(name => `otoroshi.${name}`),
]

const byKey = new Map<string, Setting>()
const byFlag = new Map<string, Setting>()
const envNames = new Set<string>()
for (const { setting } of settings) {
  const { key, aliases = [], env = [], flag } = setting.declaration
  for (const name of [key, ...aliases]) byKey.set(name, setting)
  for (const name of env) envNames.add(name)
  if (flag !== undefined) byFlag.set(flag, setting)
}

const idleKeys = new Set(Object.keys(upstream))
const idleEnv = new Set(Object.values(upstream).flat())

/** The setting of a canonical key or of an alias. */
export function settingOf(key: string): Setting | undefined {
  return byKey.get(key)
}

export function settingOfFlag(flag: string): Setting | undefined {
  return byFlag.get(flag)
}

/** True for a key of upstream whose value, whatever it is, is one setting that does nothing here. */
export function isIdleKey(key: string): boolean {
  return idleKeys.has(key)
}

/** True for a key that upstream knows and this version does not use. */
export function isIdle(key: string): boolean {
  return isIdleKey(key) || FOREIGN.some(tree => key.startsWith(`${tree}.`))
}

export function knowsEnv(name: string): 'used' | 'idle' | 'unknown' {
  if (envNames.has(name)) return 'used'
  return idleEnv.has(name) ? 'idle' : 'unknown'
}

/** Variables that upstream reads and this version does not. */
export function idleVariables(): Iterable<string> {
  return idleEnv
}

export function* keyNames(): Iterable<string> {
  yield* byKey.keys()
  yield* idleKeys
}

export function* envNamesKnown(): Iterable<string> {
  yield* envNames
  yield* idleEnv
}

export function* flagNames(): Iterable<string> {
  for (const flag of byFlag.keys()) yield `--${flag}`
  for (const flag of ['config', 'set', 'print-settings', 'help']) yield `--${flag}`
}

export { canonical }
