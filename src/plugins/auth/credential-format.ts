/** How a caller writes its credential into a field: a name, and a text in which `%s` is the credential. */
import { checkField } from '../../http/headers.ts'
import type { BackendRequest } from '../../plugin/index.ts'

/** Puts a credential into a request to the backend. */
export type CredentialWriter = (upstream: BackendRequest, credential: string) => void

/** `format`: as `printf` has it, `%s` and `%%` only. Throws on a name or format that makes no field. */
export function credentialWriter(name: string, format: string): CredentialWriter {
  const field = name.trim()
  checkField(field, format)
  const parts = format.split(/(%%|%s)/).map(part => (part === '%%' ? '%' : part))
  return (upstream, credential) => {
    let value = ''
    for (const part of parts) value += part === '%s' ? credential : part
    upstream.headers.set(field, value)
  }
}
