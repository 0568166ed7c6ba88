/** What the header of an answer may no longer say once its body was changed. */
import type { HeaderBlock } from '../http/headers.ts'

/** Digests of the bytes as they were; and parts would be counted in bytes the client never saw. */
const WRONG = ['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges']

/** Takes out what is wrong now; the entity tag becomes weak (RFC 9110, 8.8.3). */
export function bodyChanged(headers: HeaderBlock): void {
  for (const name of WRONG) headers.delete(name)
  const tag = headers.get('etag')
  if (tag?.startsWith('"')) headers.set('ETag', `W/${tag}`)
}
