/** The guard of one auth module: a session of it passes, everybody else is sent to its login. */
import {
  apikeyAttribute,
  type Exchange,
  type PluginServices,
  refuse,
  schema as v,
  userAttribute,
  type Verdict,
} from '../plugin/index.ts'
import { loginGuard } from './login-guard.ts'
import { flag, setting, text } from './settings.ts'

/** Settings that name one module; `module` is an older name. */
export const moduleSettings = {
  auth_module: setting(v.nullable(text), null, 'Id of the auth module'),
  module: setting(v.nullable(text), null, 'The same, under an older name'),
}
export const passWithApikey = setting(flag, false, 'Let calls pass that came in with an API key')

export interface ModuleSettings {
  readonly auth_module: string | null
  readonly module: string | null
}

/** Id of the module, or null when none is named. */
export function moduleOf({ auth_module: id, module }: ModuleSettings): string | null {
  const named = id ?? module
  return named === null || named === '' ? null : named
}

/** True for whoever is known already, so that no module is asked. */
export function isKnown({ attributes }: Exchange, withApikey: boolean): boolean {
  if (attributes.get(userAttribute) !== undefined) return true
  return withApikey && attributes.get(apikeyAttribute) !== undefined
}

/** The access phase of the guard. */
export function moduleGuard(
  id: string | null,
  withApikey: boolean,
  services: PluginServices,
): (exchange: Exchange) => Verdict {
  const guard = loginGuard(services)
  return exchange => {
    if (isKnown(exchange, withApikey)) return undefined
    if (id === null) return refuse('auth.module_not_named')
    const module = guard.module(id)
    if (module === null) return refuse('auth.module_missing', { detail: `auth module ${id}` })
    const user = guard.user(exchange.request, module)
    if (user === null) return guard.toLogin(exchange.request, { kind: 'module', module: id, by: 'desc' })
    exchange.attributes.set(userAttribute, user)
    return undefined
  }
}
