/** Settings from environment variables. Empty ones count as absent: containers often set all they might need. */
import { didYouMean } from '../did-you-mean.ts'
import { Findings } from '../given.ts'
import { envNamesKnown, knowsEnv, LOGGERS, LOGGERS_ENV, settings } from '../known.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Variable with the path of the configuration file. */
export const CONFIG_FILE = 'OTOROSHI_CONFIG_FILE'

export function fromEnvironment(env: Environment): Findings {
  const found = new Findings()
  for (const { setting } of settings)
    for (const name of setting.declaration.env ?? []) {
      const raw = variable(env, name)
      if (raw !== undefined) found.given.push({ key: setting.declaration.key, name, raw })
    }
  for (const name of Object.keys(env)) {
    const raw = variable(env, name)
    if (raw === undefined || name === CONFIG_FILE) continue
    if (name.startsWith(LOGGERS_ENV)) {
      const logger = name.slice(LOGGERS_ENV.length).toLowerCase().replaceAll('_', '-')
      found.given.push({ key: LOGGERS + logger, name, raw })
      continue
    }
    const known = knowsEnv(name)
    if (known === 'idle') found.idle(name)
    else if (known === 'unknown' && name.startsWith('OTOROSHI_'))
      found.warnings.push(`unknown environment variable ${name}${didYouMean(name, envNamesKnown())}`)
  }
  return found
}

/** Undefined when absent or empty. */
export function variable(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] || undefined : undefined
}
