/** Lists of methods in settings. */
import { checkField } from '../../http/headers.ts'

/** The methods in upper case. Throws on one that is no token: `GET, POST` in one entry would match nothing. */
export function methodNames(list: readonly string[]): Set<string> {
  const names = list.map(name => name.trim().toUpperCase())
  for (const name of names) checkMethod(name)
  return new Set(names)
}

function checkMethod(name: string): void {
  try {
    // A method is a token, as the name of a field is (RFC 9110, 9.1).
    checkField(name, '')
  } catch {
    throw new Error(`${JSON.stringify(name.slice(0, 100))} is no method`)
  }
}
