/** `req.client_cert.…`: the first certificate of the client. */
import { X509Certificate } from 'node:crypto'
import type { ExpressionContext } from '../context.ts'
import { BAD, exactly, type Rule } from './rule.ts'

function fact(name: string, read: (certificate: X509Certificate) => string): Rule {
  return exactly(`req.client_cert.${name}`, context => {
    const certificate = certificateOf(context)
    return certificate === null ? BAD : read(certificate)
  })
}

export const certificateRules: readonly Rule[] = [
  fact('dn', certificate => distinguishedName(certificate.subject)),
  fact('id', certificate => certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, '')),
  fact('domain', certificate => firstDomain(certificate) ?? commonName(certificate.subject) ?? BAD),
  fact('cn', certificate => commonName(certificate.subject) ?? BAD),
  fact('issuer_dn', certificate => distinguishedName(certificate.issuer)),
]

function certificateOf(context: ExpressionContext): X509Certificate | null {
  const der = context.request?.connection.tls?.clientChain()[0]
  return der === undefined ? null : new X509Certificate(der)
}

/** `NAME=value` parts sorted by name, descending: the same name however the certificate orders it. */
export function distinguishedName(lines: string): string {
  const parts = lines.split('\n').filter(part => part !== '')
  const nameOf = (part: string): string => part.slice(0, part.indexOf('='))
  return parts
    .map(part => `${nameOf(part).toUpperCase()}${part.slice(part.indexOf('='))}`)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? 1 : nameOf(a) > nameOf(b) ? -1 : 0))
    .join(', ')
}

function commonName(lines: string): string | undefined {
  return lines
    .split('\n')
    .find(part => part.startsWith('CN='))
    ?.slice(3)
}

function firstDomain(certificate: X509Certificate): string | undefined {
  return /(?:^|, )DNS:([^,"]+)/.exec(certificate.subjectAltName ?? '')?.[1]
}
