/** Certificates of the store, for connections to backends. */
import { certificate as kind } from '../../model/kinds/certificate.ts'
import { readEntityText } from '../../model/read.ts'
import type { StoredCertificate } from '../backends/origin-of.ts'
import type { EntityReader } from '../compile/environment.ts'

/** The certificate of this id; null when there is none or it cannot be read. */
export function storedCertificate(id: string, entities: EntityReader): StoredCertificate | null {
  const text = entities.get(kind.kind, id)
  if (text === undefined) return null
  const parsed = readEntityText(kind, text)
  if (!parsed.ok) return null
  const { chain, privateKey, _loc } = parsed.value
  return { chain, privateKey, tenant: _loc.tenant }
}
