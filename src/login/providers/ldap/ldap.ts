/**
 * Auth modules of type `ldap`: users are in a directory, which judges their passwords (reference: auth modules, 6.2).
 *
 * Guarantees: what a user types is a value and nothing else in filters and names; a name that finds several entries finds nobody;
 * every password is asked of the directory, none is remembered here; groups decide before the password is tried.
 */
import { randomUUID } from 'node:crypto'
import { ldapSchema } from '../../../model/types/auth-module-types.ts'
import { parse } from '../../../schema/index.ts'
import type { ProviderOf } from '../../contract.ts'
import { type PasswordCheck, passwordProvider } from '../password-provider.ts'
import { Directory } from './directory.ts'
import { identityMaker } from './identity-of.ts'
import { findUser, isPassword, ownAttributes } from './search.ts'
import { readAddress } from './secure-socket.ts'
import { tlsOptions } from './tls-options.ts'

/** Characters of the longest name and password that are asked about. */
const LONGEST_NAME = 512
const LONGEST_PASSWORD = 4096
/** Milliseconds a server may take. */
const USUAL_TIMEOUT = 5_000
const LONGEST_TIMEOUT = 60_000

export const ldap: ProviderOf = (module, services) => {
  const parsed = parse(ldapSchema, module.json)
  if (!parsed.ok) throw new Error('the module is not of type ldap')
  const settings = parsed.value
  const { allowEmptyPassword, callTimeout = USUAL_TIMEOUT, groupFilters, startTls = false } = settings
  const servers = settings.serverUrls.map(url => readAddress(url, startTls))
  // Asked at each connection: stored certificates are renewed, and end.
  const tls = () => tlsOptions(settings, module.tenant, services)
  const directory = new Directory(servers, tls, Math.min(callTimeout, LONGEST_TIMEOUT))
  const identityOf = identityMaker(settings)
  const say = (message: string): void => services.log('info', `auth module ${module.id}: ${message}`)
  const clear = servers.find(server => server.tls === 'none' && !isLocal(server.host))
  if (clear !== undefined)
    services.log(
      'warn',
      `auth module ${module.id}: passwords go to ${clear.host} in clear: use ldaps:// or startTls`,
    )

  const check: PasswordCheck = async (username, password) => {
    if (username === '' || username.length > LONGEST_NAME || password.length > LONGEST_PASSWORD) return null
    // A directory takes an empty password for nobody in particular, and says yes (RFC 4513, 5.1.2).
    if (password === '' && !allowEmptyPassword) return null
    return directory.use(async connection => {
      const found = await findUser(connection, settings, username, say)
      const isMember = groupFilters.length === 0 || (found?.groups.length ?? 0) > 0
      if (found !== null && !isMember) say(`${JSON.stringify(found.dn)}: user not found in group`)
      if (found === null || !isMember) {
        // It takes as long as a password that is wrong.
        await isPassword(connection, nobodyBelow(settings.searchBase), password, () => {})
        return null
      }
      const { dn, groups, attributes } = found
      if (!(await isPassword(connection, dn, password, say))) return null
      const own = await ownAttributes(connection, dn, settings)
      const identity = identityOf(new Map([...attributes, ...own]), groups)
      if (identity === null) say(`${JSON.stringify(dn)}: the entry has no ${settings.emailField}`)
      return identity
    })
  }
  const provider = passwordProvider({
    module,
    services,
    nameLabel: 'Login',
    dialogue: settings.basicAuth,
    check,
  })
  return {
    ...provider,
    async probe() {
      await directory.use(connection => findUser(connection, settings, 'nobody', say))
    },
  }
}

function nobodyBelow(base: string): string {
  return `cn=nobody-${randomUUID()}${base === '' ? '' : `,${base}`}`
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
