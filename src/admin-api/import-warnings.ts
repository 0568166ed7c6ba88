/** What is valid in an import and yet not what somebody may have meant. */
import type { Incoming } from '../control/transfer/incoming.ts'
import { globalConfig } from '../model/kinds/global-config.ts'
import { isPasswordHash } from '../model/passwords.ts'
import { isObject } from '../model/types/shape.ts'

/** Sentences, most important first. */
export function importWarnings(incoming: Incoming): string[] {
  const warnings = [...passwordWarnings(incoming), ...passkeyWarnings(incoming), ...incoming.warnings]
  const settings = incoming.find(globalConfig, 'global')
  if (settings !== null && objectOf(settings)['apiReadOnly'] === true)
    warnings.unshift('The configuration has apiReadOnly: afterwards the admin API takes no writes')
  return warnings
}

function passwordWarnings(incoming: Incoming): string[] {
  const warnings: string[] = []
  for (const { definition, id, json } of incoming.entities.values()) {
    if (definition.kind !== 'SimpleAdminUser' && definition.kind !== 'WebauthnAdminUser') continue
    const { password } = objectOf(json)
    if (typeof password !== 'string' || !isPasswordHash(password))
      warnings.push(`The password of the administrator ${id} is no bcrypt hash: nobody can log in with it`)
  }
  return warnings
}

function passkeyWarnings(incoming: Incoming): string[] {
  return [...incoming.entities.values()]
    .filter(({ definition, json }) => definition.kind === 'AuthModule' && objectOf(json)['webauthn'] === true)
    .map(
      ({ id }) =>
        `The auth module ${id} asks for passkeys, which are not there yet: nobody can log in with it`,
    )
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  return isObject(value) ? value : {}
}
