/** Secrets in use whose defaults are in everybody's documentation. */
import type { Judge } from './judge.ts'
import { settings as declarations } from './known.ts'
import { postgresTarget } from './postgres/target.ts'
import type { Setting } from './setting.ts'
import type { Settings } from './shape.ts'
import { adminApi } from './table/admin-api.ts'
import { postgres } from './table/postgres.ts'

/** Client id and secret that the first key of the admin API has unless the settings say otherwise. */
export const PUBLIC_KEY = {
  clientId: adminApi.clientId.declaration.default,
  secret: adminApi.clientSecret.declaration.default,
} as const

/** One sentence for each of them: a warning, or the reason not to start. */
export function publicSecrets(settings: Settings, judge: Judge): string[] {
  return declarations
    .map(({ setting }) => setting)
    .filter(setting => setting.declaration.publicDefault === true && isKept(setting, settings, judge))
    .map(({ declaration: { key, env = [] } }) => publicSecret(key, env.at(-1)))
}

/** `variable`: how to set it, besides by its key. */
export function publicSecret(what: string, variable: string | undefined): string {
  const how = variable === undefined ? 'change it' : `set ${variable}`
  return `INSECURE: ${what} is a secret that everybody knows; ${how} before others can reach this gateway`
}

function isKept(setting: Setting, settings: Settings, judge: Judge): boolean {
  if (setting === (postgres.password as Setting))
    return (
      settings.storage.kind === 'postgresql' &&
      postgresTarget(settings.postgres).password === setting.declaration.default
    )
  return judge.isDefault(setting)
}
