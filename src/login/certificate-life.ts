/** Whether a stored certificate may be used. */
import { X509Certificate } from 'node:crypto'
import type { Certificate } from '../model/kinds/certificate.ts'

/**
 * False for one that is revoked, not valid at `now` (epoch milliseconds) or unreadable. A bare public key says nothing about its
 * life, and so does an empty chain.
 */
export function isInForce({ chain, revoked }: Pick<Certificate, 'chain' | 'revoked'>, now: number): boolean {
  if (revoked) return false
  if (!chain.includes('-----BEGIN CERTIFICATE-----')) return true
  try {
    const { validFromDate, validToDate } = new X509Certificate(chain)
    return now >= validFromDate.getTime() && now < validToDate.getTime()
  } catch {
    return false
  }
}
