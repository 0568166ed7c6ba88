/** From a compiled target to the origin its connections go to: TLS material, forward proxy, protocol. */
import type { ForwardProxy, Origin, OriginTls } from '../../http/index.ts'
import type { CompiledTarget, ProxyPlan } from '../balancing/index.ts'

/** Certificate of the store, as PEM texts. */
export interface StoredCertificate {
  /** Chain, leaf first. */
  readonly chain: string
  readonly privateKey: string
  /** Organization it belongs to. */
  readonly tenant: string
}

/** Finds a stored certificate by id. */
export type CertificateSource = (id: string) => StoredCertificate | null

/** A certificate as settings of some organization may use it. */
export interface UsableCertificate {
  readonly chain: string
  /** Null for that of another organization: it may be trusted, and shown by nobody else. */
  readonly privateKey: string | null
}

/** Certificates for settings of an organization. */
export type UsableCertificates = (id: string) => UsableCertificate | null

export function usableBy(tenant: string, certificates: CertificateSource): UsableCertificates {
  return id => {
    const found = certificates(id)
    return found === null || found.tenant === tenant ? found : { chain: found.chain, privateKey: null }
  }
}

/** The target names a certificate that does not exist, or shows one of another organization: nothing may be sent there. */
export class MissingCertificate extends Error {
  constructor(name: string) {
    super(`the certificate ${JSON.stringify(name)} does not exist, or belongs to another organization`)
    this.name = 'MissingCertificate'
  }
}

/** The origin of a target. `hostname` replaces a computed host name. Throws `MissingCertificate`. */
export function originOf(
  target: CompiledTarget,
  hostname: string,
  proxy: ProxyPlan | null,
  certificates: UsableCertificates,
): Origin {
  return {
    host: hostname,
    port: target.port,
    tls: target.tls ? tlsOf(target, hostname, certificates) : null,
    address: target.ipAddress,
    proxy: proxy === null || proxy.direct.some(matches => matches(hostname)) ? null : forwardProxy(proxy),
    protocol:
      target.protocol === 'HTTP/2.0' || target.protocol === 'HTTP/3.0'
        ? 20
        : target.protocol === 'HTTP/1.0'
          ? 10
          : 11,
  }
}

function tlsOf(target: CompiledTarget, serverName: string, certificates: UsableCertificates): OriginTls {
  const config = target.tlsConfig
  if (config === null) return { serverName, verify: true, verifyName: true }
  const found = (name: string): UsableCertificate => {
    const certificate = certificates(name)
    if (certificate === null) throw new MissingCertificate(name)
    return certificate
  }
  const ca = config.trustedCerts.map(name => found(name).chain)
  const [shown] = config.certs
  const own = shown === undefined ? null : found(shown)
  if (own?.privateKey === null) throw new MissingCertificate(shown!)
  return {
    serverName,
    verify: !config.trustAll,
    verifyName: !config.loose,
    ...(ca.length > 0 && { ca }),
    ...(own !== null && { cert: own.chain, key: own.privateKey! }),
  }
}

function forwardProxy(plan: ProxyPlan): ForwardProxy {
  const credentials = plan.principal === null ? null : `${plan.principal}:${plan.password ?? ''}`
  return {
    host: plan.host,
    port: plan.port,
    tls: plan.protocol.toLowerCase() === 'https',
    authorization: credentials === null ? null : `Basic ${Buffer.from(credentials).toString('base64')}`,
  }
}
