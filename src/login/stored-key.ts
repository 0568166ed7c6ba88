/** Private keys of stored certificates. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { StoredCertificate } from './contract.ts'

/** The private key of a stored certificate. Throws when it cannot be read. */
export function privateKeyOf({ privateKey: key, passphrase }: StoredCertificate): KeyObject {
  return createPrivateKey(passphrase == null ? { key } : { key, passphrase })
}
