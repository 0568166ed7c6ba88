/** Names of header fields in settings: a blank one means the usual name. */
import { schema as v } from '../../schema/index.ts'

export const ownName = v.pipe(
  v.string(),
  v.regex(/^\s*[!#$%&'*+.^_`|~0-9A-Za-z-]*\s*$/, 'It is not the name of a header field'),
)

/** The name of the settings, or the usual one. */
export function nameOr(given: string | null, usual: string): string {
  const name = given?.trim() ?? ''
  return name === '' ? usual : name
}
