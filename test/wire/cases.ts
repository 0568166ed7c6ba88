/** Reads the text files of the wire corpus; README.md describes the format. */
import { readFileSync } from 'node:fs'

export interface WireCase {
  readonly name: string
  readonly file: string
  /** What the client sends, one character per byte. */
  readonly send: string
  /** Statuses the client gets, interim ones included, in order. */
  readonly statuses: readonly number[]
  /** What arrives at the backend, per request; null: nothing is said about it. */
  readonly backend: readonly string[]
  /** What the backend answers to its first, second … request. */
  readonly replies: readonly Reply[]
  /** What the client gets, exactly (`Date` left out); null: only the statuses count. */
  readonly client: string | null
  /** The client closes its side after it sent everything. */
  readonly half: boolean
}

export interface Reply {
  readonly bytes: string
  /** The backend closes the connection behind it. */
  readonly close: boolean
}

export const DEFAULT_REPLY: Reply = { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', close: false }

interface Draft {
  name: string
  send: string
  statuses: number[]
  backend: string[]
  replies: Reply[]
  client: string | null
  half: boolean
}

export function readCases(file: URL): WireCase[] {
  const cases: Draft[] = []
  let current: Draft | null = null
  const lines = readFileSync(file, 'utf8').split('\n')
  lines.forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const at = line.indexOf(':')
    const [key, value] = [line.slice(0, at).trim(), line.slice(at + 1).replace(/^ /, '')]
    if (key === 'case') {
      current = { name: value, send: '', statuses: [], backend: [], replies: [], client: null, half: false }
      cases.push(current)
      return
    }
    if (current === null || !apply(current, key, value))
      throw new Error(`${file.pathname}:${index + 1}: ${line}`)
  })
  return cases.map(one => ({ ...one, file: file.pathname.split('/').at(-1)! }))
}

function apply(draft: Draft, key: string, value: string): boolean {
  switch (key) {
    case 'send':
      draft.send += unescaped(value)
      return true
    case 'status':
      draft.statuses = value === 'none' ? [] : value.split(' ').map(Number)
      return draft.statuses.every(s => s >= 100 && s <= 999)
    case 'backend':
      draft.backend.push(unescaped(value))
      return true
    case '+backend':
      draft.backend.push((draft.backend.pop() ?? '') + unescaped(value))
      return true
    case 'reply':
    case 'reply+close':
      draft.replies.push({ bytes: unescaped(value), close: key === 'reply+close' })
      return true
    case 'client':
      draft.client = (draft.client ?? '') + unescaped(value)
      return true
    case 'half':
      draft.half = value === 'yes'
      return true
    default:
      return false
  }
}

/** `\r \n \t \0 \\ \xHH`, and `\{1000*text}` for a text many times. */
function unescaped(text: string): string {
  return text.replace(/\\(?:r|n|t|0|\\|x([0-9a-fA-F]{2})|\{(\d+)\*([^}]*)\})/g, (match, hex, times, part) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (times !== undefined) return unescaped(part).repeat(Number(times))
    return { '\\r': '\r', '\\n': '\n', '\\t': '\t', '\\0': '\0', '\\\\': '\\' }[match as string]!
  })
}
