/**
 * The providers there are, by type of module. A further one is one file and one line. A file is loaded when a module of its
 * type is first used: most gateways have one type, and some none.
 */
import { createRequire } from 'node:module'
import type { ProviderOf } from '../contract.ts'

/** Type of module → file, and what it exports. */
const files: Readonly<Record<string, readonly [file: string, name: string]>> = {
  basic: ['./basic.ts', 'basic'],
  ldap: ['./ldap/ldap.ts', 'ldap'],
  oauth2: ['./oauth2/oauth2.ts', 'oauth2'],
  'oauth2-global': ['./oauth2/oauth2.ts', 'oauth2'],
}

// At once: whoever asks for a module cannot wait.
const load = createRequire(import.meta.url)

export const providers = {
  /** Undefined when there is no provider for the type. */
  get(type: string): ProviderOf | undefined {
    if (!Object.hasOwn(files, type)) return undefined
    const [file, name] = files[type]!
    return (load(file) as Readonly<Record<string, ProviderOf>>)[name]
  },
}
