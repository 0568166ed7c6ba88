/** The certificate of the ports that speak TLS, and what their clients have to show. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Settings } from '../config/index.ts'
import type { ListenerTls } from '../data-plane/thread-settings.ts'
import { StartFailure } from './failure.ts'

/** PEM texts of the configured certificate, and of the authorities of clients. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly authorities: string | null
}

/** What clients have to show: `Dynamic` is none where nothing else decides. */
export type ClientAuth = 'None' | 'Want' | 'Need' | 'Dynamic'

/**
 * The TLS of a port. Without authorities nobody is asked for a certificate that may be shown; throws where one must be, since
 * nobody must get in without.
 */
export function listenerTls({ cert, key, authorities }: TlsMaterial, auth: ClientAuth): ListenerTls {
  const asks = auth === 'Want' || auth === 'Need'
  if (auth === 'Need' && authorities === null)
    throw new Error(
      'it needs certificates of clients and the settings name no authorities (otoroshi.tls.clientCaFile)',
    )
  return {
    cert,
    key,
    clients: asks && authorities !== null ? { authorities, needed: auth === 'Need' } : null,
  }
}

/** What the settings name; null when there is no certificate. Throws `StartFailure`. */
export function readTls(settings: Settings): TlsMaterial | null {
  const { certFile, keyFile, clientCaFile } = settings.https
  if (certFile === null || keyFile === null) return null
  const read = (file: string): string => readFileSync(file, 'utf8')
  try {
    return {
      cert: read(certFile),
      key: read(keyFile),
      authorities: clientCaFile === null ? null : authoritiesIn(read(clientCaFile), clientCaFile),
    }
  } catch (error) {
    throw new StartFailure(
      `the certificate cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

/** Throws when the text is no PEM with certificates: a port that trusts nobody would refuse everybody without saying why. */
function authoritiesIn(text: string, file: string): string {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) throw new Error(`${file} has no certificate in PEM`)
  for (const certificate of certificates) void new X509Certificate(certificate)
  return text
}
