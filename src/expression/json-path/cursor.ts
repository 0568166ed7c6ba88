/** A place in a text that is being read. */

/** A path or a validator that cannot be read. The message quotes no more than a few characters. */
export class PathFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PathFault'
  }
}

export interface Cursor {
  atEnd(): boolean
  peek(): string
  /** What has not been read. */
  rest(): string
  skipSpace(): void
  /** What the pattern (sticky) finds here, read; null when it finds nothing. */
  take(pattern: RegExp): string | null
  /** Reads the characters. Throws `PathFault` when others are there. */
  expect(characters: string): void
  /** A text in quotes of either kind, read; null when none is here. Throws `PathFault` when it does not end. */
  text(): string | null
  unexpected(): PathFault
}

export function cursorOf(source: string): Cursor {
  let at = 0
  const cursor: Cursor = {
    atEnd: () => at >= source.length,
    peek: () => source[at] ?? '',
    rest: () => source.slice(at),
    skipSpace: () => {
      while (source[at] === ' ' || source[at] === '\t') at++
    },
    take(pattern) {
      pattern.lastIndex = at
      const found = pattern.exec(source)?.[0]
      if (found === undefined) return null
      at += found.length
      return found
    },
    expect(characters) {
      if (!source.startsWith(characters, at)) throw cursor.unexpected()
      at += characters.length
    },
    text() {
      const quote = source[at]
      if (quote !== "'" && quote !== '"') return null
      let read = ''
      for (let i = at + 1; i < source.length; i++) {
        const c = source[i]!
        if (c === quote) {
          at = i + 1
          return read
        }
        if (c !== '\\') read += c
        else {
          const { text, end } = escaped(source, i + 1)
          read += text
          i = end - 1
        }
      }
      throw new PathFault('a text in quotes does not end')
    },
    unexpected: () =>
      new PathFault(
        at >= source.length
          ? 'it ends too early'
          : `${JSON.stringify(source.slice(at, at + 10))} is not understood`,
      ),
  }
  return cursor
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** What follows a backslash, read as JSON does; anything else stands for itself. */
function escaped(source: string, at: number): { readonly text: string; readonly end: number } {
  const c = source[at] ?? ''
  const code = c === 'u' ? /^[\da-f]{4}/i.exec(source.slice(at + 1, at + 5))?.[0] : undefined
  if (code !== undefined) return { text: String.fromCharCode(Number.parseInt(code, 16)), end: at + 5 }
  return { text: ESCAPES[c] ?? c, end: at + 1 }
}
