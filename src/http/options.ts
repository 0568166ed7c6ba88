/** Lists in `Connection`, `Transfer-Encoding` and `Upgrade`: the few values the engine acts on. */
import { BadMessage } from './bad-message.ts'
import { TCHAR } from './chars.ts'

/** The text without spaces and tabs around it; nothing else is optional white space (RFC 9110, 5.6.3). */
export function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}

/** Elements of a comma list, lower case, without empty ones. */
export function tokens(value: string): string[] {
  return value
    .split(',')
    .map(t => trimmed(t).toLowerCase())
    .filter(t => t !== '')
}

/** RFC 9112, 6.1: a body that does not end with one `chunked` has no end; a coding in front of it is only unknown. */
export function unknownCoding(value: string): BadMessage {
  const codings = value.split(',').map(c => trimmed(c).toLowerCase())
  const sound = codings.at(-1) === 'chunked' && codings.indexOf('chunked') === codings.length - 1
  return sound && codings.every(isToken)
    ? new BadMessage(501, 'an unknown transfer coding')
    : new BadMessage(400, 'an invalid Transfer-Encoding')
}

function isToken(value: string): boolean {
  for (let i = 0; i < value.length; i++)
    if (value.charCodeAt(i) > 127 || TCHAR[value.charCodeAt(i)] === 0) return false
  return value !== ''
}

/** Protocols that change how the connection itself is read; nobody but this engine may agree to them. */
const NO_UPGRADE = /^(?:h2c?|http|tls|pri)(?:\/|$)/

/** The first protocol offered that may be switched to: `name` or `name/version`, lower case. */
export function offeredProtocol(upgrade: string): string | null {
  for (const protocol of tokens(upgrade)) {
    const [name, version, ...more] = protocol.split('/')
    if (more.length > 0 || !isToken(name!) || (version !== undefined && !isToken(version))) continue
    if (!NO_UPGRADE.test(protocol)) return protocol
  }
  return null
}
