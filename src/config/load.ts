/**
 * Settings of the process: defaults < file < environment < flags.
 *
 * Guarantees: the result is valid as a whole or `SettingsError` names every fault; no message holds a secret.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { contradictions, derive } from './derive.ts'
import { Findings, type Given } from './given.ts'
import type { Outside } from './hocon/resolve.ts'
import { LOGGERS, settingOf, settings as declarations } from './known.ts'
import { publicSecrets } from './public-secrets.ts'
import type { Raw } from './raw.ts'
import { canonical, type Values } from './setting.ts'
import { SettingsError } from './settings-error.ts'
import type { Settings } from './shape.ts'
import { CONFIG_FILE, type Environment, fromEnvironment, variable } from './sources/environment.ts'
import { fromFile } from './sources/file.ts'
import { fromFlags } from './sources/flags.ts'
import type { table } from './table/index.ts'
import { logLevel } from './table/monitoring.ts'
import { codeOf, Judge } from './judge.ts'

export interface SettingsSources {
  /** Arguments behind `start`. */
  readonly argv: readonly string[]
  readonly env: Environment
  /** Reads a text file; throws when it cannot. */
  readonly readFile?: (path: string) => string
}

export interface LoadedSettings {
  readonly settings: Settings
  /** One line each, to be logged. */
  readonly warnings: readonly string[]
  /** `--print-settings` was given: print `describeSettings` and end. */
  readonly print: boolean
}

/** Throws `SettingsError`. */
export function loadSettings(sources: SettingsSources): LoadedSettings {
  const readFile = sources.readFile ?? (path => readFileSync(path, 'utf8'))
  const flags = fromFlags(sources.argv)
  const environment = fromEnvironment(sources.env)
  const stronger = inForce(environment, flags.found)
  const outside: Outside = {
    over: name => stronger.get(settingOf(canonical(name))?.declaration.key ?? canonical(name))?.raw,
    under: name =>
      (settingOf(canonical(name))?.declaration.default as Raw | undefined) ?? variable(sources.env, name),
  }
  const path = flags.configFile ?? variable(sources.env, CONFIG_FILE) ?? null
  const file = path === null ? new Findings() : readConfiguration(path, readFile, outside)
  const findings = [file, environment, flags.found]
  const faults = findings.flatMap(found => found.faults)
  const given = inForce(...findings)

  const judge = new Judge(given, readFile, faults)
  const settings = derive(declaredValues(judge), loggers(given, judge))
  const warnings = [...findings.flatMap(found => found.warnings), ...judge.warnings]
  if (faults.length === 0) faults.push(...contradictions(settings))
  const exposed = publicSecrets(settings, judge)
  if (settings.secrets.refuseDefaults) faults.push(...exposed)
  else warnings.push(...exposed)
  if (faults.length > 0) throw new SettingsError([...new Set(faults)])
  return { settings: deepFreeze(settings), warnings: [...new Set(warnings)], print: flags.print }
}

/** The last of what was given for each key. */
function inForce(...findings: readonly Findings[]): ReadonlyMap<string, Given> {
  return new Map(findings.flatMap(found => found.given).map(entry => [entry.key, entry]))
}

function readConfiguration(path: string, readFile: (path: string) => string, outside: Outside): Findings {
  try {
    return fromFile({ path, text: readFile(path), outside })
  } catch (error) {
    const found = new Findings()
    found.faults.push(`${path}: cannot be read${codeOf(error)}`)
    return found
  }
}

function declaredValues(judge: Judge): Values<typeof table> {
  const root: Record<string, unknown> = {}
  for (const { at, setting } of declarations) {
    let group = root
    for (const name of at.slice(0, -1)) group = (group[name] ??= {}) as Record<string, unknown>
    const value = judge.valueOf(setting)
    group[at.at(-1)!] =
      setting.declaration.key === THREADS && !judge.isGiven(setting) ? availableParallelism() : value
  }
  // The object was built along the table that the type is made from.
  return root as unknown as Values<typeof table>
}

const THREADS = 'otoroshi.dataPlane.threads'

function loggers(given: ReadonlyMap<string, Given>, judge: Judge): Settings['loggers'] {
  const levels: Record<string, Settings['loggers'][string]> = Object.create(null)
  for (const entry of given.values()) {
    if (!entry.key.startsWith(LOGGERS)) continue
    const level = judge.read(entry, logLevel, false)
    if (level !== undefined) levels[entry.key.slice(LOGGERS.length)] = level
  }
  return levels
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
