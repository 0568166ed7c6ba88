/** TLS towards a directory, by the settings of its module. */
import type { ConnectionOptions } from 'node:tls'
import type { ProviderServices } from '../../contract.ts'
import type { LdapSettings } from './rights-of.ts'

/** Throws when a certificate is missing, or a client certificate belongs to another organization. */
export function tlsOptions(
  { tlsConfig }: LdapSettings,
  tenant: string,
  services: ProviderServices,
): ConnectionOptions {
  if (tlsConfig?.enabled !== true) return {}
  const stored = (id: string) => {
    const found = services.certificate(id)
    if (found !== null) return found
    throw new Error(`tlsConfig: there is no certificate ${JSON.stringify(id)}`)
  }
  const ca = tlsConfig.trusted_certs.map(id => stored(id).chain)
  const [own] = tlsConfig.certs.map(stored)
  if (own !== undefined && own.tenant !== tenant)
    throw new Error('tlsConfig: the client certificate belongs to another organization')
  return {
    rejectUnauthorized: !tlsConfig.trust_all,
    ...(tlsConfig.loose && { checkServerIdentity: () => undefined }),
    ...(ca.length > 0 && { ca }),
    ...(own !== undefined && {
      cert: own.chain,
      key: own.privateKey,
      ...(own.passphrase != null && { passphrase: own.passphrase }),
    }),
  }
}
