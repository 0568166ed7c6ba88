/**
 * What the texts of entities may read of the settings and of the environment.
 *
 * Guarantees: no secret of the gateway is among it: neither a setting that is one, nor a variable that names one, nor a
 * variable under any name that holds the value of one, a part of it, or more than it (a settings file may put them together).
 */
import { canonical, idleVariables, settings as declarations } from './known.ts'
import type { Settings } from './shape.ts'

/** Setting that templates may not read, and signatures towards backends may. */
const SHARED_KEY = 'otoroshi.claim.sharedKey'

/** Names of variables that hold a secret, of settings of upstream that this version does not use. */
const SECRETIVE = /SECRET|PASSW|TOKEN|CREDENTIAL|KEY|CERT|APIKEY|URI|URL|HEADERS|CLIENTS/

/** Members of an address that say where something is. */
const PLACES: ReadonlySet<string> = new Set([
  'scheme',
  'protocol',
  'host',
  'hostname',
  'port',
  'database',
  'db',
  'tls',
])

/** Characters from which on a value is not found in another by chance. */
const TELLING = 8

export interface ReadableSettings {
  /** Settings that are no secrets, by their canonical key, as text. */
  readonly open: Readonly<Record<string, string>>
  /** Those that secrets and keys may read besides: the secret that is shared with backends. */
  readonly forKeys: Readonly<Record<string, string>>
}

/** Settings as expressions read them: texts, numbers and flags; lists and what is absent are not there. */
export function readableSettings(settings: Settings): ReadableSettings {
  const open: Record<string, string> = {}
  const forKeys: Record<string, string> = {}
  for (const { at, setting } of declarations) {
    const { key, aliases = [], secret } = setting.declaration
    const value = valueAt(settings, at)
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
    const into = secret === true ? (key === SHARED_KEY ? forKeys : null) : open
    if (into !== null) for (const name of [key, ...aliases]) into[canonical(name)] = String(value)
  }
  return { open, forKeys }
}

/** Names of variables that expressions may not read. */
export function secretVariables(
  env: Readonly<Record<string, string | undefined>>,
  settings: Settings,
): readonly string[] {
  const secrets = new Map<string, boolean>()
  const names = new Set<string>()
  for (const { at, setting } of declarations) {
    const { secret, default: standard, env: variables = [] } = setting.declaration
    if (secret !== true) continue
    for (const name of variables) names.add(name)
    const value = valueAt(settings, at)
    if (value !== standard) for (const [text, partly] of textsIn(value)) secrets.set(text, partly)
  }
  for (const name of idleVariables()) if (SECRETIVE.test(name)) names.add(name)
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && value !== '' && tells(value, secrets)) names.add(name)
  return [...names]
}

/** Whether a value says a secret, or a good part of one. `secrets`: with whether a part of it is one, too. */
function tells(value: string, secrets: ReadonlyMap<string, boolean>): boolean {
  if (secrets.has(value)) return true
  if (value.length < TELLING) return false
  for (const [secret, partly] of secrets)
    if (secret.length >= TELLING && (value.includes(secret) || (partly && isMuchOf(value, secret))))
      return true
  return false
}

/** A good part of a secret, not a word that happens to be in it. */
function isMuchOf(value: string, secret: string): boolean {
  return secret.includes(value) && (value.length >= 2 * TELLING || value.length * 2 >= secret.length)
}

/** What is secret in the value of a setting: of an address its password, and the address as a whole, but not its host. */
function* textsIn(value: unknown): Generator<readonly [text: string, partly: boolean]> {
  if (typeof value === 'number') yield [String(value), false]
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== 'number' && !PLACES.has(name)) yield* textsIn(inner)
    }
  else if (typeof value === 'string' && value !== '') {
    const isAddress = /^[a-z][a-z\d+.-]*:\/\//i.test(value)
    yield [value, !isAddress]
    const password = isAddress ? (/^[^/]*\/\/[^/@]*?:([^/@]*)@/.exec(value)?.[1] ?? '') : ''
    if (password === '') return
    yield [password, true]
    try {
      yield [decodeURIComponent(password), true]
    } catch {}
  }
}

function valueAt(settings: Settings, at: readonly string[]): unknown {
  let value: unknown = settings
  for (const name of at) value = (value as Readonly<Record<string, unknown>>)[name]
  return value
}
