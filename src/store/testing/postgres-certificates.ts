/** Certificates for tests of PostgreSQL: the server's, and that of a user. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { findProgram } from '../../../scripts/packages.js'
import { makeCertificates } from './redis-server.ts'

export interface PostgresCertificates {
  /** Paths of PEM files. The certificate of the server is for 127.0.0.1 and localhost. */
  readonly server: { readonly ca: string; readonly cert: string; readonly key: string }
  readonly user: { readonly cert: string; readonly key: string }
}

/** Null without openssl. `user` is the name in the certificate of the user. */
export function makePostgresCertificates(directory: string, user: string): PostgresCertificates | null {
  const server = makeCertificates(directory)
  if (server === null) return null
  const openssl = (...args: string[]) =>
    execFileSync(findProgram('openssl')!, args, { stdio: 'ignore', cwd: directory })
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-sha256', '-subj', `/CN=${user}`]
  openssl('req', ...fresh, '-keyout', 'user.key', '-out', 'user.csr')
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
  openssl('x509', '-req', '-in', 'user.csr', ...signing, '-out', 'user.crt')
  return { server, user: { cert: join(directory, 'user.crt'), key: join(directory, 'user.key') } }
}
