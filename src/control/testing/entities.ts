/** Small entities for tests. */
import { findByName } from '../../model/registry.ts'
import type { EntityDefinition } from '../../model/entity.ts'

function kind(name: string): EntityDefinition {
  const definition = findByName(name)
  if (definition === null) throw new Error(`no kind ${name}`)
  return definition
}

export const route = kind('Route')
export const backend = kind('Backend')
export const team = kind('Team')
export const organization = kind('Organization')
export const tenant = kind('Tenant')
export const globalConfig = kind('GlobalConfig')
export const apikey = kind('Apikey')

export function aRoute(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    name: `route ${id}`,
    frontend: { domains: [`${id}.oto.tools`] },
    backend: { targets: [{ id: 't', hostname: 'localhost', port: 1, tls: false }] },
    plugins: [],
    ...more,
  }
}

export function write(entity: unknown) {
  return () => ({ action: 'write', entity }) as const
}

export function remove() {
  return { action: 'remove' } as const
}
