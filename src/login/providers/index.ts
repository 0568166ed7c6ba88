/** The providers there are, by type of module. A further one is one file and one line. */
import type { ProviderOf } from '../contract.ts'
import { basic } from './basic.ts'
import { ldap } from './ldap/ldap.ts'
import { oauth2 } from './oauth2/oauth2.ts'

export const providers: ReadonlyMap<string, ProviderOf> = new Map<string, ProviderOf>([
  ['basic', basic],
  ['ldap', ldap],
  ['oauth2', oauth2],
  ['oauth2-global', oauth2],
])
